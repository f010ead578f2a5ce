"""Where the records of a run ended up, and how that changes from run to run."""

from __future__ import annotations

import altair as alt
import pandas as pd

from reconcile.ui.charts.palette import CATEGORIES, AnyChart


def totals_chart(totals: pd.DataFrame) -> AnyChart:
    """One stacked bar for each side: every record of the population in exactly one category.

    Args:
        totals: columns side (as shown), id and category (as shown), records, rank (order of the categories).
    """
    kinds = totals.sort_values("rank")[["id", "category"]].drop_duplicates()
    scale = alt.Scale(domain=kinds["category"].tolist(), range=[CATEGORIES[name] for name in kinds["id"]])
    chart: AnyChart = (
        alt.Chart(totals)
        .mark_bar(height=26)
        .encode(
            y=alt.Y(
                "side:N",
                title=None,
                sort=None,
                axis=alt.Axis(labelLimit=200, ticks=False, domain=False, labelOverlap=False),
            ),
            x=alt.X("records:Q", title=None, stack="zero"),
            color=alt.Color(
                "category:N", scale=scale, title=None, legend=alt.Legend(orient="bottom", columns=4, labelLimit=200)
            ),
            order=alt.Order("rank:Q"),
            tooltip=["side:N", "category:N", alt.Tooltip("records:Q", format=",")],
        )
        .properties(height=alt.Step(42))
    )
    return chart


def trend_chart(trend: pd.DataFrame) -> AnyChart:
    """Open exceptions by kind, run after run.

    Args:
        trend: columns at (time of the run), kind (as shown), exceptions.
    """
    chart: AnyChart = (
        alt.Chart(trend)
        .mark_line(point=True, strokeWidth=2)
        .encode(
            x=alt.X("at:T", title=None),
            y=alt.Y("exceptions:Q", title="exceptions"),
            color=alt.Color("kind:N", title=None, legend=alt.Legend(orient="bottom", columns=4)),
            tooltip=[
                alt.Tooltip("at:T", title="Run", format="%Y-%m-%d %H:%M"),
                "kind:N",
                alt.Tooltip("exceptions:Q", format=","),
            ],
        )
        .properties(height=220)
    )
    return chart
