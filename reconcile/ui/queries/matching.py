"""What the Matching page shows: the mapping of columns, what was learned, what thresholds would do, and why."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from reconcile.model import ROLES, Reconciliation, Role, Snapshot
from reconcile.state import snapshots
from reconcile.ui.queries.files import columns, frame, rows, value
from reconcile.ui.text.labels import ROLES as ROLE_NAMES
from reconcile.workbench import Workbench

KEPT = 16
_STEPS = 50
_COMPARISONS: Mapping[str, str] = {
    **{str(role): name for role, name in ROLE_NAMES.items()},
    "place": "Address",
    "prior": "Before any evidence",
    "competition": "Rival candidates",
}


@dataclass(frozen=True, slots=True)
class Bands:
    """How the candidates of a run fall, and which records have none worth showing."""

    accept: int
    review: int
    ignore: int
    chosen: int
    expected: float
    unlinkable: Mapping[str, int]
    population: Mapping[str, int]


def role_name(role: str) -> str:
    """What a comparison is called: a role, or the address as one."""
    return _COMPARISONS.get(role, role)


def mapping_rows(definition: Reconciliation) -> pd.DataFrame:
    """One row a role, all of them: role (as shown), left and right (lists of columns); the index is the role itself."""
    return pd.DataFrame(
        {
            "role": [ROLE_NAMES[role] for role in ROLES],
            "left": [list(definition.left.roles.get(role, ())) for role in ROLES],
            "right": [list(definition.right.roles.get(role, ())) for role in ROLES],
        },
        index=pd.Index(ROLES, name="id"),
    )


def mapped_roles(table: pd.DataFrame, side: str) -> dict[Role, tuple[str, ...]]:
    """The roles of one side as an edited table of `mapping_rows` has them; roles without a column are left out."""
    chosen = zip(ROLES, table.loc[list(ROLES), side].tolist(), strict=True)
    return {role: tuple(str(name) for name in names) for role, names in chosen if names}


def newest_snapshots(workbench: Workbench, definition: Reconciliation) -> tuple[Snapshot | None, Snapshot | None]:
    """The newest snapshot of each side."""
    with workbench.database.read() as tx:
        return (
            snapshots.latest(tx, definition.left.connection_id),
            snapshots.latest(tx, definition.right.connection_id),
        )


def object_columns(snapshot: Snapshot | None, object_name: str) -> list[str]:
    """The columns of one object of a snapshot; empty where there is none."""
    return columns(snapshot.path, object_name) if snapshot else []


@st.cache_data(max_entries=KEPT, show_spinner=False)
def learned_levels(path: str) -> pd.DataFrame:
    """What the matcher learned: role (as shown), level, label, weight, m, u; without the prior and missing values."""
    found = frame(path, "SELECT role, level, label, weight, m, u FROM levels WHERE role <> 'prior' AND level > 0")
    return found.assign(role=found["role"].map(role_name))


@st.cache_data(max_entries=KEPT, show_spinner=False)
def threshold_points(path: str) -> pd.DataFrame:
    """For each of fifty-one thresholds: candidates at or above it, and the precision and recall expected of them.

    Both follow from the calibrated probabilities; the recall is among the candidates, pairs that no key brought are not
    in it.
    """
    sql = f"""
        WITH steps AS (SELECT range / {_STEPS}.0 AS threshold FROM range({_STEPS + 1})),
        binned AS (SELECT floor(probability * {_STEPS}) / {_STEPS}.0 AS bin, count(*) AS n, sum(probability) AS p
                   FROM candidates GROUP BY 1)
        SELECT threshold, coalesce(sum(n), 0)::BIGINT AS candidates, sum(p) / nullif(sum(n), 0) AS precision,
               coalesce(sum(p), 0) / (SELECT nullif(sum(p), 0) FROM binned) AS recall
        FROM steps LEFT JOIN binned ON bin >= threshold - 1e-9 GROUP BY 1 ORDER BY 1
    """
    return frame(path, sql)


@st.cache_data(max_entries=KEPT, show_spinner=False)
def pairs_at(path: str, thresholds: tuple[float, ...]) -> dict[float, int]:
    """Candidates at or above each threshold."""
    sql = """SELECT t.at, count(c.probability) AS n FROM (SELECT unnest(?::DOUBLE[]) AS at) t
        LEFT JOIN candidates c ON c.probability >= t.at GROUP BY 1"""
    return {row["at"]: row["n"] for row in rows(path, sql, [list(thresholds)])}


@st.cache_data(max_entries=KEPT, show_spinner=False)
def weight_bins(path: str) -> pd.DataFrame:
    """Candidates by weight: bits (lower end of a step of one bit), band, pairs."""
    sql = "SELECT floor(weight)::INTEGER AS bits, band, count(*) AS pairs FROM candidates GROUP BY ALL ORDER BY ALL"
    return frame(path, sql)


@st.cache_data(max_entries=KEPT, show_spinner=False)
def blocking_recall(path: str) -> float | None:
    """Share of the true pairs that the blocking keys are estimated to bring; None where there is no estimate."""
    found = value(path, "SELECT (json->>'$.match.estimated_recall')::DOUBLE FROM run")
    return None if found is None else float(found)


@st.cache_data(max_entries=KEPT, show_spinner=False)
def read_bands(path: str) -> Bands:
    """The candidates of the run by band, and the records that no candidate worth showing reaches."""
    found = rows(
        path,
        """SELECT count(*) FILTER (band = 'accept') AS accept, count(*) FILTER (band = 'review') AS review,
                  count(*) FILTER (band = 'ignore') AS ignore, count(*) FILTER (is_chosen) AS chosen,
                  coalesce(sum(probability), 0) AS expected FROM candidates""",
    )[0]
    unlinkable = {
        side: value(
            path,
            f"""SELECT count(*) FROM {side}_records WHERE NOT coalesce(is_test, false) AND record_id NOT IN
                (SELECT {side}_id FROM candidates WHERE band <> 'ignore')""",
        )
        for side in ("left", "right")
    }
    population = {row["side"]: row["records"] for row in rows(path, "SELECT side, records FROM population")}
    return Bands(**found, unlinkable=unlinkable, population=population)


@st.cache_data(max_entries=KEPT, show_spinner=False)
def pairs_of_keys(path: str) -> pd.DataFrame:
    """Pairs that each blocking key brought: key, pairs, only, shared; empty where every pair was compared."""
    sql = "SELECT json->'$.match.pairs_per_key' AS brought, json->'$.match.unique_pairs_per_key' AS only FROM run"
    found = rows(path, sql)[0]
    brought, only = _counts(found["brought"]), _counts(found["only"])
    return pd.DataFrame(
        [
            {"key": key, "pairs": pairs, "only": only.get(key, 0), "shared": pairs - only.get(key, 0)}
            for key, pairs in brought.items()
        ],
        columns=["key", "pairs", "only", "shared"],
    )


def find_records(path: str, side: str, text: str, limit: int = 20) -> list[tuple[str, str]]:
    """(record id, name and place) of the records whose id is `text` or whose name, e-mail or domain contains it."""
    if not text.strip():
        return []
    sql = f"""
        SELECT record_id, concat_ws(' · ', name, nullif(concat_ws(' ', given_name, family_name), ''), city) AS shown
        FROM {side}_records
        WHERE record_id = $text OR contains(lower(concat_ws(' ', name, given_name, family_name, email, domain)),
                                            lower($text))
        ORDER BY record_id <> $text, length(coalesce(name, '')), record_id LIMIT {int(limit)}
    """
    return [
        (row["record_id"], f"{row['shown']} ({row['record_id']})")
        for row in rows(path, sql.replace("$text", "?"), [text.strip()] * 3)
    ]


def find_record_names(path: str, side: str, record_ids: list[str]) -> dict[str, str]:
    """What records are called, by id; one without a name is called by its id."""
    sql = f"SELECT record_id, name FROM {side}_records WHERE record_id IN (SELECT unnest(?::VARCHAR[]))"
    return {record_id: record_id for record_id in record_ids} | {
        row["record_id"]: row["name"] for row in rows(path, sql, [record_ids]) if row["name"]
    }


@st.cache_data(max_entries=KEPT, show_spinner=False)
def example_pair(path: str, part: str) -> tuple[str, str] | None:
    """The least certain pair of the run: of the two sides ("link"), or of one side; None where it has none."""
    first, second, table = (
        ("left_id", "right_id", "candidates") if part == "link" else ("id_a", "id_b", f"{part}_pairs")
    )
    found = rows(path, f"SELECT {first} AS a, {second} AS b FROM {table} ORDER BY abs(weight), a, b LIMIT 1")
    return (found[0]["a"], found[0]["b"]) if found else None


def _counts(document: object) -> dict[str, int]:
    found = json.loads(str(document)) if document else {}
    return {str(key): int(number) for key, number in found.items()}
