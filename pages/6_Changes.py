"""Changes: what is to be written, who approved it, how the push goes, and what the systems said of every row."""

import streamlit as st

from reconcile.ui.components.empty import show_empty
from reconcile.ui.frame import open_page
from reconcile.ui.queries.changes import list_change_sets, read_detail
from reconcile.ui.sections.change_sets import choose_change_set, show_head
from reconcile.ui.sections.operations import show_operations

with open_page("Changes") as frame:
    listing = list_change_sets(frame.workbench, None)
    if not listing.sets:
        show_empty(
            "No change sets yet",
            "Decide links on the Review page, or directions on the Differences page, and make a change set of them. A "
            "second person approves it before anything is written.",
            icon=":material/published_with_changes:",
            page="pages/3_Review.py",
            action="Go to Review",
        )
        st.stop()
    opened = choose_change_set(listing)
    detail = read_detail(frame.workbench, frame.person, opened) if opened else None
    if detail is None:
        st.info(
            "That change set is not there any more: a draft that was discarded leaves only its trace in the history."
        )
    else:
        show_head(frame, detail)
        show_operations(frame, detail)
