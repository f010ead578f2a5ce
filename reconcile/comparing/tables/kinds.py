"""What the values of a column are (text, numbers, dates), told from samples of both sides."""

from __future__ import annotations

import re
from dataclasses import dataclass

import duckdb

from reconcile.comparing.tables.recipe import ColumnPair, Kind
from reconcile.comparing.tables.side import SAMPLE_ROWS, Side, one_row
from reconcile.comparing.tables.values import DATE_FORMATS, date_sql, number_sql
from reconcile.systems.files.sql import identifier

_SHARE = 0.9
_DATE_ROWS = 600
_CODE_NAME = re.compile(
    r"(^|[^a-z])(id|ids|key|code|zip|postcode|postal|plz|phone|mobile|fax|iban|vat|tax|ein|duns|sku|ssn|no|nr|number)s?$"
    r"|[a-z](Id|ID|Key|Code|Number|No)$",
)
_DATE_SHAPE = (
    "[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}([ T].*)?|[0-9]{1,2}[- ][A-Za-z]{3,9}[- ][0-9]{2,4}.*"
    "|[A-Za-z]{3,9} [0-9]{1,2}, [0-9]{4}.*"
)


@dataclass(frozen=True, slots=True)
class ColumnKind:
    """The kind of a pair of columns, with the date format of each side (empty unless dates)."""

    kind: Kind
    left_format: str = ""
    right_format: str = ""


@dataclass(frozen=True, slots=True)
class _Look:
    """Values of one column in a sample: how many, how many are numbers, lead with a zero, or look like dates."""

    values: int
    numbers: int
    zero_led: int
    dates: int


def find_kind(con: duckdb.DuckDBPyConnection, left: Side, right: Side, pair: ColumnPair, *, is_key: bool) -> ColumnKind:
    """The kind of a pair of columns.

    Numbers or dates where nine in ten values of both sides are (a side without values does not object); text for codes,
    which a name or leading zeros give away, and for keys.
    """
    looks = [_look(con, left, pair.left), _look(con, right, pair.right)]
    given = pair.rule.kind or ("number" if pair.rule.is_numeric else None)
    if pair.rule.days is not None or pair.rule.left_format or pair.rule.right_format:
        given = given or "date"
    kind = given or _kind(looks, is_code=is_key or _is_code(pair))
    if kind != "date":
        return ColumnKind(kind)
    return ColumnKind(kind, *_date_formats(con, left, right, pair))


def _date_formats(con: duckdb.DuckDBPyConnection, left: Side, right: Side, pair: ColumnPair) -> tuple[str, str]:
    """The format of each side. Where a side leaves the order of day and month open, it takes the other side's."""
    one, is_sure = _date_format(con, left, pair.left)
    two, is_other_sure = _date_format(con, right, pair.right)
    if _shape(one) == _shape(two) and is_sure != is_other_sure:
        one = two = one if is_sure else two
    return pair.rule.left_format or one, pair.rule.right_format or two


def _is_code(pair: ColumnPair) -> bool:
    return any(_CODE_NAME.search(name) or _CODE_NAME.search(name.casefold()) for name in (pair.left, pair.right))


def _look(con: duckdb.DuckDBPyConnection, side: Side, column: str) -> _Look:
    name = identifier(column)
    number = number_sql(name, side.read.decimal)
    text = f"(SELECT left(nullif({name}, ''), 64) AS {name} FROM {side.sample})"
    row = one_row(
        con,
        f"SELECT count({name}), count({number}), count(*) FILTER (regexp_full_match({name}, '0[0-9]+')), "
        f"count(*) FILTER (regexp_full_match({name}, '{_DATE_SHAPE}')) FROM {text}",
    )
    return _Look(*row)


def _kind(looks: list[_Look], *, is_code: bool) -> Kind:
    filled = [look for look in looks if look.values]
    if filled and all(look.dates >= _SHARE * look.values for look in filled):
        return "date"
    if filled and not is_code and all(look.numbers >= _SHARE * look.values and not look.zero_led for look in filled):
        return "number"
    return "text"


def _date_format(con: duckdb.DuckDBPyConnection, side: Side, column: str) -> tuple[str, bool]:
    """The format that reads most of the column's sample, and whether no other reads as many (else the usual order)."""
    name = identifier(column)
    counts = one_row(
        con,
        f"SELECT {', '.join(f'count({date_sql(name, item)})' for item in DATE_FORMATS)} "
        f"FROM {side.sample} WHERE rowid % {max(1, min(side.rows, SAMPLE_ROWS) // _DATE_ROWS)} = 0",
    )
    best = max(counts)
    return DATE_FORMATS[counts.index(best)], counts.count(best) == 1


def _shape(date_format: str) -> str:
    return date_format.replace("d", "m").replace("y", "Y")
