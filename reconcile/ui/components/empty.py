"""Empty states: what is not there yet, why, and what to do next."""

from __future__ import annotations

import streamlit as st


def show_empty(title: str, sentence: str, *, icon: str, page: str = "", action: str = "") -> None:
    """Say what is missing and offer the one step that brings it.

    `page` is the path of the page that helps, as `st.page_link` takes it, and `action` the label of that link.
    """
    with st.container(border=True, horizontal_alignment="center", gap="small"):
        st.space("small")
        st.subheader(title, icon=icon, anchor=False, text_alignment="center")
        st.markdown(sentence, text_alignment="center")
        if page:
            st.page_link(page, label=action, icon=":material/arrow_forward:")
        st.space("small")
