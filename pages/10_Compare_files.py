"""Compare files: two tables in, every difference out."""

import streamlit as st

from reconcile.ui.compare.choosing import show_choosing
from reconcile.ui.compare.desk import desk_of
from reconcile.ui.compare.results import show_result
from reconcile.ui.compare.rules import show_recipe_upload, show_rules
from reconcile.ui.frame import open_page
from reconcile.ui.guard import attempt, boundary

with open_page("Compare files") as frame:
    desk = desk_of(frame.workbench)
    show_choosing(frame, desk)
    if desk.is_ready:
        with st.container(border=True), boundary():
            recipe = show_rules(desk)
            with st.container(horizontal=True, vertical_alignment="center"):
                st.button(
                    "Compare", type="primary", icon=":material/compare_arrows:", key="compare_now", on_click=desk.ask
                )
                if desk.is_asked:
                    with st.spinner("Comparing …"):
                        attempt(lambda: desk.compare(recipe))
                    st.rerun()
                show_recipe_upload(desk)
        if desk.result is not None:
            with boundary():
                show_result(frame, desk, desk.result)
    else:
        st.caption(
            "Drop two tables: CSV, TSV, XLSX, Parquet or JSON lines, or take one from a snapshot. Columns and key are "
            "proposed; values stay on this server."
        )
