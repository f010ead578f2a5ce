"""The differing cells of paired rows, with class and distance, and from them the class of each pair."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import duckdb

from reconcile.comparing.tables.equality import class_sql, delta_sql, raw_differs_sql, reading_sql
from reconcile.comparing.tables.plan import ComparedColumn, Plan
from reconcile.comparing.tables.result import MASK
from reconcile.comparing.tables.side import any_order, at_once, one_row
from reconcile.systems.files.sql import literal

CELL_COLUMNS = "row BIGINT, position SMALLINT, left_value VARCHAR, right_value VARCHAR, class VARCHAR, delta DOUBLE"

_MOST_COLUMNS = 100  # in one statement


def write_cells(con: duckdb.DuckDBPyConnection, plan: Plan, target: str) -> None:
    """Make `target` (columns `CELL_COLUMNS`) from `pairs`: one row per cell on which two paired rows differ.

    Values of sensitive columns are masked.
    """
    con.execute(f"CREATE OR REPLACE TABLE {target} ({CELL_COLUMNS})")
    groups = [
        columns[start : start + _MOST_COLUMNS]
        for columns in _alike(_unequal(con, plan))
        for start in range(0, len(columns), _MOST_COLUMNS)
    ]
    with any_order(con):
        at_once(con, [partial(_write_some, columns=columns, plan=plan, target=target) for columns in groups])


def _write_some(con: duckdb.DuckDBPyConnection, columns: Sequence[ComparedColumn], plan: Plan, target: str) -> None:
    # Without a name of its own the class would be worked out twice: for the condition and for the value.
    con.execute(
        f"INSERT INTO {target} WITH looked AS MATERIALIZED ({_look_sql(columns, plan)}) "
        "SELECT row, position, l, r, class, delta FROM looked WHERE class IS NOT NULL"
    )


def _alike(columns: Sequence[ComparedColumn]) -> list[list[ComparedColumn]]:
    """The columns in groups that are compared in the same way: working out how takes longer than doing it."""
    groups: dict[object, list[ComparedColumn]] = {}
    for column in columns:
        groups.setdefault((column.kind, column.rule, column.is_raw_safe, column.has_empties), []).append(column)
    return list(groups.values())


def _unequal(con: duckdb.DuckDBPyConnection, plan: Plan) -> list[ComparedColumn]:
    """The columns in which any pair may differ: looking closer costs more than finding these."""
    if not plan.columns:
        return []
    tests = ", ".join(
        f"coalesce(bool_or({raw_differs_sql(column, f'l_{column.position}', f'r_{column.position}')}), false)"
        for column in plan.columns
    )
    found = one_row(con, f"SELECT {tests} FROM pairs WHERE left_row IS NOT NULL AND right_row IS NOT NULL")
    return [column for column, is_unequal in zip(plan.columns, found, strict=True) if is_unequal]


def _look_sql(columns: Sequence[ComparedColumn], plan: Plan) -> str:
    """The cells, of columns that are compared alike, whose texts differ, with the class that they have by the rules."""
    first = columns[0]
    decimals = (plan.left.read.decimal, plan.right.read.decimal)
    left, right = f"l_{first.position}", f"r_{first.position}"
    is_paired = "left_row IS NOT NULL AND right_row IS NOT NULL"
    names = [(column, f"l_{column.position}", f"r_{column.position}") for column in columns]
    candidates = " UNION ALL ".join(
        f"SELECT row, how, {column.position} AS position, {one} AS {left}, {two} AS {right} FROM pairs "
        f"WHERE {is_paired} AND {raw_differs_sql(column, one, two)}"
        for column, one, two in names
    )
    return (
        f"SELECT row, position, {_shown(first, left)} AS l, {_shown(first, right)} AS r, "
        f"{_pair_class_sql(first, plan, decimals)} AS class, {delta_sql(first, decimals)} AS delta "
        f"FROM (SELECT *, {reading_sql(first, decimals)} FROM ({candidates}))"
    )


def _pair_class_sql(column: ComparedColumn, plan: Plan, decimals: tuple[str, str]) -> str:
    """The class; a group's sum is written by us, so that how it is written is no difference."""
    sql = class_sql(column, plan.recipe, decimals)
    if column.kind.kind != "number":
        return sql
    n = column.position
    return f"CASE WHEN how = 'group' AND ln_{n} = rn_{n} THEN NULL ELSE {sql} END"


def _shown(column: ComparedColumn, value: str) -> str:
    return f"CASE WHEN {value} IS NOT NULL THEN {literal(MASK)} END" if column.rule.is_sensitive else value


def write_rows(con: duckdb.DuckDBPyConnection, target: str, cells: str) -> None:
    """Make `target` from `pairs` and the cells: every pair or single row that is not the same.

    Columns: row, class, left_row, right_row, left_count, right_count, how, probability (as in `pairs`) and cells, the
    number of its differing cells. `same_pairs(pairs, left_rows, right_rows)` counts the other pairs, which are the same
    by the rules.
    """
    counted = f"(SELECT row, count(*) AS cells FROM {cells} GROUP BY row)"
    con.execute(
        f"CREATE OR REPLACE TABLE {target} AS SELECT row, CASE WHEN how = 'list' THEN 'duplicate_key' "
        f"WHEN right_row IS NULL THEN 'only_left' WHEN left_row IS NULL THEN 'only_right' ELSE 'changed' END AS class, "
        f"left_row, right_row, left_count, right_count, how, probability, coalesce(c.cells, 0) AS cells "
        f"FROM pairs LEFT JOIN {counted} c USING (row) "
        f"WHERE how = 'list' OR left_row IS NULL OR right_row IS NULL OR c.cells IS NOT NULL ORDER BY row"
    )
    sums = "count(*) AS pairs, coalesce(sum(left_count), 0) AS lefts, coalesce(sum(right_count), 0) AS rights"
    con.execute(
        "CREATE OR REPLACE TEMP TABLE same_pairs AS SELECT a.pairs - w.pairs AS pairs, a.lefts - w.lefts AS left_rows, "
        f"a.rights - w.rights AS right_rows FROM (SELECT {sums} FROM pairs) a, (SELECT {sums} FROM {target}) w"
    )
