"""The nearest row of the other side for rows that found no partner: perhaps the same one under another key.

Rows are near that share values, rare ones counting most. The table `partners` of the result holds, for each row on one
side only that has such a neighbour: row, partner_row (a row of the other side that has no partner either), agreeing
(columns with equal values), compared (columns in which at least one of the two has a value) and likeness (the share of
these that agree).
"""

from __future__ import annotations

import duckdb

from reconcile.comparing.tables.plan import Plan
from reconcile.comparing.tables.side import one_row

MOST_ROWS = 100_000
_MOST_MEETINGS = 400
_LEAST_LIKENESS = 0.5


def write_partners(con: duckdb.DuckDBPyConnection, plan: Plan) -> None:
    """Write `result.partners`; empty where a side has no lonely rows, or more than `MOST_ROWS`."""
    con.execute(
        "CREATE TABLE result.partners (row BIGINT, partner_row BIGINT, agreeing INTEGER, compared INTEGER, likeness DOUBLE)"
    )
    is_lonely = {"left": "right_row IS NULL AND how <> 'list'", "right": "left_row IS NULL AND how <> 'list'"}
    counts = [one_row(con, f"SELECT count(*) FROM pairs WHERE {condition}")[0] for condition in is_lonely.values()]
    if not plan.columns or not all(counts) or max(counts) > MOST_ROWS:
        return
    for side, condition in is_lonely.items():
        con.execute(f"CREATE OR REPLACE TEMP TABLE lonely_{side} AS {_values_sql(plan, side, condition)}")
    con.execute(
        "CREATE OR REPLACE TEMP TABLE meetings AS SELECT position, h, 1 / ln(2.0 + l * r) AS weight FROM "
        "(SELECT position, h, count(*) AS l FROM lonely_left GROUP BY ALL) JOIN "
        f"(SELECT position, h, count(*) AS r FROM lonely_right GROUP BY ALL) USING (position, h) WHERE l * r <= {_MOST_MEETINGS}"
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE neighbours AS SELECT a.row AS one, b.row AS two, sum(weight) AS weight "
        "FROM lonely_left a JOIN meetings m USING (position, h) JOIN lonely_right b USING (position, h) GROUP BY ALL"
    )
    con.execute(f"CREATE OR REPLACE TEMP TABLE agreements AS {_agreements_sql()}")
    for row, partner in (("one", "two"), ("two", "one")):
        con.execute(
            f"INSERT INTO result.partners SELECT {row}, {partner}, agreeing, compared, likeness FROM agreements "
            f"WHERE likeness >= {_LEAST_LIKENESS} "
            f"QUALIFY row_number() OVER (PARTITION BY {row} ORDER BY likeness DESC, weight DESC, {partner}) = 1"
        )


def _values_sql(plan: Plan, side: str, condition: str) -> str:
    parts = []
    for column in plan.columns:
        text = f"lower(trim({side[0]}_{column.position}))"
        parts.append(
            f"SELECT row, {column.position} AS position, hash({text}) AS h FROM pairs WHERE {condition} AND {text} <> ''"
        )
    return " UNION ALL ".join(parts)


def _agreements_sql() -> str:
    """The five best neighbours of every row, with the columns that agree, those with common values included."""
    best = (
        "SELECT one, two, weight FROM neighbours "
        "QUALIFY row_number() OVER (PARTITION BY one ORDER BY weight DESC, two) <= 5 "
        "OR row_number() OVER (PARTITION BY two ORDER BY weight DESC, one) <= 5"
    )
    left = f"SELECT one, two, weight, position, h FROM ({best}) JOIN lonely_left v ON v.row = one"
    right = f"SELECT one, two, position, h FROM ({best}) JOIN lonely_right v ON v.row = two"
    return (
        "SELECT one, two, max(weight) AS weight, count(*) FILTER (a.h = b.h) AS agreeing, count(*) AS compared, "
        f"agreeing / compared AS likeness FROM ({left}) a FULL OUTER JOIN ({right}) b USING (one, two, position) "
        "GROUP BY one, two"
    )
