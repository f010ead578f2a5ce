"""How the evidence of one pair adds up, in bits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import altair as alt
import pandas as pd

from reconcile.ui.charts.palette import AGREES, DISAGREES, NEUTRAL, ROW_HEIGHT, TOTAL


@dataclass(frozen=True, slots=True)
class Step:
    """One contribution. `detail` says what agreed or not, for the tooltip."""

    label: str
    bits: float
    detail: str = ""


def waterfall(steps: Sequence[Step], total_label: str = "Total") -> tuple[pd.DataFrame, dict[str, Any]]:
    """A waterfall of the steps in their order, then their sum. Right is evidence for, left is evidence against.

    Gives data and Vega-Lite specification: the card draws one at every decision, and building the same chart anew each
    time costs more than everything that is read for it.
    """
    return _running_totals(steps, total_label), _specification()


@lru_cache(maxsize=1)
def _specification() -> dict[str, Any]:
    y = alt.Y(
        "label:N",
        sort=alt.EncodingSortField("place", op="min"),
        title=None,
        axis=alt.Axis(labelLimit=150, ticks=False, domain=False, labelOverlap=False),
    )
    # The chart starts with one empty row, before its data arrive; without the filter that row stays, as "undefined".
    rows = alt.Chart().transform_filter("isValid(datum.label)")
    bars = rows.mark_bar(cornerRadius=2, height=13).encode(
        y=y,
        x=alt.X("start:Q", title="bits (each bit doubles the odds)", axis=alt.Axis(tickCount=6)),
        x2="end:Q",
        color=alt.Color("sign:N", legend=None, scale=_signs()),
        tooltip=[
            alt.Tooltip("label:N", title="Evidence"),
            alt.Tooltip("bits:Q", title="Bits", format="+.1f"),
            alt.Tooltip("detail:N", title="What"),
            alt.Tooltip("end:Q", title="Running total", format="+.1f"),
        ],
    )
    text = rows.mark_text(align="left", dx=4, fontSize=11, color=NEUTRAL).encode(
        y=y, x="right:Q", text=alt.Text("bits:Q", format="+.1f")
    )
    zero = alt.Chart().mark_rule(color=NEUTRAL, strokeDash=[2, 2]).encode(x=alt.datum(0.0))
    chart = alt.layer(zero, bars, text).properties(height=alt.Step(ROW_HEIGHT))
    return dict(chart.to_dict(validate=False))


def _running_totals(steps: Sequence[Step], total_label: str) -> pd.DataFrame:
    rows, total = [], 0.0
    for step in steps:
        sign = "for" if step.bits > 0 else "against" if step.bits < 0 else "neutral"
        rows.append((step.label, step.bits, total, total + step.bits, sign, step.detail))
        total += step.bits
    rows.append((total_label, total, 0.0, total, "total", ""))
    data = pd.DataFrame(rows, columns=["label", "bits", "start", "end", "sign", "detail"])
    return data.assign(right=data[["start", "end"]].max(axis=1), place=range(len(data)))


def _signs() -> alt.Scale:
    return alt.Scale(domain=["for", "against", "neutral", "total"], range=[AGREES, DISAGREES, NEUTRAL, TOTAL])
