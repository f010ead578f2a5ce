"""Which left row belongs to which right row: rows that are equal are counted, all others are written out.

The temporary table `pairs` holds one row per pair whose texts are not all equal, per row without a partner, and per
group or row of a repeated key:
    row: BIGINT, unique: the left place, or behind all of these the right one.
    left_row, right_row: BIGINT places in the files from 0; NULL where there is no partner.
    left_count, right_count: how many rows of each file it stands for.
    how: VARCHAR "key", "nearest", "group", "list" (not compared) or "content".
    probability: DOUBLE of a match by content, else NULL.
    l_0, r_0, l_1, r_1 ...: VARCHAR, the compared values.
    lx_2, rx_0 ...: VARCHAR, the other values of both rows, by the place of their column in the file.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from reconcile.comparing.tables.equality import raw_differs_sql
from reconcile.comparing.tables.keys import key_expressions
from reconcile.comparing.tables.plan import Plan
from reconcile.comparing.tables.recipe import KeyColumn
from reconcile.systems.files.sql import identifier

CONTENT_LINKS = "content_links"


def value_names(plan: Plan, side: str) -> dict[str, str]:
    """Column of a file -> what it is called in `pairs`, in the order of the file: `l_N` where compared, else `lx_N`."""
    compared = {getattr(column.pair, side): column.position for column in plan.columns}
    columns = plan.left.columns if side == "left" else plan.right.columns
    return {
        name: f"{side[0]}_{compared[name]}" if name in compared else f"{side[0]}x_{place}"
        for place, name in enumerate(columns)
    }


def value_columns(plan: Plan) -> str:
    """All values of rows `a` (left) and `b` (right) under their names in `pairs`."""
    left = [f"a.{identifier(name)} AS {short}" for name, short in value_names(plan, "left").items()]
    right = [f"b.{identifier(name)} AS {short}" for name, short in value_names(plan, "right").items()]
    return "".join(f", {part}" for part in left + right)


def differs_sql(plan: Plan) -> str:
    """Whether any compared column of rows `a` and `b` may differ."""
    tests = (
        raw_differs_sql(column, f"a.{identifier(column.pair.left)}", f"b.{identifier(column.pair.right)}")
        for column in plan.columns
    )
    return " OR ".join(tests) or "false"


def row_sql(plan: Plan, *, left: str = "a.rowid", right: str = "b.rowid") -> str:
    """A number that is a pair's own whatever the order of work: the left place, or behind all of these the right."""
    return f"coalesce({left}, {plan.left.rows} + {right})"


def head_sql(plan: Plan, how: str, probability: str = "CAST(NULL AS DOUBLE)") -> str:
    """The first columns of `pairs` for rows `a` (left) and `b` (right) that stand for themselves."""
    return (
        f"{row_sql(plan)} AS row, a.rowid AS left_row, b.rowid AS right_row, "
        "CAST(a.rowid IS NOT NULL AS BIGINT) AS left_count, CAST(b.rowid IS NOT NULL AS BIGINT) AS right_count, "
        f"'{how}' AS how, {probability} AS probability"
    )


def match_by_key(con: duckdb.DuckDBPyConnection, plan: Plan, *, without_repeated: bool) -> None:
    """Make `pairs` from the rows whose key is on both sides, and those whose key is on one.

    With `without_repeated` the keys of the table `repeated` are left out.
    """
    left, right = plan.left.table, plan.right.table
    if without_repeated:
        left, right = _single(plan, "left"), _single(plan, "right")
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE pairs AS SELECT {head_sql(plan, 'key')}{value_columns(plan)} "
        f"FROM {left} a FULL OUTER JOIN {right} b ON {same_key_sql(plan.keys)} "
        f"WHERE a.rowid IS NULL OR b.rowid IS NULL OR {differs_sql(plan)}"
    )


def _single(plan: Plan, side: str) -> str:
    """The rows of a side whose key is not repeated."""
    table = plan.left.table if side == "left" else plan.right.table
    return (
        f"(SELECT rowid, * FROM {table} s WHERE NOT EXISTS (SELECT 1 FROM repeated q WHERE {_is_repeated(plan, side)}))"
    )


def repeated_rows_sql(plan: Plan, side: str) -> str:
    """The rows of a side whose key is repeated, with the key as `key__0`, `key__1` ..., names that files do not use."""
    table = plan.left.table if side == "left" else plan.right.table
    names = ", ".join(f"q.k{i} AS key__{i}" for i in range(len(plan.keys)))
    return f"(SELECT {names}, s.rowid, s.* FROM {table} s JOIN repeated q ON {_is_repeated(plan, side)})"


def _is_repeated(plan: Plan, side: str) -> str:
    texts = key_expressions(plan.keys, side, "s")
    return " AND ".join(f"q.k{i} = {text}" for i, text in enumerate(texts))


def match_by_content(con: duckdb.DuckDBPyConnection, plan: Plan) -> None:
    """Make `pairs` from the table `content_links(left_row, right_row, probability)`, which names a row once at most."""
    right = plan.right.table
    places = f"{right} r LEFT JOIN {CONTENT_LINKS} ON right_row = r.rowid"
    linked = f"(SELECT r.rowid AS place, left_row, probability FROM {places})"
    source = (
        f"{plan.left.table} a FULL OUTER JOIN {linked} m ON left_row = a.rowid LEFT JOIN {right} b ON b.rowid = place"
    )
    head = head_sql(plan, "content", "CAST(m.probability AS DOUBLE)")
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE pairs AS SELECT {head}{value_columns(plan)} "
        f"FROM {source} WHERE a.rowid IS NULL OR b.rowid IS NULL OR {differs_sql(plan)}"
    )


def key_names(keys: Sequence[KeyColumn]) -> str:
    """The key columns of `repeated_rows_sql`."""
    return ", ".join(f"key__{i}" for i in range(len(keys)))


def same_key_sql(keys: Sequence[KeyColumn]) -> str:
    """Whether rows `a` and `b` have the same key."""
    return " AND ".join(f"{one} = {two}" for one, two in _key_texts(keys))


def _key_texts(keys: Sequence[KeyColumn]) -> list[tuple[str, str]]:
    return list(zip(key_expressions(keys, "left", "a"), key_expressions(keys, "right", "b"), strict=True))
