"""The rows behind a result, page by page and narrowed down, with the differing characters marked."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import streamlit as st

from reconcile.comparing.tables import (
    DIFFERENCE_CLASSES,
    MASK,
    ColumnResult,
    Comparison,
    ComparisonFile,
    ResultRow,
    RowClass,
    RowFilter,
    nearest_partners,
)
from reconcile.comparing.tables import Cell as ResultCell
from reconcile.comparing.tables.wording import DIFFERENCE_MEANINGS, distance, evidence_words
from reconcile.model import DifferenceClass
from reconcile.reporting.comparison import DIFFERENCE_TITLES, ROW_TITLES
from reconcile.ui.compare.changes import show_change_set
from reconcile.ui.compare.desk import Desk
from reconcile.ui.components.empty import show_empty
from reconcile.ui.components.paging import choose_page
from reconcile.ui.components.record_grid import Cell, Column, Row, Tone, show_records
from reconcile.ui.components.tables import show_table
from reconcile.ui.frame import Frame
from reconcile.ui.text import chance, count, counted

_PAGE_ROWS = 50
_LISTED: tuple[RowClass, ...] = ("changed", "only_left", "only_right", "duplicate_key", "unreadable")
_TONES: dict[DifferenceClass, Tone] = {
    "real": "red",
    "missing": "orange",
    "timing": "orange",
    "rounding": "green",
    "format": "gray",
}
_ALL = "All columns"


def show_rows(frame: Frame, desk: Desk, file: ComparisonFile) -> None:
    """Draw the rows that are not the same, class by class; those of a snapshot can become a change set."""
    made = file.comparison
    present = [name for name in _LISTED if made.total(name).pairs]
    if not present:
        show_empty("No differences", "Every record has an equal partner.", icon=":material/check_circle:")
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        row_class = st.segmented_control(
            "Rows",
            present,
            default=present[0],
            required=True,
            format_func=lambda name: f"{ROW_TITLES[name]} {count(made.total(name).pairs)}",
            key=f"compare_rows_{_path_key(file)}",
        )
        wanted = RowFilter(row_class) if row_class == "unreadable" else _ask_filter(made, row_class, _path_key(file))
    if row_class == "unreadable":
        _show_unreadable(file)
        return
    total = file.count(wanted)
    key = f"compare_page_{_path_key(file)}_{hashlib.sha256(repr(wanted).encode()).hexdigest()[:12]}"
    slot = st.container()
    page = choose_page(total, key=key, rows=_PAGE_ROWS)
    rows = file.page(wanted, offset=page * _PAGE_ROWS, limit=_PAGE_ROWS)
    with slot:
        if not rows:
            st.caption("No rows with this filter.")
        elif row_class == "changed":
            _show_changed(made, rows, wanted, key=f"{key}_{page}")
        else:
            _show_single(file, rows, row_class)
    if row_class == "changed":
        show_change_set(frame, desk, file, wanted, total)


def _path_key(file: ComparisonFile) -> str:
    """Names the result in the keys of widgets, so that nothing outlives the rows it was chosen on."""
    return Path(file.comparison.path).stem


def _ask_filter(made: Comparison, row_class: RowClass, key: str) -> RowFilter:
    position, difference = None, None
    if row_class == "changed":
        titles = {column.position: column.title for column in made.columns if column.mismatches}
        chosen = st.selectbox(
            "Column",
            [None, *titles],
            format_func=lambda place: _ALL if place is None else titles[place],
            key=f"compare_column_{key}",
            width=220,
        )
        position = chosen
        among = [column for column in made.columns if position in {None, column.position}]
        classes = [name for name in DIFFERENCE_CLASSES if any(column.classes[name] for column in among)]
        difference = st.segmented_control(
            "Class",
            classes,
            format_func=lambda name: DIFFERENCE_TITLES[name],
            key=f"compare_class_{key}_{position}",
            help="  \n".join(f"**{DIFFERENCE_TITLES[name]}**: {DIFFERENCE_MEANINGS[name]}" for name in classes),
        )
    search = st.text_input("Find", placeholder="key or value", key=f"compare_find_{key}", width=200)
    return RowFilter(row_class, position, difference, search or "")


def _show_changed(made: Comparison, rows: Sequence[ResultRow], wanted: RowFilter, *, key: str) -> None:
    columns = {column.position: column for column in made.columns}
    lines = []
    for row in rows:
        name = row.key if made.key_columns else f"{_first_value(made, row)} ({chance(row.probability or 0.0)})"
        for position, cell in row.cells.items():
            if wanted.position not in {None, position} or wanted.difference not in {None, cell.difference}:
                continue
            tone = _TONES[cell.difference]
            is_masked = MASK in (cell.left, cell.right)
            lines.append(
                Row(
                    name,
                    (
                        Cell(columns[position].title),
                        Cell(cell.left, unlike=None if is_masked else cell.right, blank="blank"),
                        Cell(cell.right, unlike=None if is_masked else cell.left, blank="blank"),
                        Cell(_class_words(row, cell, columns[position]), tone=tone, is_note=True),
                    ),
                )
            )
            name = ""
    shown = (Column("Column"), Column("Left", made.left.name), Column("Right", made.right.name), Column("Class"))
    label = made.key if made.key_columns else "Row"
    show_records(shown, lines, key=key, alt="Changed cells, left and right value side by side", label=label)
    if not made.key_columns:
        _show_evidence(made, rows)


def _show_evidence(made: Comparison, rows: Sequence[ResultRow]) -> None:
    """Why the rows of this page were paired, where no key says so."""
    with st.expander("Why these rows were paired", icon=":material/balance:"):
        st.caption("How far each part of the two rows agrees, and how many bits that adds or takes away.")
        frame = pd.DataFrame(
            {
                "Row": _first_value(made, row),
                "Probability": row.probability,
                "Bits": row.weight,
                "Evidence": evidence_words(row.evidence),
            }
            for row in rows
        )
        show_table(
            frame,
            {
                "Row": st.column_config.TextColumn(pinned=True),
                "Probability": st.column_config.NumberColumn(format="percent"),
                "Bits": st.column_config.NumberColumn(format="%.1f"),
                "Evidence": st.column_config.TextColumn(width="large"),
            },
            alt="Pairs of rows with the evidence by which they were matched",
            max_rows=12,
        )


def _first_value(made: Comparison, row: ResultRow) -> str:
    """What people know a row by that has no key: its first value that is compared."""
    values = row.left or {}
    return next((text for text in (values.get(column.left) for column in made.columns) if text), "")


def _class_words(row: ResultRow, cell: ResultCell, column: ColumnResult) -> str:
    by = f" {'+' if cell.delta > 0 else ''}{distance(column, cell.delta)}" if cell.delta else ""
    group = f" ({row.left_count} : {row.right_count} rows)" if row.how == "group" else ""
    return f"{DIFFERENCE_TITLES[cell.difference]}{by}{group}"


def _show_single(file: ComparisonFile, rows: Sequence[ResultRow], row_class: RowClass) -> None:
    """Rows of one side, with the nearest row of the other side where there is one."""
    partners = {}
    if row_class in {"only_left", "only_right"}:
        side = "left" if row_class == "only_left" else "right"
        partners = nearest_partners(file, [row.row for row in rows], side)
    neighbours = {row.row: row for row in file.read([partner.row for partner in partners.values()])}
    records = []
    for row in rows:
        values = row.left if row.left is not None else row.right or {}
        partner = partners.get(row.row)
        nearest = {}
        if partner is not None:
            name = neighbours[partner.row].key or str(partner.row)
            nearest = {"Nearest": f"{name}: {partner.agreeing} of {partner.compared} columns agree"}
        records.append(
            {
                **({"File": "left" if row.left is not None else "right"} if row_class == "duplicate_key" else {}),
                **nearest,
                **values,
            }
        )
    frame = pd.DataFrame(records)
    first = [name for name in ("File", "Nearest") if name in frame.columns]
    made = file.comparison
    numbers = {name for column in made.columns if column.kind == "number" for name in (column.left, column.right)}
    ordered = [*first, *(name for name in frame.columns if name not in first)]
    show_table(
        frame[ordered],
        {
            name: st.column_config.TextColumn(
                alignment="right" if name in numbers else None, pinned=name in first or None
            )
            for name in ordered
        },
        alt=f"{ROW_TITLES[row_class]}: the rows as they are in the file",
        max_rows=_PAGE_ROWS,
    )
    if partners:
        st.caption(
            f"{counted(len(partners), 'row')} of this page may be the same record under another key: see Nearest."
        )


def _show_unreadable(file: ComparisonFile) -> None:
    page = choose_page(file.comparison.total("unreadable").pairs, key=f"compare_bad_{_path_key(file)}", rows=_PAGE_ROWS)
    found = file.unreadable(offset=page * _PAGE_ROWS, limit=_PAGE_ROWS)
    show_table(
        pd.DataFrame(found, columns=["File", "Line", "Problem", "Text"]),
        {name: st.column_config.Column() for name in ("File", "Line", "Problem", "Text")},
        alt="Records that could not be read, with their line",
        max_rows=_PAGE_ROWS,
    )
