"""Many requests, one change set: operations on the same record are made one, and contradictions are refused."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from reconcile.changing.values import is_same
from reconcile.errors import DefinitionError
from reconcile.model import Operation, RecordRef

UniqueFields = frozenset[tuple[str, str, str]]


@dataclass(frozen=True, slots=True)
class Plan:
    """Operations in their order, and what a person should know of them.

    Attributes:
        existing_links: how many links were stored when it was planned: what the share of ended links is a share of.
        notes: what was left out, and why.
        unique_fields: (connection, object, field) in which no two records may hold the same value.
    """

    operations: tuple[Operation, ...]
    existing_links: int
    notes: tuple[str, ...] = ()
    unique_fields: UniqueFields = frozenset()

    @property
    def link_share(self) -> float:
        """Share (0..1) of the existing links that the plan ends or moves; 0 when there are no links."""
        return min(1.0, count_ended_links(self.operations) / self.existing_links) if self.existing_links else 0.0


def count_ended_links(operations: Iterable[Operation]) -> int:
    """Requests among the operations that end or move a link which a system stores now."""
    requests = {request for operation in operations for request in operation.requests}
    return sum(1 for request in requests if request.startswith(("move:", "unlink:")))


def combine(operations: Sequence[Operation], *, unique: Collection[tuple[str, str, str]] = ()) -> tuple[Operation, ...]:
    """One operation for each record and stage, by stage, then in the order first asked for; nothing without effect.

    A record that is written in two stages is expected, in the later one, to hold what the earlier one wrote. Fields
    that would be written with the value they have stay in (another request may change them first) until `reduce`.

    Raises:
        DefinitionError: a field is to have two values, or two records one value of a field in `unique`.
    """
    merged: dict[tuple[int, RecordRef], Operation] = {}
    for operation in sorted(operations, key=lambda each: each.stage):
        key = (operation.stage, operation.target)
        merged[key] = _merge(merged[key], operation) if key in merged else operation
    chained = _chain(list(merged.values()))
    _refuse_shared_values(chained, unique)
    effective = [each for each in chained if any(not is_same(each.before[f], v) for f, v in each.after.items())]
    return tuple(replace(each, position=n) for n, each in enumerate(effective))


def reduce(operations: Iterable[Operation]) -> tuple[Operation, ...]:
    """The operations without the fields that already hold what would be written; they stay in the precondition."""
    reduced: list[Operation] = []
    for operation in operations:
        after = {f: v for f, v in operation.after.items() if not is_same(operation.before.get(f), v)}
        if after:
            reduced.append(replace(operation, after=after, position=len(reduced)))
    return tuple(reduced)


def withdraw(operations: Sequence[Operation], ids: Collection[str]) -> tuple[Operation, ...]:
    """The operations without those of `ids` and without what else only their requests asked for."""
    requests = {request for each in operations if each.id in ids for request in each.requests}
    gone: dict[RecordRef, list[Operation]] = {}
    kept = []
    for each in operations:
        if each.id in ids or (each.requests and requests.issuperset(each.requests)):
            gone.setdefault(each.target, []).append(each)
        else:
            kept.append(each)
    # What a later operation expected to find was what an earlier one, now gone, would have left there.
    for n, each in enumerate(kept):
        for removed in reversed(gone.get(each.target, [])):
            kept[n] = _unchain(kept[n], removed)
    return tuple(replace(each, position=n) for n, each in enumerate(kept))


def _unchain(later: Operation, removed: Operation) -> Operation:
    if later.stage <= removed.stage:
        return later
    original = {f: removed.before[f] for f in removed.after if f in later.before and f in removed.before}
    return replace(later, before={**later.before, **original}, modified_at=removed.modified_at)


def _merge(first: Operation, second: Operation) -> Operation:
    for field in first.after.keys() & second.after.keys():
        if not is_same(first.after[field], second.after[field]):
            raise _two_values(first, field, first.after[field], second.after[field])
    for field in first.before.keys() & second.before.keys():
        if not is_same(first.before[field], second.before[field]):
            raise DefinitionError(
                _named(first), f"{field} was planned from two different snapshots", remedy="Plan both requests anew."
            )
    reasons = list(dict.fromkeys([first.reason, second.reason]))
    return replace(
        first,
        before={**first.before, **second.before},
        after={**first.after, **second.after},
        reason=" ".join(reasons),
        requests=tuple(dict.fromkeys((*first.requests, *second.requests))),
        # The earlier stamp: a record that changed after it was read for either request is looked at again.
        modified_at=min(filter(None, (first.modified_at, second.modified_at)), default=None),
    )


def _chain(operations: Sequence[Operation]) -> list[Operation]:
    """Let each later operation on a record expect what the earlier ones leave there."""
    left_behind: dict[RecordRef, dict[str, str | None]] = {}
    chained = []
    for operation in operations:
        written = left_behind.setdefault(operation.target, {})
        _refuse_two_values(operation, written)
        if written:
            expected = {**operation.before, **{f: v for f, v in written.items() if f in operation.before}}
            # The stamp of the snapshot is worth nothing once an operation of this very set has been there.
            chained.append(replace(operation, before=expected, modified_at=None))
        else:
            chained.append(operation)
        written.update(operation.after)
    return chained


def _refuse_two_values(operation: Operation, written: Mapping[str, str | None]) -> None:
    for field, value in operation.after.items():
        earlier = written.get(field)
        if value and not is_same(earlier, value) and not _is_cleared(earlier):
            raise _two_values(operation, field, earlier, value)


def _is_cleared(value: str | None) -> bool:
    """Whether an earlier stage made room here: the field was emptied, or the flag taken down."""
    return not value or value == "false"


def _refuse_shared_values(operations: Sequence[Operation], unique: Collection[tuple[str, str, str]]) -> None:
    held: dict[tuple[str, str, str, str], RecordRef] = {}
    final = {(each.target, field): value for each in operations for field, value in each.after.items()}
    for (target, field), value in final.items():
        place = (target.connection_id, target.object, field)
        if place not in unique or not value:
            continue
        other = held.setdefault((*place, value), target)
        if other != target:
            raise DefinitionError(
                "The change set",
                f"{target.object} {other.record_id} and {target.record_id} would both be linked to {value}",
                remedy="Keep one of the two requests.",
            )


def _two_values(operation: Operation, field: str, first: str | None, second: str | None) -> DefinitionError:
    return DefinitionError(
        _named(operation),
        f"{field} would get two values, {first or 'empty'} and {second or 'empty'}",
        remedy="Keep one of the two requests.",
    )


def _named(operation: Operation) -> str:
    return f"{operation.target.object} {operation.target.record_id}"
