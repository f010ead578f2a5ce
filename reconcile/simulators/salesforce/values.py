"""Values on their way in and out: type checks with Salesforce's messages, and the forms of JSON and CSV."""

from __future__ import annotations

import json
import math
import re
from datetime import date
from typing import Any

from reconcile.simulators.generator.ids import normalise_id
from reconcile.simulators.salesforce.errors import SalesforceError
from reconcile.simulators.salesforce.objects import SOBJECTS
from reconcile.simulators.salesforce.schema import Field
from reconcile.simulators.salesforce.soql.dates import moment

_EMAIL = re.compile(r"[^@\s,;<>()]+@[^@\s,;<>().]+(\.[^@\s,;<>().]+)+\Z")
INT_DIGITS = 8  # of the number of employees, the only one that there is
_NUMBERS = frozenset({"int", "double", "currency", "percent"})


def shown(value: Any, kind: str) -> Any:
    """A stored value as JSON shows it."""
    if kind == "boolean":
        return bool(value)
    return json.loads(value) if kind == "address" else value


def checked(field: Field, value: Any) -> Any:
    """A value from a request in the form in which it is stored.

    Raises:
        SalesforceError: of the wrong type, too long, not in the list, no e-mail address ...
    """
    if field.type == "boolean":
        return _boolean(field, value)
    if value is None:
        return None
    if field.type in _NUMBERS:
        return _number(field, value)
    if not isinstance(value, str):
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _cannot_read(field, value)
        value = str(value)
    return _text(field, value.strip())


def _text(field: Field, value: str) -> str | None:
    """A text value by its type."""
    if value == "":
        return None
    if field.type == "reference":
        return _reference(field, value)
    if field.type in {"date", "datetime"}:
        return _time(field, value)
    if field.length and len(value) > field.length:
        message = f"{field.label}: data value too large: {value} (max length={field.length})"
        raise SalesforceError("STRING_TOO_LONG", message, fields=[field.name])
    if field.type == "email" and not _EMAIL.match(value):
        raise SalesforceError(
            "INVALID_EMAIL_ADDRESS", f"{field.label}: invalid email address: {value}", fields=[field.name]
        )
    if field.is_restricted and value not in field.choices:
        message = f"{field.label}: bad value for restricted picklist field: {value}"
        raise SalesforceError("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, fields=[field.name])
    return value


def _boolean(field: Field, value: Any) -> int:
    """A check box: true or false, never null."""
    if value is None or value == "":
        message = f"Value for {field.label} cannot be null"
        raise SalesforceError("INVALID_TYPE_ON_FIELD_IN_RECORD", message, fields=[field.name])
    text = str(value).lower() if isinstance(value, bool | str | int | float) else ""
    if text in {"true", "1"}:
        return 1
    if text in {"false", "0"}:
        return 0
    raise _cannot_read(field, value)


def _number(field: Field, value: Any) -> float | int | None:
    """A number, given as one or as its text."""
    if isinstance(value, bool):
        raise _cannot_read(field, value)
    if value == "":
        return None
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    except (TypeError, ValueError) as error:
        raise _cannot_read(field, value) from error
    if not math.isfinite(number) or (field.type == "int" and abs(number) >= 10**INT_DIGITS):
        message = f"{field.label}: value outside of valid range on numeric field: {value}"
        raise SalesforceError("NUMBER_OUTSIDE_VALID_RANGE", message, fields=[field.name])
    if field.type != "int":
        return number
    if number != int(number):
        raise _cannot_read(field, value)
    return int(number)


def _time(field: Field, value: str) -> str:
    """A day or a moment."""
    try:
        if field.type == "date":
            return date.fromisoformat(value[:10] if "T" in value else value).isoformat()
        return moment(value if "T" in value else f"{value}T00:00:00Z")
    except ValueError as error:
        raise _cannot_read(field, value) from error


def _reference(field: Field, value: str) -> str:
    """The id of a row of the object that the field refers to; whether it exists is checked later."""
    record_id = normalise_id(value)
    target = SOBJECTS.get((field.references or "").lower())
    if record_id is None or (target is not None and record_id[:3] != target.prefix):
        message = f"{field.label}: id value of incorrect type: {value}"
        raise SalesforceError("MALFORMED_ID", message, fields=[field.name])
    return record_id


def _cannot_read(field: Field, value: Any) -> SalesforceError:
    """A value of a type that the field does not take."""
    kinds = {
        bool: "VALUE_TRUE" if value is True else "VALUE_FALSE",
        str: "VALUE_STRING",
        dict: "START_OBJECT",
        list: "START_ARRAY",
    }
    given = kinds.get(type(value), "VALUE_NUMBER")
    message = f"Cannot deserialize instance of {field.type} from {given} value {value}"
    message = f"{message} or request may be missing a required field"
    return SalesforceError("JSON_PARSER_ERROR", message, fields=[field.name])
