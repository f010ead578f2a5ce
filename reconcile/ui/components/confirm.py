"""Confirmation of what cannot simply be taken back: a courtesy to the person, the engine checks again."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from reconcile.ui.guard import attempt
from reconcile.ui.text import plain


def ask(title: str, sentence: str, action: Callable[[], object], *, verb: str, done: str, type_this: str = "") -> None:
    """Open a dialog that does `action` when confirmed.

    `sentence` says what will happen and `done` what has happened (both Markdown; data in them escaped by the caller),
    `verb` is the confirming button's label, `type_this` what must be typed first, e.g. the name of the org.
    """

    def confirm() -> None:
        if not type_this or (st.session_state.get("_confirm_typed") or "").strip() == type_this:
            attempt(action, done)
        st.rerun()

    @st.dialog(title, width="medium")
    def dialog() -> None:
        st.markdown(sentence)
        typed = ""
        if type_this:
            typed = st.text_input(f"Type **{plain(type_this)}** to go on", key="_confirm_typed", live=True) or ""
        with st.container(horizontal=True, horizontal_alignment="right"):
            if st.button("Cancel", key="_confirm_cancel"):
                st.rerun()
            is_ready = typed.strip() == type_this
            st.button(verb, type="primary", key="_confirm_do", disabled=not is_ready, on_click=confirm)

    dialog()
