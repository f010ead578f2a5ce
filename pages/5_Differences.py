"""Differences: fields in which linked records disagree, and which side is right."""

import streamlit as st

from reconcile.ui.components.empty import show_empty
from reconcile.ui.frame import open_page
from reconcile.ui.sections.differences import show_counts, show_filters, show_page

with open_page("Differences") as frame:
    if frame.run is None:
        show_empty(
            "No differences yet",
            "After the first run, the fields in which linked records disagree are listed here, the real ones first.",
            icon=":material/difference:",
            page="pages/2_Matching.py",
            action="Go to Matching",
        )
        st.stop()
    with st.expander("By field and class", icon=":material/table_chart:", expanded=False):
        show_counts(frame.run)
    chosen = show_filters(frame.run)
    show_page(frame, frame.run, chosen)
