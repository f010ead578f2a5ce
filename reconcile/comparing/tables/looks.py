"""What the values of each column of a sample look like: numbers and of what size, dates, codes with leading zeros."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb

from reconcile.comparing.tables.dates import counted_format
from reconcile.comparing.tables.values import number_sql
from reconcile.systems.files.sql import identifier, stacked

_SHARE = 0.9
_DATE_SHAPE = (
    "[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}([ T].*)?|[0-9]{1,2}[- ][A-Za-z]{3,9}[- ][0-9]{2,4}.*"
    "|[A-Za-z]{3,9} [0-9]{1,2}, [0-9]{4}.*|(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])"
)


@dataclass(frozen=True, slots=True)
class ColumnLook:
    """Values of one column: how many, how many are numbers, lead with a zero, or look like dates.

    Attributes:
        middle: the median of the amounts without their sign; None where fewer than nine in ten values are numbers.
    """

    values: int = 0
    numbers: int = 0
    zero_led: int = 0
    dates: int = 0
    middle: float | None = None

    @property
    def are_numbers(self) -> bool:
        """Whether nine in ten values are numbers, and none is led by a zero as codes are."""
        return self.numbers >= _SHARE * self.values and not self.zero_led

    @property
    def are_dates(self) -> bool:
        """Whether nine in ten values look like dates."""
        return self.dates >= _SHARE * self.values

    @property
    def counted(self) -> str | None:
        """The format of dates in which the values count days or seconds, if dates are on the other side."""
        return counted_format(self.middle) if self.are_numbers and not self.are_dates else None


def look_at_columns(
    con: duckdb.DuckDBPyConnection, source: str, columns: Sequence[str], decimal: str
) -> Mapping[str, ColumnLook]:
    """A look at each column of `source`, an SQL relation of texts; only what has a digit is tried as a number."""
    if not columns:
        return {}
    values = stacked([f"left({identifier(column)}, 64)" for column in columns], source)
    number = f"CASE WHEN regexp_matches(v, '[0-9]') THEN {number_sql('v', decimal)} END"
    rows = con.sql(
        f"SELECT position, count(v), count(n), "
        f"count(CASE WHEN v >= '0' AND v < '1' AND regexp_full_match(v, '0[0-9]+') THEN 1 END), "
        f"count(CASE WHEN regexp_full_match(v, '{_DATE_SHAPE}') THEN 1 END), "
        f"CASE WHEN count(n) >= {_SHARE} * count(v) THEN median(abs(CAST(n AS DOUBLE))) END "
        f"FROM (SELECT position, v, {number} AS n FROM {values}) GROUP BY position"
    ).fetchall()
    known = {int(place): ColumnLook(*found) for place, *found in rows}
    return {column: known.get(place, ColumnLook()) for place, column in enumerate(columns)}
