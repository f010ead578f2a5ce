"""What each kind of job does: plain functions, callable with or without a worker."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from reconcile import audit, learning, ledger
from reconcile.changing.push import push
from reconcile.errors import QuarantinedError, StateError
from reconcile.model import Connection, Person, Progress, Run, Snapshot, SystemName
from reconcile.runs import execute
from reconcile.snapshots import pull
from reconcile.state import connections, match_models, reconciliations, runs, snapshots
from reconcile.systems import check_fingerprint
from reconcile.systems.base import Reader
from reconcile.workbench import Workbench

Report = Callable[[Progress], None]

# What customer reconciliation needs of each system; a system that is not named here is pulled whole.
_USUAL_OBJECTS: Mapping[SystemName, tuple[str, ...]] = {
    "salesforce": (
        "Account",
        "Contact",
        "User",
        "Opportunity",
        "chargebeeapps__CB_Site__c",
        "chargebeeapps__CB_Subscription__c",
        "chargebeeapps__CB_Invoice__c",
    ),
    "chargebee": ("customer", "subscription", "invoice"),
}


def pull_snapshot(
    workbench: Workbench, actor: Person, connection_id: str, report: Report, *, incremental: bool = False
) -> Snapshot:
    """Pull the connection's objects into a new snapshot and record it.

    A first pull settles the connection's fingerprint; a later one that finds another quarantines the connection.

    Raises:
        QuarantinedError: the connection leads to another org than the one it was made for.
        RemoteError: the system refused, limited or did not answer; nothing is kept.
    """
    reader = workbench.open_reader(connection_id)
    connection = _settle_fingerprint(workbench, actor, reader)
    with workbench.database.read() as tx:
        base = snapshots.latest(tx, connection_id) if incremental else None
    snapshot = pull(
        reader,
        objects_to_pull(connection, reader),
        workbench.settings.snapshots,
        base=base,
        progress=report,
    )
    with workbench.database.begin() as tx:
        snapshots.record(tx, snapshot)
        rows = {count.object: count.rows for count in snapshot.objects}
        audit.record(tx, actor, "pull", connection_id, {"snapshot": snapshot.id, "kind": snapshot.kind, "rows": rows})
    return snapshot


def objects_to_pull(connection: Connection, reader: Reader) -> Sequence[str]:
    """The connection's chosen objects (option `objects`, comma-separated), else its system's usual ones that exist."""
    chosen = [name.strip() for name in connection.options.get("objects", "").split(",") if name.strip()]
    if chosen:
        return chosen
    there = reader.objects()
    return [name for name in _USUAL_OBJECTS.get(connection.system, ()) if name in there] or list(there)


def run_reconciliation(workbench: Workbench, actor: Person, reconciliation_id: str, report: Report) -> Run:
    """Execute the current version of the reconciliation over the newest snapshots of its two connections.

    It scores with the model in use; the first run's becomes that.

    Raises:
        StateError: one of the connections has not been pulled yet.
    """
    with workbench.database.read() as tx:
        definition = reconciliations.get(tx, reconciliation_id)
        left = snapshots.latest(tx, definition.left.connection_id)
        right = snapshots.latest(tx, definition.right.connection_id)
        previous = runs.latest(tx, reconciliation_id)
        model = match_models.current(tx, reconciliation_id)
    if left is None or right is None:
        missing = definition.left.connection_id if left is None else definition.right.connection_id
        raise StateError(f"Connection {missing}", "not pulled yet", "reconciled", remedy="Pull it first.")
    run = execute(
        definition,
        left,
        right,
        workbench.settings.runs,
        started_by=actor.id,
        previous=previous,
        models=model.models if model else None,
        progress=report,
    )
    with workbench.database.begin() as tx:
        runs.record(tx, run)
        ledger.update_from_run(tx, actor, run)
        audit.record(tx, actor, "run", reconciliation_id, {"run": run.id, "version": definition.version})
    learning.adopt(workbench, actor, run)
    return run


def push_change_set(workbench: Workbench, actor: Person, change_set_id: str, report: Report) -> dict[str, object]:
    """Push an approved change set, or go on with one that was interrupted; gives the counts by outcome."""

    def open_reader(connection: Connection) -> Reader:
        return workbench.open_reader(connection.id)

    outcome = push(
        workbench.database,
        change_set_id,
        actor,
        workbench.open_writer,
        progress=report,
        open_reader=open_reader,
    )
    return {"change_set": change_set_id, "state": outcome.state, "counts": dict(outcome.counts)}


def _settle_fingerprint(workbench: Workbench, actor: Person, reader: Reader) -> Connection:
    connection, found = reader.connection, reader.fingerprint()
    if connection.fingerprint is None:
        with workbench.database.begin() as tx:
            connections.set_fingerprint(tx, connection.id, found)
            audit.record(tx, actor, "settle fingerprint", connection.id, {"fingerprint": found})
        return connection
    try:
        check_fingerprint(connection, found)
    except QuarantinedError as error:
        with workbench.database.begin() as tx:
            connections.quarantine(tx, connection.id, error.sentence)
            audit.record(tx, actor, "quarantine", connection.id, {"found": found})
        raise
    return connection
