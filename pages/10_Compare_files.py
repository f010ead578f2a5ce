"""Compare files: two tables in, every difference out."""

import streamlit as st

from reconcile.ui.compare.choosing import show_choosing
from reconcile.ui.compare.desk import desk_of
from reconcile.ui.compare.invitation import show_invitation
from reconcile.ui.compare.results import show_result
from reconcile.ui.compare.rules import show_settings
from reconcile.ui.compare.waiting import wait
from reconcile.ui.frame import open_page
from reconcile.ui.guard import boundary

with open_page("Compare files") as frame:
    desk = desk_of(frame.workbench, frame.person)
    places = show_choosing(frame, desk)
    if desk.is_ready:
        with st.container(border=True), boundary():
            recipe, place = show_settings(desk)
            if desk.is_asked:
                desk.compare(recipe)
        if "compare" in desk.doing:
            places["compare"] = place
        elif desk.result is not None:
            with boundary():
                show_result(frame, desk, desk.result, recipe)
    else:
        show_invitation(desk)
    wait(desk, places)
