"""What was pulled when: one row for each snapshot file."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection as Transaction
from sqlalchemy.engine import Row

from reconcile.errors import UnknownNameError
from reconcile.model import ObjectCount, Snapshot
from reconcile.state.serialise import from_document, to_document
from reconcile.state.tables import snapshots


def record(tx: Transaction, snapshot: Snapshot) -> None:
    """Note a finished snapshot. Noting it twice (a resumed job) changes nothing."""
    if tx.execute(sa.select(snapshots.c.id).where(snapshots.c.id == snapshot.id)).first() is not None:
        return
    tx.execute(
        snapshots.insert().values(
            id=snapshot.id,
            connection_id=snapshot.connection_id,
            system=snapshot.system,
            environment=snapshot.environment,
            fingerprint=snapshot.fingerprint,
            path=snapshot.path,
            kind=snapshot.kind,
            base_id=snapshot.base_id,
            started_at=snapshot.started_at,
            finished_at=snapshot.finished_at,
            objects=to_document(snapshot.objects),
        )
    )


def get(tx: Transaction, snapshot_id: str) -> Snapshot:
    """One snapshot.

    Raises:
        UnknownNameError: there is none of this id.
    """
    row = tx.execute(sa.select(snapshots).where(snapshots.c.id == snapshot_id)).one_or_none()
    if row is None:
        raise UnknownNameError("snapshot", snapshot_id)
    return _snapshot(row)


def latest(tx: Transaction, connection_id: str) -> Snapshot | None:
    """The newest snapshot of a connection; None when it was never pulled."""
    found = list_snapshots(tx, connection_id, limit=1)
    return found[0] if found else None


def list_snapshots(tx: Transaction, connection_id: str | None = None, *, limit: int = 100) -> tuple[Snapshot, ...]:
    """Snapshots, newest first, of one connection or of all."""
    query = sa.select(snapshots).order_by(snapshots.c.finished_at.desc(), snapshots.c.id.desc()).limit(limit)
    if connection_id is not None:
        query = query.where(snapshots.c.connection_id == connection_id)
    return tuple(_snapshot(row) for row in tx.execute(query))


def _snapshot(row: Row[tuple[object, ...]]) -> Snapshot:
    return Snapshot(
        id=row.id,
        connection_id=row.connection_id,
        system=row.system,
        environment=row.environment,
        fingerprint=row.fingerprint,
        path=row.path,
        kind=row.kind,
        base_id=row.base_id,
        started_at=row.started_at,
        finished_at=row.finished_at,
        objects=tuple(from_document(ObjectCount, document, f"snapshot {row.id}") for document in row.objects),
    )
