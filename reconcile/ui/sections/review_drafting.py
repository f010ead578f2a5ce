"""From decisions to a change set, and deciding many at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import streamlit as st

from reconcile.access import may
from reconcile.changing.requests import LinkRequest, Request
from reconcile.model import Run, new_id
from reconcile.ui.actions import review as actions
from reconcile.ui.frame import Frame
from reconcile.ui.guard import attempt, boundary, go_to
from reconcile.ui.queries.review import queue_of, undrafted_requests
from reconcile.ui.text import counted, plain


def show_drafting(frame: Frame) -> None:
    """The button that makes a change set of the decisions."""
    is_allowed = may(frame.person, "author change sets")
    if st.button(
        "Make change set",
        key="make_change_set",
        icon=":material/playlist_add_check:",
        disabled=not is_allowed,
        help="From every decision that is in no change set yet." if is_allowed else "That takes an analyst.",
    ):
        _ask(frame)


@st.dialog("Make a change set", width="medium")
def _ask(frame: Frame) -> None:
    run = frame.run
    if run is None:
        return
    with boundary():
        requests = undrafted_requests(frame.workbench, queue_of(frame.workbench, run).run)
        if not requests:
            st.markdown("Every decision that asks for a write is in a change set already.")
            return
        st.markdown(_summary(requests))
        st.text_input("Title", value=counted(len(requests), "decided link"), key="change_set_title")
        st.caption("It becomes a draft: nothing is written before it was submitted, approved and pushed.")
        key = st.session_state.setdefault("_draft_key", new_id("click"))
        st.button("Make the draft", key="make_draft", type="primary", on_click=_make, args=(frame, run, requests, key))


def _make(frame: Frame, run: Run, requests: Sequence[Request], key: str) -> None:
    made: list[str] = []
    title = st.session_state.get("change_set_title") or ""

    def act() -> None:
        draft = actions.make_change_set(frame.workbench, frame.person, run, title, requests, request_key=key)
        made.append(draft.id)

    is_made = attempt(act, f"Drafted **{plain(title)}**. Read it, then submit it for approval.")
    st.session_state.pop("_draft_key", None)
    if is_made:
        go_to("pages/6_Changes.py", change_set=made[0])
    st.rerun()


def _summary(requests: Sequence[Request]) -> str:
    kinds = Counter("link" if isinstance(request, LinkRequest) else "unlink" for request in requests)
    parts = []
    if kinds["link"]:
        parts.append(f"- **{counted(kinds['link'], 'pair')}** to be linked in both systems; other links of theirs end")
    if kinds["unlink"]:
        parts.append(f"- **{counted(kinds['unlink'], 'stored link')}** to be cleared")
    return "\n".join(parts)
