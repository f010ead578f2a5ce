"""Why two records were held to be the same customer, or not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from reconcile.model import ROLES, Side
from reconcile.ui.charts import Step
from reconcile.ui.queries.files import rows
from reconcile.ui.queries.matching import role_name
from reconcile.ui.text.labels import ROLES as ROLE_NAMES

KEPT = 512
# The address is weighed as one; these are the roles it is made of.
PLACE = ("street", "city", "region", "postcode", "country")


@dataclass(frozen=True, slots=True)
class Evidence:
    """How the evidence of a scored pair adds up. `steps` begin with the prior and sum to `weight` (bits)."""

    probability: float
    weight: float
    band: str
    margin: float | None
    is_chosen: bool
    steps: tuple[Step, ...]


@st.cache_data(max_entries=KEPT, show_spinner=False)
def pair_evidence(path: str, left_id: str, right_id: str) -> Evidence | None:
    """The evidence for a pair of the two sides; None when it is no candidate of the run."""
    found = rows(path, "SELECT * FROM candidates WHERE left_id = ? AND right_id = ?", [left_id, right_id])
    return _evidence(found[0], _levels(path, "levels")) if found else None


def duplicate_evidence(path: str, side: Side, first_id: str, second_id: str) -> Evidence | None:
    """The evidence for two records of one side; None when they were not held worth comparing."""
    sql = f"SELECT *, NULL AS margin, false AS is_chosen FROM {side}_pairs WHERE (id_a, id_b) IN ((?, ?), (?, ?))"
    found = rows(path, sql, [first_id, second_id, second_id, first_id])
    return _evidence(found[0], _levels(path, f"{side}_levels")) if found else None


@dataclass(frozen=True, slots=True)
class Rival:
    """A record of the other side that fits better; `side` is its own."""

    side: Side
    record_id: str
    name: str
    probability: float


def best_candidates(path: str, left_id: str, right_id: str) -> list[Rival]:
    """The best candidate of each of the two records, where it has one: of the left one, then of the right one."""
    sql = """
        (SELECT 'right' AS side, right_id AS record_id, coalesce(r.name, right_id) AS name, probability
         FROM candidates LEFT JOIN right_records r ON r.record_id = right_id
         WHERE left_id = ? ORDER BY weight DESC, right_id LIMIT 1)
        UNION ALL
        (SELECT 'left', left_id, coalesce(l.name, left_id), probability
         FROM candidates LEFT JOIN left_records l ON l.record_id = left_id
         WHERE right_id = ? ORDER BY weight DESC, left_id LIMIT 1)
    """
    return [Rival(**row) for row in rows(path, sql, [left_id, right_id])]


def record_values(path: str, side: Side, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The canonical columns of records, by id; ids that the run does not hold are left out."""
    sql = f"SELECT * FROM {side}_records WHERE record_id IN (SELECT unnest(?::VARCHAR[]))"
    return {row["record_id"]: row for row in rows(path, sql, [list(ids)])}


def filled_roles(records: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """(column, as shown) of the roles that one of the records fills, in the usual order."""
    return [(role, ROLE_NAMES[role]) for role in ROLES if any(record.get(role) for record in records)]


def _levels(path: str, table: str) -> dict[tuple[str, int], tuple[str, float]]:
    found = rows(path, f"SELECT role, level, label, weight FROM {table}")
    return {(row["role"], row["level"]): (row["label"], row["weight"]) for row in found}


def _evidence(row: Mapping[str, Any], levels: Mapping[tuple[str, int], tuple[str, float]]) -> Evidence:
    told = [name.removeprefix("weight_") for name in row if name.startswith("weight_")]
    steps = [
        Step(role_name(role), row[f"weight_{role}"], levels.get((role, row[f"level_{role}"]), ("", 0.0))[0])
        for role in told
        if row[f"level_{role}"]
    ]
    steps.sort(key=lambda step: -abs(step.bits))
    prior = row["weight"] - sum(step.bits for step in steps)
    return Evidence(
        probability=row["probability"],
        weight=row["weight"],
        band=row["band"],
        margin=row.get("margin"),
        is_chosen=bool(row.get("is_chosen")),
        steps=(Step(role_name("prior"), prior, "before any evidence"), *steps),
    )
