"""What is wrong with stored links: conflicting, shared, contradicted, dangling, one-sided."""

from __future__ import annotations

from reconcile.model import Side
from reconcile.runs.components import components
from reconcile.runs.passes import SIDES, Execution, other_side
from reconcile.runs.records import population_sql
from reconcile.snapshots import has_gone
from reconcile.snapshots.sql import literal

MOST_CANDIDATES = 5
"""Candidates told of one exception; the rest is in the table `candidates`."""


def find_conflicting(execution: Execution) -> None:
    """One exception for each knot of links in which the sides name different partners."""
    con = execution.con
    pairs = con.execute("SELECT 'l' || left_id, 'r' || right_id FROM links WHERE status = 'conflicting'").fetchall()
    rows = [(name[1:], group[0]) for group in components(pairs) for name in group if name[0] == "l"]
    con.execute("CREATE TEMP TABLE knots (left_id VARCHAR, knot VARCHAR)")
    if rows:
        columns = [list(column) for column in zip(*rows, strict=True)]
        con.execute("INSERT INTO knots SELECT unnest(?::VARCHAR[]), unnest(?::VARCHAR[])", columns)
    # The link in question is the one with the least evidence; one that was never scored has less than any.
    con.execute("""
        INSERT INTO found
        SELECT 'conflicting', NULL, arg_min(left_id, place), arg_min(right_id, place), NULL,
               first(probability ORDER BY place), NULL, [],
               list_distinct(list(left_id ORDER BY left_id)), list_distinct(list(right_id ORDER BY right_id)),
               to_json({'story': 'The sides name different partners: ' || count(*) || ' links exclude each other.',
                        'links': list(fact ORDER BY place DESC)})
        FROM (SELECT k.*, n.knot, row_number() OVER (
                  PARTITION BY n.knot ORDER BY weight NULLS FIRST, stored_left, left_id, right_id) AS place
              FROM told_links k JOIN knots n USING (left_id) WHERE status = 'conflicting')
        GROUP BY knot
    """)


def find_shared(execution: Execution) -> None:
    """One exception for each claim on a partner that another, better founded claim excludes."""
    for side in SIDES:
        execution.con.execute(_shared_sql(side))


def _shared_sql(side: Side) -> str:
    """`side` is that of the claimants; the record they share is on the other."""
    held = f"{other_side(side)}_id"
    # A rightful claimant whose link both sides store is in order itself.
    claimants = f"CASE WHEN best_status = 'shared' THEN [{side}_id, rightful] ELSE [{side}_id] END"
    concerned = {side: claimants, other_side(side): f"[{held}]"}
    return f"""
        INSERT INTO found
        WITH claims AS (
            SELECT *, row_number() OVER (PARTITION BY {held}
                ORDER BY status = 'shared', weight DESC NULLS LAST, {side}_id) AS place
            FROM told_links WHERE stored_{side} AND status <> 'dangling'
              AND {held} IN (SELECT {held} FROM links WHERE status = 'shared' AND stored_{side})),
        groups AS (
            SELECT {held}, list(fact ORDER BY place) AS facts, arg_min({side}_id, place) AS rightful,
                   arg_min(status, place) AS best_status
            FROM claims GROUP BY {held})
        SELECT 'shared', '{other_side(side)}', left_id, right_id, NULL, probability, NULL, [],
               {concerned["left"]}, {concerned["right"]},
               to_json({{'story': len(facts) || ' records of the {side} side name one partner; only one may.',
                         'rightful': rightful, 'links': facts}})
        FROM claims JOIN groups USING ({held}) WHERE place > 1 AND status = 'shared'
    """


def find_contradicted(execution: Execution) -> None:
    """Links that the records contradict; whom the match proposes for the two instead is told here."""
    execution.con.execute(f"""
        INSERT INTO found
        WITH better AS (
            SELECT left_id, right_id, list({{'left_id': rival_left, 'right_id': rival_right, 'probability': probability,
                'weight': weight}} ORDER BY weight DESC, rival_left, rival_right)[:{MOST_CANDIDATES}] AS facts
            FROM rivals GROUP BY ALL)
        SELECT 'contradicted', NULL, k.left_id, k.right_id, NULL, k.probability, k.margin, [],
               {_with_proposed("left")}, {_with_proposed("right")},
               to_json({{'story': CASE WHEN b.facts IS NULL
                             THEN 'The link is stored, but nothing that both records show agrees.'
                             ELSE 'The link is stored, but another partner fits far better.' END,
                         'links': [k.fact], 'candidates': coalesce(b.facts, [])}})
        FROM told_links k LEFT JOIN better b USING (left_id, right_id) WHERE k.status = 'contradicted'
    """)


def _with_proposed(column: Side) -> str:
    """The record of the link `k`, and the partners that are proposed for its other record."""
    anchor = other_side(column)
    return f"""list_distinct([k.{column}_id] || coalesce((SELECT list(p.{column}_id ORDER BY p.{column}_id) FROM links p
        WHERE p.status = 'proposed' AND p.{anchor}_id = k.{anchor}_id), []))"""


def find_dangling(execution: Execution) -> None:
    """Links to records that are not there; who claims the naming record, and whom it may belong to, is told here."""
    for side in SIDES:
        execution.con.execute(f"CREATE TEMP TABLE {side}_whereabouts AS {_whereabouts_sql(execution, side)}")
        execution.con.execute(_dangling_sql(side))


def _whereabouts_sql(execution: Execution, side: Side) -> str:
    """(record_id, reason, lookalike, survivor) of the dead ids on `side`: what is known of each."""
    in_source = f"SELECT record_id FROM ({population_sql(execution, side, '')})"
    seen_before = (
        f"SELECT record_id FROM previous_run.{side}_records" if execution.has_previous else "SELECT NULL LIMIT 0"
    )
    return f"""
        WITH RECURSIVE gone AS ({_gone_sql(execution, side)}),
        merges AS (SELECT record_id, survivor, 1 AS step FROM gone
                   UNION ALL SELECT m.record_id, g.survivor, step + 1 FROM merges m
                   JOIN gone g ON g.record_id = m.survivor WHERE g.survivor IS NOT NULL AND step < {_LONGEST_MERGE}),
        fate AS (SELECT record_id, arg_max(survivor, step) AS survivor FROM merges GROUP BY ALL),
        dead AS (SELECT DISTINCT k.{side}_id AS record_id FROM links k WHERE k.status = 'dangling'
                      AND k.{side}_id NOT IN (SELECT record_id FROM {side}_records)),
        alike AS (SELECT d.record_id, min(r.record_id) AS lookalike FROM dead d
                  JOIN {side}_records r ON lower(r.record_id) = lower(d.record_id) GROUP BY ALL)
        SELECT record_id, lookalike, survivor,
               CASE WHEN survivor IS NOT NULL THEN 'merged'
                    WHEN record_id IN (SELECT record_id FROM fate) THEN 'deleted'
                    WHEN lookalike IS NOT NULL THEN 'case'
                    WHEN record_id IN ({in_source}) THEN 'outside'
                    WHEN record_id IN ({seen_before}) THEN 'seen'
                    ELSE 'unknown' END AS reason
        FROM dead LEFT JOIN alike USING (record_id) LEFT JOIN fate USING (record_id)
    """


def _gone_sql(execution: Execution, side: Side) -> str:
    """(record_id, survivor) of the deleted records that the side's source still knew."""
    alias, of_object = execution.alias(side), literal(execution.dataset(side).object)
    if not has_gone(execution.con, alias):
        return "SELECT NULL::VARCHAR AS record_id, NULL::VARCHAR AS survivor LIMIT 0"
    return f"SELECT record_id, survivor_id AS survivor FROM {alias}._gone WHERE object = {of_object}"


# What a record was merged into may itself have been merged.
_LONGEST_MERGE = 20
_REASONS = """CASE w.reason
    WHEN 'merged' THEN 'that record was merged into ' || w.survivor
    WHEN 'deleted' THEN 'that record was deleted'
    WHEN 'case' THEN 'no record has this id; one differs from it by upper and lower case only'
    WHEN 'outside' THEN 'that record exists, but outside the population of this reconciliation'
    WHEN 'seen' THEN 'that record was there in an earlier run and is gone'
    ELSE 'no record has this id: deleted, merged into another, or never there' END"""


def _dangling_sql(dead: Side) -> str:
    """Exceptions for the links whose `dead` side is not there."""
    naming = other_side(dead)
    concerned = {
        naming: f"[{naming}_id]",
        dead: "coalesce(list_transform(partners, lambda f: f.id), [])",
    }
    return f"""
        INSERT INTO found
        WITH dead AS (
            SELECT k.*, w.reason, w.lookalike, w.survivor, {_REASONS} AS why FROM told_links k
            JOIN {dead}_whereabouts w ON w.record_id = k.{dead}_id WHERE k.status = 'dangling'),
        partnered AS (
            SELECT d.{naming}_id, list({{'id': k.{dead}_id}} ORDER BY k.{dead}_id) AS partners,
                   {_facts("existing", dead)} AS named_by, {_facts("proposed", dead)} AS proposals
            FROM dead d JOIN told_links k ON k.{naming}_id = d.{naming}_id AND k.status IN ('one_sided', 'proposed')
            GROUP BY ALL)
        SELECT 'dangling', '{naming}', left_id, right_id, NULL, NULL, NULL, [],
               {concerned["left"]}, {concerned["right"]},
               to_json({{'story': 'The link leads nowhere: ' || why || '.', 'dangling_id': {dead}_id, 'reason': reason,
                         'lookalike': lookalike, 'survivor': survivor,
                         'links': coalesce(named_by, []),
                         'candidates': coalesce(proposals, [])}})
        FROM dead LEFT JOIN partnered USING ({naming}_id)
    """


def _facts(origin: str, partner: Side) -> str:
    """The links of that origin, best first."""
    return f"list(k.fact ORDER BY k.weight DESC NULLS LAST, k.{partner}_id) FILTER (k.origin = '{origin}')"


def find_one_sided(execution: Execution) -> None:
    """Links that only one side stores, unless a dangling link of the blank one's place has told of it."""
    execution.con.execute("""
        INSERT INTO found
        SELECT 'one_sided', NULL, left_id, right_id, NULL, probability, margin, [], [left_id], [right_id],
               to_json({'story': CASE WHEN stored_left
                                      THEN 'Only the left side stores this link; the right record is blank.'
                                      ELSE 'Only the right side stores this link; the left record is blank.' END,
                        'stored_by': CASE WHEN stored_left THEN 'left' ELSE 'right' END, 'links': [fact]})
        FROM told_links WHERE status = 'one_sided'
          AND left_id NOT IN (SELECT unnest(concerned_left) FROM found WHERE kind = 'dangling')
          AND right_id NOT IN (SELECT unnest(concerned_right) FROM found WHERE kind = 'dangling')
    """)
