"""Pages of the queue, and the exception that comes next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy.engine import Connection as Transaction

from reconcile.model import ExceptionKind, Person, Side, Verdict
from reconcile.reviewing.judging import subject
from reconcile.reviewing.opening import Condition
from reconcile.reviewing.queue import Queue
from reconcile.reviewing.selection import QueueFilter, QueueSort, condition
from reconcile.reviewing.standing import Status
from reconcile.state import claims


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One exception in a list.

    Attributes:
        position: its place in the chosen filter and order, whatever its status; the cursor for the next page.
        left_name, right_name: of the records in question; of duplicates, of the record that names the cluster.
        owner: as the record names them; "" for nobody.
        verdict: what was said, on changed evidence too.
        claimed_by: who works on it just now.
    """

    position: int
    exception_id: str
    kind: ExceptionKind
    side: Side | None
    left_id: str | None
    right_id: str | None
    cluster_id: str | None
    left_name: str | None
    right_name: str | None
    owner: str
    probability: float | None
    margin: float | None
    amount_cents: int | None
    age_days: int
    story: str | None
    status: Status
    verdict: Verdict | None
    is_changed: bool
    note: str
    decision_id: str | None
    person_name: str | None
    made_at: datetime | None
    claimed_by: str | None = None


@dataclass(frozen=True, slots=True)
class QueuePage:
    """Some rows of the queue.

    Attributes:
        total: exceptions that pass the whole filter.
        has_more: whether there are rows after the last one.
        version: of the queue; an action taken on a page of an older version is checked again by `judge`.
    """

    rows: tuple[QueueRow, ...]
    total: int
    has_more: bool
    version: int


def queue_page(
    tx: Transaction,
    queue: Queue,
    chosen: QueueFilter = QueueFilter(),  # noqa: B008 - a frozen value
    *,
    sort: QueueSort = "rank",
    after: int | None = None,
    offset: int = 0,
    limit: int = 50,
) -> QueuePage:
    """One page of the exceptions that pass the filter.

    Args:
        tx: a transaction; the queue is brought up to date with it first.
        queue: of the run.
        chosen: the filter.
        sort: the order; ties go by rank.
        after: the `position` of the last row seen: the page begins behind it. This takes the same time on every page.
        offset: so many rows are skipped (for "page 7 of 12").
        limit: rows at most.
    """
    queue.refresh(tx)
    table, _ = queue.order(chosen, sort)
    state = _state_condition(chosen)
    rows = queue.query(
        f"""
        SELECT {_ROW_SQL} FROM (
            SELECT o.position, o.n FROM {table} o JOIN {{q}}.items i USING (n)
            WHERE o.position > ? AND {state.sql} ORDER BY o.position LIMIT ? OFFSET ?
        ) o JOIN {{q}}.items i USING (n) ORDER BY o.position
        """,
        [after or 0, *state.parameters, limit + 1, offset],
    )
    held = {claim.subject: claim.person_name for claim in claims.list_claims(tx)}
    shown = tuple(_row(row, held, queue) for row in rows[:limit])
    return QueuePage(shown, total(queue, chosen), len(rows) > limit, queue.version)


def exception_ids(
    tx: Transaction, queue: Queue, chosen: QueueFilter, *, sort: QueueSort = "rank", limit: int
) -> list[str]:
    """The exceptions that pass the filter, in the order, `limit` at most."""
    queue.refresh(tx)
    table, _ = queue.order(chosen, sort)
    state = _state_condition(chosen)
    rows = queue.query(
        f"""
        SELECT i.exception_id FROM {table} o JOIN {{q}}.items i USING (n)
        WHERE {state.sql} ORDER BY o.position LIMIT ?
        """,
        [*state.parameters, limit],
    )
    return [str(row[0]) for row in rows]


def total(queue: Queue, chosen: QueueFilter) -> int:
    """How many exceptions pass the filter."""
    where = condition(chosen)
    return queue.counted(
        ("total", chosen),
        lambda: int(queue.query(f"SELECT count(*) FROM {{q}}.items i WHERE {where.sql}", where.parameters)[0][0]),
    )


def next_exception(
    tx: Transaction,
    queue: Queue,
    actor: Person,
    chosen: QueueFilter = QueueFilter(),  # noqa: B008 - a frozen value
    *,
    sort: QueueSort = "rank",
    after: str | None = None,
    direction: Literal["next", "previous"] = "next",
) -> str | None:
    """The exception to show after (or before) another one; None when none is left.

    Those that somebody else works on are passed over, and, unless the filter asks for statuses, those decided. At the
    end it begins again from the start, so that nothing that was passed over is forgotten.

    Args:
        tx: a transaction; the queue is brought up to date with it first.
        queue: of the run.
        actor: who works through the queue.
        chosen: the filter.
        sort: the order.
        after: the exception on the screen, decided or not; None begins at the start.
        direction: which way.
    """
    queue.refresh(tx)
    table, length = queue.order(chosen, sort)
    own = claims.list_claims(tx)
    held = [claim.subject.rpartition("/")[2] for claim in own if claim.person_id != actor.id]
    place = _position(queue, table, after) if after is not None else None
    first, last = (0, length + 1) if place is None else (place, place)
    search = _Search(queue, table, _work_condition(chosen), held)
    if direction == "next":
        return search.first(f"o.position > {first}", "ASC") or search.first(f"o.position < {first}", "ASC")
    return search.first(f"o.position < {last}", "DESC") or search.first(f"o.position > {last}", "DESC")


@dataclass(frozen=True, slots=True)
class _Search:
    queue: Queue
    table: str
    state: Condition
    held: list[str]

    def first(self, where: str, direction: str) -> str | None:
        rows = self.queue.query(
            f"""
            SELECT i.exception_id FROM {self.table} o JOIN {{q}}.items i USING (n)
            WHERE {where} AND {self.state.sql} AND i.exception_id NOT IN (SELECT unnest(?::VARCHAR[]))
            ORDER BY o.position {direction} LIMIT 1
            """,
            [*self.state.parameters, self.held],
        )
        return str(rows[0][0]) if rows else None


def _position(queue: Queue, table: str, exception_id: str) -> int | None:
    rows = queue.query(
        f"SELECT o.position FROM {{q}}.items i JOIN {table} o USING (n) WHERE i.exception_id = ?", [exception_id]
    )
    return int(rows[0][0]) if rows else None


def _state_condition(chosen: QueueFilter) -> Condition:
    return condition(QueueFilter(statuses=chosen.statuses, notes=chosen.notes, changes=chosen.changes))


def _work_condition(chosen: QueueFilter) -> Condition:
    statuses = chosen.statuses or frozenset({"undecided"})
    return condition(QueueFilter(statuses=statuses, notes=chosen.notes, changes=chosen.changes))


_COMPUTED = {"position": "o.position", "is_changed": "i.change_kind = 'evidence changed'"}
_COLUMNS = tuple(field.name for field in fields(QueueRow) if field.name != "claimed_by")
_ROW_SQL = ", ".join(_COMPUTED.get(name, f"i.{name}") for name in _COLUMNS)


def _row(row: tuple[Any, ...], held: Mapping[str, str], queue: Queue) -> QueueRow:
    values = dict(zip(_COLUMNS, row, strict=True))
    if values["made_at"] is not None:
        values["made_at"] = values["made_at"].replace(tzinfo=UTC)
    return QueueRow(**values, claimed_by=held.get(subject(queue.run, values["exception_id"])))
