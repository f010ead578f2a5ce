"""The ledger: the history of every link. First seen, ended, moved, returned, by whom; and the drift between runs.

Two things tell it: a run, which sees what the systems store, and a verified push, which is known to have changed it. A
run over snapshots that are older than a push does not contradict the push.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.engine import Connection as Transaction

from reconcile import access, audit
from reconcile.model import ChangeSet, Operation, Person, Reconciliation, RecordRef, Run, Side
from reconcile.runs.document import reconciliation_of, snapshot_of
from reconcile.runs.reading import open_run, read_document
from reconcile.state import connections
from reconcile.state import ledger as rows
from reconcile.state.ledger import Beginning, Cause, Ending, Period, RunCounts
from reconcile.systems.salesforce.ids import to_18

Pair = tuple[str, str]
SIDES: tuple[Side, Side] = ("left", "right")


@dataclass(frozen=True, slots=True)
class _Seen:
    """What one run saw of the stored links."""

    reconciliation: Reconciliation
    stored: Mapping[Pair, tuple[bool, bool]]
    left_ids: frozenset[str]
    right_ids: frozenset[str]
    at: datetime
    oldest: datetime


def update_from_run(tx: Transaction, actor: Person, run: Run) -> RunCounts:
    """Take in what a run saw: which links began, ended, moved or returned since the run before.

    Taking in the same run again changes nothing, and neither does a run over older snapshots than the newest one taken
    in (both happen when a job is resumed): the counts that stand are given back.

    Raises:
        NotAllowedError: the person may not run reconciliations.
        StorageError: the run file cannot be read.
    """
    access.require(actor, "run reconciliations")
    before = rows.run_counts(tx, run.reconciliation_id)
    seen = _read(run)
    known = next((counts for counts in before if counts.run_id == run.id), None)
    if known is not None:
        return known
    if before and before[0].at > seen.at:
        return before[0]
    counts = _compare(tx, seen, Cause(seen.at, actor.id, run_id=run.id), is_first=not before)
    rows.add_run(tx, counts)
    detail = {"run": run.id, "standing": counts.standing, "added": counts.added, "moved": counts.moved}
    detail |= {"returned": counts.returned, "ended": counts.ended}
    audit.record(tx, actor, "update ledger", run.reconciliation_id, detail)
    return counts


def update_from_push(
    tx: Transaction,
    actor: Person,
    change_set: ChangeSet,
    reconciliation: Reconciliation,
    operations: Iterable[Operation],
    *,
    at: datetime,
) -> None:
    """Take in what a verified push changed.

    Args:
        tx: a write transaction.
        actor: who pushed.
        change_set: what was pushed.
        reconciliation: says which field of which object stores the link.
        operations: verified ones, in the order they were pushed; those that touch no link field are passed over.
        at: when they were verified.

    Raises:
        NotAllowedError: the person may not push.
    """
    access.require(actor, "push change sets")
    cause = Cause(at, actor.id, change_set_id=change_set.id)
    moves = [move for operation in operations for move in _moves(tx, reconciliation, operation)]
    periods = rows.of_records(tx, reconciliation.id, {name for move in moves for name in move.pair})
    living = {_pair(period): period for period in periods if period.ended is None}
    after = {pair: (period.is_stored_left, period.is_stored_right) for pair, period in living.items()}
    for move in moves:
        left, right = after.get(move.pair, (False, False))
        after[move.pair] = (move.is_stored, right) if move.side == "left" else (left, move.is_stored)
    gone = [living[pair] for pair, stored in after.items() if pair in living and not any(stored)]
    new = [pair for pair, stored in after.items() if pair not in living and any(stored)]
    rows.end(tx, gone, "pushed", cause)
    rows.begin(tx, [_period(reconciliation, pair, after[pair], "pushed", cause) for pair in new])
    _note_sides(tx, living, {pair: stored for pair, stored in after.items() if any(stored)})
    if moves:
        detail = {"change_set": change_set.id, "begun": len(new), "ended": len(gone)}
        audit.record(tx, actor, "update ledger", reconciliation.id, detail)


@dataclass(frozen=True, slots=True)
class LinkChange:
    """A link began or ended."""

    at: datetime
    what: str
    period: Period

    @property
    def cursor(self) -> tuple[datetime, int]:
        """Where the page after this change begins."""
        return self.at, self.period.seq


def history_of_record(tx: Transaction, reconciliation_id: str, record_id: str) -> tuple[Period, ...]:
    """Every link that a record (of either side) ever had, oldest first."""
    return rows.of_records(tx, reconciliation_id, [record_id])


def changes(
    tx: Transaction,
    reconciliation_id: str,
    *,
    before: tuple[datetime, int] | None = None,
    since: datetime | None = None,
    with_baseline: bool = False,
    limit: int = 100,
) -> tuple[LinkChange, ...]:
    """Beginnings and endings of links, newest first.

    Args:
        tx: a transaction.
        reconciliation_id: whose links.
        before: `LinkChange.cursor` of the last change seen, for the next page.
        since: only changes at or after this.
        with_baseline: also what the very first run found, which is every link.
        limit: changes at most.
    """
    found = rows.changes(tx, reconciliation_id, before=before, since=since, with_baseline=with_baseline, limit=limit)
    return tuple(LinkChange(*change) for change in found)


def drift(tx: Transaction, reconciliation_id: str, *, limit: int = 100) -> tuple[RunCounts, ...]:
    """How the links changed from run to run, newest first."""
    return rows.run_counts(tx, reconciliation_id, limit=limit)


# What a run saw -----------------------------------------------------------------------------------------------------


def _read(run: Run) -> _Seen:
    document = read_document(run.path)
    left, right = snapshot_of(document, "left"), snapshot_of(document, "right")
    with closing(open_run(run.path)) as con:
        links = con.execute(
            "SELECT left_id, right_id, stored_left, stored_right FROM links "
            "WHERE origin = 'existing' AND status <> 'dangling' ORDER BY left_id, right_id"
        ).fetchall()
        ids = [
            frozenset(name for (name,) in con.execute(f"SELECT record_id FROM {side}_records").fetchall())
            for side in SIDES
        ]
    return _Seen(
        reconciliation=reconciliation_of(document),
        stored={(row[0], row[1]): (row[2], row[3]) for row in links},
        left_ids=ids[0],
        right_ids=ids[1],
        at=max(left.started_at, right.started_at),
        oldest=min(left.started_at, right.started_at),
    )


def _compare(tx: Transaction, seen: _Seen, cause: Cause, *, is_first: bool) -> RunCounts:
    reconciliation = seen.reconciliation
    living = {_pair(period): period for period in rows.living(tx, reconciliation.id)}
    gone = {p: period for p, period in living.items() if p not in seen.stored and not _is_later(period.began, seen)}
    begun = _beginnings(tx, seen, living, gone, is_first=is_first)
    endings: defaultdict[Ending, list[Period]] = defaultdict(list)
    partners = _Partners(reconciliation, begun)
    for pair, period in gone.items():
        endings[_ending(seen, pair, partners)].append(period)
    for ending, periods in endings.items():
        rows.end(tx, periods, ending, cause)
    rows.begin(tx, [_period(reconciliation, pair, seen.stored[pair], how, cause) for pair, how in begun.items()])
    _note_sides(tx, living, seen.stored)
    counts = Counter(begun.values())
    return RunCounts(
        reconciliation_id=reconciliation.id,
        run_id=cause.run_id or "",
        at=seen.at,
        standing=len(living) - len(gone) + len(begun),
        added=counts["baseline"] + counts["found"],
        moved=counts["moved"],
        returned=counts["returned"],
        ended=len(gone) - len(endings["moved"]),
    )


def _beginnings(
    tx: Transaction, seen: _Seen, living: Mapping[Pair, Period], gone: Collection[Pair], *, is_first: bool
) -> dict[Pair, Beginning]:
    """The links that did not live before, and how each begins."""
    new = [pair for pair in seen.stored if pair not in living]
    if is_first:
        return dict.fromkeys(new, "baseline")
    former = rows.of_records(tx, seen.reconciliation.id, [left_id for left_id, _ in new])
    ended = {_pair(period): period.ended for period in former if period.ended is not None}
    partners = _Partners(seen.reconciliation, gone)
    begun: dict[Pair, Beginning] = {}
    for pair in new:
        if pair not in ended:
            begun[pair] = "moved" if partners.has(pair) else "found"
        elif not _is_later(ended[pair], seen):
            begun[pair] = "returned"
    return begun


def _ending(seen: _Seen, pair: Pair, begun: _Partners) -> Ending:
    if pair[0] not in seen.left_ids or pair[1] not in seen.right_ids:
        return "record_gone"
    return "moved" if begun.has(pair) else "removed"


class _Partners:
    """The records of some links. Where many right records share a left one, the left one is no sign of a move."""

    def __init__(self, reconciliation: Reconciliation, pairs: Iterable[Pair]) -> None:
        listed = list(pairs)
        self._rights = {right_id for _, right_id in listed}
        self._lefts = {left_id for left_id, _ in listed} if reconciliation.cardinality == "1:1" else set()

    def has(self, pair: Pair) -> bool:
        """Whether one of the pair's records is among them."""
        return pair[0] in self._lefts or pair[1] in self._rights


def _is_later(cause: Cause | None, seen: _Seen) -> bool:
    """Whether a push did it after the older snapshot was begun: then the run cannot speak against it."""
    return cause is not None and cause.change_set_id is not None and cause.at > seen.oldest


# What a push changed ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Move:
    """One side began, or ceased, to name the other record of a pair."""

    side: Side
    pair: Pair
    is_stored: bool


def _moves(tx: Transaction, reconciliation: Reconciliation, operation: Operation) -> list[_Move]:
    """What one operation did to links: the old partner is no longer named, the new one is."""
    moves = []
    for side in SIDES:
        dataset = reconciliation.left if side == "left" else reconciliation.right
        target = operation.target
        is_own = (target.connection_id, target.object) == (dataset.connection_id, dataset.object)
        if not is_own or dataset.link_field is None or dataset.link_field not in operation.after:
            continue
        old, new = (
            _partner(tx, reconciliation, side, v.get(dataset.link_field)) for v in (operation.before, operation.after)
        )
        for partner, is_stored in ((old, False), (new, True)):
            if partner is not None:
                pair = (target.record_id, partner) if side == "left" else (partner, target.record_id)
                moves.append(_Move(side, pair, is_stored))
    return moves


def _partner(tx: Transaction, reconciliation: Reconciliation, side: Side, value: str | None) -> str | None:
    """The record id that a link field names, in the form that runs use."""
    other = reconciliation.right if side == "left" else reconciliation.left
    text = (value or "").strip()
    if not text:
        return None
    return to_18(text) if connections.get(tx, other.connection_id).system == "salesforce" else text


# Both ---------------------------------------------------------------------------------------------------------------


def _pair(period: Period) -> Pair:
    return period.left.record_id, period.right.record_id


def _period(
    reconciliation: Reconciliation, pair: Pair, stored: tuple[bool, bool], beginning: Beginning, cause: Cause
) -> Period:
    left, right = reconciliation.left, reconciliation.right
    return Period(
        seq=0,
        reconciliation_id=reconciliation.id,
        left=RecordRef(left.connection_id, left.object, pair[0]),
        right=RecordRef(right.connection_id, right.object, pair[1]),
        is_stored_left=stored[0],
        is_stored_right=stored[1],
        beginning=beginning,
        began=cause,
    )


def _note_sides(tx: Transaction, living: Mapping[Pair, Period], stored: Mapping[Pair, tuple[bool, bool]]) -> None:
    for pair, (left, right) in stored.items():
        period = living.get(pair)
        if period is not None and (period.is_stored_left, period.is_stored_right) != (left, right):
            rows.set_stored(tx, period, left=left, right=right)
