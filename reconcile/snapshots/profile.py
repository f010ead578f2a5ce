"""What the columns of an object hold, asked for when somebody looks."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from reconcile.snapshots.sql import quoted
from reconcile.snapshots.store import object_fields


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """One column.

    Attributes:
        rows: of the object. `nulls` of them are null; `distinct` different values are not.
        minimum, maximum: in the order of text; None when every value is null.
        examples: the most frequent values with their rows, most frequent first, at most five.
    """

    name: str
    label: str
    type: str
    rows: int
    nulls: int
    distinct: int
    minimum: str | None
    maximum: str | None
    examples: tuple[tuple[str, int], ...]


def profile(con: duckdb.DuckDBPyConnection, object_name: str) -> tuple[ColumnProfile, ...]:
    """Every column of an object of an open snapshot, in the object's order. Exact counts, one scan a column.

    Raises:
        UnknownNameError: the snapshot does not hold the object.
    """
    table, profiles = quoted(object_name), []
    for field in object_fields(con, object_name):
        column = quoted(field.name)
        values = f"(SELECT {column} AS v, count(*) AS n FROM {table} GROUP BY 1)"
        ((rows, nulls, distinct, low, high, examples),) = con.execute(
            "SELECT coalesce(sum(n), 0)::BIGINT, coalesce(sum(n) FILTER (v IS NULL), 0)::BIGINT, count(v), min(v),"
            f" max(v), arg_max(struct_pack(v := v, n := n), (n, v), 5) FILTER (v IS NOT NULL) FROM {values}"
        ).fetchall()
        shown = tuple((str(item["v"]), int(item["n"])) for item in examples or ())
        profiles.append(ColumnProfile(field.name, field.label, field.type, rows, nulls, distinct, low, high, shown))
    return tuple(profiles)
