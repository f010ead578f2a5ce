"""Rows whose key occurs more than once: listed, paired with the nearest, or compared as groups with sums."""

from __future__ import annotations

import duckdb

from reconcile.comparing.tables.equality import class_sql, reading_sql
from reconcile.comparing.tables.keys import KeyCheck
from reconcile.comparing.tables.matching_rows import (
    differs_sql,
    head_sql,
    key_names,
    repeated_rows_sql,
    value_columns,
)
from reconcile.comparing.tables.plan import ComparedColumn, Plan
from reconcile.comparing.tables.recipe import Duplicates
from reconcile.comparing.tables.side import Side, one_row
from reconcile.comparing.tables.values import number_sql
from reconcile.errors import DefinitionError
from reconcile.systems.files.sql import identifier, none_for_empty

MOST_CANDIDATES = 4_000_000
_ANOTHER = "Name the key, or match the rows by their content (no key). With this one: "
_THREE_WAYS = (
    "Add a column to the key, pair the nearest rows within a key (duplicates = nearest), or compare groups with sums "
    "(duplicates = groups)."
)


class RepeatedKeyError(DefinitionError):
    """A many-to-many key that nobody has said how to treat.

    Attributes:
        check: the key's figures, with examples.
    """

    def __init__(self, check: KeyCheck, key: str, *, is_found: bool) -> None:
        self.check = check
        shown = f" ({'; '.join(check.examples[:3])})" if check.examples else ""
        number = "1 key occurs" if check.many_to_many == 1 else f"{check.many_to_many:,} keys occur"
        problem = f"{number} more than once on both sides{shown}"
        where = f"Key {key}, found and not given" if is_found else f"Key {key}"
        super().__init__(where, problem, remedy=f"{_ANOTHER if is_found else ''}{_THREE_WAYS}")


def add_repeated(con: duckdb.DuckDBPyConnection, plan: Plan, way: Duplicates) -> None:
    """Add the rows of the table `repeated` to `pairs`, in the way that the recipe names ("refuse" lists them).

    Raises:
        DefinitionError: pairing would have to look at too many combinations.
    """
    if way == "groups":
        _add_groups(con, plan)
    elif way == "nearest":
        _add_nearest(con, plan)
    else:
        _add_listed(con, plan)


def _add_listed(con: duckdb.DuckDBPyConnection, plan: Plan) -> None:
    con.execute(
        f"INSERT INTO pairs SELECT {head_sql(plan, 'list')}{value_columns(plan)} "
        f"FROM {repeated_rows_sql(plan, 'left')} a LEFT JOIN {_nothing(plan.right)} b ON false"
    )
    con.execute(
        f"INSERT INTO pairs SELECT {head_sql(plan, 'list')}{value_columns(plan)} "
        f"FROM {repeated_rows_sql(plan, 'right')} b LEFT JOIN {_nothing(plan.left)} a ON false"
    )


def _nothing(side: Side) -> str:
    return f"(SELECT rowid, * FROM {side.table} LIMIT 0)"


def _add_nearest(con: duckdb.DuckDBPyConnection, plan: Plan) -> None:
    for side in ("left", "right"):
        con.execute(f"CREATE OR REPLACE TEMP TABLE near_{side} AS SELECT * FROM {repeated_rows_sql(plan, side)}")
    _pair_equal_rows(con, plan)
    _refuse_too_many(con, plan)
    _rank_candidates(con, plan)
    left, right = set(), set()
    chosen = []
    for one, two in con.sql("SELECT left_row, right_row FROM near_candidates ORDER BY rank").fetchall():
        if one not in left and two not in right:
            left.add(one)
            right.add(two)
            chosen.append((one, two))
    con.execute("INSERT INTO near_links SELECT unnest(?::BIGINT[]), unnest(?::BIGINT[])", [*_columns(chosen)])
    con.execute(
        f"INSERT INTO pairs SELECT {head_sql(plan, 'nearest')}{value_columns(plan)} FROM near_left a "
        f"FULL OUTER JOIN (SELECT n.*, m.left_row AS partner FROM near_right n LEFT JOIN near_links m "
        f"ON m.right_row = n.rowid) b ON b.partner = a.rowid "
        f"WHERE a.rowid IS NULL OR b.rowid IS NULL OR {differs_sql(plan)}"
    )


def _columns(pairs: list[tuple[int, int]]) -> tuple[list[int], list[int]]:
    return [one for one, _ in pairs], [two for _, two in pairs]


def _pair_equal_rows(con: duckdb.DuckDBPyConnection, plan: Plan) -> None:
    """Pair rows whose compared texts are all equal first: mostly they are the bulk, and there is nothing to choose."""
    con.execute("CREATE OR REPLACE TEMP TABLE near_links (left_row BIGINT, right_row BIGINT)")
    if not all(column.is_raw_safe for column in plan.columns):
        return
    keys = key_names(plan.keys)
    numbered = []
    for side in ("left", "right"):
        values = "".join(
            f", {_text(column, identifier(getattr(column.pair, side)))} AS v{column.position}"
            for column in plan.columns
        )
        every = ", ".join([keys, *(f"v{column.position}" for column in plan.columns)])
        inner = f"(SELECT rowid AS place, {keys}{values} FROM near_{side})"
        numbered.append(f"(SELECT *, row_number() OVER (PARTITION BY {every} ORDER BY place) AS turn FROM {inner})")
    names = [*keys.split(", "), *(f"v{column.position}" for column in plan.columns), "turn"]
    same = " AND ".join(f"a.{name} IS NOT DISTINCT FROM b.{name}" for name in names)
    con.execute(f"INSERT INTO near_links SELECT a.place, b.place FROM {numbered[0]} a JOIN {numbered[1]} b ON {same}")


def _text(column: ComparedColumn, name: str) -> str:
    return none_for_empty(name) if column.has_empties else name


def _left_over(side: str) -> str:
    return f"(SELECT * FROM near_{side} WHERE rowid NOT IN (SELECT {side}_row FROM near_links))"


def _refuse_too_many(con: duckdb.DuckDBPyConnection, plan: Plan) -> None:
    keys = key_names(plan.keys)
    counts = [f"(SELECT {keys}, count(*) AS n FROM {_left_over(side)} GROUP BY {keys})" for side in ("left", "right")]
    total = one_row(con, f"SELECT coalesce(sum(a.n * b.n), 0) FROM {counts[0]} a JOIN {counts[1]} b USING ({keys})")[0]
    if total > MOST_CANDIDATES:
        raise DefinitionError(
            "Key", f"pairing the nearest rows would compare {int(total):,} combinations", remedy=_THREE_WAYS
        )


def _rank_candidates(con: duckdb.DuckDBPyConnection, plan: Plan) -> None:
    """All combinations within a key, the nearest first, in an order that does not depend on sides or places.

    Near is: few columns that differ by the rules. Ties are broken by which columns differ, then by the rows' content.
    """
    decimals = (plan.left.read.decimal, plan.right.read.decimal)
    readings = "".join(f", {reading_sql(column, decimals)}" for column in plan.columns)
    tests = [f"CAST(({class_sql(column, plan.recipe, decimals)}) IS NOT NULL AS INTEGER)" for column in plan.columns]
    number, mask = " + ".join(tests) or "0", " || ".join(tests) or "''"
    on = " AND ".join(f"a.{name} = b.{name}" for name in key_names(plan.keys).split(", "))
    hashes = []
    for side, alias in (("left", "a"), ("right", "b")):
        values = [f"coalesce({alias}.{identifier(getattr(column.pair, side))}, '')" for column in plan.columns]
        hashes.append(f"hash({', '.join(values) or '0'})")
    source = f"{_left_over('left')} a JOIN {_left_over('right')} b ON {on}"
    con.execute(
        "CREATE OR REPLACE TEMP TABLE near_candidates AS SELECT left_row, right_row, row_number() OVER ("
        "ORDER BY number, mask, least(lh, rh), greatest(lh, rh), left_row, right_row) AS rank FROM ("
        f"SELECT left_row, right_row, lh, rh, {number} AS number, {mask} AS mask FROM (SELECT *{readings} FROM ("
        f"SELECT a.rowid AS left_row, b.rowid AS right_row, {hashes[0]} AS lh, {hashes[1]} AS rh{value_columns(plan)} "
        f"FROM {source})))"
    )


def _add_groups(con: duckdb.DuckDBPyConnection, plan: Plan) -> None:
    """One pair per repeated key: number columns summed, other columns as their one value or the list of them."""
    keys = key_names(plan.keys)
    for side in ("left", "right"):
        values = "".join(
            f", {_group_value(column, plan, side)} AS {identifier(getattr(column.pair, side))}"
            for column in plan.columns
        )
        compared = {getattr(column.pair, side) for column in plan.columns}
        columns = plan.left.columns if side == "left" else plan.right.columns
        values += "".join(f", CAST(NULL AS VARCHAR) AS {identifier(name)}" for name in columns if name not in compared)
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE group_{side} AS SELECT {keys}, min(rowid) AS first__, "
            f"count(*) AS rows__{values} FROM {repeated_rows_sql(plan, side)} GROUP BY {keys}"
        )
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE members_{side} AS SELECT g.first__, m.rowid AS place "
            f"FROM group_{side} g JOIN {repeated_rows_sql(plan, side)} m USING ({keys})"
        )
    on = " AND ".join(f"a.{name} = b.{name}" for name in keys.split(", "))
    head = head_sql(plan, "group")
    for side, alias in (("left", "a"), ("right", "b")):
        old = f"CAST({alias}.rowid IS NOT NULL AS BIGINT) AS {side}_count"
        head = head.replace(old, f"coalesce({alias}.rows__, 0) AS {side}_count")
    con.execute(
        f"INSERT INTO pairs SELECT {head}{value_columns(plan)} "
        f"FROM {_group('left')} a FULL OUTER JOIN {_group('right')} b ON {on}"
    )


def _group(side: str) -> str:
    """The groups of a side, placed where their first row is."""
    return f"(SELECT first__ AS rowid, * FROM group_{side})"


def _group_value(column: ComparedColumn, plan: Plan, side: str) -> str:
    """The value of a group: the sum where all values are numbers, else the one value, else all of them in order."""
    decimal = plan.left.read.decimal if side == "left" else plan.right.read.decimal
    name = identifier(getattr(column.pair, side))
    value = f"nullif({name}, '')"
    words = f"string_agg(DISTINCT {value}, ' | ' ORDER BY {value})"
    if column.kind.kind != "number":
        return words
    number = number_sql(name, decimal)
    text = f"regexp_replace(CAST(sum({number}) AS VARCHAR), '[.]?0+$', '')"
    text = text if decimal == "." else f"replace({text}, '.', ',')"
    is_all = f"count({number}) = count({value}) AND count({value}) > 0"
    return f"CASE WHEN count(*) = 1 OR count({value}) = 1 THEN max({value}) WHEN {is_all} THEN {text} ELSE {words} END"
