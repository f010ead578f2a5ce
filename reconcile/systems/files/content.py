"""Warnings about the values of a loaded table: ids that a spreadsheet damaged, dates in two orders."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb

from reconcile.systems.files.findings import ReadWarning, WarningKind
from reconcile.systems.files.sql import identifier, none_for_empty, stacked

_SCIENTIFIC = r"[0-9](\.[0-9]+)?[eE]\+?[0-9]{2,3}"
_SALESFORCE = r"(0[0-9A-Za-z]{2}|[a-z][0-9A-Za-z]{2})[0-9A-Za-z]{12}([A-Z0-5]{3})?"
_DAY_MONTH = r"([0-9]{1,2})[-/.]([0-9]{1,2})[-/.]([0-9]{4}|[0-9]{2})( .*)?"
_PADDED_HEADER = re.compile(
    r"zip|post|plz|ein\b|tax|duns|d-u-n-s|account.?n|cust.*n(o|um)|vendor.?n|fips|ssn|iban|code", re.I
)
_SAMPLE_ROWS = 4000
_CUT_DIGITS = 12  # a spreadsheet shows longer numbers in scientific notation


@dataclass(frozen=True, slots=True)
class _Profile:
    """A column in a sample of rows: how many values, and how many of them look like digits, dates or Salesforce ids.

    `numbers` are digits too many for a spreadsheet, or in scientific notation: an id before and after it was damaged.
    """

    values: int
    numbers: int
    digits: int
    zero_led: int
    digit_length: int | None
    dates: int
    salesforce_ids: int


_NOTHING = _Profile(0, 0, 0, 0, None, 0, 0)


def content_warnings(con: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str]) -> list[ReadWarning]:
    """What looks damaged in the values of `table`, all VARCHAR: counted over every row, with up to five examples.

    Which columns hold ids, dates or digits is told from a sample of rows at even distances.
    """
    profiles = _profiles(con, table, columns)
    conditions = [(column, kind, sql) for column in columns for kind, sql in _conditions(column, profiles[column])]
    counts = _count(con, table, [sql for _, _, sql in conditions])
    found = [
        ReadWarning(kind, count, column, _examples(con, table, column, sql))
        for (column, kind, sql), count in zip(conditions, counts, strict=True)
        if count
    ]
    dates = [column for column in columns if profiles[column].dates * 2 > profiles[column].values]
    return found + [warning for column in dates for warning in _mixed_dates(con, table, column)]


def _profiles(con: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str]) -> Mapping[str, _Profile]:
    texts = [f"left({none_for_empty(identifier(column))}, 64)" for column in columns]
    values = stacked(texts, f"{identifier(table)} WHERE {_spread(con, table)}")
    is_salesforce = _both(
        "strlen(v) IN (15, 18)", f"regexp_full_match(v, '{_SALESFORCE}') AND regexp_matches(v, '[A-Za-z]')"
    )
    rows = con.sql(
        f"SELECT position, count(v), count(*) FILTER (kind = 'scientific' OR kind = 'digits' AND length(v) >= "
        f"{_CUT_DIGITS}), count(*) FILTER (kind = 'digits'), "
        "count(*) FILTER (kind = 'digits' AND v < '1' AND v > '0'), mode(length(v)) FILTER (kind = 'digits'), "
        f"count(*) FILTER (kind = 'date'), count(*) FILTER ({is_salesforce}) "
        f"FROM (SELECT position, v, {_look_sql('v')} AS kind FROM {values}) GROUP BY position"
    ).fetchall()
    known = {row[0]: _Profile(*row[1:]) for row in rows}
    return {column: known.get(place, _NOTHING) for place, column in enumerate(columns)}


def _look_sql(value: str) -> str:
    """What a value is that begins with a digit: "digits" alone, "scientific", "date", or nothing of these."""
    return (
        f"CASE WHEN {value} >= ':' OR {value} < '0' THEN NULL WHEN regexp_full_match({value}, '[0-9]+') THEN 'digits' "
        f"WHEN regexp_full_match({value}, '{_SCIENTIFIC}') THEN 'scientific' "
        f"WHEN regexp_full_match({value}, '{_DAY_MONTH}') THEN 'date' END"
    )


def _spread(con: duckdb.DuckDBPyConnection, table: str) -> str:
    """A condition on rows that keeps a few stretches at even distances."""
    rows = int(con.sql(f"SELECT count(*) FROM {identifier(table)}").fetchall()[0][0])
    length = _SAMPLE_ROWS // 4
    if rows <= _SAMPLE_ROWS:
        return "true"
    starts = [(rows - length) * i // 3 for i in range(4)]
    return " OR ".join(f"rowid BETWEEN {start} AND {start + length - 1}" for start in starts)


def _conditions(column: str, profile: _Profile) -> list[tuple[WarningKind, str]]:
    """The conditions worth counting over the whole column."""
    name = identifier(column)
    found: list[tuple[WarningKind, str]] = []
    if profile.numbers:
        is_marked = f"strlen({name}) < 32 AND (contains({name}, 'E+') OR contains({name}, 'e+'))"
        found.append(("scientific_notation", _both(is_marked, f"regexp_full_match({name}, '{_SCIENTIFIC}')")))
    if profile.salesforce_ids > 0.8 * profile.values:
        found.append(("salesforce_15", f"strlen({name}) = 15"))
    length = profile.digit_length or 0
    is_code = profile.zero_led > 1 or (length in {5, 9} and _PADDED_HEADER.search(column) is not None)
    if length > 2 and is_code and profile.digits > 0.9 * profile.values:
        short = f"strlen({name}) BETWEEN {max(length - 2, 1)} AND {length - 1}"  # bytes: digits have one each
        found.append(("lost_zeros", _both(short, f"regexp_full_match({name}, '[1-9][0-9]*')")))
    return found


def _both(cheap: str, dear: str) -> str:
    """Whether both conditions hold, the second looked at only where the first does: with AND it always would be."""
    return f"CASE WHEN {cheap} THEN {dear} ELSE false END"


def _count(con: duckdb.DuckDBPyConnection, table: str, conditions: Sequence[str]) -> list[int]:
    if not conditions:
        return []
    select = ", ".join(f"count(*) FILTER ({sql})" for sql in conditions)
    return [int(count) for count in con.sql(f"SELECT {select} FROM {identifier(table)}").fetchall()[0]]


def _examples(con: duckdb.DuckDBPyConnection, table: str, column: str, condition: str) -> tuple[str, ...]:
    rows = con.sql(f"SELECT {identifier(column)} FROM {identifier(table)} WHERE {condition} LIMIT 5").fetchall()
    return tuple(str(value) for (value,) in rows)


def _mixed_dates(con: duckdb.DuckDBPyConnection, table: str, column: str) -> list[ReadWarning]:
    """A warning for the rarer order, where some dates can only be day/month and others only month/day."""
    short = f"left({identifier(column)}, 64)"
    first, second = (f"try_cast(regexp_extract({short}, '^{_DAY_MONTH}$', {i}) AS INTEGER)" for i in (1, 2))
    orders = [f"{first} > 12 AND {second} <= 12", f"{second} > 12 AND {first} <= 12"]
    counts = _count(con, table, orders)
    if not min(counts):
        return []
    rare = counts.index(min(counts))
    return [ReadWarning("mixed_dates", counts[rare], column, _examples(con, table, column, orders[rare]))]
