"""Which left row belongs to which right row: rows that are equal are counted, all others are written out.

The table `pairs` holds one row per pair whose texts are not all equal, per row without a partner, and per
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
from reconcile.comparing.tables.side import any_order, one_row
from reconcile.systems.files.sql import identifier, none_for_empty

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


def match_unique(con: duckdb.DuckDBPyConnection, plan: Plan) -> bool:
    """Make `pairs` by a key that is believed to be unique, and prove by the join itself that it is.

    The join carries of each row its place, its key and a hash of its values, and the values of the few rows that differ
    are fetched afterwards: it needs a fraction of the memory of one that carries rows, and less time. That two rows of
    the same key differ and have the same hash of 64 bits is once expected in 10^12 comparisons of ten million rows. In
    the join a row stands once for each partner, so as many places as rows on either side mean that no row found two;
    the rows that found none are looked at by themselves.

    Returns:
        False, with no `pairs` made, where a key is repeated.
    """
    same_key = " AND ".join(f"a.k{i} = b.k{i}" for i in range(len(plan.keys)))
    with any_order(con):
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE joined AS SELECT a.place AS left_row, b.place AS right_row, "
            f"(a.digest <> b.digest OR a.is_open OR b.is_open) AS differs "
            f"FROM {_digests(plan, 'left')} a FULL OUTER JOIN {_digests(plan, 'right')} b ON {same_key}"
        )
        lefts, rights, both = one_row(
            con, "SELECT count(left_row), count(right_row), count(left_row + right_row) FROM joined"
        )
        alone = (("left", lefts - both), ("right", rights - both))
        is_unique = (lefts, rights) == (plan.left.rows, plan.right.rows) and not any(
            _is_repeated_alone(con, plan, name) for name, rows in alone if rows
        )
        if is_unique:
            con.execute(
                f"CREATE OR REPLACE TABLE pairs AS SELECT {head_sql(plan, 'key')}{value_columns(plan)} "
                "FROM (SELECT * FROM joined WHERE left_row IS NULL OR right_row IS NULL OR differs) "
                f"LEFT JOIN {plan.left.table} a ON a.rowid = left_row "
                f"LEFT JOIN {plan.right.table} b ON b.rowid = right_row"
            )
    con.execute("DROP TABLE joined")
    return is_unique


def _digests(plan: Plan, side: str) -> str:
    """Each row's place, its key (`k0`, `k1` ...), the hash of its values, and whether equal text would prove nothing.

    The hash is of those columns in which equal text means equal values; a value in any other leaves the row open.
    """
    texts = key_expressions(plan.keys, side)
    keys = ", ".join(f"{text} AS k{i}" for i, text in enumerate(texts))
    values, others = [], []
    for column in plan.columns:
        name = identifier(getattr(column.pair, side))
        name = none_for_empty(name) if column.has_empties else name
        if column.is_raw_safe:
            values.append(name)
        else:
            others.append(f"{name} IS NOT NULL")
    digest = f"hash({', '.join(values)})" if values else "0"
    is_open = " OR ".join(others) or "false"
    table = plan.left.table if side == "left" else plan.right.table
    return f"(SELECT rowid AS place, {keys}, {digest} AS digest, {is_open} AS is_open FROM {table})"


def _is_repeated_alone(con: duckdb.DuckDBPyConnection, plan: Plan, name: str) -> bool:
    """Whether two rows without a partner have the same key."""
    side, other = (plan.left, "right") if name == "left" else (plan.right, "left")
    texts = key_expressions(plan.keys, name)
    keys = ", ".join(f"{text} AS k{i}" for i, text in enumerate(texts))
    alone = f"SELECT {name}_row FROM joined WHERE {other}_row IS NULL"
    found = con.sql(
        f"SELECT count(*) FROM (SELECT {keys} FROM {side.table} WHERE rowid IN ({alone})) "
        f"GROUP BY {', '.join(f'k{i}' for i in range(len(texts)))} HAVING count(*) > 1 LIMIT 1"
    )
    return bool(found.fetchall())


def match_single(con: duckdb.DuckDBPyConnection, plan: Plan) -> None:
    """Make `pairs` from the rows whose key is on both sides, and those whose key is on one, if it is not `repeated`."""
    con.execute(
        f"CREATE OR REPLACE TABLE pairs AS SELECT {head_sql(plan, 'key')}{value_columns(plan)} "
        f"FROM {_single(plan, 'left')} a FULL OUTER JOIN {_single(plan, 'right')} b ON {same_key_sql(plan.keys)} "
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
    """Make `pairs` from the table `CONTENT_LINKS`, which names a row once at most."""
    right = plan.right.table
    places = f"{right} r LEFT JOIN {CONTENT_LINKS} ON right_row = r.rowid"
    linked = f"(SELECT r.rowid AS place, left_row, probability FROM {places})"
    source = (
        f"{plan.left.table} a FULL OUTER JOIN {linked} m ON left_row = a.rowid LEFT JOIN {right} b ON b.rowid = place"
    )
    head = head_sql(plan, "content", "CAST(m.probability AS DOUBLE)")
    con.execute(
        f"CREATE OR REPLACE TABLE pairs AS SELECT {head}{value_columns(plan)} "
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
