"""Records side by side, one row a field, with the differing characters marked.

Drawn by a small component of ours that puts every value in as text: no value is ever read as Markdown or HTML, and
people can select and copy it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, Literal

import streamlit as st

Tone = Literal["", "green", "red", "orange", "gray"]
Kind = Literal["", "differs", "same", "gap"]

# Beyond this, character marks cost more to find than they tell.
LONGEST_MARKED = 200
_ASSETS = Path(__file__).parent / "assets"
_GRID = st.components.v2.component(
    "reconcile_record_grid",
    html='<div class="scroll"></div>',
    css=(_ASSETS / "record_grid.css").read_text("utf-8"),
    js=(_ASSETS / "record_grid.js").read_text("utf-8"),
)


@dataclass(frozen=True, slots=True)
class Column:
    """One record shown: what it is, and which one."""

    title: str
    subtitle: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """One value. `unlike` is the value it is compared with: the characters that differ from it are marked."""

    text: str | None
    unlike: str | None = None
    tone: Tone = ""
    blank: str = ""
    is_note: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One field of the records, in the order of the columns."""

    label: str
    cells: tuple[Cell, ...] = ()
    kind: Kind = ""


def show_records(columns: Sequence[Column], rows: Sequence[Row], *, key: str, alt: str, label: str = "") -> None:
    """Draw the grid. `alt` names the table for screen readers, `label` is the title above the rows' labels."""
    data = {
        "label": label,
        "columns": [{"title": column.title, "subtitle": column.subtitle} for column in columns],
        "rows": [
            {"label": row.label, "kind": row.kind, "cells": [_as_data(cell) for cell in row.cells]} for row in rows
        ],
        "alt": alt,
    }
    _GRID(data=data, key=key)


def mark_differences(text: str, other: str | None) -> list[tuple[str, bool]]:
    """Split `text` into parts with a flag: whether the part differs from `other`. The parts join to `text` again."""
    if not text:
        return []
    if not other or text == other or max(len(text), len(other)) > LONGEST_MARKED:
        return [(text, False)]
    matcher = SequenceMatcher(None, other, text, autojunk=False)
    parts = [(text[start:end], tag != "equal") for tag, _, _, start, end in matcher.get_opcodes() if end > start]
    return parts or [(text, False)]


def _as_data(cell: Cell) -> dict[str, Any]:
    return {
        "parts": mark_differences(cell.text or "", cell.unlike),
        "tone": cell.tone,
        "blank": cell.blank,
        "isNote": cell.is_note,
    }
