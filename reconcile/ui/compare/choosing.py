"""Choosing the two tables, and how each was read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import streamlit as st

from reconcile.errors import InputError
from reconcile.model import Side
from reconcile.state import connections, snapshots
from reconcile.systems.files import ReadOptions
from reconcile.ui.compare.desk import SIDES, Chosen, Desk, Source
from reconcile.ui.frame import Frame
from reconcile.ui.guard import attempt
from reconcile.ui.text import count, counted, plain

# In the order of use: the uploader cuts the list where it ends.
_TYPES = ["csv", "tsv", "xlsx", "parquet", "jsonl", "json", "gz", "txt", "xls", "xlsm", "ods", "ndjson"]
_SOURCES: dict[Source, str] = {"upload": "Upload", "server": "On this server", "snapshot": "Snapshot"}
_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_ENCODINGS = ("utf-8", "cp1252", "utf-16", "iso8859-15", "cp1250", "cp1251", "shift_jis", "gb18030", "mixed")


def show_choosing(frame: Frame, desk: Desk) -> None:
    """Two places side by side: what is not chosen can be, what is chosen says what it is."""
    for side, place in zip(SIDES, st.columns(2, gap="medium"), strict=True):
        with place, st.container(border=True, height="stretch"):
            if side in desk.read:
                _show_chosen(desk, side)
            else:
                _show_choice(frame, desk, side)


def _show_choice(frame: Frame, desk: Desk, side: Side) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(f"**{'Left' if side == 'left' else 'Right'} table**", width="content")
        source = st.segmented_control(
            f"Where the {side} table is",
            list(_SOURCES),
            format_func=lambda key: _SOURCES[key],
            default="upload",
            required=True,
            key=f"compare_source_{side}",
            label_visibility="collapsed",
        )
    if source == "upload":
        _show_upload(desk, side)
    elif source == "server":
        _show_server(desk, side)
    else:
        _show_snapshot(frame, desk, side)


def _show_upload(desk: Desk, side: Side) -> None:
    uploaded = st.file_uploader(
        f"{side.capitalize()} file",
        type=_TYPES,
        key=f"compare_upload_{side}_{desk.turns[side]}",
        label_visibility="collapsed",
        help="CSV, TSV, XLSX, Parquet or JSON lines; text also in gzip.",
    )
    if uploaded is not None:
        with st.spinner(f"Reading {plain(uploaded.name)} …"):
            attempt(lambda: desk.keep(side, uploaded.name, uploaded))
        st.rerun()


def _show_server(desk: Desk, side: Side) -> None:
    with st.form(f"compare_server_{side}", border=False):
        path = st.text_input(
            "Path on this server", placeholder="/data/exports/invoices.csv", key=f"compare_path_{side}"
        )
        if st.form_submit_button("Read file", icon=":material/file_open:"):
            wanted = Path((path or "").strip())
            attempt(lambda: _choose_path(desk, side, wanted))
            st.rerun()


def _choose_path(desk: Desk, side: Side, path: Path) -> None:
    if not path.is_file():
        raise InputError(f"There is no file {str(path)!r} on this server.", remedy="Give its full path.")
    desk.choose(side, Chosen(path, path.name))


def _show_snapshot(frame: Frame, desk: Desk, side: Side) -> None:
    with frame.workbench.database.read() as tx:
        found = {known.id: (known, snapshots.latest(tx, known.id)) for known in connections.list_connections(tx)}
    pulled = {key: (known, latest) for key, (known, latest) in found.items() if latest is not None}
    if not pulled:
        st.caption("Nothing was pulled yet. Pull a connection on the Sources page first.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            "Connection", list(pulled), format_func=lambda key: pulled[key][0].name, key=f"compare_connection_{side}"
        )
        connection, snapshot = pulled[chosen]
        table = st.selectbox("Object", [item.object for item in snapshot.objects], key=f"compare_object_{side}")
        if st.button("Take snapshot", icon=":material/database:", key=f"compare_take_{side}"):
            name = f"{connection.name} {table}"
            taken = Chosen(Path(snapshot.path), name, ReadOptions(sheet=table), snapshot)
            attempt(lambda: desk.choose(side, taken))
            st.rerun()


def _show_chosen(desk: Desk, side: Side) -> None:
    read = desk.read[side]
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(f"**{plain(read.name)}**", width="content")
        st.button(
            "Choose another",
            key=f"compare_again_{side}",
            icon=":material/swap_horiz:",
            type="tertiary",
            on_click=desk.swap_out,
            args=(side,),
        )
    facts = f"{counted(read.rows, 'row')}, {counted(len(read.columns), 'column')}"
    bad = f" · :orange[{counted(read.unreadable, 'unreadable record')}]" if read.unreadable else ""
    st.caption(f"{facts}{bad} · {plain(read.describe())}")
    if read.warnings:
        with st.expander(f"{counted(len(read.warnings), 'warning')}", icon=":material/warning:"):
            for warning in read.warnings:
                st.markdown(f"- {plain(warning.sentence)}")
    if read.dialect is not None or len(read.sheets) > 1:
        with st.popover("Read it differently", icon=":material/tune:", type="tertiary"):
            _show_reading(desk, side)


def _show_reading(desk: Desk, side: Side) -> None:
    read, chosen = desk.read[side], desk.chosen[side]
    with st.form(f"compare_reading_{side}_{desk.version}", border=False):
        options = _ask_sheet(read.sheets, read.sheet, chosen.options) if len(read.sheets) > 1 else chosen.options
        if read.dialect is not None:
            options = _ask_dialect(desk, side, options)
        if st.form_submit_button("Read again", icon=":material/refresh:"):
            attempt(lambda: desk.choose(side, replace(chosen, options=options)))
            st.rerun()


def _ask_sheet(sheets: tuple[str, ...], sheet: str | None, options: ReadOptions) -> ReadOptions:
    place = sheets.index(sheet) if sheet in sheets else 0
    return replace(options, sheet=st.selectbox("Sheet", sheets, index=place))


def _ask_dialect(desk: Desk, side: Side, options: ReadOptions) -> ReadOptions:
    dialect = desk.read[side].dialect
    if dialect is None:
        return options
    delimiters = list(dict.fromkeys([dialect.delimiter, *_DELIMITERS]))
    encodings = list(dict.fromkeys([dialect.encoding, *_ENCODINGS]))
    delimiter = st.selectbox("Delimiter", delimiters, format_func=lambda key: _DELIMITERS.get(key, repr(key)))
    quote = st.selectbox(
        "Quote", [dialect.quote, *({'"', "'", ""} - {dialect.quote})], format_func=lambda q: q or "none"
    )
    encoding = st.selectbox("Encoding", encodings)
    decimal = st.segmented_control(
        "Decimal mark", [".", ","], default=dialect.decimal, required=True,
        format_func=lambda mark: "point" if mark == "." else "comma",
    )  # fmt: skip
    header = st.toggle("The first record names the columns", value=dialect.has_header)
    skip = st.number_input("Lines to skip in front", 0, 1000, dialect.skip_lines)
    return replace(
        options, delimiter=delimiter, quote=quote, encoding=encoding, decimal=decimal, has_header=header,
        skip_lines=int(skip),
    )  # fmt: skip


def describe_counts(desk: Desk) -> str:
    """Both tables in one line."""
    return " against ".join(f"{plain(desk.read[side].name)} ({count(desk.read[side].rows)})" for side in SIDES)
