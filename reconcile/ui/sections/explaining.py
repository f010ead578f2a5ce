"""Why two records were held to be one customer, or why not: for any two that somebody asks about."""

from __future__ import annotations

from typing import Any

import streamlit as st

from reconcile.model import Reconciliation, Run, Side
from reconcile.runs.why import Part
from reconcile.ui import charts
from reconcile.ui.components.tables import show_table
from reconcile.ui.frame import Frame
from reconcile.ui.guard import boundary
from reconcile.ui.queries.explaining import Asked, ask, evidence_rows, key_rows, steps, verdict
from reconcile.ui.queries.matching import example_pair, find_records
from reconcile.ui.text import chance, plain

FIRST, SECOND, BETWEEN = "left_record", "right_record", "between"


@st.fragment
def show_explanation(frame: Frame, run: Run, definition: Reconciliation) -> None:
    """Choose two records, then show the verdict of the matcher, the evidence, the keys and the rivals."""
    with boundary():
        part = _choose_part(frame)
        sides: tuple[Side, Side] = ("left", "right") if part == "link" else (part, part)
        first_slot, second_slot = st.columns(2)
        with first_slot:
            first_id = _choose_record(run, sides[0], FIRST, _title(frame, sides, 0))
        with second_slot:
            second_id = _choose_record(run, sides[1], SECOND, _title(frame, sides, 1))
        if not first_id or not second_id:
            _show_hint(run, part)
        elif part != "link" and first_id == second_id:
            st.caption("That is one record twice: choose another one beside it.")
        else:
            _show_answer(frame, definition, ask(run.path, part, first_id, second_id))


def _choose_part(frame: Frame) -> Part:
    names: dict[Part, str] = {
        "link": f"{frame.side_name('left')} with {frame.side_name('right')}",
        "left": f"Two of {frame.side_name('left')}",
        "right": f"Two of {frame.side_name('right')}",
    }
    chosen = st.segmented_control(
        "Which two records",
        list(names),
        default="link",
        required=True,
        format_func=lambda part: plain(names[part]),
        key=BETWEEN,
        bind="query-params",
    )
    return chosen or "link"


def _title(frame: Frame, sides: tuple[Side, Side], place: int) -> str:
    name = frame.side_name(sides[place])
    return name if sides[0] != sides[1] else f"{name}, {('first', 'second')[place]} record"


def _show_hint(run: Run, part: Part) -> None:
    st.caption(
        "Choose two records by name, e-mail, domain or id. Any two will do: for a pair that was never compared you see "
        "which key missed it, and what it would have weighed."
    )
    example = example_pair(run.path, part)
    if example:
        st.button(
            "Try it with the least certain pair of this run", icon=":material/lightbulb:", key=f"example_{part}",
            on_click=_take, args=example,
        )  # fmt: skip


def _take(first_id: str, second_id: str) -> None:
    st.session_state[FIRST], st.session_state[SECOND] = first_id, second_id


def _choose_record(run: Run, side: Side, key: str, title: str) -> str | None:
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
        st.caption(plain(next(iter(names.values()))))
        return next(iter(names))
    return st.selectbox(
        "Which one", list(names), format_func=lambda key: names[key], key=f"{key}_choice", label_visibility="collapsed"
    )


def _show_answer(frame: Frame, definition: Reconciliation, asked: Asked) -> None:
    with st.container(border=True):
        st.markdown(verdict(asked, definition.accept, definition.review))
    found = asked.why.explanation
    if found is None:
        return
    first, second = (asked.names.get(key, key) for key in asked.ids)
    chart_side, rivals_side = st.columns([6, 5], gap="medium")
    with chart_side:
        st.markdown("**How the evidence adds up**")
        st.vega_lite_chart(*charts.waterfall(steps(found)), alt="How the evidence adds up, in bits")
    with rivals_side:
        _show_rivals(frame, asked)
    st.markdown("**What was compared**")
    show_table(
        evidence_rows(found.evidence), _evidence_columns(first, second), alt="The evidence, step by step",
        key="explained_evidence", max_rows=20,
    )  # fmt: skip
    st.caption(
        "A bit doubles the odds that the two are one customer; a negative one halves them. What the rows above already "
        "explain otherwise is not counted again: of two firms of one name at two places a shared domain is no news."
    )
    _show_keys(asked, first, second)


def _evidence_columns(first: str, second: str) -> dict[str, Any]:
    return {
        "what": st.column_config.TextColumn("What", width=130),
        "left": st.column_config.TextColumn(first, width=280),
        "right": st.column_config.TextColumn(second, width=280),
        "agreement": st.column_config.TextColumn("Agreement", width=230),
        "bits": st.column_config.TextColumn("Bits", width=60, alignment="right"),
        "total": st.column_config.TextColumn("Running total", width=100, alignment="right"),
    }


def _show_rivals(frame: Frame, asked: Asked) -> None:
    rivals = asked.why.explanation.rivals if asked.why.explanation else ()
    if asked.part != "link":
        return
    st.markdown("**Who competes with this pair**")
    if not rivals:
        st.caption("Nobody: no other candidate of either record is better, and none was chosen instead.")
    for rival in rivals:
        is_left_kept = rival.left_id == asked.ids[0]
        kept, other = (rival.left_id, rival.right_id) if is_left_kept else (rival.right_id, rival.left_id)
        side: Side = "right" if is_left_kept else "left"
        won = " · :green-badge[chosen]" if rival.is_chosen else ""
        st.markdown(
            f"{plain(asked.names.get(kept, kept))} with {plain(frame.side_name(side))} record "
            f"**{plain(asked.names.get(other, other))}** ({plain(other)}): {chance(rival.probability)} probable, "
            f"{rival.weight:+.1f} bits{won}"
        )


def _show_keys(asked: Asked, first: str, second: str) -> None:
    keys = asked.why.explanation.keys if asked.why.explanation else ()
    st.markdown("**What could bring the two together**")
    if not keys:
        st.caption("Both sides are so small that every record was compared with every other.")
        return
    st.caption("Two records are compared when one of these blocking keys is the same for both.")
    show_table(
        key_rows(keys),
        {
            "key": st.column_config.TextColumn("Blocking key", width=220),
            "left": st.column_config.TextColumn(first, width=230),
            "right": st.column_config.TextColumn(second, width=230),
            "outcome": st.column_config.TextColumn("Outcome", width=210),
        },
        alt="What each blocking key says of the two",
        key="explained_keys",
        max_rows=30,
    )
