"""History: how links begin, move, end and return, run after run, and who did what."""

import streamlit as st

from reconcile.ui.frame import open_page
from reconcile.ui.sections.history import show_audit, show_drift, show_link_changes, show_record

VIEWS = ["Links over time", "One record", "Audit log"]

with open_page("History") as frame:
    view = st.segmented_control(
        "Show",
        VIEWS,
        default=VIEWS[0],
        required=True,
        key="history_view",
        bind="query-params",
        label_visibility="collapsed",
    )
    if view == "Audit log":
        show_audit(frame)
    elif frame.reconciliation is None or frame.run is None:
        st.caption("The ledger of links begins with the first run.")
    elif view == "One record":
        show_record(frame, frame.reconciliation.id)
    else:
        show_drift(frame, frame.reconciliation.id)
        show_link_changes(frame, frame.reconciliation.id)
