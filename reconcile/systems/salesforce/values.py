"""Field values of Salesforce on their way: text in snapshots and operations, typed in JSON."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from reconcile.model import FieldInfo, Operation
from reconcile.systems.salesforce.ids import to_18

Json = str | int | float | bool | None
_NUMBERS = frozenset({"int", "double", "currency", "percent"})
_IDS = frozenset({"id", "reference"})
# ASCII alone: Python also takes 1_000, fullwidth digits, nan and inf for numbers, and ² for a digit.
_DECIMAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def to_json(text: str | None, field_type: str) -> Json:
    """The JSON value that a field of `field_type` takes; text that does not fit (see `fits`) stays text."""
    if text is None or text == "":
        return False if field_type == "boolean" and text == "" else None
    if field_type == "boolean" and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if field_type in _NUMBERS and _DECIMAL.fullmatch(text) and math.isfinite(float(text)):
        number = float(text)
        if field_type != "int":
            return number
        return int(number) if number.is_integer() else text
    return text


def fits(text: str | None, field_type: str) -> bool:
    """Whether a field of `field_type` can take the text: one that cannot be read fails a whole call, not its row."""
    if text is None or text == "":
        return True
    if field_type in _NUMBERS or field_type == "boolean":
        return not isinstance(to_json(text, field_type), str)
    if field_type == "date":
        return bool(_DAY.fullmatch(text)) and _moment(text) is not None
    return field_type != "datetime" or _moment(text) is not None


def is_same(present: str | None, expected: str | None, field_type: str) -> bool:
    """Whether two texts are one value of a field: null is empty, an id's 15 and 18 characters are one id."""
    if (present or None) == (expected or None):
        return True
    if not present or not expected:
        # A box that was never ticked is false; null and false are one value of a check box.
        return field_type == "boolean" and (present or expected) == "false"
    if field_type in _IDS:
        return to_18(present) == to_18(expected)
    if field_type in _NUMBERS:
        return _number(present) == _number(expected) is not None
    if field_type == "datetime":
        return _moment(present) == _moment(expected) is not None
    return False


def holds(present: Mapping[str, str | None], wanted: Mapping[str, str | None], types: Mapping[str, FieldInfo]) -> bool:
    """Whether a record holds every one of the wanted values."""
    return all(is_same(present.get(name), value, _type(types, name)) for name, value in wanted.items())


def body_of(operation: Operation, types: Mapping[str, FieldInfo]) -> dict[str, Json]:
    """The JSON body that writes the operation's values."""
    return {name: to_json(value, _type(types, name)) for name, value in operation.after.items()}


def stamp_of(present: Mapping[str, str | None], name: str) -> datetime | None:
    """A dateTime of a record, None where it has none."""
    return _moment(present.get(name) or "")


def _type(types: Mapping[str, FieldInfo], name: str) -> str:
    return types[name].type if name in types else "string"


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        return None
