"""Settings: thresholds and policies of the reconciliation, people and their roles, connections and credentials."""

import streamlit as st

from reconcile.ui.frame import open_page
from reconcile.ui.sections.settings import show_connections, show_people, show_rules

VIEWS = ["Rules", "People", "Connections"]

with open_page("Settings") as frame:
    view = st.segmented_control(
        "Show",
        VIEWS,
        default=VIEWS[0],
        required=True,
        key="settings_view",
        bind="query-params",
        label_visibility="collapsed",
    )
    if view == "People":
        show_people(frame)
    elif view == "Connections":
        show_connections(frame)
    elif frame.reconciliation is None:
        st.caption("Rules belong to a reconciliation; there is none yet.")
        st.page_link("pages/2_Matching.py", label="Add one on Matching", icon=":material/arrow_forward:")
    else:
        show_rules(frame, frame.reconciliation)
