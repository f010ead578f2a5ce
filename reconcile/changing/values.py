"""When two values of a field are the same, and what a record's present values mean for an operation."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Literal

from reconcile.model import Operation, RecordRef
from reconcile.systems.salesforce.ids import to_18

Standing = Literal["ours", "before", "other", "gone"]
# No leading zero: a postcode of 01234 is no number.
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")


def is_same(first: str | None, second: str | None) -> bool:
    """Whether a remote system would tell the two apart.

    An empty text and no value are one for both systems, and both drop white space at the ends of what is written. A
    number may come back with other decimals (1000 and 1000.0), a Salesforce id in its longer form.
    """
    one, other = sorted(((first or "").strip(), (second or "").strip()), key=len)
    if one == other:
        return True
    if (len(one), len(other)) == (15, 18):
        return to_18(one) == other
    return "." in other and bool(_NUMBER.fullmatch(one) and _NUMBER.fullmatch(other)) and Decimal(one) == Decimal(other)


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
