"""Saying what runs until it is done, and then drawing the page again."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import ExitStack

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from reconcile.ui.compare.desk import STOPPING, Desk
from reconcile.ui.compare.works import Work
from reconcile.ui.text import plain

_LOOK_S = 0.1


def wait(desk: Desk, places: Mapping[Work, DeltaGenerator]) -> None:
    """Show what the desk is doing, each in its place with the time it takes; draw the page again when that changes.

    The work goes on without this script: a click or another dropped file ends the waiting, not the work.
    """
    doing = dict(desk.doing)
    if set(places) - set(doing):  # done since it was drawn
        st.rerun()
    if not doing:
        return
    if "compare" in places:
        is_stopping = doing["compare"] == STOPPING
        places["compare"].button(
            "Stop comparing",
            icon=":material/stop_circle:",
            key="_compare_stop",
            on_click=desk.stop,
            disabled=is_stopping,
        )
    pulse = st.empty()
    with ExitStack() as shown:
        for work, text in doing.items():
            if work in places:
                shown.enter_context(places[work])
                shown.enter_context(st.spinner(f"{plain(text)} …", show_time=True))
        while desk.doing == doing:
            time.sleep(_LOOK_S)
            pulse.empty()  # here Streamlit can end this script for a click
    st.rerun()
