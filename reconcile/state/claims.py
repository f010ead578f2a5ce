"""Claims: who is working on what just now, so that two people do not decide the same pair.

A claim is a lease: it ends by itself when it is not renewed, so a closed laptop blocks nobody for long.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection as Transaction

from reconcile.errors import ClaimedError
from reconcile.model import utc_now
from reconcile.state.tables import claims, people
from reconcile.state.upsert import insert_or

LEASE_S = 300


@dataclass(frozen=True, slots=True)
class Claim:
    """Who holds `subject`, until when."""

    subject: str
    person_id: str
    person_name: str
    expires_at: datetime


def claim(
    tx: Transaction, subject: str, person_id: str, *, lease_s: int = LEASE_S, now: datetime | None = None
) -> datetime:
    """Take `subject`, or renew the claim that this person holds already; gives the time when it ends.

    Raises:
        ClaimedError: somebody else holds it.
    """
    at = now or utc_now()
    expires_at = at + timedelta(seconds=lease_s)
    row = {"subject": subject, "person_id": person_id, "claimed_at": at, "expires_at": expires_at}
    # One statement, so that of two people who ask at the same moment exactly one gets it.
    taken = tx.execute(
        insert_or(tx, claims)
        .values(row)
        .on_conflict_do_update(
            index_elements=[claims.c.subject],
            set_=row,
            where=(claims.c.person_id == person_id) | (claims.c.expires_at <= at),
        )
        .returning(claims.c.subject)
    ).first()
    if taken is None:
        raise ClaimedError("This", _held(tx, [subject], at)[subject].person_name)
    return expires_at


def release(tx: Transaction, subject: str, person_id: str) -> None:
    """Give `subject` back. What this person does not hold stays as it is."""
    tx.execute(claims.delete().where(claims.c.subject == subject, claims.c.person_id == person_id))


def release_all(tx: Transaction, person_id: str) -> None:
    """Give back everything that this person holds."""
    tx.execute(claims.delete().where(claims.c.person_id == person_id))


def holder(tx: Transaction, subject: str, *, now: datetime | None = None) -> Claim | None:
    """Who holds `subject` at this moment; None when nobody does."""
    return _held(tx, [subject], now or utc_now()).get(subject)


def list_claims(tx: Transaction, *, now: datetime | None = None) -> tuple[Claim, ...]:
    """All claims that hold at this moment, by subject."""
    return tuple(_held(tx, None, now or utc_now()).values())


def forget_ended(tx: Transaction, *, now: datetime | None = None) -> int:
    """Remove the rows of claims that have ended; gives how many."""
    return tx.execute(claims.delete().where(claims.c.expires_at <= (now or utc_now()))).rowcount


def _held(tx: Transaction, subjects: Collection[str] | None, now: datetime) -> dict[str, Claim]:
    query = (
        sa.select(claims.c.subject, claims.c.person_id, people.c.name, claims.c.expires_at)
        .join(people, people.c.id == claims.c.person_id)
        .where(claims.c.expires_at > now)
        .order_by(claims.c.subject)
    )
    if subjects is not None:
        query = query.where(claims.c.subject.in_(subjects))
    return {row[0]: Claim(*row) for row in tx.execute(query)}
