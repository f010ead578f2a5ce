"""When two values of a field are the same, and what a record's present values mean for an operation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from reconcile.model import Operation, RecordRef

Standing = Literal["ours", "before", "other", "gone"]


def is_same(first: str | None, second: str | None) -> bool:
    """Whether a remote system would tell the two apart.

    An empty text and no value are one for both systems, and both drop white space at the ends of what is written.
    """
    return (first or "").strip() == (second or "").strip()


def standing(operation: Operation, present: Mapping[str, str | None] | None) -> Standing:
    """What the record's present values say about the operation.

    `ours`: it holds what was to be written. `before`: the precondition holds. `other`: neither. `gone`: no record.
    """
    if present is None:
        return "gone"
    if all(is_same(present.get(field), value) for field, value in operation.after.items()):
        return "ours"
    if all(is_same(present.get(field), value) for field, value in operation.before.items()):
        return "before"
    return "other"


def fields_of(operations: Iterable[Operation]) -> list[str]:
    """Every field that the operations expect or write, once, in the order of first mention."""
    return list(dict.fromkeys(field for each in operations for field in (*each.before, *each.after)))


def final_values(operations: Iterable[Operation]) -> dict[tuple[RecordRef, str], str | None]:
    """What each written field holds once all the operations, in their order, are done."""
    return {(each.target, field): value for each in operations for field, value in each.after.items()}
