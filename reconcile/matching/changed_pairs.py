"""Blocking again after a few changes: which pairs appear, and of which other pairs the kinds of key change.

Whether a key value is too common depends on how many records have it, so changed records change what it brings for
others too: a value that crosses the limit, be it of a key or of what refines it, takes its pairs with it, and a new
record among those of a common value moves neighbours apart. Such pairs of unchanged records are *doubtful*: what brings
them is found anew. So the result is what blocking everything gives.

Work tables, one per side where <side> is named; rows are those of the kept numbering:

- `_fresh_<side>` (kept_row, said, ...) and `_gone_<side>` (row): new and changed records; changed and removed ones;
- `_cleaned_<side>`: fresh records cleaned, later those beside them whose key values became too common;
- `_add_<side>`, `_stay_<side>` (k, h, row): keys of fresh records; keys that unchanged records share with changed ones;
- `_fine_add_<side>`, `_fine_stay_<side>` (k, c, h, row): the same of what refines a common value c;
- `_order_add_<side>` (k, c, row, text): the order of those records among all of value c;
- `_touched`, `_touched_fine` (h, was_common, is_common): the values of changed records;
- `_common` (h): values that are too common now.
"""

from __future__ import annotations

from collections.abc import Collection

import duckdb

from reconcile.matching.block import NEIGHBOURS, BlockingKey
from reconcile.matching.kept import SIDES, common_sql, fine_rows_sql, key_rows_sql, order_rows_sql

Connection = duckdb.DuckDBPyConnection
PER_SIDE = (
    "fresh",
    "gone",
    "near",
    "cleaned",
    "add",
    "stay",
    "own",
    "fine_add",
    "fine_stay",
    "order_add",
    "bring",
    "keep",
)
TABLES = (
    *(f"_{table}_{side}" for table in PER_SIDE for side in SIDES),
    *("_touched", "_touched_fine", "_common", "_before", "_after", "_doubtful", "_found", "_changed", "_new_pairs"),
)


def create(con: Connection, table: str, sql: str) -> None:
    """Write a work table."""
    con.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {sql}")


def find_touched(con: Connection, kept: str, keys: Collection[BlockingKey], limit: int) -> None:
    """Write `_add`, `_stay` and `_touched`, from `_cleaned` with the fresh records and from `_gone`."""
    for side in SIDES:
        create(con, f"_add_{side}", key_rows_sql(f"_cleaned_{side}", keys))
    changed = [f"SELECT h FROM {kept}.{side}_keys SEMI JOIN _gone_{side} USING (row)" for side in SIDES]
    create(con, "_touched", " UNION ".join([*changed, *(f"SELECT h FROM _add_{side}" for side in SIDES)]))
    for side in SIDES:
        create(
            con,
            f"_stay_{side}",
            f"SELECT k, h, row FROM {kept}.{side}_keys SEMI JOIN _touched USING (h) ANTI JOIN _gone_{side} USING (row)",
        )
    _compare_with_limit(con, kept, "_touched", ("_stay", "_add"), limit)


def _compare_with_limit(con: Connection, kept: str, touched: str, tables: tuple[str, str], limit: int) -> None:
    """Add to the table `touched` whether its values were and are too common."""
    left, right = (
        " UNION ALL ".join(f"SELECT h FROM {table}_{side} SEMI JOIN {touched} USING (h)" for table in tables)
        for side in SIDES
    )
    create(
        con,
        touched,
        f"""SELECT h, h IN (FROM {kept}.common) AS was_common, h IN ({common_sql(left, right, limit)}) AS is_common
        FROM {touched}""",
    )


def newly_common_sql(side: str) -> str:
    """A SELECT of the unchanged records (row) of values that are newly too common, which have to be cleaned."""
    return f"SELECT DISTINCT row FROM _stay_{side} SEMI JOIN ({_values('is_common AND NOT was_common')}) USING (h)"


def _values(condition: str, table: str = "_touched") -> str:
    return f"SELECT h FROM {table} WHERE {condition}"


def refine_touched(
    con: Connection, kept: str, keys: Collection[BlockingKey], columns: frozenset[str], limit: int
) -> None:
    """Write `_fine_add`, `_fine_stay`, `_order_add`, `_touched_fine` and `_common`.

    `_cleaned` holds the fresh records and those of newly common values.
    """
    gone = []
    for side in SIDES:
        create(
            con,
            f"_own_{side}",
            f"""FROM _add_{side} SEMI JOIN ({_values("is_common")}) USING (h) UNION ALL
            FROM _stay_{side} SEMI JOIN ({_values("is_common AND NOT was_common")}) USING (h)""",
        )
        create(con, f"_fine_add_{side}", fine_rows_sql(f"_own_{side}", f"_cleaned_{side}", columns))
        create(con, f"_order_add_{side}", order_rows_sql(f"_own_{side}", f"_cleaned_{side}", keys, columns))
        near = f"SELECT f.* FROM {kept}.{side}_fine f JOIN _touched t ON f.c = t.h"
        create(con, f"_fine_stay_{side}", f"{near} AND is_common ANTI JOIN _gone_{side} USING (row)")
        gone.append(f"SELECT h FROM ({near}) WHERE row IN (FROM _gone_{side}) OR c IN ({_values('NOT is_common')})")
    create(con, "_touched_fine", " UNION ".join([*gone, *(f"SELECT h FROM _fine_add_{side}" for side in SIDES)]))
    _compare_with_limit(con, kept, "_touched_fine", ("_fine_stay", "_fine_add"), limit)
    create(
        con,
        "_common",
        f"""FROM {kept}.common ANTI JOIN _touched USING (h) ANTI JOIN _touched_fine USING (h)
        UNION ALL {_values("is_common")} UNION ALL {_values("is_common", "_touched_fine")}""",
    )


def find_pairs(con: Connection, kept: str) -> None:
    """Write `_new_pairs` and `_changed`.

    `_new_pairs(l, r, keys)` holds the pairs with a fresh record; `_changed(l, r, mask, bits)` those of two unchanged
    records of which the kinds of key in `mask` change to those in `bits`, whether they were pairs before or not.
    """
    _split(con)
    _find_neighbours(con, kept)
    brought = " UNION ALL ".join(
        f"SELECT a.k, a.row AS l, b.row AS r FROM _{a}_left a JOIN _{b}_right b USING (h)"
        for a, b in (("bring", "bring"), ("bring", "keep"), ("keep", "bring"))
    )
    beside = f"SELECT k, l, r FROM _after WHERE {_is_fresh('l', 'left')} OR {_is_fresh('r', 'right')}"
    create(con, "_new_pairs", f"SELECT l, r, {_bits('true')} AS keys FROM ({brought} UNION ALL {beside}) GROUP BY l, r")
    _find_doubtful(con)
    still = (
        "SELECT k, l, r FROM _doubtful ANTI JOIN _common ON c = h",
        """SELECT d.k, l, r FROM _doubtful d JOIN _keep_left a ON a.c = d.c AND a.row = l
            JOIN _keep_right b ON b.c = d.c AND b.row = r AND a.h = b.h""",
        "SELECT k, l, r FROM _doubtful SEMI JOIN _after USING (k, l, r)",
    )
    create(con, "_found", " UNION ".join(still))
    create(
        con,
        "_changed",
        f"""SELECT l, r, {_bits("true")} AS mask, coalesce({_bits("is_found")}, 0)::INTEGER AS bits FROM
        (SELECT DISTINCT d.k, d.l, d.r, f.k IS NOT NULL AS is_found FROM _doubtful d LEFT JOIN _found f USING (k, l, r))
        GROUP BY l, r""",
    )


def _bits(condition: str) -> str:
    return f"bit_or(1::INTEGER << k) FILTER ({condition})"


def _is_fresh(row: str, side: str) -> str:
    return f"{row} IN (SELECT kept_row FROM _fresh_{side})"


def _split(con: Connection) -> None:
    """Write `_bring_<side>` and `_keep_<side>` (k, c, h, row): keys, not too common, of fresh and of other records."""
    for side in SIDES:
        fine = f"FROM _fine_add_{side} ANTI JOIN _common USING (h) WHERE"
        create(
            con,
            f"_bring_{side}",
            f"""SELECT k, NULL::UBIGINT AS c, h, row FROM _add_{side} ANTI JOIN _common USING (h)
            UNION ALL SELECT k, c, h, row {fine} {_is_fresh("row", side)}""",
        )
        create(
            con,
            f"_keep_{side}",
            f"""SELECT k, NULL::UBIGINT AS c, h, row FROM _stay_{side} ANTI JOIN _common USING (h)
            UNION ALL SELECT k, c, h, row FROM _fine_stay_{side} ANTI JOIN _common USING (h)
            UNION ALL SELECT k, c, h, row {fine} NOT {_is_fresh("row", side)}""",
        )


def _find_neighbours(con: Connection, kept: str) -> None:
    """Write `_before(k, c, l, r)` and `_after`: the neighbours among the records of touched common values."""
    before = " UNION ALL ".join(
        f"SELECT o.*, {i} AS side FROM {kept}.{side}_order o WHERE c IN ({_values('was_common')})"
        for i, side in enumerate(SIDES)
    )
    after = " UNION ALL ".join(
        f"""SELECT o.*, {i} AS side FROM {kept}.{side}_order o ANTI JOIN _gone_{side} USING (row)
            WHERE c IN ({_values("was_common AND is_common")})
        UNION ALL SELECT o.*, {i} AS side FROM _order_add_{side} o"""
        for i, side in enumerate(SIDES)
    )
    create(con, "_before", _neighbours_sql(before))
    create(con, "_after", _neighbours_sql(after))


def _neighbours_sql(members: str) -> str:
    """A SELECT of (k, c, l, r): each record with the next few of its value that stand on the other side."""
    nexts = " UNION ALL ".join(
        f"""SELECT k, c, side, row, lead(row, {ahead}) OVER w AS next_row, lead(side, {ahead}) OVER w AS next_side
        FROM ({members}) WINDOW w AS (PARTITION BY c ORDER BY text, side)"""
        for ahead in range(1, NEIGHBOURS + 1)
    )
    return f"""SELECT k, c, if(side = 0, row, next_row) AS l, if(side = 0, next_row, row) AS r
        FROM ({nexts}) WHERE side <> next_side"""


def _find_doubtful(con: Connection) -> None:
    """Write `_doubtful(k, c, l, r)`: pairs of unchanged records and the kind of key that may bring them or not."""
    crossing = _values("was_common <> is_common")
    fine_crossing = _values("was_common <> is_common", "_touched_fine")
    unchanged = f"NOT {_is_fresh('l', 'left')} AND NOT {_is_fresh('r', 'right')}"
    gone = "l NOT IN (FROM _gone_left) AND r NOT IN (FROM _gone_right)"
    create(
        con,
        "_doubtful",
        f"""SELECT a.k, a.h AS c, a.row AS l, b.row AS r FROM _stay_left a JOIN _stay_right b USING (h)
            WHERE h IN ({crossing})
        UNION SELECT a.k, a.c, a.row, b.row FROM _fine_stay_left a JOIN _fine_stay_right b USING (h)
            WHERE h IN ({fine_crossing})
        UNION SELECT * FROM _before WHERE {gone}
        UNION SELECT * FROM _after WHERE {unchanged}""",
    )


def drop_tables(con: Connection) -> None:
    """Drop every work table."""
    for table in TABLES:
        con.execute(f"DROP TABLE IF EXISTS temp.{table}")
