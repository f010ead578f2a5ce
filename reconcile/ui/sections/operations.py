"""The operations of a change set: the page of rows, and one of them with before, after and present side by side."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from reconcile.access import may
from reconcile.model import Operation, OperationState
from reconcile.ui.actions import changes as actions
from reconcile.ui.components.badges import label_badge
from reconcile.ui.components.facets import choose_many
from reconcile.ui.components.paging import PAGE_ROWS, choose_page
from reconcile.ui.components.record_grid import Cell, Column, Row, Tone, show_records
from reconcile.ui.components.tables import show_openable, show_table
from reconcile.ui.frame import Frame
from reconcile.ui.guard import doing
from reconcile.ui.queries.changes import Detail, journal_rows, operation_rows, read_operation, read_operations
from reconcile.ui.text import plain
from reconcile.ui.text.labels import OPERATIONS

OPENED = "operation"


def show_operations(frame: Frame, detail: Detail) -> None:
    """One page of the set's operations, filtered by state, and the opened one."""
    chosen: Sequence[OperationState] = ()
    if len(detail.counts) > 1:
        names: dict[str, str] = {state: label.name for state, label in OPERATIONS.items()}
        asked = choose_many("operations", names, {str(state): number for state, number in detail.counts.items()})
        chosen = [state for state in OPERATIONS if state in asked]
    total = sum(detail.counts.get(state, 0) for state in chosen) if chosen else detail.operations
    slot = st.container()
    version = f"{detail.change_set.id}_{detail.change_set.revision}_{'_'.join(chosen)}"
    page = choose_page(total, key=f"operations_{version}", noun="operations")
    shown = read_operations(frame.workbench, detail.change_set, states=chosen, page=page, page_rows=PAGE_ROWS)
    with slot:
        _show_rows(frame, detail, shown, key=f"rows_{version}_{page}")
    opened = st.query_params.get(OPENED)
    if opened:
        _show_operation(frame, detail, opened)
    elif shown:
        st.caption("Click an operation to see what is expected, written and found, and what was sent for it.")


def _show_rows(frame: Frame, detail: Detail, shown: Sequence[Operation], *, key: str) -> None:
    show_openable(
        operation_rows(frame.workbench, detail.change_set, shown),
        [operation.id for operation in shown],
        {
            "position": st.column_config.NumberColumn("#", width=45),
            "object": st.column_config.TextColumn("Object", width="small"),
            "name": st.column_config.TextColumn("Name", width="medium"),
            "record": st.column_config.TextColumn("Record", width="medium"),
            "change": st.column_config.TextColumn("Change", width="large"),
            "reason": st.column_config.TextColumn("Why", width="large"),
            "state": st.column_config.TextColumn("State", width="small"),
            "message": st.column_config.TextColumn("Answer and remedy", width="large"),
        },
        _open,
        key=key,
        alt="Operations in the order in which they are sent",
        opened=st.query_params.get(OPENED),
        max_rows=12,
    )


def _open(operation_id: str) -> None:
    st.query_params[OPENED] = operation_id


def _close() -> None:
    st.query_params.pop(OPENED, None)


def _show_operation(frame: Frame, detail: Detail, operation_id: str) -> None:
    found = read_operation(frame.workbench, operation_id)
    if found is None or found[0].change_set_id != detail.change_set.id:
        return
    operation, journal = found
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            target = operation.target
            st.markdown(f"**{plain(target.object)} {plain(target.record_id)}**", width="stretch")
            label_badge(OPERATIONS[operation.state])
            st.button("Close", key="close_operation", icon=":material/close:", type="tertiary", on_click=_close)
        st.caption(plain(operation.reason))
        if operation.message or operation.remedy:
            st.warning(f"{plain(operation.message)} {plain(operation.remedy)}", icon=":material/info:")
        _show_values(operation)
        _show_drop(frame, operation)
        if journal:
            st.caption("Journal: what was sent and answered, in order")
            show_table(
                journal_rows(journal),
                {
                    "at": st.column_config.DatetimeColumn("At (UTC)", format="HH:mm:ss.SSS", timezone="UTC"),
                    "event": st.column_config.TextColumn("Event", width="small"),
                    "attempt": st.column_config.NumberColumn("Attempt", width="small"),
                    "text": st.column_config.TextColumn("What", width="large"),
                },
                alt="Journal of the operation",
                max_rows=6,
            )


def _show_values(operation: Operation) -> None:
    """Expected, to be written and found, side by side: the three values that matter when a record changed meanwhile."""
    names = list(dict.fromkeys([*operation.after, *operation.before]))
    columns = [Column("Snapshot", "what must be found"), Column("Proposed", "what is written")]
    if operation.present is not None:
        columns.append(Column("Present", "what was found"))
    show_records(columns, [_value_row(operation, name) for name in names], key=f"op_{operation.id}", alt="Values")


def _value_row(operation: Operation, name: str) -> Row:
    before = operation.before.get(name)
    is_written = name in operation.after
    after = operation.after.get(name)
    proposed = Cell(after, before, blank="cleared") if is_written else Cell(None, blank="unchanged", tone="gray")
    cells = [Cell(before), proposed]
    if operation.present is not None:
        present = operation.present.get(name)
        wanted = after if is_written else before
        tone: Tone = "green" if present == wanted else "" if present == before else "orange"
        cells.append(Cell(present, tone=tone))
    return Row(name, tuple(cells), "differs" if is_written else "same")


def _show_drop(frame: Frame, operation: Operation) -> None:
    if operation.state in ("stale", "failed") and may(frame.person, "author change sets"):
        st.button(
            "Give this one up",
            key=f"drop_{operation.id}",
            icon=":material/block:",
            help="It stays unwritten and asks for nobody any more.",
            on_click=doing(lambda: actions.drop(frame.workbench, frame.person, [operation.id]), "Given up."),
        )
