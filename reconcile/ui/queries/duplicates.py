"""What the Duplicates page shows: a cluster's members, what holds them together, and what a merge would leave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from reconcile.matching.survivorship import (
    FieldRule,
    Member,
    MergePreview,
    SurvivorshipRules,
    preview_merge,
)
from reconcile.model import Side
from reconcile.reviewing import OpenRun
from reconcile.reviewing.merging import Merging, merge_members
from reconcile.runs.duplicates import REASONS
from reconcile.ui.queries.files import columns, rows
from reconcile.ui.queries.matching import find_record_names
from reconcile.ui.text.labels import ROLES as ROLE_NAMES

KEPT = 256
MOST_APART = 100
MASTER_REASONS: Mapping[str, str] = {
    "live billing": "it serves a live billing customer",
    "most complete": "it holds the most values",
    "oldest": "it is the oldest",
    "newest": "it is the newest",
    "most children": "most records hang on it",
    "owner active": "its owner is active",
    "smallest record id": "nothing else tells them apart, and its id comes first",
    "chosen by hand": "chosen by you",
}
FIELD_RULES: Mapping[FieldRule, str] = {
    "master": "the surviving record, else another one that has it",
    "most_recent": "the record changed last",
    "most_complete": "the fullest record",
    "most_frequent": "most of the records",
    "longest": "whichever is longest",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person chose for a preview; None and empty leave it to the rules."""

    members: tuple[str, ...]
    master_id: str | None = None
    field_rule: FieldRule = "master"
    overrides: tuple[tuple[str, str], ...] = ()
    allow_two_live: bool = False


@dataclass(frozen=True, slots=True)
class Cut:
    """An accepted pair that does not hold its two records together, and why (part of a sentence)."""

    first_id: str
    second_id: str
    first_name: str
    second_name: str
    weight: float
    probability: float
    reason: str


@st.cache_data(max_entries=KEPT, show_spinner=False)
def members_of(_opened: OpenRun, path: str, side: Side, record_ids: tuple[str, ...]) -> Merging:  # noqa: ARG001  the path is the cache's key
    """The records of a cluster as survivorship sees them."""
    return merge_members(_opened, side, record_ids)


def preview(members: Sequence[Member], choice: Choice) -> MergePreview:
    """What a merge of the chosen members would leave."""
    rules = SurvivorshipRules(default_field=choice.field_rule, allow_two_live=choice.allow_two_live)
    dropped = frozenset(member.record_id for member in members) - set(choice.members)
    return preview_merge(members, rules, master_id=choice.master_id, dropped=dropped, overrides=dict(choice.overrides))


def field_name(name: str, labels: Mapping[str, str]) -> str:
    """What a field is called: a role by its word, any other as its source calls it."""
    return {str(role): shown for role, shown in ROLE_NAMES.items()}.get(name) or labels.get(name, name)


@st.cache_data(max_entries=KEPT, show_spinner=False)
def cut_pairs(path: str, side: Side, record_ids: tuple[str, ...]) -> tuple[Cut, ...]:
    """The accepted pairs of these records that hold nothing together, strongest first."""
    if not columns(path, f"{side}_apart"):
        return ()
    found = rows(
        path,
        f"""SELECT id_a, id_b, weight, probability, reason FROM {side}_apart
        WHERE id_a IN (SELECT unnest(?::VARCHAR[])) OR id_b IN (SELECT unnest(?::VARCHAR[]))
        ORDER BY weight DESC, id_a, id_b LIMIT 20""",
        [list(record_ids), list(record_ids)],
    )
    names = find_record_names(path, side, [row[key] for row in found for key in ("id_a", "id_b")])
    return tuple(
        Cut(
            row["id_a"], row["id_b"], names[row["id_a"]], names[row["id_b"]], row["weight"], row["probability"],
            REASONS.get(row["reason"], row["reason"]),
        )
        for row in found
    )  # fmt: skip


@st.cache_data(max_entries=KEPT, show_spinner=False)
def held_apart(path: str, limit: int = MOST_APART) -> tuple[int, pd.DataFrame]:
    """Accepted pairs that hold no cluster together: how many, and the strongest: side, pair, bits, why."""
    tables = [side for side in ("left", "right") if columns(path, f"{side}_apart")]
    if not tables:
        return 0, pd.DataFrame()
    union = " UNION ALL ".join(
        f"""SELECT '{side}' AS side, coalesce(a.name, id_a) AS first, coalesce(b.name, id_b) AS second, weight, reason
        FROM {side}_apart LEFT JOIN {side}_records a ON a.record_id = id_a
        LEFT JOIN {side}_records b ON b.record_id = id_b"""
        for side in tables
    )
    total = int(rows(path, f"SELECT count(*) AS n FROM ({union})")[0]["n"])
    found = rows(
        path, f"SELECT * FROM ({union}) ORDER BY reason <> 'weak bridge', weight DESC, first, second LIMIT {limit}"
    )
    return total, pd.DataFrame(
        [
            {
                "side": row["side"],
                "pair": f"{row['first']} and {row['second']}",
                "bits": f"{row['weight']:+.1f}",
                "why": REASONS.get(row["reason"], row["reason"]),
            }
            for row in found
        ]
    )
