"""Charts, all Altair: each function turns rows into a chart and says in words what it shows (`alt`)."""

from reconcile.ui.charts.model import (
    expectation_curve,
    threshold_curve,
    weight_chart,
    weight_histogram,
)
from reconcile.ui.charts.totals import totals_chart, trend_chart
from reconcile.ui.charts.waterfall import Step, waterfall

__all__ = [
    "Step",
    "expectation_curve",
    "threshold_curve",
    "totals_chart",
    "trend_chart",
    "waterfall",
    "weight_chart",
    "weight_histogram",
]
