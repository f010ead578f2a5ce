"""Charts, all Altair: each function turns rows into a chart and says in words what it shows (`alt`)."""

from reconcile.ui.charts.model import expectation_curve, pairs_per_key, threshold_curve, weight_chart
from reconcile.ui.charts.totals import totals_chart, trend_chart
from reconcile.ui.charts.waterfall import Step, waterfall

__all__ = [
    "Step",
    "expectation_curve",
    "pairs_per_key",
    "threshold_curve",
    "totals_chart",
    "trend_chart",
    "waterfall",
    "weight_chart",
]
