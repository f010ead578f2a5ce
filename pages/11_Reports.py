"""Reports: what a run found, what people decided, what was pushed and verified, as a file."""

import streamlit as st

from reconcile.ui.components.empty import show_empty
from reconcile.ui.frame import open_page
from reconcile.ui.queries.reports import list_runs
from reconcile.ui.sections.reports import choose_run, show_download, show_summary

with open_page("Reports") as frame:
    found = list_runs(frame.workbench, frame.reconciliation.id if frame.reconciliation else None)
    if not found:
        show_empty(
            "No report yet",
            "A report tells of one run: totals that tie out, every exception, who decided what, and what was written.",
            icon=":material/summarize:",
            page="pages/2_Matching.py",
            action="Go to Matching",
        )
        st.stop()
    run = choose_run(found)
    show_download(frame, run)
    show_summary(frame, run)
