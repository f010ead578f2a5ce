"""run: execute a reconciliation over the newest snapshots."""

from __future__ import annotations

import click

from reconcile import jobs
from reconcile.cli.following import follow
from reconcile.cli.session import Session, as_json, show
from reconcile.errors import InputError
from reconcile.runs import summarise
from reconcile.state import reconciliations
from reconcile.state import runs as stored


@click.command()
@click.argument("reconciliation", required=False)
@as_json
@click.pass_obj
def run(session: Session, reconciliation: str | None, is_json: bool) -> None:
    """Match, compare and count a RECONCILIATION (default: the only one). Exit code 1 when totals do not tie out."""
    chosen = chosen_reconciliation(session, reconciliation)
    job = follow(session.workbench, jobs.enqueue_run(session.workbench, session.actor, chosen))
    with session.workbench.database.read() as tx:
        found = stored.get(tx, (job.result or {})["run"])
    summary = summarise(found.path)
    show({"run": found.id, "summary": summary} if is_json else {"run": found.id}, is_json=is_json)
    if not is_json:
        exceptions = [{"exception": kind, "count": count} for kind, count in summary.exceptions.items()]
        show(exceptions, is_json=False)
    if not summary.ties_out:
        raise SystemExit(1)


def chosen_reconciliation(session: Session, name: str | None) -> str:
    """The id of the reconciliation of that id, or of the only one.

    Raises:
        UnknownNameError: there is none of that id.
        InputError: no name, and there is not exactly one.
    """
    with session.workbench.database.read() as tx:
        if name:
            return reconciliations.get(tx, name).id
        known = [each.id for each in reconciliations.list_current(tx)]
    if not known:
        raise InputError("There is no reconciliation yet.", remedy="Define one: `reconciliations add`.")
    if len(known) > 1:
        raise InputError("Say which reconciliation.", remedy=f"Known: {', '.join(known)}.")
    return known[0]


commands: tuple[click.Command, ...] = (run,)
