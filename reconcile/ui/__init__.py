"""The screens: everything that knows Streamlit, apart from `app.py` and the thin files in `pages/`."""
