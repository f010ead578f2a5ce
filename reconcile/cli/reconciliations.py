"""reconciliations: list the definitions, and define one for two sources."""

from __future__ import annotations

import click

from reconcile.cli.session import Session, as_json, show
from reconcile.defining import propose, save
from reconcile.errors import StateError
from reconcile.model import Dataset, Reconciliation
from reconcile.state import reconciliations as stored
from reconcile.state import snapshots


@click.group("reconciliations")
def group() -> None:
    """Saved definitions: which two sources, how their columns match, and the thresholds."""


@group.command("list")
@as_json
@click.pass_obj
def list_(session: Session, is_json: bool) -> None:
    """List the reconciliations."""
    with session.workbench.database.read() as tx:
        found = stored.list_current(tx)
    show([_row(each) for each in found], is_json=is_json)


@group.command()
@click.argument("name")
@click.option("--left", required=True, metavar="CONNECTION[:OBJECT]", help="Salesforce, or the first file.")
@click.option("--right", required=True, metavar="CONNECTION[:OBJECT]", help="The billing system, or the second file.")
@click.option("--one-to-one/--many-to-one", default=True, help="Whether a record may have one partner only.")
@as_json
@click.pass_obj
def add(session: Session, name: str, left: str, right: str, one_to_one: bool, is_json: bool) -> None:
    """Define a reconciliation of two pulled sources; what the columns mean is read from their newest snapshots."""
    sides = (_source(session, left), _source(session, right))
    proposed = propose(session.workbench, name, *sides, is_one_to_one=one_to_one)
    saved = save(session.workbench, session.actor, proposed)
    show(_row(saved), is_json=is_json)


def _source(session: Session, text: str) -> tuple[str, str]:
    connection_id, separator, object_name = text.partition(":")
    if separator:
        return connection_id, object_name
    connection = session.workbench.connection(connection_id)
    usual = {"salesforce": "Account", "chargebee": "customer"}.get(connection.system)
    if usual is not None:
        return connection_id, usual
    with session.workbench.database.read() as tx:
        newest = snapshots.latest(tx, connection_id)
    if newest is None:
        raise StateError(f"Connection {connection.name}", "not pulled yet", "mapped", remedy="Pull it first.")
    objects = [count.object for count in newest.objects]
    if len(objects) != 1:
        raise click.UsageError(f"Say which object of {connection_id}: {connection_id}:OBJECT, of {', '.join(objects)}.")
    return connection_id, objects[0]


def _row(definition: Reconciliation) -> dict[str, object]:
    return {
        "id": definition.id,
        "version": definition.version,
        "name": definition.name,
        "left": _described(definition.left),
        "right": _described(definition.right),
        "cardinality": definition.cardinality,
    }


def _described(dataset: Dataset) -> str:
    roles = ", ".join(f"{role}={'+'.join(columns)}" for role, columns in dataset.roles.items())
    return f"{dataset.connection_id}:{dataset.object} ({roles})"


commands: tuple[click.Command, ...] = (group,)
