"""What the page says before both tables are chosen, and two lists to try it on."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from reconcile.ui.compare.desk import Chosen, Desk

_EXAMPLES = Path(__file__).resolve().parents[3] / "data" / "examples"
_PAIR = (_EXAMPLES / "invoices_ledger.csv", _EXAMPLES / "invoices_billing.csv")


def show_invitation(desk: Desk) -> None:
    """Say what to do next."""
    if desk.read or desk.doing:
        missing = [side for side in ("left", "right") if side not in desk.read and side not in desk.doing]
        if missing:
            st.caption(f"Now choose the {missing[0]} table.")
        return
    st.caption(
        "Drop two tables: CSV, TSV, XLSX, Parquet or JSON lines, or take one from a snapshot. Columns and key are "
        "proposed; then press Compare, look through the differences, and download them as a workbook. Values stay on "
        "this server, and are removed when you close the page."
    )
    if all(path.is_file() for path in _PAIR):
        st.button(
            "Try it with two invoice lists",
            icon=":material/play_circle:",
            key="compare_try",
            on_click=_try,
            args=(desk,),
        )


def _try(desk: Desk) -> None:
    desk.choose("left", Chosen(_PAIR[0], _PAIR[0].name))
    desk.choose("right", Chosen(_PAIR[1], _PAIR[1].name))
