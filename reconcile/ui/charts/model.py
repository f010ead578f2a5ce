"""What the matcher learned and what its thresholds would do."""

from __future__ import annotations

import math

import altair as alt
import pandas as pd

from reconcile.ui.charts.palette import AGREES, DISAGREES, NEUTRAL, TOTAL, AnyChart


def weight_chart(levels: pd.DataFrame) -> AnyChart:
    """One bar for each level of agreement of each role.

    Args:
        levels: columns role, level (larger agrees more), label, weight (bits), m and u (shares among the same and
            among different customers).
    """
    data = levels.assign(
        sign=["for" if weight > 0 else "against" for weight in levels["weight"]],
        name=[f"{label}" for label in levels["label"]],
    )
    bars = (
        alt.Chart(data)
        .mark_bar(cornerRadius=2, height=11)
        .encode(
            y=alt.Y(
                "name:N",
                title=None,
                sort=alt.EncodingSortField("level", order="descending"),
                axis=alt.Axis(labelLimit=220, ticks=False, domain=False, labelOverlap=False),
            ),
            x=alt.X("weight:Q", title="bits for (right) and against (left) the same customer"),
            color=alt.Color(
                "sign:N", legend=None, scale=alt.Scale(domain=["for", "against"], range=[AGREES, DISAGREES])
            ),
            tooltip=[
                alt.Tooltip("role:N", title="Role"),
                alt.Tooltip("label:N", title="Level"),
                alt.Tooltip("weight:Q", title="Bits", format="+.2f"),
                alt.Tooltip("m:Q", title="Share among same customers", format=".3%"),
                alt.Tooltip("u:Q", title="Share among different customers", format=".4%"),
            ],
        )
        .properties(height=alt.Step(17), width=230)
    )
    # Rows belong to one role each, so every facet keeps its own labels on y.
    chart: AnyChart = bars.facet(
        row=alt.Row(
            "role:N",
            title=None,
            sort=list(dict.fromkeys(data["role"])),
            header=alt.Header(labelAngle=0, labelAlign="left", labelFontWeight="bold", labelPadding=4),
        ),
        spacing=8,
    ).resolve_scale(y="independent")
    return chart


def threshold_curve(curve: pd.DataFrame, accept: float, review: float) -> AnyChart:
    """Candidates at or above each probability, with the reconciliation's two thresholds.

    `curve` has the columns threshold (0..1), candidates (at or above it), precision and recall (expected, 0..1).
    """
    tips = [
        alt.Tooltip("threshold:Q", title="At or above", format=".0%"),
        alt.Tooltip("candidates:Q", title="Pairs", format=","),
        alt.Tooltip("precision:Q", title="Expected to be right", format=".2%"),
        alt.Tooltip("recall:Q", title="Of all right ones", format=".2%"),
    ]
    counts = (
        alt.Chart(curve)
        .mark_area(line={"strokeWidth": 2}, opacity=0.25, interpolate="step-before")
        .encode(x=_threshold_axis(), y=alt.Y("candidates:Q", title="pairs at or above"), tooltip=tips)
    )
    chart: AnyChart = alt.layer(counts, _threshold_rules(accept, review)).properties(height=150)
    return chart


def expectation_curve(curve: pd.DataFrame, accept: float, review: float) -> AnyChart:
    """Precision and recall that are expected at each threshold; `curve` as in `threshold_curve`."""
    long = curve.melt(["threshold"], ["precision", "recall"], var_name="what", value_name="share").dropna()
    expected = (
        alt.Chart(long)
        .mark_line(strokeWidth=2)
        .encode(
            x=_threshold_axis(),
            y=alt.Y(
                "share:Q",
                title="expected",
                axis=alt.Axis(format="%", tickCount=5),
                scale=alt.Scale(domain=[_floor_of(long["share"]), 1.0], nice=False),
            ),
            color=alt.Color("what:N", title=None, legend=alt.Legend(orient="bottom")),
            tooltip=["what:N", alt.Tooltip("threshold:Q", format=".0%"), alt.Tooltip("share:Q", format=".2%")],
        )
    )
    chart: AnyChart = alt.layer(expected, _threshold_rules(accept, review)).properties(height=130)
    return chart


def _floor_of(shares: pd.Series[float]) -> float:
    """Where the axis of shares begins: at 90 %, or lower where they fall below that."""
    lowest = float(shares.min()) if len(shares) else 1.0
    return min(0.9, math.floor(lowest * 10) / 10)


def weight_histogram(bins: pd.DataFrame, accept: float, review: float) -> AnyChart:
    """How many candidates have which weight: two hills far apart are easy to tell, what lies between is for people.

    Args:
        bins: columns bits (lower end of a step of one bit), pairs, band.
        accept: probability from which a candidate is accepted.
        review: probability from which a candidate is shown to a person.
    """
    bands = ["accept", "review", "ignore"]
    bars = (
        alt.Chart(bins.assign(upper=bins["bits"] + 1))
        .mark_bar(binSpacing=1)
        .encode(
            x=alt.X("bits:Q", bin="binned", title="match weight in bits"),
            x2="upper:Q",
            y=alt.Y("pairs:Q", title="candidate pairs", stack=True),
            color=alt.Color(
                "band:N",
                title=None,
                scale=alt.Scale(domain=bands, range=[AGREES, TOTAL, NEUTRAL]),
                legend=alt.Legend(
                    orient="top",
                    labelExpr="datum.label == 'accept' ? 'accepted' : "
                    "datum.label == 'review' ? 'for a person' : 'held to be different'",
                ),
            ),
            tooltip=[
                alt.Tooltip("bits:Q", title="From (bits)"),
                alt.Tooltip("pairs:Q", title="Pairs", format=","),
                alt.Tooltip("band:N", title="Band"),
            ],
        )
    )
    limits = pd.DataFrame({"bits": [math.log2(at / (1 - at)) for at in (review, accept) if 0 < at < 1]})
    rules = alt.Chart(limits).mark_rule(strokeDash=[4, 3], size=1.5, color=NEUTRAL).encode(x="bits:Q")
    chart: AnyChart = alt.layer(bars, rules).properties(height=310)
    return chart


def _threshold_axis() -> alt.X:
    axis = alt.Axis(format="%", tickCount=10)
    return alt.X("threshold:Q", title=None, scale=alt.Scale(domain=[0, 1]), axis=axis)


def _threshold_rules(accept: float, review: float) -> alt.Chart:
    rules = pd.DataFrame({"threshold": [review, accept], "name": ["shown from here", "accepted from here"]})
    chart: alt.Chart = (
        alt.Chart(rules)
        .mark_rule(strokeDash=[4, 3], size=1.5, color=NEUTRAL)
        .encode(x="threshold:Q", tooltip=[alt.Tooltip("name:N", title="Threshold"), "threshold:Q"])
    )
    return chart
