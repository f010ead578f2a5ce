"""pull: a snapshot of a connection."""

from __future__ import annotations

import dataclasses

import click

from reconcile import jobs
from reconcile.cli.following import follow
from reconcile.cli.session import Session, as_json, show
from reconcile.state import snapshots


@click.command()
@click.argument("connection")
@click.option(
    "--incremental", is_flag=True, help="Only what changed since the newest snapshot; the rest is carried over."
)
@as_json
@click.pass_obj
def pull(session: Session, connection: str, incremental: bool, is_json: bool) -> None:
    """Pull a CONNECTION into a new snapshot."""
    job_id = jobs.enqueue_pull(session.workbench, session.actor, connection, incremental=incremental)
    job = follow(session.workbench, job_id)
    with session.workbench.database.read() as tx:
        snapshot = snapshots.get(tx, (job.result or {})["snapshot"])
    if is_json:
        show(dataclasses.asdict(snapshot), is_json=True)
        return
    click.echo(f"Snapshot {snapshot.id} ({snapshot.kind})")
    rows = [
        {"object": each.object, "rows": each.rows, "expected": each.expected, "complete": each.is_complete}
        for each in snapshot.objects
    ]
    show(rows, is_json=False)


commands: tuple[click.Command, ...] = (pull,)
