"""Why two records were held to be one customer, or why not: for any two that somebody asks about."""

from __future__ import annotations

from typing import Any

import streamlit as st

from reconcile.model import Run, Side
from reconcile.ui import charts
from reconcile.ui.components.record_grid import Cell, Column, Kind, Row, show_records
from reconcile.ui.frame import Frame
from reconcile.ui.queries.evidence import Evidence, best_candidates, filled_roles, pair_evidence, record_values
from reconcile.ui.queries.matching import find_records
from reconcile.ui.text import chance, plain

LEFT, RIGHT = "left_record", "right_record"


def show_explanation(frame: Frame, run: Run) -> None:
    """Choose a record on each side, then show values, evidence and verdict of the matcher."""
    left_side, right_side = st.columns(2)
    with left_side:
        left_id = _choose_record(run, "left", LEFT, frame.side_name("left"))
    with right_side:
        right_id = _choose_record(run, "right", RIGHT, frame.side_name("right"))
    if not left_id or not right_id:
        st.caption("Choose a record on each side: by name, e-mail, domain or id.")
        return
    _show_pair(frame, run, left_id, right_id)


def show_evidence(evidence: Evidence) -> None:
    """The verdict in a sentence, and the waterfall."""
    band = {"accept": "accepted", "review": "shown for review", "ignore": "held to be different customers"}
    margin = f", {evidence.margin:+.1f} bits against its best rival" if evidence.margin is not None else ""
    chosen = " It is the pair that the assignment chose." if evidence.is_chosen else ""
    st.markdown(
        f"**{chance(evidence.probability)}** probable, {evidence.weight:+.1f} bits{margin}: "
        f"{band[evidence.band]}.{chosen}"
    )
    st.vega_lite_chart(*charts.waterfall(evidence.steps), alt="How the evidence adds up, in bits")


def _choose_record(run: Run, side: str, key: str, title: str) -> str | None:
    text = st.text_input(
        plain(title), placeholder="Name, e-mail, domain or record id", key=key, bind="query-params", type="search"
    )
    found = find_records(run.path, side, text or "")
    if text and not found:
        st.caption("Nothing found in this run.")
        return None
    names = dict(found)
    if not names:
        return None
    if len(names) == 1:
        return next(iter(names))
    return st.selectbox(
        "Which one", list(names), format_func=lambda key: names[key], key=f"{key}_choice", label_visibility="collapsed"
    )


def _show_pair(frame: Frame, run: Run, left_id: str, right_id: str) -> None:
    left = record_values(run.path, "left", [left_id]).get(left_id, {})
    right = record_values(run.path, "right", [right_id]).get(right_id, {})
    rows = [
        Row(name, (Cell(left.get(role)), Cell(right.get(role), left.get(role))), _kind(left.get(role), right.get(role)))
        for role, name in filled_roles([left, right])
    ]
    columns = [Column(left.get("name") or left_id, left_id), Column(right.get("name") or right_id, right_id)]
    values_side, evidence_side = st.columns([3, 2])
    with values_side:
        show_records(columns, rows, key=f"explain_{run.id}_{left_id}_{right_id}", alt="The two records side by side")
    with evidence_side:
        evidence = pair_evidence(run.path, left_id, right_id)
        if evidence is not None:
            show_evidence(evidence)
        else:
            _show_why_not(frame, run, left_id, right_id)


def _kind(left: str | None, right: str | None) -> Kind:
    return "same" if (left or "") == (right or "") else "differs"


def _show_why_not(frame: Frame, run: Run, left_id: str, right_id: str) -> None:
    """What is known of a pair that the match did not keep: why it could not, or what fitted better."""
    st.markdown("**Not a candidate in this run.**")
    excluded = [name for name, record in _sides_of(frame, run, left_id, right_id) if record.get("is_test")]
    if excluded:
        st.caption(f"The record of {' and of '.join(excluded)} is a test record: those take no part in the match.")
        return
    st.caption(
        "Either no blocking key brought the two together, or together they scored below 1 %. What fitted better:"
    )
    best = best_candidates(run.path, left_id, right_id)
    if not best:
        st.caption("Nothing: neither of them has any candidate.")
    for each in best:
        side: Side = "left" if each.side == "left" else "right"
        shown = f"{plain(each.name)} ({plain(each.record_id)})"
        st.markdown(f"{frame.side_name(side)}: {shown}, **{chance(each.probability)}** probable")


def _sides_of(frame: Frame, run: Run, left_id: str, right_id: str) -> list[tuple[str, dict[str, Any]]]:
    return [
        (frame.side_name("left"), record_values(run.path, "left", [left_id]).get(left_id, {})),
        (frame.side_name("right"), record_values(run.path, "right", [right_id]).get(right_id, {})),
    ]
