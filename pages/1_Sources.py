"""Sources: the connected orgs and files, what was pulled from them, and whether it is all there."""

import streamlit as st

from reconcile.ui.components.empty import show_empty
from reconcile.ui.frame import open_page
from reconcile.ui.queries.sources import list_sources
from reconcile.ui.sections.new_connection import show_new_connection
from reconcile.ui.sections.sources import show_columns, show_earlier, show_source

with open_page("Sources") as frame:
    sources = list_sources(frame.workbench, first=[side.id for side in frame.sides])
    if not sources:
        show_empty(
            "No connections yet",
            "Connect the two systems whose customers should agree: a Salesforce org, a billing site, or an export as a "
            "file. Nothing is written to a system before a change set was approved.",
            icon=":material/database:",
        )
    with st.grid(2, min_column_width=420):
        for source in sources:
            show_source(frame, source)

    if sources:
        names = {source.connection.id: source.connection.name for source in sources}
        with st.container(horizontal=True, vertical_alignment="bottom"):
            chosen = st.selectbox(
                "Look into",
                list(names),
                format_func=lambda connection_id: names[connection_id],
                key="source",
                bind="query-params",
                width=320,
            )
            view = st.segmented_control(
                "Show", ["Columns", "Snapshots"], default="Columns", required=True, key="view", bind="query-params"
            )
        looked_at = next(source for source in sources if source.connection.id == chosen)
        if view == "Columns":
            show_columns(looked_at)
        else:
            show_earlier(looked_at)

    with st.expander("Add a connection", icon=":material/add:", expanded=not sources):
        show_new_connection(frame)
