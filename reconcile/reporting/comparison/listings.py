"""A comparison as CSV: every difference as one line, and a patch that makes the left table agree with the right."""

from __future__ import annotations

import shutil
from pathlib import Path

from reconcile.comparing.tables import MASK, ColumnResult, Comparison, ComparisonFile
from reconcile.comparing.tables.dates import date_sql, day_text_sql
from reconcile.comparing.tables.publishing import published
from reconcile.comparing.tables.values import NUMBER, number_sql
from reconcile.systems.files.sql import identifier, literal

# As reporting.cells.is_dangerous, but a plain number stays a number.
_HARMLESS = (
    "CASE WHEN regexp_matches({value}, '^[=+@＝＋－＠\\t\\r\\n-]') AND NOT regexp_full_match({value}, '[-+]?[0-9.,]+') "
    "THEN '''' || {value} ELSE {value} END"
)


def write_csv(file: ComparisonFile, path: Path) -> None:
    """Write one line per difference: class, key, column, left, right, difference, amount.

    A row of one side only is one line without a column. Text that a spreadsheet would take for a formula gets an
    apostrophe in front. UTF-8 with a byte order mark, so that a spreadsheet knows.
    """
    titles = ", ".join(f"({column.position}, {literal(column.title)})" for column in file.comparison.columns)
    names = f"(VALUES {titles or '(NULL, NULL)'}) n(position, title)"
    changed = (
        'SELECT r.row AS place, c.position AS part, r.class AS class, k.key AS key, n.title AS "column", '
        f'c.left_value AS "left", c.right_value AS "right", c.class AS difference, c.delta AS amount '
        f"FROM cells c JOIN rows r USING (row) JOIN {names} USING (position) JOIN ({_keys(file)}) k ON k.row = r.row"
    )
    alone = (
        f"SELECT r.row, -1, r.class, k.key, NULL, NULL, NULL, NULL, NULL FROM rows r "
        f"JOIN ({_keys(file)}) k ON k.row = r.row WHERE r.class <> 'changed'"
    )
    columns = ["class", "key", "column", "left", "right", "difference"]
    safe = ", ".join(f"{_HARMLESS.format(value=identifier(name))} AS {identifier(name)}" for name in columns)
    _copy(file, f"SELECT {safe}, amount FROM ({changed} UNION ALL {alone}) ORDER BY place, part", path, has_mark=True)


def write_patch(file: ComparisonFile, path: Path) -> None:
    """Write what makes the left table agree with the right: action, key columns, column, before, after.

    Actions: "update" sets a column of an existing row, "insert" sets a column of a row that is missing on the left,
    "delete" names a row that is on the left only. A row to insert that has no value beside its key is one line without
    a column. Values are for programs, nothing is put in front of them; amounts and dates that the two files write
    otherwise, or in another unit, are written as the left file does.
    Sensitive columns are left out, because only their masks are known here; so are groups, lists of duplicate keys and
    rows matched by content.
    """
    made = file.comparison
    rows = {side: _row_column(file, side) for side in ("left", "right")}
    columns = [column for column in made.columns if not column.is_sensitive]
    names = 'NULL AS "column", NULL AS before, NULL AS after'
    parts = [
        f"SELECT row AS place, -1 AS part, 'delete' AS action, {names} FROM rows WHERE class = 'only_left'",
        "SELECT row, -1, 'insert', NULL, NULL, NULL FROM rows WHERE class = 'only_right'",
    ]
    for column in columns:
        name = literal(column.left)
        value = f"s.{identifier(column.right)}"
        parts.append(
            f"SELECT r.row, {column.position}, 'update', {name}, left_value, {_as_left(made, column, 'right_value')} "
            f"FROM rows r JOIN cells c USING (row) "
            f"WHERE r.class = 'changed' AND how IN ('key', 'nearest') AND c.position = {column.position}"
        )
        parts.append(
            f"SELECT r.row, {column.position}, 'insert', {name}, NULL, {_as_left(made, column, value)} FROM rows r "
            f"JOIN right_rows s ON s.{rows['right']} = r.row WHERE r.class = 'only_right' AND {value} IS NOT NULL"
        )
    changes = " UNION ALL ".join(parts)
    keys = "".join(f"k{i} AS {identifier(pair[0])}, " for i, pair in enumerate(made.key_columns))
    # A row to insert whose every value is there is told by its values; only one without any needs a line of its own.
    is_told = "p.action = 'insert' AND p.part = -1 AND count(*) OVER (PARTITION BY place) > 1"
    _copy(
        file,
        f'SELECT action, {keys}"column", before, after FROM ({changes}) p JOIN ({_keys(file)}) k ON k.row = p.place '
        f"WHERE {_is_named(file)} QUALIFY NOT ({is_told}) ORDER BY p.place, p.part",
        path,
        has_mark=False,
    )


def _as_left(made: Comparison, column: ColumnResult, value: str) -> str:
    """A value of the right file as the left file writes it: its unit, decimal mark and order of day and month."""
    if column.left_format != column.right_format:
        day = date_sql(value, column.right_format)
        return f"CASE WHEN {day} IS NULL THEN {value} ELSE {day_text_sql(day, column.left_format)} END"
    if column.left_factor is None and (column.kind != "number" or made.left.decimal == made.right.decimal):
        return value
    number = amount = number_sql(value, made.right.decimal)
    if column.left_factor is not None:
        amount = f"CAST(round(CAST({number} AS DOUBLE) / CAST('{column.left_factor}' AS DOUBLE), 9) AS {NUMBER})"
    text = f"regexp_replace(CAST({amount} AS VARCHAR), '[.]?0+$', '')"
    text = text if made.left.decimal == "." else f"replace({text}, '.', ',')"
    return f"CASE WHEN {number} IS NULL THEN {value} ELSE {text} END"


def _is_named(file: ComparisonFile) -> str:
    """A masked key names nothing."""
    return (
        " AND ".join(f"k{i} IS DISTINCT FROM {literal(MASK)}" for i in range(len(file.comparison.key_columns)))
        or "true"
    )


def _keys(file: ComparisonFile) -> str:
    """The key of every row: `row`, `key` as people read it, and `k0`, `k1` ..."""
    sides = []
    for place, side in enumerate(("left", "right")):
        row = _row_column(file, side)
        values = [identifier(pair[place]) for pair in file.comparison.key_columns]
        parts = "".join(f", any_value({value}) AS k{i}" for i, value in enumerate(values))
        where = "" if side == "left" else f"WHERE {row} NOT IN (SELECT {_row_column(file, 'left')} FROM left_rows)"
        sides.append(f"SELECT {row} AS row{parts} FROM {side}_rows {where} GROUP BY {row}")
    names = ", ".join(f"coalesce(k{i}, '(blank)')" for i in range(len(file.comparison.key_columns)))
    key = f"concat_ws(' + ', {names})" if names else "NULL"
    return f"SELECT *, {key} AS key FROM ({' UNION ALL '.join(sides)})"


def _row_column(file: ComparisonFile, side: str) -> str:
    return identifier(file.con.sql(f"SELECT * FROM {side}_rows LIMIT 0").columns[0])


def _copy(file: ComparisonFile, sql: str, path: Path, *, has_mark: bool) -> None:
    with published(path) as part:
        file.con.execute(f"COPY ({sql}) TO {literal(str(part))} (FORMAT csv, HEADER, DELIMITER ',')")
        if has_mark:
            with published(part) as marked, part.open("rb") as source, marked.open("wb") as target:
                target.write("\ufeff".encode())
                shutil.copyfileobj(source, target)
