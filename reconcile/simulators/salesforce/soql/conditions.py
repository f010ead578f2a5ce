"""WHERE and HAVING conditions as SQL, with SOQL's own ideas of equality."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from reconcile.simulators.generator.ids import normalise_id
from reconcile.simulators.salesforce.errors import SalesforceError
from reconcile.simulators.salesforce.soql.dates import day_range, moment
from reconcile.simulators.salesforce.soql.tokens import pointed
from reconcile.simulators.salesforce.soql.tree import Comparison, Constant, Membership

NUMBER_TYPES = frozenset({"int", "double", "currency", "percent"})
ID_TYPES = frozenset({"id", "reference"})


@dataclass(frozen=True, slots=True)
class Operand:
    """A left side ready for SQL: its expression, its Salesforce type, its name in messages."""

    sql: str
    type: str
    name: str
    position: int


@dataclass(frozen=True, slots=True)
class Clause:
    """An SQL condition and its parameters."""

    sql: str
    values: tuple[Any, ...] = ()


def compare(  # noqa: PLR0911  # one line for each special case
    statement: str, operand: Operand, comparison: Comparison
) -> Clause:
    """One comparison.

    Raises:
        SalesforceError: an operator that the field does not take, or a value of another type.
    """
    operator, constant = comparison.operator, comparison.value
    if constant.kind == "null":
        if operator not in {"=", "!="}:
            raise SalesforceError("INVALID_QUERY_FILTER_OPERATOR", f"invalid operator for null: {operator}")
        return Clause(f"{operand.sql} IS {'NOT ' if operator == '!=' else ''}NULL")
    if operator == "LIKE":
        return _like(statement, operand, constant)
    if constant.kind == "range":
        return _in_range(statement, operand, operator, constant)
    if operand.type == "boolean" and operator not in {"=", "!="}:
        raise SalesforceError("INVALID_QUERY_FILTER_OPERATOR", f"invalid operator on boolean field '{operand.name}'")
    left, value = _both_sides(statement, operand, constant)
    if operator == "=" and value == "" and operand.type not in NUMBER_TYPES:
        return Clause(f"({operand.sql} IS NULL OR {operand.sql} = '')")
    if operator == "!=":
        if value == "":
            return Clause(f"({operand.sql} IS NOT NULL AND {operand.sql} <> '')")
        return Clause(f"({left} <> ? OR {operand.sql} IS NULL)", (value,))
    return Clause(f"{left} {operator} ?", (value,))


def among(statement: str, operand: Operand, membership: Membership, constants: tuple[Constant, ...]) -> Clause:
    """`IN` a list of constants. `NOT IN` matches null too, unless null is listed."""
    values = tuple(_both_sides(statement, operand, constant)[1] for constant in constants if constant.kind != "null")
    lists_null = any(constant.kind == "null" for constant in constants)
    left = operand.sql
    if operand.type not in ID_TYPES | NUMBER_TYPES | {"boolean", "date", "datetime"}:
        is_plain = all(value.isascii() for value in values)
        left = f"{operand.sql} COLLATE NOCASE" if is_plain else f"soql_fold({operand.sql})"
        values = values if is_plain else tuple(value.casefold() for value in values)
    marks = ", ".join("?" * len(values))
    if membership.is_negated:
        null = "IS NOT NULL AND" if lists_null else "IS NULL OR"
        return Clause(f"({operand.sql} {null} {left} NOT IN ({marks}))", values)
    return Clause(f"({left} IN ({marks}) OR {operand.sql} IS NULL)" if lists_null else f"{left} IN ({marks})", values)


def _both_sides(  # noqa: PLR0911  # one line for each type
    statement: str, operand: Operand, constant: Constant
) -> tuple[str, Any]:
    """The left expression and the value, brought to the same form."""
    if operand.type in ID_TYPES:
        return operand.sql, _id_value(statement, operand, constant)
    if operand.type == "boolean":
        return operand.sql, int(
            bool(_of_kind(statement, operand, constant, "boolean", "boolean and should not be enclosed in quotes"))
        )
    if operand.type in NUMBER_TYPES:
        return operand.sql, _of_kind(
            statement, operand, constant, "number", f"{operand.type} and should not be enclosed in quotes"
        )
    if operand.type == "datetime":
        text = _of_kind(statement, operand, constant, "datetime", "dateTime and should not be enclosed in quotes")
        return operand.sql, _moment(statement, operand, str(text))
    if operand.type == "date":
        return operand.sql, _of_kind(statement, operand, constant, "date", "date and should not be enclosed in quotes")
    value = str(_of_kind(statement, operand, constant, "text", "string and should be enclosed in quotes"))
    if value.isascii():
        return f"{operand.sql} COLLATE NOCASE", value
    return f"soql_fold({operand.sql})", value.casefold()


def _of_kind(statement: str, operand: Operand, constant: Constant, kind: str, wanted: str) -> Any:
    """The constant's value if it is of the kind that the field takes."""
    if constant.kind != kind:
        raise SalesforceError(
            "INVALID_FIELD",
            pointed(
                statement,
                operand.position,
                f"value of filter criterion for field '{operand.name}' must be of type {wanted}",
            ),
        )
    return constant.value


def _id_value(statement: str, operand: Operand, constant: Constant) -> str:
    """An id in its 18-character form; text that is none is refused."""
    text = str(_of_kind(statement, operand, constant, "text", "string and should be enclosed in quotes"))
    if not text:
        return ""
    record_id = normalise_id(text)
    if record_id is None:
        raise SalesforceError(
            "INVALID_QUERY_FILTER_OPERATOR", pointed(statement, operand.position, f"invalid ID field: {text}")
        )
    return record_id


def _moment(statement: str, operand: Operand, text: str) -> str:
    """A dateTime literal as stored."""
    try:
        return moment(text)
    except ValueError as error:
        raise SalesforceError(
            "MALFORMED_QUERY", pointed(statement, operand.position, f"invalid dateTime: {text}")
        ) from error


def _like(statement: str, operand: Operand, constant: Constant) -> Clause:
    """Wildcards % and _; a backslash makes them plain; case does not matter."""
    if operand.type in ID_TYPES | NUMBER_TYPES | {"boolean", "date", "datetime"}:
        raise SalesforceError(
            "INVALID_QUERY_FILTER_OPERATOR",
            pointed(statement, operand.position, f"invalid operator on {operand.type} field"),
        )
    if constant.kind != "text":
        raise SalesforceError("MALFORMED_QUERY", pointed(statement, operand.position, "LIKE needs a string"))
    pattern = _like_pattern(constant.raw)
    if pattern.isascii():
        return Clause(f"{operand.sql} LIKE ? ESCAPE '\\'", (pattern,))
    return Clause(f"soql_fold({operand.sql}) LIKE ? ESCAPE '\\'", (pattern.casefold(),))


def _like_pattern(raw: str) -> str:
    r"""The literal as written, as an SQL pattern: only \\%, \\_ and \\\\ keep their backslash."""

    def keep(match: re.Match[str]) -> str:
        char = match[1]
        if char[0] in "uU" and len(char) == 5:
            return chr(int(char[1:], 16))
        return match[0] if char in "%_\\" else {"n": "\n", "r": "\r", "t": "\t"}.get(char, char)

    return re.sub(r"\\([uU][0-9a-fA-F]{4}|.)", keep, raw, flags=re.DOTALL)


def _in_range(statement: str, operand: Operand, operator: str, constant: Constant) -> Clause:
    """A date literal: equal means inside the range, less means before it."""
    if operand.type not in {"date", "datetime"}:
        raise SalesforceError(
            "INVALID_FIELD",
            pointed(statement, operand.position, f"date literal on field '{operand.name}', which is no date"),
        )
    try:
        first, after = day_range(str(constant.value), constant.count)
    except (OverflowError, ValueError) as error:
        sentence = f"invalid number of days, months or years: {constant.count}"
        raise SalesforceError("MALFORMED_QUERY", pointed(statement, operand.position, sentence)) from error
    tail = "T00:00:00.000+0000" if operand.type == "datetime" else ""
    start, end = f"{first}{tail}", f"{after}{tail}"
    forms: dict[str, Callable[[], Clause]] = {
        "=": lambda: Clause(f"({operand.sql} >= ? AND {operand.sql} < ?)", (start, end)),
        "!=": lambda: Clause(f"({operand.sql} < ? OR {operand.sql} >= ? OR {operand.sql} IS NULL)", (start, end)),
        "<": lambda: Clause(f"{operand.sql} < ?", (start,)),
        "<=": lambda: Clause(f"{operand.sql} < ?", (end,)),
        ">": lambda: Clause(f"{operand.sql} >= ?", (end,)),
        ">=": lambda: Clause(f"{operand.sql} >= ?", (start,)),
    }
    return forms[operator]()
