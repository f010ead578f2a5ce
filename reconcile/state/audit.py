"""Rows of the audit log. How they are chained is `reconcile.audit`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection as Transaction

from reconcile.state.tables import audit

CHAIN_LOCK = 4_210_628  # a number of our own for the PostgreSQL lock on the end of the chain


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One thing that somebody did."""

    seq: int
    at: datetime
    person_id: str
    action: str
    subject: str
    detail: Mapping[str, Any]
    previous_hash: str
    hash: str


def lock(tx: Transaction) -> None:
    """Make other writers of the log wait until this transaction ends (a SQLite writer is alone already)."""
    if tx.dialect.name == "postgresql":
        tx.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": CHAIN_LOCK})


def insert(tx: Transaction, row: AuditRow, row_hash: str) -> AuditRow:
    """Write `row` with its hash and give it back so."""
    done = replace(row, hash=row_hash)
    tx.execute(
        audit.insert().values(
            seq=done.seq,
            at=done.at,
            person_id=done.person_id,
            action=done.action,
            subject=done.subject,
            detail=dict(done.detail),
            previous_hash=done.previous_hash,
            hash=done.hash,
        )
    )
    return done


def last(tx: Transaction) -> AuditRow | None:
    """The newest row; None when the log is empty."""
    row = tx.execute(sa.select(audit).order_by(audit.c.seq.desc()).limit(1)).one_or_none()
    return None if row is None else AuditRow(*row)


def stream(tx: Transaction) -> Iterator[AuditRow]:
    """All rows, oldest first, in bounded memory."""
    result = tx.execution_options(yield_per=1000).execute(sa.select(audit).order_by(audit.c.seq))
    for row in result:
        yield AuditRow(*row)


def list_rows(
    tx: Transaction,
    *,
    subject: str | None = None,
    person_id: str | None = None,
    before_seq: int | None = None,
    limit: int = 100,
) -> tuple[AuditRow, ...]:
    """The newest rows first, at most `limit`, optionally of one subject or person and older than `before_seq`."""
    query = sa.select(audit).order_by(audit.c.seq.desc()).limit(limit)
    if subject is not None:
        query = query.where(audit.c.subject == subject)
    if person_id is not None:
        query = query.where(audit.c.person_id == person_id)
    if before_seq is not None:
        query = query.where(audit.c.seq < before_seq)
    return tuple(AuditRow(*row) for row in tx.execute(query))
