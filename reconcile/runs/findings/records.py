"""What is to be decided of records: proposals, ambiguous and not, duplicates, and records without a partner."""

from __future__ import annotations

from reconcile.model import Side
from reconcile.runs.findings.links import MOST_CANDIDATES
from reconcile.runs.passes import SIDES, Execution, other_side
from reconcile.runs.proposals import AMBIGUOUS_BITS

_TOLD_SQL = """SELECT unnest(concerned_{side}) FROM found WHERE kind NOT IN ('duplicate')"""


def find_proposals(execution: Execution) -> None:
    """Proposed links: unlinked, or ambiguous where a rival fits nearly as well.

    Where no side can store a link (files), an accepted and clear proposal is a match and needs nobody.
    """
    stores = execution.stores_links("left") or execution.stores_links("right")
    needs_nobody = "false" if stores else f"probability >= {execution.reconciliation.accept!r}"
    is_ambiguous = f"coalesce(p.margin < {AMBIGUOUS_BITS}, false)"
    execution.con.execute(f"""
        INSERT INTO found
        WITH pairs AS (
            SELECT p.*, {is_ambiguous} AS is_ambiguous FROM told_links p WHERE status = 'proposed'
              AND (({is_ambiguous}) OR NOT ({needs_nobody}))
              AND left_id NOT IN ({_TOLD_SQL.format(side="left")})
              AND right_id NOT IN ({_TOLD_SQL.format(side="right")})),
        rivals AS ({_rivals_sql("left")} UNION {_rivals_sql("right")}),
        told AS (
            SELECT left_id, right_id, list(fact ORDER BY weight DESC, rival_left, rival_right) AS facts,
                   list(rival_left ORDER BY rival_left) FILTER (weight > own - {AMBIGUOUS_BITS}) AS near_left,
                   list(rival_right ORDER BY rival_right) FILTER (weight > own - {AMBIGUOUS_BITS}) AS near_right
            FROM rivals GROUP BY left_id, right_id)
        SELECT CASE WHEN is_ambiguous THEN 'ambiguous' ELSE 'unlinked' END,
               CASE WHEN NOT is_ambiguous THEN NULL WHEN near_left IS NULL OR near_left = [p.left_id] THEN 'left'
                    ELSE 'right' END,
               p.left_id, p.right_id, NULL,
               p.probability, p.margin, [],
               list_distinct([p.left_id] || CASE WHEN is_ambiguous THEN coalesce(near_left, []) ELSE [] END),
               list_distinct([p.right_id] || CASE WHEN is_ambiguous THEN coalesce(near_right, []) ELSE [] END),
               to_json({{'story': CASE WHEN is_ambiguous
                                 THEN 'Several partners fit nearly as well; nobody stores a link.'
                                 ELSE 'The records match, and nobody stores a link.' END,
                         'candidates': [{{'left_id': p.left_id, 'right_id': p.right_id, 'probability': p.probability,
                                          'weight': p.weight}}] || coalesce(t.facts, [])[:{MOST_CANDIDATES - 1}]}})
        FROM pairs p LEFT JOIN told t ON t.left_id = p.left_id AND t.right_id = p.right_id
    """)


def _rivals_sql(side: Side) -> str:
    """Open candidates of the pair's `side` record other than the pair itself, and no duplicates of the partner."""
    other = other_side(side)
    return f"""
        SELECT p.left_id, p.right_id, p.weight AS own, o.left_id AS rival_left, o.right_id AS rival_right, o.weight,
               {{'left_id': o.left_id, 'right_id': o.right_id, 'probability': o.probability,
                'weight': o.weight}} AS fact
        FROM pairs p JOIN open_candidates o ON o.{side}_id = p.{side}_id AND o.{other}_id <> p.{other}_id
        LEFT JOIN {other}_clusters a ON a.record_id = o.{other}_id
        LEFT JOIN {other}_clusters b ON b.record_id = p.{other}_id
        WHERE a.cluster_id IS NULL OR a.cluster_id IS DISTINCT FROM b.cluster_id
    """


def find_duplicates(execution: Execution) -> None:
    """One exception for each cluster of duplicates of a side."""
    for side in SIDES:
        concerned = {side: "members", other_side(side): "[]"}
        execution.con.execute(f"""
            INSERT INTO found
            WITH clusters AS (
                SELECT cluster_id, list(record_id ORDER BY record_id) AS members,
                       list({{'record_id': record_id, 'name': r.name, 'link_id': r.link_id,
                              'modified_at': r.modified_at}}
                            ORDER BY r.link_id IS NULL, record_id) AS facts
                FROM {side}_clusters JOIN {side}_records r USING (record_id) GROUP BY ALL),
            pairs AS (
                SELECT a.cluster_id, min(p.probability) AS weakest,
                       list({{'id_a': id_a, 'id_b': id_b, 'probability': p.probability, 'weight': p.weight}}
                            ORDER BY p.weight DESC, id_a, id_b) AS facts
                FROM {side}_pairs p JOIN {side}_clusters a ON a.record_id = p.id_a
                JOIN {side}_clusters b ON b.record_id = p.id_b AND b.cluster_id = a.cluster_id
                WHERE p.probability >= {execution.reconciliation.accept!r} GROUP BY ALL)
            SELECT 'duplicate', '{side}', NULL, NULL, cluster_id, weakest, NULL, members,
                   {concerned["left"]}, {concerned["right"]},
                   to_json({{'story': len(members) || ' records of the {side} side are the same customer.',
                             'members': c.facts, 'pairs': p.facts}})
            FROM clusters c JOIN pairs p USING (cluster_id)
        """)


def find_unmatched(execution: Execution) -> None:
    """Records that have no link, no proposal and no duplicate that explains it."""
    for side in SIDES:
        other = other_side(side)
        ids = {side: "r.record_id", other: "NULL"}
        concerned = {side: "[r.record_id]", other: "[]"}
        execution.con.execute(f"""
            INSERT INTO found
            WITH best AS (
                SELECT {side}_id, list(fact ORDER BY weight DESC, {other}_id)[:{MOST_CANDIDATES}] AS facts,
                       max(probability) AS probability FROM told_candidates GROUP BY ALL)
            SELECT 'unmatched', '{side}', {ids["left"]}, {ids["right"]}, NULL, b.probability, NULL, [],
                   {concerned["left"]}, {concerned["right"]},
                   to_json({{'story': CASE WHEN b.probability >= {execution.reconciliation.review!r}
                                 THEN 'No partner is left: the records it resembles belong to others.'
                                 ELSE 'Nothing on the other side resembles it enough.' END,
                             'candidates': coalesce(b.facts, [])}})
            FROM {side}_records r LEFT JOIN best b ON b.{side}_id = r.record_id
            WHERE NOT coalesce(r.is_test, false)
              AND r.record_id NOT IN (SELECT {side}_id FROM links)
              AND r.record_id NOT IN (SELECT unnest(concerned_{side}) FROM found)
        """)
