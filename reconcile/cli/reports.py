"""report: what a run found, what people decided, what was pushed and verified, as a file."""

from __future__ import annotations

from pathlib import Path

import click

from reconcile.cli.session import Session, as_json, show
from reconcile.errors import InputError, UnknownNameError
from reconcile.reporting import FORMATS, report_for_run, write_report
from reconcile.state import runs


@click.command()
@click.argument("run_id", required=False)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="File to write.")
@click.option("--format", "file_format", type=click.Choice(FORMATS), help="Default: the ending of --out.")
@as_json
@click.pass_obj
def report(session: Session, run_id: str | None, out: Path, file_format: str | None, is_json: bool) -> None:
    """Write the report of RUN_ID (default: the newest run)."""
    chosen = file_format or out.suffix.removeprefix(".").lower()
    if chosen not in FORMATS:
        raise UnknownNameError("report format", chosen, tuple(FORMATS))
    with session.workbench.database.read() as tx:
        newest = runs.list_runs(tx)
        found = runs.get(tx, run_id) if run_id else (newest[0] if newest else None)
    if found is None:
        raise InputError("There is no run yet.", remedy="Make one: `run`, or Run on the Matching page.")
    tree = report_for_run(session.workbench.database, found)
    write_report(tree, chosen, out)
    show({"run": found.id, "format": chosen, "file": str(out), "bytes": out.stat().st_size}, is_json=is_json)


commands: tuple[click.Command, ...] = (report,)
