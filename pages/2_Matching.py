"""Matching: what the columns mean, the run, and what was learned from the data."""

import streamlit as st

from reconcile.ui.components.empty import show_empty
from reconcile.ui.frame import open_page
from reconcile.ui.sections.explaining import show_explanation
from reconcile.ui.sections.learning import show_learning
from reconcile.ui.sections.matching import show_mapping, show_results, show_run_bar
from reconcile.ui.sections.new_reconciliation import show_new_reconciliation

VIEWS = ["Results", "Why and why not", "Learning", "Mapping"]

with open_page("Matching") as frame:
    definition = frame.reconciliation
    if definition is None:
        show_empty(
            "No reconciliation yet",
            "Say which two sides should agree. The columns are recognised from their names and values, and you can "
            "correct that before the first run.",
            icon=":material/join_inner:",
        )
        show_new_reconciliation(frame)
        st.stop()
    show_run_bar(frame, definition)
    view = st.segmented_control(
        "Show",
        VIEWS,
        default="Results" if frame.run else "Mapping",
        required=True,
        key="matching_view",
        bind="query-params",
        label_visibility="collapsed",
    )
    if view == "Mapping":
        show_mapping(frame, definition)
    elif frame.run is None:
        st.caption("There is something to see here after the first run.")
    elif view == "Results":
        show_results(frame, frame.run, definition)
    elif view == "Learning":
        show_learning(frame, frame.run, definition)
    else:
        show_explanation(frame, frame.run, definition)
    with st.expander(
        "Add a reconciliation", icon=":material/add:", on_change="rerun", key="add_reconciliation"
    ) as adding:
        if adding.open:
            show_new_reconciliation(frame)
