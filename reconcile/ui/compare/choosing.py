"""Choosing the two tables, and how each was read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from reconcile.errors import InputError
from reconcile.model import Side
from reconcile.state import connections, snapshots
from reconcile.systems.files import ReadOptions
from reconcile.ui.compare import dropping
from reconcile.ui.compare.desk import SIDES, Chosen, Desk, Source
from reconcile.ui.compare.works import Work
from reconcile.ui.frame import Frame
from reconcile.ui.guard import attempt, show_error
from reconcile.ui.text import counted, plain

# In the order of use: the uploader cuts the list where it ends.
_TYPES = ["csv", "tsv", "xlsx", "parquet", "jsonl", "json", "gz", "txt", "xls", "xlsm", "ods", "ndjson"]
_SOURCES: dict[Source, str] = {"upload": "Upload", "server": "On this server", "snapshot": "Snapshot"}
_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_ENCODINGS = ("utf-8", "cp1252", "utf-16", "iso8859-15", "cp1250", "cp1251", "shift_jis", "gb18030", "mixed")

dropping.keep_answers()


def show_choosing(frame: Frame, desk: Desk) -> dict[Work, DeltaGenerator]:
    """Two places side by side: what is not chosen can be, what is chosen says what it is.

    Gives the place of each side that is being read, to say so.
    """
    turns = dict(desk.turns)
    places: dict[Work, DeltaGenerator] = {}
    for side, place in zip(SIDES, st.columns(2, gap="medium"), strict=True):
        with place, st.container(border=True, height="stretch"):
            if side in desk.doing:
                places[side] = _show_reading(desk, side)
            elif side in desk.read:
                _show_chosen(desk, side)
            else:
                _show_choice(frame, desk, side)
            if side in desk.problems and side not in desk.doing:
                show_error(desk.problems[side])
    # Not before both sides are drawn: what a script that ends early has not drawn loses what was dropped on it.
    if desk.turns != turns:
        st.rerun()
    return places


def _show_reading(desk: Desk, side: Side) -> DeltaGenerator:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(f"**{side.capitalize()} table**", width="content")
        st.button(
            "Stop", key=f"compare_stop_{side}", icon=":material/close:", type="tertiary", on_click=desk.swap_out,
            args=(side,),
        )  # fmt: skip
    return st.container()


def _show_choice(frame: Frame, desk: Desk, side: Side) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(f"**{side.capitalize()} table**", width="content")
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
        attempt(lambda: desk.keep(side, uploaded.name, uploaded, uploaded.file_id))


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
            desk.choose(side, taken)


def _show_chosen(desk: Desk, side: Side) -> None:
    read = desk.read[side]
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(f"{side.capitalize()}: **{plain(read.name)}**", width="content")
        st.button(
            "Choose another",
            key=f"compare_again_{side}",
            icon=":material/swap_horiz:",
            type="tertiary",
            on_click=desk.swap_out,
            args=(side,),
        )
    rows = counted(read.rows, "row") if read.rows else ":orange[no rows]"
    bad = f" · :orange[{counted(read.unreadable, 'unreadable record')}]" if read.unreadable else ""
    st.caption(f"{rows}, {counted(len(read.columns), 'column')}{bad} · {plain(read.describe())}")
    if desk.is_outdated(side):
        _show_outdated(desk, side)
    if read.warnings:
        with st.expander(f"{counted(len(read.warnings), 'warning')}", icon=":material/warning:"):
            for warning in read.warnings:
                st.markdown(f"- {plain(warning.sentence)}")
    if read.dialect is not None or len(read.sheets) > 1:
        with st.popover("Read it differently", icon=":material/tune:", type="tertiary"):
            _show_options(desk, side)


def _show_outdated(desk: Desk, side: Side) -> None:
    """The file on the server is no longer what was read; its result would be shown as if of the new one."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(":orange[:material/warning: The file was changed or removed since it was read.]", width="content")
        st.button(
            "Read it again", key=f"compare_reread_{side}", icon=":material/refresh:", type="tertiary",
            on_click=desk.choose, args=(side, desk.chosen[side]),
        )  # fmt: skip


def _show_options(desk: Desk, side: Side) -> None:
    read, chosen = desk.read[side], desk.chosen[side]
    with st.form(f"compare_reading_{side}_{desk.version}", border=False):
        options = _ask_sheet(read.sheets, read.sheet, chosen.options) if len(read.sheets) > 1 else chosen.options
        if read.dialect is not None:
            options = _ask_dialect(desk, side, options)
        if st.form_submit_button("Read again", icon=":material/refresh:"):
            desk.choose(side, replace(chosen, options=options))


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
