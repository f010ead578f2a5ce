"""Review: the queue of exceptions, worked from the keyboard, and the change set that follows from the decisions."""

import streamlit as st

from reconcile.ui.components.empty import show_empty
from reconcile.ui.frame import open_page
from reconcile.ui.sections.review_desk import show_desk
from reconcile.ui.sections.review_drafting import show_drafting

with open_page("Review") as frame:
    if frame.run is None:
        show_empty(
            "Nothing to review yet",
            "After the first run, every link that is broken, missing or doubtful waits here, the most pressing first.",
            icon=":material/fact_check:",
            page="pages/2_Matching.py",
            action="Go to Matching",
        )
        st.stop()
    with frame.actions:
        show_drafting(frame)
    show_desk(frame)
