"""Duplicates: clusters of one side's records that look like one customer, and which record would survive."""

import streamlit as st

from reconcile.ui.components.empty import show_empty
from reconcile.ui.frame import open_page
from reconcile.ui.queries.runs import run_figures
from reconcile.ui.sections.duplicates import show_clusters

with open_page("Duplicates") as frame:
    figures = run_figures(frame.run.path) if frame.run else None
    if figures is None or not any(each.kind == "duplicate" for each in figures.kinds):
        show_empty(
            "No duplicates found" if figures else "Nothing to look at yet",
            "Records of one side that look like the same customer are put together here after a run.",
            icon=":material/content_copy:",
            page="pages/2_Matching.py",
            action="Go to Matching",
        )
        st.stop()
    show_clusters(frame)
