"""Pass `rank`: in which order people should look at the exceptions."""

from __future__ import annotations

from reconcile.runs.exceptions import severity_sql
from reconcile.runs.passes import Execution


def write_ranks(execution: Execution) -> None:
    """Fill `exceptions.rank`: most money at stake first, then the most severe kind, then the least certain pair.

    Records of unknown worth come after those of known worth; ties are settled by the exception's id.
    """
    execution.con.execute(f"""
        UPDATE exceptions SET rank = r.rank FROM (
            SELECT exception_id, row_number() OVER (ORDER BY amount_cents DESC NULLS LAST, {severity_sql("kind")},
                abs(probability - 0.5) NULLS LAST, exception_id) AS rank
            FROM exceptions) r
        WHERE exceptions.exception_id = r.exception_id
    """)
