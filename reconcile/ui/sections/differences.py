"""The parts of the Differences page."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd
import streamlit as st

from reconcile.access import may
from reconcile.changing.requests import FieldRequest
from reconcile.model import DifferenceClass, Run, Side, new_id
from reconcile.ui.actions import review as actions
from reconcile.ui.components.confirm import ask
from reconcile.ui.components.paging import PAGE_ROWS, choose_page
from reconcile.ui.components.tables import BLANK, ROW_PX, show_table
from reconcile.ui.frame import Frame
from reconcile.ui.queries import differences as queries
from reconcile.ui.queries.differences import MOST_AT_ONCE, Chosen
from reconcile.ui.text import count, plain
from reconcile.ui.text.labels import DIFFERENCES


def show_counts(run: Run) -> None:
    """Fields against classes."""
    counted = queries.count_by_field(run.path)
    show_table(
        counted,
        {
            "name": st.column_config.TextColumn("Field", width="medium", pinned=True),
            **{
                name: st.column_config.NumberColumn(label.name, format="localized", help=label.meaning)
                for name, label in DIFFERENCES.items()
            },
            "total": st.column_config.NumberColumn("All", format="localized"),
        },
        alt="Differences by field and class",
    )


def show_filters(run: Run) -> Chosen:
    """Field, class and text; the address carries them."""
    fields = [str(name) for name in queries.count_by_field(run.path)["name"]]
    with st.container(horizontal=True, vertical_alignment="center"):
        field = st.selectbox(
            "Field", ["", *fields], format_func=lambda name: name or "Every field", key="field", bind="query-params",
            label_visibility="collapsed", width=190,
        )  # fmt: skip
        classes: list[DifferenceClass] = st.pills(
            "Class",
            list(DIFFERENCES),
            selection_mode="multi",
            default=["real", "missing"],
            format_func=lambda name: DIFFERENCES[name].name,
            key="class",
            bind="query-params",
            label_visibility="collapsed",
        )
        text = st.text_input(
            "Search", key="text", bind="query-params", placeholder="Name, id or value", type="search",
            label_visibility="collapsed", width=230,
        )  # fmt: skip
    return Chosen(field or "", tuple(classes), (text or "").strip())


def show_page(frame: Frame, run: Run, chosen: Chosen) -> None:
    """One page of differences; rows that are ticked can be written to either side."""
    total = queries.count_chosen(run.path, chosen)
    if not total:
        st.caption("No difference with these filters.")
        return
    bar, table = st.container(), st.container()
    version = f"{run.id}_{hash(chosen)}"
    page = choose_page(total, key=f"differences_{version}", noun="differences")
    found = queries.difference_page(run.path, chosen, page=page, page_rows=PAGE_ROWS)
    with table:
        ids = _show_rows(frame, found, key=f"difference_rows_{version}_{page}")
    with bar:
        _show_bar(frame, run, chosen, ids=ids, total=total)


def _show_rows(frame: Frame, found: pd.DataFrame, *, key: str) -> list[str]:
    """Draw the page; gives the ids of the ticked rows. The page of ids is the one drawn with this very key."""
    right, left = frame.side_name("right"), frame.side_name("left")
    event = st.dataframe(
        found.drop(columns="id"),
        column_config={
            "right": st.column_config.TextColumn(right, width="medium"),
            "left": st.column_config.TextColumn(left, width="medium"),
            "field": st.column_config.TextColumn("Field", width="small"),
            "right_value": st.column_config.TextColumn(f"{right} has", width="medium"),
            "left_value": st.column_config.TextColumn(f"{left} has", width="medium"),
            "class": st.column_config.TextColumn("Class", width="small"),
        },
        hide_index=True,
        height=33 + ROW_PX * min(len(found), 15),
        row_height=ROW_PX,
        placeholder=BLANK,
        key=key,
        on_select="rerun",
        selection_mode="multi-row",
        alt="Differences of linked pairs",
    )
    ids = found["id"].tolist()
    return [ids[position] for position in event["selection"]["rows"] if position < len(ids)]


def _show_bar(frame: Frame, run: Run, chosen: Chosen, *, ids: Sequence[str], total: int) -> None:
    is_allowed = may(frame.person, "author change sets")
    number = len(ids) or min(total, MOST_AT_ONCE)
    everything = f"all {count(total)}" if number == total else f"the first {count(number)} of {count(total)}"
    what = f"{count(number)} ticked" if ids else everything
    with st.container(horizontal=True, vertical_alignment="center"):
        for take, other in (("left", "right"), ("right", "left")):
            side: Side = "left" if take == "left" else "right"
            st.button(
                f"Write {frame.side_name(side)} values to {frame.side_name('right' if other == 'right' else 'left')}",
                key=f"take_{take}",
                icon=":material/arrow_forward:" if take == "left" else ":material/arrow_back:",
                disabled=not is_allowed,
                help=f"Drafts a change set for {what}. Nothing is written before it is approved and pushed."
                if is_allowed
                else "That takes an analyst.",
                on_click=_ask_for,
                args=(frame, run, chosen, tuple(ids), side),
            )
        st.caption(f"for {what}" + ("" if ids else ": tick rows to choose some of them"), width="content")
    wanted = st.session_state.pop("_direction", None)
    if wanted is not None:
        _confirm(frame, run, *wanted)


def _ask_for(frame: Frame, run: Run, chosen: Chosen, ids: tuple[str, ...], take: Side) -> None:
    del frame
    made = queries.requests_of(run.path, list(ids), take) if ids else queries.requests_of_all(run.path, chosen, take)
    st.session_state["_direction"] = (made, take)


def _confirm(frame: Frame, run: Run, requests: list[FieldRequest], take: Side) -> None:
    source, target = frame.side_name(take), frame.side_name("right" if take == "left" else "left")
    fields = ", ".join(sorted({plain(request.name) for request in requests}))
    ask(
        f"Draft {count(len(requests))} field updates?",
        f"Each value of **{source}** is to be written to **{target}**: {fields}. It becomes a draft change set; "
        "nothing is written before it was submitted, approved and pushed.",
        _make(frame, run, requests, f"{fields.replace(chr(92), '')}: {source} to {target}"[:120]),
        verb="Make the draft",
        done="Drafted. It is on the Changes page.",
    )


def _make(frame: Frame, run: Run, requests: list[FieldRequest], title: str) -> Callable[[], object]:
    key = new_id("click")
    return lambda: actions.make_change_set(frame.workbench, frame.person, run, title, requests, request_key=key)
