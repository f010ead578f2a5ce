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
    opened: str | None = None,
    max_rows: int = 14,
    height: int | None = None,
    row_height: int = ROW_PX,
) -> None:
    """Draw `rows` so that a click anywhere on a row calls `on_open` with its id; the opened one is marked.

    `ids` are the ids of the rows shown, in the same order. They are kept with the callback: a click means the row that
    was on the screen, whatever the database holds by then. `key` must name the data version, filters and page, so that
    a click never outlives the rows it was made on.
    """
    names = [name for name in columns if name in rows.columns]
    place = ids.index(opened) if opened in ids else None
    cells = [] if place is None else [(place, names[0])]
    st.session_state[key] = {"selection": {"rows": [], "columns": [], "cells": cells}}
    st.dataframe(
        rows[names],
        column_config=dict(columns),
        hide_index=True,
        height=height or _height(len(rows), max_rows),
        row_height=row_height,
        placeholder=BLANK,
        key=key,
        alt=alt,
        on_select=lambda: _open_clicked(key, tuple(ids), on_open),
        selection_mode="single-cell",
    )


def moment(label: str, *, seconds: bool = False) -> Any:
    """A column of times, always in UTC."""
    return st.column_config.DatetimeColumn(
        f"{label} (UTC)", format="YYYY-MM-DD HH:mm:ss" if seconds else "YYYY-MM-DD HH:mm", timezone="UTC"
    )


def _open_clicked(key: str, ids: Sequence[str], on_open: Callable[[str], None]) -> None:
    cells = st.session_state[key]["selection"]["cells"]
    if cells and cells[0][0] < len(ids):
        on_open(ids[cells[0][0]])


def _height(rows: int, max_rows: int) -> int:
    return HEADER_PX + ROW_PX * max(1, min(rows, max_rows))
