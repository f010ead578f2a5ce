"""What the values of a column are (text, numbers, dates), told from samples of both sides."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from reconcile.comparing.tables.dates import DATE_FORMATS, date_sql
from reconcile.comparing.tables.looks import ColumnLook
from reconcile.comparing.tables.recipe import ISO, ColumnPair, Kind
from reconcile.comparing.tables.side import Side, every, one_row
from reconcile.systems.files.sql import identifier

_DATE_ROWS = 300
_CODE_NAME = re.compile(
    r"(^|[^a-z])(id|ids|key|code|zip|postcode|postal|plz|phone|mobile|fax|iban|vat|tax|ein|duns|sku|ssn|no|nr|number)s?$"
    r"|[a-z](Id|ID|Key|Code|Number|No)$",
)


@dataclass(frozen=True, slots=True)
class ColumnKind:
    """The kind of a pair of columns, with the date format of each side (empty unless dates)."""

    kind: Kind
    left_format: str = ""
    right_format: str = ""


def find_kinds(
    con: duckdb.DuckDBPyConnection, left: Side, right: Side, pairs: Sequence[ColumnPair]
) -> tuple[ColumnKind, ...]:
    """The kind of each pair of columns.

    Numbers or dates where nine in ten values of both sides are (a side without values does not object), and dates where
    one side counts days or seconds; text for codes, which a name or leading zeros give away.
    """
    kinds = [_given(pair) or _kind([left.looks[pair.left], right.looks[pair.right]], pair) for pair in pairs]
    return tuple(
        ColumnKind(kind, *_date_formats(con, left, right, pair)) if kind == "date" else ColumnKind(kind)
        for pair, kind in zip(pairs, kinds, strict=True)
    )


def _given(pair: ColumnPair) -> Kind | None:
    """The kind that the rule names or needs."""
    rule = pair.rule
    if rule.kind or rule.is_numeric:
        return rule.kind or "number"
    return "date" if rule.days is not None or rule.left_format or rule.right_format else None


def _date_formats(con: duckdb.DuckDBPyConnection, left: Side, right: Side, pair: ColumnPair) -> tuple[str, str]:
    """The format of each side.

    Where a side leaves the order of day and month open, it takes the other side's, or the order in which more of its
    dates are dates of the other side.
    """
    lefts, rights = _date_candidates(con, left, pair.left), _date_candidates(con, right, pair.right)
    one, two = pair.rule.left_format or lefts[0], pair.rule.right_format or rights[0]
    is_open, is_other_open = (len(found) > 1 for found in (lefts, rights))
    if _shape(one) == _shape(two) and is_open != is_other_open:
        one = two = two if is_open else one
    elif is_open and not is_other_open:
        one = _most_shared(con, (left, pair.left, lefts), (right, pair.right, two))
    elif is_other_open and not is_open:
        two = _most_shared(con, (right, pair.right, rights), (left, pair.left, one))
    return pair.rule.left_format or one, pair.rule.right_format or two


def _most_shared(
    con: duckdb.DuckDBPyConnection, side: tuple[Side, str, Sequence[str]], other: tuple[Side, str, str]
) -> str:
    """Of the formats that a side may have, that in which most of its dates are found on the other; else the first."""
    table, column, formats = side
    known = f"SELECT {date_sql(identifier(other[1]), other[2])} FROM {other[0].sample}"
    shared = [
        one_row(
            con,
            f"SELECT count(DISTINCT d) FROM (SELECT {date_sql(identifier(column), item)} AS d FROM {table.sample}) "
            f"WHERE d IN ({known})",
        )[0]
        for item in formats
    ]
    return formats[shared.index(max(shared))]


def _is_code(pair: ColumnPair) -> bool:
    return any(_CODE_NAME.search(name) or _CODE_NAME.search(name.casefold()) for name in (pair.left, pair.right))


def _kind(looks: Sequence[ColumnLook], pair: ColumnPair) -> Kind:
    filled = [look for look in looks if look.values]
    if not filled:
        return "text"
    if any(_are_told_dates(look, pair) for look in filled) and all(
        _are_told_dates(look, pair) or look.counted for look in filled
    ):
        return "date"
    if not _is_code(pair) and all(look.are_numbers for look in filled):
        return "number"
    return "text"


def _are_told_dates(look: ColumnLook, pair: ColumnPair) -> bool:
    """Whether the values are dates by themselves. 20260304 is a number as well, and a column of codes has such."""
    return look.are_dates and not (look.are_numbers and _is_code(pair))


def _date_candidates(con: duckdb.DuckDBPyConnection, side: Side, column: str) -> list[str]:
    """The formats that read most of the column's sample, the usual one first.

    Where dates begin with the year and dashes, nothing else is tried: no other format reads those.
    """
    counted = side.looks[column].counted
    if counted:
        return [counted]
    name = identifier(column)
    source = f"{side.sample} WHERE {every(side.rows, _DATE_ROWS)} AND {name} <> ''"
    values, iso = one_row(con, f"SELECT count(*), count({date_sql(name, ISO)}) FROM {source}")
    if values and iso == values:
        return [ISO]
    counts = one_row(
        con, f"SELECT {', '.join(f'count({date_sql(name, item)})' for item in DATE_FORMATS)} FROM {source}"
    )
    best = max(counts)
    return [item for item, count in zip(DATE_FORMATS, counts, strict=True) if count == best]


def _shape(date_format: str) -> str:
    return date_format.replace("d", "m").replace("y", "Y")
