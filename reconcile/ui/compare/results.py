"""The result: totals, columns, the rows behind them with the differing characters marked, and downloads."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from reconcile.comparing.tables import (
    DIFFERENCE_CLASSES,
    MASK,
    ColumnResult,
    Comparison,
    ComparisonFile,
    Recipe,
    ResultRow,
    RowClass,
    RowFilter,
    nearest_partners,
)
from reconcile.comparing.tables import Cell as ResultCell
from reconcile.comparing.tables.wording import DIFFERENCE_MEANINGS, coverage, evidence_words
from reconcile.model import DifferenceClass
from reconcile.reporting.comparison import DIFFERENCE_TITLES, ROW_TITLES, figure, tie, verdict, write_output
from reconcile.ui.compare.changes import show_change_set
from reconcile.ui.compare.desk import Desk
from reconcile.ui.components.empty import show_empty
from reconcile.ui.components.paging import choose_page
from reconcile.ui.components.record_grid import Cell, Column, Row, Tone, show_records
from reconcile.ui.components.tables import show_table
from reconcile.ui.frame import Frame
from reconcile.ui.text import chance, count, counted, plain

_PAGE_ROWS = 50
_MOST_COLUMNS = 12
_LISTED: tuple[RowClass, ...] = ("changed", "only_left", "only_right", "duplicate_key", "unreadable")
_TONES: dict[DifferenceClass, Tone] = {
    "real": "red",
    "missing": "orange",
    "timing": "orange",
    "rounding": "green",
    "format": "gray",
}
_ALL = "All columns"


def show_result(frame: Frame, desk: Desk, path: Path, recipe: Recipe) -> None:
    """Draw the result that lies at `path`; `recipe` is what stands on the screen by now.

    Raises:
        StorageError: the file is gone or damaged.
    """
    with ComparisonFile(path) as file:
        made = file.comparison
        if recipe != desk.compared:
            st.warning(
                "The settings were changed since this comparison. Press Compare to bring it up to date.",
                icon=":material/history:",
            )
        _show_verdict(made)
        _show_format_only(desk, path, made, recipe)
        _show_downloads(path, made)
        _show_totals(made)
        if made.columns:
            _show_columns(made)
        _show_rows(frame, desk, file)


def _show_verdict(made: Comparison) -> None:
    if made.is_equal:
        st.success(plain(verdict(made)), icon=":material/check_circle:")
    else:
        st.subheader(plain(verdict(made)), anchor=False)
    st.caption(plain(tie(made)) if made.is_tied else f":red[:material/error: {plain(tie(made))}]")
    for sentence in coverage(made):
        st.caption(f":material/visibility_off: {plain(sentence)}" if sentence.startswith("Not") else plain(sentence))
    for note in made.notes:
        st.caption(f":material/info: {plain(note)}")


def _show_format_only(desk: Desk, path: Path, made: Comparison, recipe: Recipe) -> None:
    """How many of the changed rows are only written in another way, which hides the others."""
    only = _format_only(str(path)) if any(column.classes["format"] for column in made.columns) else 0
    if not only:
        return
    changed = made.total("changed").pairs
    of_them = counted(changed, "changed row") if only == changed else f"{count(only)} of {count(changed)} changed rows"
    said = f":material/info: In {of_them} only the way of writing differs, such as 1.5 and 1.50."
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(said, width="content")
        st.button(
            "Count as same", key="compare_ignore_format", type="tertiary", icon=":material/filter_alt:",
            on_click=desk.settle, args=(replace(recipe, ignore_format=True),),
        )  # fmt: skip


@st.cache_data(show_spinner=False, max_entries=64)
def _format_only(path: str) -> int:
    """Changed rows all of whose differences are of class "format". A result never changes under its path."""
    with ComparisonFile(Path(path)) as file:
        sql = "SELECT count(*) FROM (SELECT row FROM cells GROUP BY row HAVING bool_and(class = 'format'))"
        return int(file.con.sql(sql).fetchall()[0][0])


def _show_downloads(path: Path, made: Comparison) -> None:
    stem = f"{Path(made.left.name).stem} against {Path(made.right.name).stem}"[:80]
    with st.container(horizontal=True, gap="small"):
        for label, icon, ending in (
            ("Workbook", ":material/table_view:", ".xlsx"),
            ("Page", ":material/html:", ".html"),
            ("Data", ":material/data_object:", ".json"),
            ("Differences", ":material/csv:", ".csv"),
            ("Patch", ":material/build:", ".patch.csv"),
        ):
            st.download_button(
                label,
                data=partial(_output, path, ending),
                file_name=f"{stem}{ending}",
                icon=icon,
                type="primary" if ending == ".xlsx" else "secondary",
                on_click="ignore",
                key=f"compare_download{ending}",
                help=_HELP[ending],
            )
        st.download_button(
            "Recipe",
            data=made.recipe,
            file_name=f"{stem}.toml",
            icon=":material/receipt_long:",
            on_click="ignore",
            key="compare_download_recipe",
            help="Repeats this comparison here or with `python -m reconcile compare --recipe`",
        )


_HELP = {
    ".xlsx": "Summary, columns, changed rows with both values side by side, and the rest",
    ".html": "One page that needs nothing else; opens in any browser",
    ".json": "The whole report for programs",
    ".csv": "One line per difference",
    ".patch.csv": "What makes the left table agree with the right",
}


def _output(path: Path, ending: str) -> bytes:
    """The download, made when it is first asked for and kept beside the result."""
    target = path.with_name(f"{path.stem}{ending}")
    if not target.exists():
        part = path.with_name(f"{path.stem}.part{ending}")
        with ComparisonFile(path) as file:
            write_output(file, part)
        part.replace(target)
    return target.read_bytes()


def _show_totals(made: Comparison) -> None:
    with st.container(horizontal=True, gap="small"):
        for item in made.totals:
            rows = f"{count(item.left_rows)} left, {count(item.right_rows)} right"
            number = item.pairs if item.name in {"same", "changed"} else item.left_rows + item.right_rows
            st.metric(ROW_TITLES[item.name], count(number), border=True, help=rows)


def _show_columns(made: Comparison) -> None:
    rows = pd.DataFrame(
        {
            "Column": column.title,
            "Mismatches": column.mismatches,
            "Share": column.share,
            **{DIFFERENCE_TITLES[name]: column.classes[name] or None for name in DIFFERENCE_CLASSES},
            "Largest": _distance(column, column.largest),
            "Mean": _distance(column, column.mean),
            "Sum left": figure(column.left_sum) if column.left_sum else None,
            "Sum right": figure(column.right_sum) if column.right_sum else None,
            "Difference": figure(column.difference) if column.difference else None,
            "Rule": column.rule or None,
        }
        for column in _differing_first(made.columns)
    )
    numbers = [DIFFERENCE_TITLES[name] for name in DIFFERENCE_CLASSES]
    texts = ["Largest", "Mean", "Sum left", "Sum right", "Difference"]
    shown = [name for name in [*numbers, *texts, "Rule"] if rows[name].notna().any()]
    show_table(
        rows,
        {
            "Column": st.column_config.TextColumn(pinned=True),
            "Mismatches": st.column_config.NumberColumn(format="localized"),
            "Share": st.column_config.ProgressColumn(format="percent", min_value=0, max_value=1, width=110),
            **{name: st.column_config.NumberColumn(format="localized") for name in numbers if name in shown},
            **{name: _figures(name, rows[name]) for name in texts if name in shown},
            **({"Rule": st.column_config.TextColumn()} if "Rule" in shown else {}),
        },
        alt="Compared columns with their mismatches, by class",
        max_rows=_MOST_COLUMNS,
    )


def _differing_first(columns: Sequence[ColumnResult]) -> Sequence[ColumnResult]:
    """In the order of the file where all can be seen at once."""
    return columns if len(columns) <= _MOST_COLUMNS else sorted(columns, key=lambda column: not column.mismatches)


def _distance(column: ColumnResult, value: float | None) -> str | None:
    """A difference with its unit: dates are days apart."""
    if value is None:
        return None
    return f"{figure(value)} {'day' if abs(value) == 1 else 'days'}" if column.kind == "date" else figure(value)


def _figures(title: str, values: pd.Series[str]) -> Any:
    """A column of figures wide enough for the longest: a number that is cut off is another number."""
    longest = max(len(title), *(len(text) for text in values.dropna()))
    return st.column_config.TextColumn(alignment="right", width=8 * longest + 20)


def _show_rows(frame: Frame, desk: Desk, file: ComparisonFile) -> None:
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
            key=f"compare_rows_{path_key(file)}",
        )
        wanted = RowFilter(row_class) if row_class == "unreadable" else _ask_filter(made, row_class, path_key(file))
    if row_class == "unreadable":
        _show_unreadable(file)
        return
    total = file.count(wanted)
    key = f"compare_page_{path_key(file)}_{hashlib.sha256(repr(wanted).encode()).hexdigest()[:12]}"
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


def path_key(file: ComparisonFile) -> str:
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
    by = f" {'+' if cell.delta > 0 else ''}{_distance(column, cell.delta)}" if cell.delta else ""
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
    page = choose_page(file.comparison.total("unreadable").pairs, key=f"compare_bad_{path_key(file)}", rows=_PAGE_ROWS)
    found = file.unreadable(offset=page * _PAGE_ROWS, limit=_PAGE_ROWS)
    show_table(
        pd.DataFrame(found, columns=["File", "Line", "Problem", "Text"]),
        {name: st.column_config.Column() for name in ("File", "Line", "Problem", "Text")},
        alt="Records that could not be read, with their line",
        max_rows=_PAGE_ROWS,
    )
