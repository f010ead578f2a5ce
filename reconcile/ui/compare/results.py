"""The result: the verdict, the downloads, totals and columns; the rows behind them are in `rows`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from reconcile.comparing.tables import (
    DIFFERENCE_CLASSES,
    ColumnResult,
    Comparison,
    ComparisonFile,
    Recipe,
)
from reconcile.comparing.tables.wording import coverage, distance
from reconcile.reporting.comparison import DIFFERENCE_TITLES, ROW_TITLES, figure, tie, verdict, write_output
from reconcile.ui.compare.desk import Desk
from reconcile.ui.compare.rows import show_rows
from reconcile.ui.components.tables import show_table
from reconcile.ui.frame import Frame
from reconcile.ui.text import count, counted, plain

_MOST_COLUMNS = 12


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
        show_rows(frame, desk, file)


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
            "Largest": distance(column, column.largest),
            "Mean": distance(column, column.mean),
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


def _figures(title: str, values: pd.Series[str]) -> Any:
    """A column of figures wide enough for the longest: a number that is cut off is another number."""
    longest = max(len(title), *(len(text) for text in values.dropna()))
    return st.column_config.TextColumn(alignment="right", width=8 * longest + 20)
