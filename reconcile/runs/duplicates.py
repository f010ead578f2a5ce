"""Pass `duplicates`: records of one side that are the same customer."""

from __future__ import annotations

from reconcile.comparing.equality import form_sql
from reconcile.matching import dedupe
from reconcile.model import Role, Side
from reconcile.runs.components import components
from reconcile.runs.evidence import LEVEL_COLUMNS, is_empty, rules_of
from reconcile.runs.passes import SIDES, Execution, other_side

MOST_ANCESTORS = 10
"""Levels of parents looked at; deeper hierarchies are not known of."""


_PLACE_ROLES: tuple[Role, ...] = ("street", "city", "postcode", "phone")


def write_duplicates(execution: Execution) -> None:
    """Write `<side>_pairs`, `<side>_clusters` and `<side>_levels` for both sides.

    A record and its parent (or grandparent ...) are not duplicates, nor are a person account and a business account,
    nor namesakes elsewhere, nor what both systems keep apart: such pairs are taken out, and what they alone held
    together falls apart. A cluster is named by its smallest id.
    """
    rules = rules_of(execution.reconciliation)
    for side in SIDES:
        if is_empty(execution, side):
            _write_none(execution, side)
            continue
        dedupe(execution.con, f"{side}_matchable", rules, prefix=f"{side}_", progress=execution.progress)
        _remove_related(execution, side)
        _write_forms(execution, side)
        _remove_elsewhere(execution, side)
        _remove_kept_apart(execution, side)
        _recluster(execution, side)


def _write_none(execution: Execution, side: Side) -> None:
    execution.con.execute(f"""CREATE TABLE {side}_pairs (id_a VARCHAR, id_b VARCHAR, probability DOUBLE, weight DOUBLE,
        band VARCHAR)""")
    execution.con.execute(f"CREATE TABLE {side}_clusters (record_id VARCHAR, cluster_id VARCHAR, size INTEGER)")
    execution.con.execute(f"CREATE TABLE {side}_levels ({LEVEL_COLUMNS})")


def _remove_related(execution: Execution, side: Side) -> None:
    execution.con.execute(f"""
        DELETE FROM {side}_pairs WHERE (id_a, id_b) IN (
            WITH RECURSIVE ancestors(record_id, ancestor, depth) AS (
                SELECT record_id, parent_id, 1 FROM {side}_records WHERE parent_id IS NOT NULL
                UNION ALL
                SELECT a.record_id, r.parent_id, depth + 1 FROM ancestors a
                JOIN {side}_records r ON r.record_id = a.ancestor
                WHERE r.parent_id IS NOT NULL AND depth < {MOST_ANCESTORS})
            SELECT (record_id, ancestor) FROM ancestors UNION ALL SELECT (ancestor, record_id) FROM ancestors
            UNION ALL
            SELECT (p.id_a, p.id_b) FROM {side}_pairs p
            JOIN {side}_records a ON a.record_id = p.id_a JOIN {side}_records b ON b.record_id = p.id_b
            WHERE coalesce(a.is_person_account, false) <> coalesce(b.is_person_account, false))
    """)


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
    execution.con.execute(f"""
        DELETE FROM {side}_pairs WHERE (id_a, id_b) IN (
            SELECT (p.id_a, p.id_b) FROM {side}_pairs p
            JOIN {side}_forms a ON a.record_id = p.id_a JOIN {side}_forms b ON b.record_id = p.id_b
            WHERE NOT ({agreeing}) AND {differing} >= 2)
    """)


def _remove_kept_apart(execution: Execution, side: Side) -> None:
    """Two records with two-way links to two partners are two customers for both systems.

    That is how the locations of a chain, and sister companies at one address, look. They count as duplicates only when
    they show no difference at all: the same name, and no address, postcode or phone that disagrees.
    """
    alike = " AND ".join(["a.name = b.name", *(f"coalesce(a.{role} = b.{role}, true)" for role in _PLACE_ROLES)])
    execution.con.execute(f"""
        DELETE FROM {side}_pairs WHERE (id_a, id_b) IN (
            SELECT (p.id_a, p.id_b) FROM {side}_pairs p
            JOIN links k ON k.{side}_id = p.id_a AND k.status = 'confirmed'
            JOIN links n ON n.{side}_id = p.id_b AND n.status = 'confirmed'
            JOIN {side}_forms a ON a.record_id = p.id_a JOIN {side}_forms b ON b.record_id = p.id_b
            WHERE k.{other_side(side)}_id <> n.{other_side(side)}_id AND NOT coalesce({alike}, false))
    """)


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
    rows = [(record_id, group[0], len(group)) for group in groups for record_id in group]
    if rows:
        ids, clusters, sizes = (list(column) for column in zip(*rows, strict=True))
        con.execute(
            f"INSERT INTO {side}_clusters SELECT unnest(?::VARCHAR[]), unnest(?::VARCHAR[]), unnest(?::INTEGER[])",
            [ids, clusters, sizes],
        )
