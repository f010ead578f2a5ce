"""Paging through rows that stay in the database."""

from __future__ import annotations

import streamlit as st

from reconcile.ui.text import count, counted

PAGE_ROWS = 50


def choose_page(total: int, *, key: str, rows: int = PAGE_ROWS, noun: str = "rows") -> int:
    """A pager under a table; gives the number of the page (from 0). A single page has no pager, only the count."""
    pages = max(1, -(-total // rows))
    if pages == 1:
        st.caption(counted(total, noun.removesuffix("s")))
        return 0
    # A page number kept from a longer list would point past the end of a shorter one.
    if st.session_state.get(key, 1) > pages:
        st.session_state[key] = pages
    with st.container(horizontal=True, vertical_alignment="center"):
        page = st.pagination(pages, key=key)
        first = (page - 1) * rows
        st.caption(f"{count(first + 1)}–{count(min(first + rows, total))} of {count(total)} {noun}", width="content")
    return page - 1
