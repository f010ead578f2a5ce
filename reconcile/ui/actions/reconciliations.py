"""Actions on reconciliations, as the pages call them."""

from __future__ import annotations

from reconcile import jobs
from reconcile.defining import propose, save, with_mapping
from reconcile.model import Person
from reconcile.workbench import Workbench

__all__ = ["propose", "run", "save", "with_mapping"]


def run(workbench: Workbench, actor: Person, reconciliation_id: str) -> None:
    """Ask the worker for a run over the newest snapshots."""
    jobs.enqueue_run(workbench, actor, reconciliation_id)
