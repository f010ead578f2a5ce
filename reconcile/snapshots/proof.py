"""What proves that an object came whole: its rows, its rows by month of creation, and a hash of its content."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import duckdb

from reconcile.model import ObjectCount, ObjectInfo
from reconcile.snapshots.sql import quoted
from reconcile.systems import Reader


def month_sql(column: str) -> str:
    """The month ("2026-03", UTC) of a time given as ISO text or as seconds since 1970; null for anything else."""
    return (
        f"CASE WHEN regexp_full_match({column}, '[0-9]{{4}}-[0-9]{{2}}-.*') THEN substr({column}, 1, 7)"
        f" WHEN regexp_full_match({column}, '[0-9]{{9,11}}')"
        f" THEN strftime(make_timestamp(CAST({column} AS BIGINT) * 1000000), '%Y-%m') END"
    )


def hash_sql(table: str, columns: Sequence[str]) -> str:
    """A SELECT of (rows, sum of low halves, sum of high halves) of the rows' MD5: the order of rows does not matter.

    A cell enters as its length, a colon and its text, null as a dash, so that no two different rows read alike.
    """
    cells = ", ".join(f"coalesce(strlen({quoted(name)}) || ':' || {quoted(name)}, '-')" for name in sorted(columns))
    return (
        "SELECT count(*), coalesce(sum(md5_number_lower(line)::HUGEINT), 0),"
        f" coalesce(sum(md5_number_upper(line)::HUGEINT), 0) FROM (SELECT concat({cells}) AS line FROM {table})"
    )


def content_hash(con: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str]) -> str:
    """A hash of the table's rows and column names, the same for the same content in any order."""
    ((rows, low, high),) = con.execute(hash_sql(table, columns)).fetchall()
    text = "\n".join([*sorted(columns), f"{rows}:{low}:{high}"])
    return hashlib.sha256(text.encode()).hexdigest()


def months_held(con: duckdb.DuckDBPyConnection, table: str, created_field: str | None) -> dict[str, int]:
    """Rows of the table by month of creation; empty where there is no such field."""
    if created_field is None:
        return {}
    month = month_sql(quoted(created_field))
    found = con.execute(f"SELECT {month} AS m, count(*) FROM {table} GROUP BY 1 HAVING m IS NOT NULL ORDER BY 1")
    return {str(name): int(rows) for name, rows in found.fetchall()}


def counted(con: duckdb.DuckDBPyConnection, reader: Reader, info: ObjectInfo) -> ObjectCount:
    """The object's rows beside what the source counts now. The hash is left empty until they agree."""
    table = quoted(info.name)
    expected, expected_months = reader.count(info.name), reader.count_by_month(info.name)
    ((rows,),) = con.execute(f"SELECT count(*) FROM {table}").fetchall()
    held = months_held(con, table, info.created_field)
    return ObjectCount(info.name, rows, expected, "", _both(held, expected_months))


def _both(held: Mapping[str, int], expected: Mapping[str, int] | None) -> dict[str, tuple[int, int | None]]:
    months = sorted({*held, *(expected or {})})
    return {m: (held.get(m, 0), None if expected is None else expected.get(m, 0)) for m in months}


def is_whole(count: ObjectCount) -> bool:
    """Whether the total and every month agree with what the source counts."""
    return count.is_complete and all(expected is None or rows == expected for rows, expected in count.months.values())
