"""Pass `duplicates`: records of one side that are the same customer."""

from __future__ import annotations

from collections.abc import Mapping

from reconcile.comparing.equality import form_sql
from reconcile.matching import dedupe
from reconcile.matching.cluster import keep_cluster_ids
from reconcile.matching.rules import DedupeResult, MatchRules
from reconcile.model import Role, Side
from reconcile.runs.components import components
from reconcile.runs.evidence import LEVEL_COLUMNS, is_empty, scored_with
from reconcile.runs.passes import SIDES, Execution, other_side

MOST_ANCESTORS = 10
"""Levels of parents looked at; deeper hierarchies are not known of."""


REASONS: Mapping[str, str] = {
    "family": "one is the parent, or a further ancestor, of the other",
    "siblings": "both are children of one parent, on purpose",
    "person and business": "one is a person account and the other a business",
    "elsewhere": "they share a name, but two or more of address, postcode, phone and e-mail differ and none agrees",
    "kept apart": "both are linked both ways to two different partners, and they show differences",
    "weak bridge": "it alone joined two groups that nothing else holds together, or a group too large to be true",
}
"""Why an accepted pair does not hold its records together."""
_APART_COLUMNS = "id_a VARCHAR, id_b VARCHAR, probability DOUBLE, weight DOUBLE, reason VARCHAR"
_PLACE_ROLES: tuple[Role, ...] = ("street", "city", "postcode", "phone")


def write_duplicates(execution: Execution) -> None:
    """Write `<side>_pairs`, `<side>_clusters`, `<side>_levels` and `<side>_apart` for both sides.

    A record and its parent (or grandparent ...) are not duplicates, nor are children of one parent, nor a person
    account and a business account, nor namesakes elsewhere, nor what both systems keep apart: such pairs are taken out,
    and what they alone held together falls apart. `<side>_apart` tells of each pair that the match accepted and that
    does not hold its records together, and why (see `REASONS`). A cluster keeps the id that it had in the run before,
    as far as its members are the same; a new one is named by its smallest id.
    """
    for side in SIDES:
        if is_empty(execution, side):
            _write_none(execution, side)
            continue
        scored_with(execution, side, lambda rules, side=side: _dedupe(execution, side, rules))  # type: ignore[misc]
        execution.con.execute(
            f"CREATE TEMP TABLE {side}_found AS SELECT id_a, id_b, probability, weight FROM {side}_pairs"
        )
        execution.con.execute(f"CREATE TEMP TABLE {side}_reasons (id_a VARCHAR, id_b VARCHAR, reason VARCHAR)")
        _remove_related(execution, side)
        _write_forms(execution, side)
        _remove_elsewhere(execution, side)
        _remove_kept_apart(execution, side)
        _recluster(execution, side)
        _write_apart(execution, side)


def _dedupe(execution: Execution, side: Side, rules: MatchRules) -> DedupeResult:
    """Match a side with itself; families are taken out here, with the reason told."""
    execution.con.execute(
        f"CREATE OR REPLACE TEMP VIEW {side}_each AS SELECT * EXCLUDE (parent_id) FROM {side}_matchable"
    )
    return dedupe(execution.con, f"{side}_each", rules, prefix=f"{side}_", progress=execution.progress)


def _write_none(execution: Execution, side: Side) -> None:
    execution.con.execute(f"""CREATE TABLE {side}_pairs (id_a VARCHAR, id_b VARCHAR, probability DOUBLE, weight DOUBLE,
        band VARCHAR)""")
    execution.con.execute(f"CREATE TABLE {side}_clusters (record_id VARCHAR, cluster_id VARCHAR, size INTEGER)")
    execution.con.execute(f"CREATE TABLE {side}_levels ({LEVEL_COLUMNS})")
    execution.con.execute(f"CREATE TABLE {side}_apart ({_APART_COLUMNS})")


def _pairs_where(side: Side, condition: str) -> str:
    """The pairs of the side of whose two records, `a` and `b`, the condition holds."""
    return f"""
        SELECT p.id_a, p.id_b FROM {side}_pairs p
        JOIN {side}_records a ON a.record_id = p.id_a JOIN {side}_records b ON b.record_id = p.id_b
        WHERE {condition}
    """


def _remove(execution: Execution, side: Side, reason: str, pairs_sql: str) -> None:
    """Take out the pairs (id_a, id_b) that a query over `<side>_pairs` finds, and remember why."""
    con = execution.con
    con.execute(f"CREATE OR REPLACE TEMP TABLE going AS SELECT DISTINCT id_a, id_b FROM ({pairs_sql})")
    con.execute(f"INSERT INTO {side}_reasons SELECT id_a, id_b, ? FROM going", [reason])
    con.execute(
        f"DELETE FROM {side}_pairs USING going g WHERE g.id_a = {side}_pairs.id_a AND g.id_b = {side}_pairs.id_b"
    )


def _remove_related(execution: Execution, side: Side) -> None:
    _remove(
        execution,
        side,
        "family",
        f"""
        WITH RECURSIVE ancestors(record_id, ancestor, depth) AS (
            SELECT record_id, parent_id, 1 FROM {side}_records WHERE parent_id IS NOT NULL
            UNION ALL
            SELECT a.record_id, r.parent_id, depth + 1 FROM ancestors a
            JOIN {side}_records r ON r.record_id = a.ancestor
            WHERE r.parent_id IS NOT NULL AND depth < {MOST_ANCESTORS})
        SELECT p.id_a, p.id_b FROM {side}_pairs p JOIN ancestors a ON a.record_id = p.id_a AND a.ancestor = p.id_b
        UNION ALL
        SELECT p.id_a, p.id_b FROM {side}_pairs p JOIN ancestors a ON a.record_id = p.id_b AND a.ancestor = p.id_a
        """,
    )
    _remove(
        execution,
        side,
        "siblings",
        _pairs_where(side, "a.parent_id = b.parent_id"),
    )
    _remove(
        execution,
        side,
        "person and business",
        _pairs_where(side, "coalesce(a.is_person_account, false) <> coalesce(b.is_person_account, false)"),
    )


def _write_forms(execution: Execution, side: Side) -> None:
    """Write `<side>_forms`: what every record that is in a pair shows, in comparable form; null for nothing."""
    forms = ", ".join(f"nullif({form_sql(role, role)}, '') AS {role}" for role in ("name", *_PLACE_ROLES, "email"))
    execution.con.execute(f"""
        CREATE TEMP TABLE {side}_forms AS SELECT record_id, {forms} FROM {side}_records
        WHERE record_id IN (SELECT id_a FROM {side}_pairs UNION SELECT id_b FROM {side}_pairs)
    """)


def _remove_elsewhere(execution: Execution, side: Side) -> None:
    """Two records of one name at two places, with nothing in common that tells a place, are two customers.

    Locations of a chain share name and domain; strangers share a name. At least two roles must disagree, none agree.
    """
    roles = (*_PLACE_ROLES, "email")
    differing = " + ".join(f"coalesce(a.{role} <> b.{role}, false)::INTEGER" for role in roles)
    agreeing = " OR ".join(f"coalesce(a.{role} = b.{role}, false)" for role in roles)
    _remove(
        execution,
        side,
        "elsewhere",
        f"""
        SELECT p.id_a, p.id_b FROM {side}_pairs p
        JOIN {side}_forms a ON a.record_id = p.id_a JOIN {side}_forms b ON b.record_id = p.id_b
        WHERE NOT ({agreeing}) AND {differing} >= 2
        """,
    )


def _remove_kept_apart(execution: Execution, side: Side) -> None:
    """Two records with two-way links to two partners are two customers for both systems.

    That is how the locations of a chain, and sister companies at one address, look. They count as duplicates only when
    they show no difference at all: the same name, and no address, postcode or phone that disagrees.
    """
    alike = " AND ".join(["a.name = b.name", *(f"coalesce(a.{role} = b.{role}, true)" for role in _PLACE_ROLES)])
    _remove(
        execution,
        side,
        "kept apart",
        f"""
        SELECT p.id_a, p.id_b FROM {side}_pairs p
        JOIN links k ON k.{side}_id = p.id_a AND k.status = 'confirmed'
        JOIN links n ON n.{side}_id = p.id_b AND n.status = 'confirmed'
        JOIN {side}_forms a ON a.record_id = p.id_a JOIN {side}_forms b ON b.record_id = p.id_b
        WHERE k.{other_side(side)}_id <> n.{other_side(side)}_id AND NOT coalesce({alike}, false)
        """,
    )


def _recluster(execution: Execution, side: Side) -> None:
    """Only pairs inside one of the matcher's clusters count: it has cut the weak edges of large ones already."""
    con = execution.con
    pairs = con.execute(
        f"""
        SELECT p.id_a, p.id_b FROM {side}_pairs p
        JOIN {side}_clusters a ON a.record_id = p.id_a JOIN {side}_clusters b ON b.record_id = p.id_b
        WHERE a.cluster_id = b.cluster_id AND p.probability >= ? ORDER BY p.id_a, p.id_b
        """,
        [execution.reconciliation.accept],
    ).fetchall()
    groups = components(pairs)
    con.execute(f"CREATE OR REPLACE TABLE {side}_clusters (record_id VARCHAR, cluster_id VARCHAR, size INTEGER)")
    named = _named(execution, side, {record_id: group[0] for group in groups for record_id in group})
    rows = [(record_id, named[record_id], len(group)) for group in groups for record_id in group]
    if rows:
        ids, clusters, sizes = (list(column) for column in zip(*rows, strict=True))
        con.execute(
            f"INSERT INTO {side}_clusters SELECT unnest(?::VARCHAR[]), unnest(?::VARCHAR[]), unnest(?::INTEGER[])",
            [ids, clusters, sizes],
        )


def _named(execution: Execution, side: Side, clusters: dict[str, str]) -> dict[str, str]:
    """The clusters with the ids that they had in the run before, as far as they are the same."""
    if not execution.has_previous:
        return clusters
    before = dict(execution.con.execute(f"SELECT record_id, cluster_id FROM previous_run.{side}_clusters").fetchall())
    return keep_cluster_ids(before, clusters)


def _write_apart(execution: Execution, side: Side) -> None:
    """Write `<side>_apart`: accepted pairs whose records are in different clusters, or in none, with the reason."""
    execution.con.execute(
        f"""
        CREATE TABLE {side}_apart AS
        SELECT f.id_a, f.id_b, f.probability, f.weight, coalesce(min(r.reason), 'weak bridge') AS reason
        FROM {side}_found f LEFT JOIN {side}_reasons r USING (id_a, id_b)
        LEFT JOIN {side}_clusters a ON a.record_id = f.id_a LEFT JOIN {side}_clusters b ON b.record_id = f.id_b
        WHERE f.probability >= ? AND a.cluster_id IS DISTINCT FROM b.cluster_id OR (
            f.probability >= ? AND a.cluster_id IS NULL AND b.cluster_id IS NULL)
        GROUP BY ALL ORDER BY f.weight DESC, f.id_a, f.id_b
        """,
        [execution.reconciliation.accept] * 2,
    )
    for table in ("found", "reasons"):
        execution.con.execute(f"DROP TABLE {side}_{table}")
