"""The form that makes a reconciliation of two sources."""

from __future__ import annotations

import streamlit as st

from reconcile import defining
from reconcile.access import may
from reconcile.errors import InputError
from reconcile.ui.frame import Frame
from reconcile.ui.guard import attempt
from reconcile.ui.queries.sources import Source, list_sources
from reconcile.ui.text import plain


def show_new_reconciliation(frame: Frame) -> None:
    """Choose two sides and a name; the mapping is proposed from what the snapshots hold."""
    if not may(frame.person, "edit reconciliations"):
        st.caption("Adding a reconciliation takes an administrator.")
        return
    sources = [source for source in list_sources(frame.workbench) if source.newest]
    if not sources:
        st.caption("Pull two sources first: the columns are read from their snapshots.")
        st.page_link("pages/1_Sources.py", label="Go to Sources", icon=":material/arrow_forward:")
        return
    left_side, right_side = st.columns(2)
    with left_side:
        left = _choose_side(sources, "Left side", "left", position=0)
    with right_side:
        right = _choose_side(sources, "Right side", "right", position=min(1, len(sources) - 1))
    name = st.text_input("Name", placeholder="Accounts and billing customers", key="new_reconciliation_name")
    is_one_to_one = st.toggle(
        "One to one",
        value=True,
        key="new_reconciliation_cardinality",
        help="On: a record has one partner at most. Off: several right records may belong to one left record.",
    )
    if st.button("Add reconciliation", key="add_reconciliation_button", type="primary", icon=":material/add:"):
        attempt(
            lambda: _add(frame, name or "", left, right, is_one_to_one=is_one_to_one),
            f"Added {plain(name)}. Look at its mapping, then run it.",
        )
        st.rerun()


def _add(frame: Frame, name: str, left: tuple[str, str], right: tuple[str, str], *, is_one_to_one: bool) -> None:
    if not name.strip():
        raise InputError("The reconciliation needs a name.")
    made = defining.propose(frame.workbench, name, left, right, is_one_to_one=is_one_to_one)
    defining.save(frame.workbench, frame.person, made)


def _choose_side(sources: list[Source], label: str, side: str, *, position: int) -> tuple[str, str]:
    names = {source.connection.id: source.connection.name for source in sources}
    connection_id = st.selectbox(
        label, list(names), index=position, format_func=lambda key: names[key], key=f"new_{side}_connection"
    )
    source = next(each for each in sources if each.connection.id == connection_id)
    objects = [each.object for each in source.newest.objects] if source.newest else []
    preferred = next((n for n, name in enumerate(objects) if name in ("Account", "customer")), 0)
    chosen = st.selectbox("Object", objects, index=preferred, key=f"new_{side}_object_{connection_id}")
    return connection_id, chosen
