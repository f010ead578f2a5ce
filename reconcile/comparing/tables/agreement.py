"""How far the columns of two tables agree on the rows that a key brings together."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from reconcile.comparing.tables.canonical import canonical_sql
from reconcile.comparing.tables.recipe import ColumnPair
from reconcile.comparing.tables.side import Side, one_row
from reconcile.systems.files.sql import identifier

_ROWS = 400
_AGREED = 0.9
_MOST_COLUMNS = 20
_FEWEST = 12
_LEAST_TOLD = 0.05


def agreement(
    con: duckdb.DuckDBPyConnection,
    left: Side,
    right: Side,
    texts: tuple[Sequence[str], Sequence[str]],
    pairs: Sequence[ColumnPair],
) -> float | None:
    """How much oftener the values of `pairs` agree on rows of the same key than by chance: 0 as often, 1 always.

    It looks at some hundred keys that fall into the same small share of all hashes on both sides. By chance agree the
    values of a row with those that the next key has on the other side: a column that is nearly always "open" tells
    nothing. None where no column tells anything, or too few keys are on both sides to say.

    Args:
        con: connection that holds both tables.
        left: the left table.
        right: the right table.
        texts: SQL of the key of each side.
        pairs: the columns to look at. Amounts in two units and dates that one side counts are passed over.
    """
    seen = [pair for pair in pairs if not _is_converted(left, right, pair)][:_MOST_COLUMNS]
    if not seen:
        return None
    # Mostly the files write values alike, and to plan how to read each otherwise takes longer than to look.
    found = _share(_figures(con, left, right, texts, seen, is_raw=True))
    if found is not None and found >= _AGREED:
        return found
    return _share(_figures(con, left, right, texts, seen, is_raw=False))


def _is_converted(left: Side, right: Side, pair: ColumnPair) -> bool:
    one, two = left.looks[pair.left], right.looks[pair.right]
    is_counted = (one.are_dates and two.counted) or (two.are_dates and one.counted)
    return pair.rule.left_factor is not None or bool(is_counted)


def _share(figures: tuple[int, ...]) -> float | None:
    gained = told = 0.0
    for same, by_chance, filled in zip(figures[::3], figures[1::3], figures[2::3], strict=True):
        if filled >= _FEWEST:
            gained += max(0.0, (same - by_chance) / filled)
            told += 1 - by_chance / filled
    return min(1.0, gained / told) if told > _LEAST_TOLD else None


def _figures(
    con: duckdb.DuckDBPyConnection,
    left: Side,
    right: Side,
    texts: tuple[Sequence[str], Sequence[str]],
    pairs: Sequence[ColumnPair],
    *,
    is_raw: bool,
) -> tuple[int, ...]:
    """Of each pair of columns: values that are the same, those same by chance, and those there at all."""
    every = max(1, min(left.rows, right.rows) // _ROWS)
    rows = [
        _rows_sql(side, keys, [getattr(pair, name) for pair in pairs], every, is_raw=is_raw)
        for side, keys, name in ((left, texts[0], "left"), (right, texts[1], "right"))
    ]
    places = range(len(pairs))
    beside = ", ".join(f"a.v{i} AS l{i}, b.v{i} AS r{i}, lead(b.v{i}) OVER (ORDER BY a.h) AS c{i}" for i in places)
    sums = ", ".join(
        f"count(*) FILTER (l{i} = r{i}), count(*) FILTER (l{i} = c{i}), count(coalesce(l{i}, r{i}))" for i in places
    )
    source = f"(SELECT {beside} FROM ({rows[0]}) a JOIN ({rows[1]}) b USING (h))"
    return tuple(int(value) for value in one_row(con, f"SELECT {sums} FROM {source}"))


def _rows_sql(side: Side, keys: Sequence[str], columns: Sequence[str], every: int, *, is_raw: bool) -> str:
    """One row per key: its hash and the values, empty ones as none."""
    values = ", ".join(
        f"any_value(nullif({identifier(name) if is_raw else canonical_sql(side, name)}, '')) AS v{i}"
        for i, name in enumerate(columns)
    )
    is_filled = " OR ".join(f"{key} <> ''" for key in keys)
    digest = f"hash({', '.join(keys)})"
    # The places first: else every value of the table would be fetched, to keep a few hundred rows.
    places = f"SELECT rowid FROM {side.table} WHERE {digest} % {every} = 0 AND ({is_filled})"
    return f"SELECT {digest} AS h, {values} FROM {side.table} WHERE rowid IN ({places}) GROUP BY 1"
