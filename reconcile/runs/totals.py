"""Pass `totals`: every record of each population in exactly one category, and the proof that it is so."""

from __future__ import annotations

import duckdb

from reconcile.errors import TotalsError
from reconcile.runs.exceptions import severity_sql
from reconcile.runs.passes import SIDES, Execution


def write_totals(execution: Execution) -> None:
    """Fill `categories` and `totals`.

    A record's category is the most severe exception that concerns it, else `test` for a test record, else `linked` for
    one with a link (where no side stores links: with an accepted match).

    Raises:
        TotalsError: a record fits nowhere, or the categories do not add up to the population.
    """
    con = execution.con
    for side in SIDES:
        con.execute(f"""
            INSERT INTO categories
            WITH worst AS (
                SELECT record_id, arg_min(kind, {severity_sql("kind")}) AS kind FROM coverage
                WHERE side = '{side}' GROUP BY record_id)
            SELECT '{side}', r.record_id,
                   CASE WHEN w.kind IS NOT NULL THEN w.kind WHEN r.is_test THEN 'test'
                        WHEN r.record_id IN (SELECT {side}_id FROM links) THEN 'linked' END
            FROM {side}_records r LEFT JOIN worst w USING (record_id) ORDER BY r.record_id
        """)
    con.execute(
        "INSERT INTO totals SELECT side, category, count(*) FROM categories GROUP BY ALL ORDER BY side, category"
    )
    check_totals(con)


def check_totals(con: duckdb.DuckDBPyConnection) -> None:
    """Check that every record is in exactly one category, on both sides, by counting anew from the records.

    Raises:
        TotalsError: with the side and the two figures that ought to agree.
    """
    for side in SIDES:
        row = con.execute(
            f"""
            SELECT (SELECT count(*) FROM {side}_records),
                   (SELECT coalesce(sum(records), 0) FROM population WHERE side = $side),
                   (SELECT coalesce(sum(records), 0) FROM totals WHERE side = $side AND category IS NOT NULL),
                   (SELECT count(DISTINCT c.record_id) FROM categories c JOIN {side}_records r USING (record_id)
                    WHERE c.side = $side AND c.category IS NOT NULL)
            """,
            {"side": side},
        ).fetchone()
        records, population, categorised, placed = (int(value) for value in row or (0, 0, 0, 0))
        if not records == population == categorised == placed:
            raise TotalsError(side, population=records, categorised=categorised)
