"""Health: whether the worker runs, what failed, which connections may not be written to, and how much room is left."""

from reconcile.ui.frame import open_page
from reconcile.ui.queries.health import read_health
from reconcile.ui.sections.health import show_figures, show_jobs, show_limits, show_quarantines

with open_page("Health") as frame:
    health = read_health(frame.workbench)
    show_figures(health)
    show_quarantines(health)
    show_jobs(frame, health)
    show_limits(frame)
