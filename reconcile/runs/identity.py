"""Pass `identity`: the links that the systems store, and what is wrong with each."""

from __future__ import annotations

from reconcile.model import Side
from reconcile.runs.passes import Execution


def write_links(execution: Execution) -> None:
    """Fill `links` with the existing links: one row for each pair that at least one side names.

    Status, the first that fits: dangling (the named record is not in the population), confirmed (both name each
    other), conflicting (a record names one partner while another one names it), shared (two records name one
    partner where only one may), one_sided. Whether the records contradict it is for the pass `contradictions` to say.
    """
    con = execution.con
    con.execute(f"CREATE TEMP TABLE stored AS {_stored_sql(execution)}")
    con.execute(f"""
        INSERT INTO links
        SELECT s.left_id, s.right_id, 'existing', s.stored_left, s.stored_right, {_status_sql(execution)},
               c.probability, c.weight, c.margin
        FROM stored s LEFT JOIN candidates c USING (left_id, right_id)
        ORDER BY s.left_id, s.right_id
    """)


def _named_sql(execution: Execution, side: Side) -> str:
    """(own id, id it names) of every record of the side that names one."""
    if not execution.stores_links(side):
        return "SELECT NULL::VARCHAR AS own, NULL::VARCHAR AS other WHERE false"
    return f"SELECT record_id AS own, link_id AS other FROM {side}_records WHERE link_id IS NOT NULL"


def _stored_sql(execution: Execution) -> str:
    return f"""
        WITH named_left AS ({_named_sql(execution, "left")}), named_right AS ({_named_sql(execution, "right")}),
        pairs AS (
            SELECT coalesce(l.own, r.other) AS left_id, coalesce(l.other, r.own) AS right_id,
                   l.own IS NOT NULL AS stored_left, r.own IS NOT NULL AS stored_right
            FROM named_left l FULL JOIN named_right r ON l.own = r.other AND l.other = r.own)
        SELECT p.*, lr.record_id IS NOT NULL AS left_known, rr.record_id IS NOT NULL AS right_known,
               stored_left AND stored_right AS is_mutual
        FROM pairs p LEFT JOIN left_records lr ON lr.record_id = p.left_id
                     LEFT JOIN right_records rr ON rr.record_id = p.right_id
    """


def _status_sql(execution: Execution) -> str:
    """The status of the row `s` of `stored` before the match is asked."""
    both = execution.stores_links("left") and execution.stores_links("right")
    confirmed = "s.is_mutual" if both else "true"
    return f"""
        CASE WHEN NOT (s.left_known AND s.right_known) THEN 'dangling'
             WHEN s.is_mutual THEN 'confirmed'
             WHEN {_conflicting_sql(execution)} THEN 'conflicting'
             WHEN {_shared_sql(execution)} THEN 'shared'
             WHEN {confirmed} THEN 'confirmed'
             ELSE 'one_sided' END
    """


def _conflicting_sql(execution: Execution) -> str:
    """At one of the two records, what it names and what names it are different records (and no pair is mutual)."""
    at_right = _disagrees_sql("right_id")
    if execution.reconciliation.cardinality == "n:1":
        return at_right
    return f"({at_right} OR {_disagrees_sql('left_id')})"


def _disagrees_sql(at: str) -> str:
    return f"""EXISTS (SELECT 1 FROM stored o WHERE o.{at} = s.{at} AND o.left_known AND o.right_known
        AND NOT o.is_mutual AND o.stored_left <> s.stored_left)"""


def _shared_sql(execution: Execution) -> str:
    """Another record of the same side names the same partner."""
    by_left = """(s.stored_left AND EXISTS (SELECT 1 FROM stored o WHERE o.right_id = s.right_id
        AND o.left_id <> s.left_id AND o.stored_left AND o.left_known))"""
    by_right = """(s.stored_right AND EXISTS (SELECT 1 FROM stored o WHERE o.left_id = s.left_id
        AND o.right_id <> s.right_id AND o.stored_right AND o.right_known))"""
    return by_left if execution.reconciliation.cardinality == "n:1" else f"({by_left} OR {by_right})"
