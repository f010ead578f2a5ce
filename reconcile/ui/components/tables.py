"""Tables of one page of rows. Cells are drawn as they are; a click opens a record by its id, never by its position."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

ROW_PX, HEADER_PX = 30, 33
BLANK = "–"


def show_table(
    rows: pd.DataFrame,
    columns: Mapping[str, Any],
    *,
    alt: str,
    key: str | None = None,
    max_rows: int = 14,
) -> None:
    """Draw `rows`; only the columns named in `columns` are sent to the browser, in that order."""
    shown = rows[[name for name in columns if name in rows.columns]]
    st.dataframe(
        shown,
        column_config=dict(columns),
        hide_index=True,
        height=_height(len(shown), max_rows),
        row_height=ROW_PX,
        placeholder=BLANK,
        key=key,
        alt=alt,
    )


def show_openable(
    rows: pd.DataFrame,
    ids: Sequence[str],
    columns: Mapping[str, Any],
    on_open: Callable[[str], None],
    *,
    key: str,
    alt: str,
    max_rows: int = 14,
    height: int | None = None,
    row_height: int | None = None,
) -> None:
    """Draw `rows` so that a click on a row calls `on_open` with its id.

    `ids` are the ids of the rows shown, in the same order. They are kept with the callback: a click means the row that
    was on the screen, whatever the database holds by then. `key` must name the data version, filters and page, so that
    a selection never outlives the rows it was made on.
    """
    shown = rows[[name for name in columns if name in rows.columns]]
    st.dataframe(
        shown,
        column_config=dict(columns),
        hide_index=True,
        height=height or _height(len(shown), max_rows),
        row_height=row_height or ROW_PX,
        placeholder=BLANK,
        key=key,
        alt=alt,
        on_select=lambda: _open_selected(key, tuple(ids), on_open),
        selection_mode="single-row",
    )


def moment(label: str, *, seconds: bool = False) -> Any:
    """A column of times, always in UTC."""
    return st.column_config.DatetimeColumn(
        f"{label} (UTC)", format="YYYY-MM-DD HH:mm:ss" if seconds else "YYYY-MM-DD HH:mm", timezone="UTC"
    )


def _open_selected(key: str, ids: Sequence[str], on_open: Callable[[str], None]) -> None:
    positions = st.session_state[key]["selection"]["rows"]
    if positions and positions[0] < len(ids):
        on_open(ids[positions[0]])


def _height(rows: int, max_rows: int) -> int:
    return HEADER_PX + ROW_PX * max(1, min(rows, max_rows))
