"""What the Matching page says of any two records of a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from reconcile.matching import EvidenceRow, Explanation, KeyVerdict
from reconcile.model import Side
from reconcile.runs.why import Part, RunExplainer, Why
from reconcile.ui.charts import Step
from reconcile.ui.queries.evidence import record_values
from reconcile.ui.queries.matching import role_name
from reconcile.ui.text import chance, plain

KEPT = 256
MOST_OPEN = 3
_SIGNED = "{:+.1f}"


@dataclass(frozen=True, slots=True)
class Asked:
    """Two records and what the run holds of them; `names` are by record id, those of rivals too."""

    part: Part
    ids: tuple[str, str]
    why: Why
    names: dict[str, str]

    @property
    def sides(self) -> tuple[Side, Side]:
        """The side of each of the two."""
        return ("left", "right") if self.part == "link" else (self.part, self.part)


@st.cache_data(max_entries=KEPT, show_spinner="Looking at the two records …")
def ask(path: str, part: Part, first_id: str, second_id: str) -> Asked:
    """What the run holds of two records: of one side each ("link"), or both of one side.

    Raises:
        InputError: the run kept no model.
        UnknownNameError: the run has no such record.
    """
    why = _explainer(path, part).why(first_id, second_id)
    rivals = why.explanation.rivals if why.explanation else ()
    sides: tuple[Side, Side] = ("left", "right") if part == "link" else (part, part)
    wanted = (
        [first_id, *(rival.left_id for rival in rivals)],
        [second_id, *(rival.right_id for rival in rivals)],
    )
    names: dict[str, str] = {}
    for side, ids in zip(sides, wanted, strict=True):
        found = record_values(path, side, ids)
        names |= {record_id: str(found.get(record_id, {}).get("name") or record_id) for record_id in ids}
    return Asked(part, (first_id, second_id), why, names)


def verdict(asked: Asked, accept: float, review: float) -> str:
    """In a sentence or two why the two are, or are not, held to be one customer (Markdown)."""
    found = asked.why.explanation
    if found is None:
        return "Test records take no part in the match."
    shown = f"**{chance(found.probability)}**"
    if asked.why.apart:
        return f"Together {shown} probable, and yet kept apart: {asked.why.apart}."
    if asked.part != "link" and asked.why.is_one_cluster and found.stopped_by:
        return f"By themselves {shown} probable; other records of their cluster hold them together."
    return _SENTENCES[found.stopped_by].format(
        chance=shown,
        accept=f"{accept:.0%}",
        review=f"{review:.0%}",
        keys=len(found.keys),
        shared=", ".join(key.name for key in found.keys if key.outcome == "too common"),
        reason=_reason(found),
        winner=_winner(asked, found),
    )


_SENTENCES = {
    "": "**Accepted**: {chance} probable, and {accept} is asked.",
    "keys": "**Never compared**: none of the {keys} blocking keys is the same for both, so nothing brought them "
    "together. Had they been compared, they would be {chance} probable.",
    "too common": "**Never compared**: they share {shared}, but so many records do that it takes a second agreement. "
    "Had they been compared, they would be {chance} probable.",
    "review threshold": "**Held to be different**: {chance} probable, below the {review} from which a person is asked. "
    "{reason}",
    "accept threshold": "**Shown to a person**: {chance} probable; {accept} is asked to accept it. {reason}",
    "rival": "**Another pair won**: these two are {chance} probable, but {winner}.",
}


def _reason(found: Explanation) -> str:
    against = min(found.evidence[1:], key=lambda row: row.weight, default=None)
    if against is None or against.weight > -0.1:
        return "Nothing speaks against it; too little speaks for it."
    if against.role == "competition":
        return f"What speaks most against it: {against.label} ({against.weight:+.1f} bits)."
    return (
        f"What speaks most against it: {role_name(against.role).lower()} {against.label} ({against.weight:+.1f} bits)."
    )


def _winner(asked: Asked, found: Explanation) -> str:
    winner = next((rival for rival in found.rivals if rival.is_chosen), None)
    if winner is None:
        return "a record has one partner only"
    names = [plain(asked.names.get(key, key)) for key in (winner.left_id, winner.right_id)]
    return f"{names[0]} with {names[1]} is {chance(winner.probability)} probable, and a record has one partner only"


def steps(found: Explanation) -> tuple[Step, ...]:
    """The waterfall: what was before any evidence, then every role that both records fill, in the order of telling."""
    return tuple(
        Step(role_name(row.role), row.weight, row.label)
        for row in found.evidence
        if row.role == "prior" or (row.level and abs(row.weight) >= 0.05)
    )


def evidence_rows(rows: Sequence[EvidenceRow]) -> pd.DataFrame:
    """One row a comparison: what (as shown), left, right (as stored), agreement, bits, total (running)."""
    return pd.DataFrame(
        [
            {
                "what": role_name(row.role),
                "left": row.left_value,
                "right": row.right_value,
                "agreement": row.label,
                "bits": _SIGNED.format(row.weight) if row.level or row.role == "prior" else None,
                "total": _SIGNED.format(row.total),
            }
            for row in rows
        ]
    )


_OUTCOMES = {
    "same": "the same: brings them together",
    "too common": "the same, but too common",
    "different": "different",
    "missing left": "empty on the left",
    "missing right": "empty on the right",
}


def key_rows(keys: Sequence[KeyVerdict]) -> pd.DataFrame:
    """One row a blocking key: key, left, right (its values), outcome; those that agree first."""
    order = {"same": 0, "too common": 1, "different": 2}
    ranked = sorted(keys, key=lambda key: order.get(key.outcome, 3))
    return pd.DataFrame(
        [
            {"key": key.name, "left": key.left_value, "right": key.right_value, "outcome": _OUTCOMES[key.outcome]}
            for key in ranked
        ]
    )


@st.cache_resource(
    max_entries=MOST_OPEN, show_spinner="Getting the run ready …", on_release=lambda explainer: explainer.close()
)
def _explainer(path: str, part: Part) -> RunExplainer:
    return RunExplainer(path, part)
