"""Pass `exceptions`: everything a person must decide, each thing once, under its most telling kind."""

from __future__ import annotations

from reconcile.model import EXCEPTION_KINDS, ExceptionKind
from reconcile.runs.findings import find_all
from reconcile.runs.passes import Execution
from reconcile.runs.stakes import stakes_sql

PRECEDENCE: tuple[tuple[ExceptionKind, str], ...] = (
    ("conflicting", "the two systems name different partners: one of them is wrong for certain"),
    ("shared", "two records name one partner where only one may: one of them is wrong for certain"),
    ("contradicted", "the link stands, but the records say it joins two different customers"),
    ("dangling", "the link leads to a record that is not there"),
    ("one_sided", "only one system knows of the link"),
    ("unlinked", "the match accepts or would show a pair that nobody links"),
    ("ambiguous", "several partners fit nearly as well"),
    ("duplicate", "several records of one side are the same customer"),
    ("unmatched", "no partner was found"),
)
"""Kinds from the most telling (and most severe) to the least, with why.

A record concerned by several is counted, in the totals, under the first. A link, pair or lone record is reported under
one kind only: what an earlier kind has told is not told again by `unlinked`, `ambiguous` or `unmatched`. A cluster of
duplicates is a thing of its own beside the links of its members; it explains why a member has no partner.
"""

SEVERITY: dict[ExceptionKind, int] = {kind: place for place, (kind, _) in enumerate(PRECEDENCE)}


def write_exceptions(execution: Execution) -> None:
    """Fill `exceptions`, `coverage` and `history`; ranks follow in the pass `rank`."""
    con = execution.con
    find_all(execution)
    con.execute(f"CREATE TEMP TABLE identified AS {_IDENTIFIED_SQL}")
    con.execute(_COVERAGE_SQL)
    con.execute(f"CREATE TEMP TABLE before AS {_before_sql(execution)}")
    con.execute(_EXCEPTIONS_SQL, {"run": execution.run_id, "at": execution.started_at.replace(tzinfo=None)})
    con.execute(_HISTORY_SQL, {"run": execution.run_id})


def severity_sql(kind: str) -> str:
    """The severity of a kind as an SQL expression: 0 is the most severe."""
    cases = " ".join(f"WHEN '{name}' THEN {SEVERITY[name]}" for name in EXCEPTION_KINDS)
    return f"CASE {kind} {cases} END"


# Kind and ids make the identity, so that the same thing has the same id in every run.
_IDENTIFIED_SQL = """
    SELECT 'exc_' || left(md5(concat_ws(chr(30), kind, coalesce(side, ''), coalesce(left_id, ''),
               coalesce(right_id, ''), array_to_string(members, chr(31)))), 16) AS exception_id, *
    FROM found
"""

_COVERAGE_SQL = """
    INSERT INTO coverage
    WITH concerned AS (
        SELECT exception_id, kind, 'left' AS side, unnest(concerned_left) AS record_id FROM identified
        UNION ALL SELECT exception_id, kind, 'right', unnest(concerned_right) FROM identified)
    SELECT DISTINCT c.* FROM concerned c
    WHERE (c.side = 'left' AND c.record_id IN (SELECT record_id FROM left_records))
       OR (c.side = 'right' AND c.record_id IN (SELECT record_id FROM right_records))
    ORDER BY ALL
"""

# A pair's hash is of both records' hashes, a single record's of its own with nothing beside it, a cluster's of all.
_EXCEPTIONS_SQL = f"""
    INSERT INTO exceptions
    WITH amounts AS (
        SELECT exception_id, sum(amount_cents)::BIGINT AS amount_cents FROM ({stakes_sql("identified")})
        GROUP BY exception_id),
    members AS (
        SELECT exception_id, md5(string_agg(r.evidence_hash, '' ORDER BY r.record_id)) AS hash
        FROM (SELECT exception_id, side, unnest(members) AS record_id FROM identified) m
        JOIN (SELECT 'left' AS side, record_id, evidence_hash FROM left_records
              UNION ALL SELECT 'right', record_id, evidence_hash FROM right_records) r USING (side, record_id)
        GROUP BY exception_id)
    SELECT i.exception_id, i.kind, i.side, i.left_id, i.right_id, i.cluster_id, i.probability, i.margin, a.amount_cents,
           coalesce(m.hash, md5(coalesce(l.evidence_hash, '') || coalesce(r.evidence_hash, ''))), i.detail, NULL,
           coalesce(b.first_seen_run, $run), coalesce(b.first_seen_at, $at)
    FROM identified i LEFT JOIN amounts a USING (exception_id) LEFT JOIN members m USING (exception_id)
    LEFT JOIN left_records l ON l.record_id = i.left_id LEFT JOIN right_records r ON r.record_id = i.right_id
    LEFT JOIN before b ON b.exception_id = i.exception_id AND b.was_there
    ORDER BY i.exception_id
"""

_HISTORY_SQL = """
    INSERT INTO history
    SELECT exception_id, coalesce(b.first_seen_run, e.first_seen_run), coalesce(b.first_seen_at, e.first_seen_at),
           CASE WHEN e.exception_id IS NULL THEN b.last_seen_run ELSE $run END
    FROM exceptions e FULL JOIN before b USING (exception_id) ORDER BY exception_id
"""


def _before_sql(execution: Execution) -> str:
    """What the previous run remembered, and whether it saw the thing itself."""
    columns = "exception_id, first_seen_run, first_seen_at, last_seen_run"
    if not execution.has_previous:
        return f"SELECT {columns}, false AS was_there FROM history LIMIT 0"
    return f"""SELECT {columns}, exception_id IN (SELECT exception_id FROM previous_run.exceptions) AS was_there
        FROM previous_run.history"""
