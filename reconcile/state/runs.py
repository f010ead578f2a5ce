"""Which runs there are: one row for each run file."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection as Transaction
from sqlalchemy.engine import Row

from reconcile.errors import UnknownNameError
from reconcile.model import Run
from reconcile.state.tables import runs


def record(tx: Transaction, run: Run) -> None:
    """Note a finished run. Noting it twice (a resumed job) changes nothing."""
    if tx.execute(sa.select(runs.c.id).where(runs.c.id == run.id)).first() is not None:
        return
    tx.execute(
        runs.insert().values(
            id=run.id,
            reconciliation_id=run.reconciliation_id,
            reconciliation_version=run.reconciliation_version,
            left_snapshot_id=run.left_snapshot_id,
            right_snapshot_id=run.right_snapshot_id,
            path=run.path,
            started_at=run.started_at,
            finished_at=run.finished_at,
            started_by=run.started_by,
        )
    )


def get(tx: Transaction, run_id: str) -> Run:
    """One run.

    Raises:
        UnknownNameError: there is none of this id.
    """
    row = tx.execute(sa.select(runs).where(runs.c.id == run_id)).one_or_none()
    if row is None:
        raise UnknownNameError("run", run_id)
    return _run(row)


def latest(tx: Transaction, reconciliation_id: str) -> Run | None:
    """The current run of a reconciliation: the newest one; None when it never ran."""
    found = list_runs(tx, reconciliation_id, limit=1)
    return found[0] if found else None


def list_runs(tx: Transaction, reconciliation_id: str | None = None, *, limit: int = 100) -> tuple[Run, ...]:
    """Runs, newest first, of one reconciliation or of all."""
    query = sa.select(runs).order_by(runs.c.finished_at.desc(), runs.c.id.desc()).limit(limit)
    if reconciliation_id is not None:
        query = query.where(runs.c.reconciliation_id == reconciliation_id)
    return tuple(_run(row) for row in tx.execute(query))


def _run(row: Row[tuple[object, ...]]) -> Run:
    return Run(
        id=row.id,
        reconciliation_id=row.reconciliation_id,
        reconciliation_version=row.reconciliation_version,
        left_snapshot_id=row.left_snapshot_id,
        right_snapshot_id=row.right_snapshot_id,
        path=row.path,
        started_at=row.started_at,
        finished_at=row.finished_at,
        started_by=row.started_by,
    )
