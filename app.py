"""Overview: where the work stands and what to do next. The entry of the app: `streamlit run app.py`."""

from reconcile.ui.frame import open_page

with open_page("Overview") as frame:
    pass
