"""Overview: where the work stands and what to do next. The entry of the app: `streamlit run app.py`."""

import streamlit as st

from reconcile.ui.frame import open_page
from reconcile.ui.queries.overview import read_overview
from reconcile.ui.sections.overview import (
    show_figures,
    show_kinds,
    show_next_step,
    show_stages,
    show_totals,
    show_trend,
)

with open_page("Overview") as frame:
    overview = read_overview(frame.workbench, frame.person, frame.sides, frame.run)
    show_next_step(overview.next_step)
    show_stages(overview.stages)
    if overview.figures is None:
        st.caption("Totals, money at stake and the trend appear here after the first run.")
    else:
        show_figures(frame, overview)
        left, right = st.columns(2)
        with left:
            show_kinds(overview.figures)
            show_trend(frame, overview.figures)
        with right:
            show_totals(frame, overview.figures)
