"""The audit log: who did what to what and when, chained by hashes so that tampering shows.

Each row's hash covers the row and the hash before it. A row that was altered, removed or slipped in breaks the chain
from there on; that rows were cut off the end shows only against a head that was noted elsewhere (reports print it).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.engine import Connection as Transaction

from reconcile.model import Person, utc_now
from reconcile.state import audit as rows
from reconcile.state.audit import AuditRow

FIRST_HASH = "0" * 64


@dataclass(frozen=True, slots=True)
class Head:
    """The newest row of the log, to be noted elsewhere. An empty log has seq 0."""

    seq: int
    hash: str


def record(
    tx: Transaction, actor: Person, action: str, subject: str, detail: Mapping[str, Any] | None = None
) -> AuditRow:
    """Add one row. It stands or falls with the transaction: what was rolled back was not done.

    Writers queue for the end of the chain until their transaction ends, so call it last.

    Args:
        tx: a write transaction.
        actor: the acting person.
        action: what was done, in the words of the screen, e.g. "approved change set".
        subject: the id of what it was done to.
        detail: JSON values worth keeping; never a secret.
    """
    rows.lock(tx)
    head = newest(tx)
    at, seq = utc_now(), head.seq + 1
    document = dict(detail or {})
    row = AuditRow(seq, at, actor.id, action, subject, document, head.hash, "")
    return rows.insert(tx, row, _hash(row))


def newest(tx: Transaction) -> Head:
    """The end of the chain."""
    row = rows.last(tx)
    return Head(0, FIRST_HASH) if row is None else Head(row.seq, row.hash)


def verify(tx: Transaction, noted: Head | None = None) -> int | None:
    """Follow the whole chain.

    Args:
        tx: a transaction.
        noted: a head that was noted earlier; the chain must still contain it.

    Returns:
        The seq of the first row that is missing or does not fit; None when all is well.
    """
    seq, previous = 0, FIRST_HASH
    for row in rows.stream(tx):
        seq += 1
        if row.seq != seq or row.previous_hash != previous or row.hash != _hash(row):
            return seq
        if noted is not None and noted.seq == seq and noted.hash != row.hash:
            return seq
        previous = row.hash
    return seq + 1 if noted is not None and noted.seq > seq else None


def _hash(row: AuditRow) -> str:
    facts = [row.seq, _stamp(row.at), row.person_id, row.action, row.subject, row.detail, row.previous_hash]
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _stamp(at: datetime) -> str:
    return at.isoformat(timespec="microseconds")
