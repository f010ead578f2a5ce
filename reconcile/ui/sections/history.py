"""The parts of the History page."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import streamlit as st

from reconcile.ui.components.tables import moment, show_table
from reconcile.ui.frame import Frame
from reconcile.ui.queries import history as queries
from reconcile.ui.text import count


def show_drift(frame: Frame, reconciliation_id: str) -> None:
    """How the links changed from run to run."""
    found = queries.drift_rows(frame.workbench, reconciliation_id)
    with st.container(border=True):
        st.markdown("**Drift from run to run**")
        if found.empty:
            st.caption("No run has been taken into the ledger yet.")
            return
        show_table(
            found,
            {
                "at": moment("Run"),
                "standing": st.column_config.NumberColumn("Links standing", format="localized"),
                "added": st.column_config.NumberColumn("Began", format="localized"),
                "moved": st.column_config.NumberColumn("Moved", format="localized"),
                "returned": st.column_config.NumberColumn("Returned", format="localized"),
                "ended": st.column_config.NumberColumn("Ended", format="localized"),
            },
            alt="Links from run to run",
            max_rows=6,
        )
        if len(found) == 1:
            st.caption("The first run is the baseline; what changes from now on shows as drift.")


def show_link_changes(frame: Frame, reconciliation_id: str) -> None:
    """Beginnings and endings of links, newest first, page by page."""
    cursors: list[tuple[datetime, int]] = st.session_state.setdefault("_link_pages", [])
    found = queries.link_changes(frame.workbench, reconciliation_id, cursors[-1] if cursors else None)
    st.markdown("**What changed**")
    if not found:
        st.caption("No link has begun, moved or ended since the first run.")
    else:
        show_table(
            queries.change_rows(frame.workbench, found, frame.run),
            {
                "at": moment("At"),
                "what": st.column_config.TextColumn("What happened", width="medium"),
                "right": st.column_config.TextColumn(frame.side_name("right"), width="medium"),
                "left": st.column_config.TextColumn(frame.side_name("left"), width="medium"),
                "by": st.column_config.TextColumn("By", width="medium"),
            },
            alt="Beginnings and endings of links, newest first",
        )
    with st.container(horizontal=True):
        if cursors:
            st.button("Newer", icon=":material/chevron_left:", key="newer_changes", on_click=_back, args=(cursors,))
        if len(found) == queries.PAGE:
            st.button(
                "Older",
                icon=":material/chevron_right:",
                key="older_changes",
                on_click=cursors.append,
                args=(found[-1].cursor,),
            )


def show_record(frame: Frame, reconciliation_id: str) -> None:
    """Every link that one record ever had."""
    record_id = st.text_input(
        "Record id",
        key="record",
        bind="query-params",
        placeholder="of either side, e.g. 001… or a customer id",
        type="search",
        width=420,
    )
    if not record_id:
        st.caption("Give a record id to see every link it ever had.")
        return
    found = queries.record_history(frame.workbench, reconciliation_id, record_id)
    if found.empty:
        st.caption("The ledger knows no link of this record. Ids are compared exactly, capitals included.")
        return
    show_table(
        found,
        {
            "right": st.column_config.TextColumn(frame.side_name("right"), width="medium"),
            "left": st.column_config.TextColumn(frame.side_name("left"), width="medium"),
            "began": moment("Began"),
            "how": st.column_config.TextColumn("How", width="medium"),
            "ended": moment("Ended"),
            "why": st.column_config.TextColumn("Why", width="medium"),
        },
        alt="Links of the record, oldest first",
    )


def show_audit(frame: Frame) -> None:
    """Who did what, with whether the chain of the log is whole."""
    length, broken = queries.verify_audit(frame.workbench)
    names = queries.person_names(frame.workbench)
    with st.container(horizontal=True, vertical_alignment="center"):
        person_id = st.selectbox(
            "Person",
            [None, *names],
            format_func=lambda key: names[key] if key else "Everybody",
            key="audit_person",
            label_visibility="collapsed",
            width=240,
        )
        if broken is None:
            st.badge(f"Chain of {count(length)} rows is whole", icon=":material/verified:", color="green")
        else:
            st.badge(f"Broken at row {count(broken)}", icon=":material/gpp_bad:", color="red")
        st.caption("Each row's hash covers the row before it: a row that was altered, removed or slipped in shows.")
    pages: list[int] = st.session_state.setdefault("_audit_pages", [])
    found = queries.audit_page(frame.workbench, person_id=person_id, before_seq=pages[-1] if pages else None)
    if found.empty:
        st.caption("Nothing here yet.")
    else:
        show_table(
            found,
            {
                "seq": st.column_config.NumberColumn("Row", width="small"),
                "at": moment("At", seconds=True),
                "who": st.column_config.TextColumn("Who", width="medium"),
                "action": st.column_config.TextColumn("Did", width="medium"),
                "subject": st.column_config.TextColumn("To", width="medium"),
                "detail": st.column_config.TextColumn("Detail", width="large"),
                "hash": st.column_config.TextColumn("Hash", width="small"),
            },
            alt="Audit log, newest first",
            max_rows=18,
        )
    with st.container(horizontal=True):
        if pages:
            st.button("Newer", icon=":material/chevron_left:", key="newer_audit", on_click=_back, args=(pages,))
        if len(found) == queries.PAGE:
            oldest = int(found["seq"].min())
            st.button(
                "Older", icon=":material/chevron_right:", key="older_audit", on_click=pages.append, args=(oldest,)
            )


def _back(cursors: list[Any]) -> None:
    cursors.pop()
