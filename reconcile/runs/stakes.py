"""What is at stake: the records whose worth an exception concerns, and what a set of exceptions is worth together.

It is what the billing records are worth: those concerned, and the partners of the left ones. Where the right side
carries no amounts, the left ones count. Of an ambiguous item only the pair in question counts. A record in several
exceptions is worth its amount in each of them, and once in all of them together.
"""

from __future__ import annotations


def stakes_sql(items: str = "exceptions") -> str:
    """`exception_id, kind, side, record_id, amount_cents`, a row per exception and record of known worth.

    `items` names the relation of exceptions (`exception_id`, `left_id`, `right_id`); `coverage`, `links` and both
    tables of records are those of the run.
    """
    return f"""
        WITH concerned AS (
            SELECT c.exception_id, c.kind, c.side, c.record_id FROM coverage c JOIN {items} i USING (exception_id)
            WHERE c.kind <> 'ambiguous' OR c.record_id IN (i.left_id, i.right_id)),
        billed AS (
            SELECT exception_id, kind, record_id FROM concerned WHERE side = 'right'
            UNION SELECT c.exception_id, c.kind, k.right_id FROM concerned c JOIN links k ON k.left_id = c.record_id
            WHERE c.side = 'left' AND k.status IN ('confirmed', 'one_sided')),
        of_right AS (
            SELECT exception_id, kind, 'right' AS side, record_id, amount_cents
            FROM billed JOIN right_records USING (record_id) WHERE amount_cents IS NOT NULL),
        of_left AS (
            SELECT exception_id, kind, side, record_id, amount_cents
            FROM concerned JOIN left_records USING (record_id) WHERE side = 'left' AND amount_cents IS NOT NULL
            AND exception_id NOT IN (SELECT exception_id FROM of_right))
        SELECT * FROM of_right UNION ALL SELECT * FROM of_left
    """


WORTH_SQL = f"""
    WITH each_once AS (
        SELECT kind, side, record_id, any_value(amount_cents) AS amount_cents
        FROM ({stakes_sql()}) GROUP BY GROUPING SETS ((kind, side, record_id), (side, record_id)))
    SELECT kind, sum(amount_cents)::BIGINT AS cents FROM each_once GROUP BY kind
"""
"""What the exceptions of each kind are worth together, and, with no kind, all of them: `kind, cents` of a run file."""
