"""What the Reports page shows: the runs, and a report of one."""

from __future__ import annotations

from reconcile.model import Person, Run
from reconcile.reporting import RunReport, render, report_for_run
from reconcile.state import runs
from reconcile.workbench import Workbench


def list_runs(workbench: Workbench, reconciliation_id: str | None) -> dict[str, Run]:
    """Run id -> run, newest first."""
    with workbench.database.read() as tx:
        return {run.id: run for run in runs.list_runs(tx, reconciliation_id)}


def read_report(workbench: Workbench, run: Run, person: Person) -> RunReport:
    """The report as it is at this moment: decisions and pushes are those of now."""
    return report_for_run(workbench.database, run, made_by=person.name)


def report_file(workbench: Workbench, run: Run, person: Person, report_format: str) -> bytes:
    """The report as a file of that format."""
    return render(read_report(workbench, run, person), report_format)
