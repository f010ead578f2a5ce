"""Pass `proposals`: links that no system stores and that the match proposes, among records that still need one."""

from __future__ import annotations

from reconcile.model import Side
from reconcile.runs.passes import SIDES, Execution

AMBIGUOUS_BITS = 3.0
"""A proposal whose rival has less than this fewer bits (8 times the odds) is ambiguous: a person must choose."""


def write_proposals(execution: Execution) -> None:
    """Add the proposed links to `links`, best evidence first, each free record in at most one.

    Free is a record without a link, or with a dangling or contradicted one; not a test record, and not the duplicate
    of a linked record (that is for the duplicates to say). Where many right records may share a left one, only the
    right record needs to be free. Also writes the temporary table `open_candidates`: what there was to choose from.
    """
    con = execution.con
    for side in SIDES:
        con.execute(f"CREATE TEMP TABLE {side}_free AS {_free_sql(side)}")
    con.execute(f"CREATE TEMP TABLE open_candidates AS {_open_sql(execution)}")
    con.execute("CREATE TEMP TABLE choosing AS SELECT left_id, right_id, probability, weight FROM open_candidates")
    con.execute("CREATE TEMP TABLE proposed AS SELECT * FROM choosing LIMIT 0")
    while _choose(execution):
        pass
    # A left record that many may share has no rivals for its place.
    both = f"greatest({_rival_sql('left')}, {_rival_sql('right')})"
    rivals = both if execution.reconciliation.cardinality == "1:1" else _rival_sql("right")
    con.execute(f"""
        INSERT INTO links
        SELECT p.left_id, p.right_id, 'proposed', false, false, 'proposed', p.probability, p.weight,
               p.weight - {rivals}
        FROM proposed p ORDER BY p.left_id, p.right_id
    """)


def _free_sql(side: Side) -> str:
    held = f"SELECT {side}_id FROM links WHERE status NOT IN ('dangling', 'contradicted')"
    return f"""
        SELECT record_id FROM {side}_records WHERE NOT coalesce(is_test, false) AND record_id NOT IN ({held})
        AND record_id NOT IN (
            SELECT c.record_id FROM {side}_clusters c WHERE c.cluster_id IN (
                SELECT o.cluster_id FROM {side}_clusters o WHERE o.record_id IN ({held})))
    """


def _open_sql(execution: Execution) -> str:
    """Candidates between free records, except the stored link that they contradict."""
    is_left_free = (
        "c.left_id IN (SELECT record_id FROM left_free)" if execution.reconciliation.cardinality == "1:1" else "true"
    )
    return f"""
        SELECT c.left_id, c.right_id, c.probability, c.weight FROM candidates c
        WHERE c.probability >= {execution.reconciliation.review!r} AND {is_left_free}
          AND c.right_id IN (SELECT record_id FROM right_free)
          AND (c.left_id, c.right_id) NOT IN (SELECT (left_id, right_id) FROM links)
    """


def _choose(execution: Execution) -> bool:
    """Move the pairs that are the best of both their records from `choosing` to `proposed`; whether there were any."""
    con = execution.con
    is_one_to_one = execution.reconciliation.cardinality == "1:1"
    best_of_left = "row_number() OVER (PARTITION BY left_id ORDER BY weight DESC, right_id) = 1"
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE best AS SELECT * FROM choosing
        QUALIFY row_number() OVER (PARTITION BY right_id ORDER BY weight DESC, left_id) = 1
            AND {best_of_left if is_one_to_one else "true"}
    """)
    con.execute("INSERT INTO proposed SELECT * FROM best")
    con.execute("DELETE FROM choosing WHERE right_id IN (SELECT right_id FROM best)")
    if is_one_to_one:
        con.execute("DELETE FROM choosing WHERE left_id IN (SELECT left_id FROM best)")
    row = con.execute("SELECT count(*) FROM best").fetchone()
    return bool(row and row[0])


def _rival_sql(side: Side) -> str:
    """Weight of the best other candidate of the pair's `side` record, duplicates of its partner left out."""
    other = "right" if side == "left" else "left"
    return f"""(
        SELECT max(o.weight) FROM open_candidates o
        LEFT JOIN {other}_clusters a ON a.record_id = o.{other}_id
        LEFT JOIN {other}_clusters b ON b.record_id = p.{other}_id
        WHERE o.{side}_id = p.{side}_id AND o.{other}_id <> p.{other}_id
          AND (a.cluster_id IS NULL OR a.cluster_id IS DISTINCT FROM b.cluster_id))"""
