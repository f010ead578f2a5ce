"""From compared rows to a change set: the records of a snapshot take the other table's values."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import streamlit as st

from reconcile.access import may
from reconcile.changing import lifecycle
from reconcile.changing.plans import Plan, combine
from reconcile.comparing.tables import Comparison, ComparisonFile, ResultRow, RowFilter
from reconcile.errors import DefinitionError
from reconcile.model import Operation, RecordRef, Side, Snapshot, new_id
from reconcile.snapshots import open_snapshot
from reconcile.ui.compare.desk import Chosen, Desk
from reconcile.ui.frame import Frame
from reconcile.ui.guard import attempt
from reconcile.ui.text import count, counted, plain

MOST_RECORDS = 5000


def show_change_set(frame: Frame, desk: Desk, file: ComparisonFile, wanted: RowFilter, total: int) -> None:
    """The button that drafts a change set from the rows that the filter leaves, where one side is a snapshot."""
    sides = [
        side
        for side, chosen in desk.chosen.items()
        if chosen.snapshot is not None and chosen.snapshot.system != "files"
    ]
    if not sides or not total:
        return
    side = sides[0]
    chosen, other = desk.chosen[side], desk.chosen["right" if side == "left" else "left"]
    if len(sides) == 2:
        names = {key: desk.chosen[key].name for key in sides}
        side = st.radio("Change the records of", sides, format_func=lambda key: names[key], horizontal=True)
        chosen, other = desk.chosen[side], desk.chosen["right" if side == "left" else "left"]
    is_allowed = may(frame.person, "author change sets")
    is_few = total <= MOST_RECORDS
    if st.button(
        f"Make change set from {counted(min(total, MOST_RECORDS), 'row')}",
        icon=":material/playlist_add_check:",
        key=f"compare_change_set_{Path(file.comparison.path).stem}",
        disabled=not (is_allowed and is_few),
        help=f"Drafts that {plain(chosen.name)} takes the values of {plain(other.name)} in these cells. Nothing is "
        "written before it was submitted, approved and pushed."
        if is_few
        else f"Narrow the filter to {count(MOST_RECORDS)} rows or fewer first.",
    ):
        rows = file.page(wanted, limit=MOST_RECORDS)
        title = f"{chosen.name} as in {other.name}"
        made: list[str] = []
        if attempt(
            lambda: made.append(_draft(frame, file.comparison, chosen, side, rows=rows, wanted=wanted, title=title))
        ):
            st.switch_page("pages/6_Changes.py")


def _draft(
    frame: Frame,
    made: Comparison,
    chosen: Chosen,
    side: Side,
    *,
    rows: tuple[ResultRow, ...],
    wanted: RowFilter,
    title: str,
) -> str:
    operations = plan_rows(made, chosen, side, rows, wanted)
    if not operations:
        raise DefinitionError(
            "Change set", "none of these cells can be written", remedy="Choose other rows or columns."
        )
    with frame.workbench.database.begin() as tx:
        plan = Plan(combine(operations), existing_links=0)
        return lifecycle.create(tx, frame.person, title, plan).id


def plan_rows(
    made: Comparison, chosen: Chosen, side: Side, rows: tuple[ResultRow, ...], wanted: RowFilter
) -> list[Operation]:
    """One operation per row: the fields that differ take the other table's values.

    Fields that the connection's user may not write, sensitive columns (only their masks are known) and groups are left
    out, and so is a column that `wanted` does not name where it names one.

    Raises:
        DefinitionError: the table is no object of a snapshot, or its id column was not compared or carried.
    """
    snapshot, table = chosen.snapshot, chosen.options.sheet
    if snapshot is None or table is None:
        raise DefinitionError("Change set", f"{chosen.name} is not a snapshot", remedy="Take one side from a snapshot.")
    id_field, stamp, updateable = _describe(snapshot, table)
    fields = {
        column.position: column.left if side == "left" else column.right
        for column in made.columns
        if not column.is_sensitive and (column.left if side == "left" else column.right) in updateable
    }
    operations = []
    for row in rows:
        values = row.left if side == "left" else row.right
        if values is None or row.how == "group" or not values.get(id_field):
            continue
        after = _after(row, side, fields, wanted)
        if after:
            target = RecordRef(snapshot.connection_id, table, str(values[id_field]))
            before = {name: values.get(name) for name in after}
            modified = values.get(stamp) if stamp else None
            operations.append(_operation(target, snapshot, before, after, modified_at=modified, key=row.key))
    return operations


def _after(row: ResultRow, side: Side, fields: Mapping[int, str], wanted: RowFilter) -> dict[str, str | None]:
    after: dict[str, str | None] = {}
    for position, cell in row.cells.items():
        is_wanted = wanted.position in {None, position} and wanted.difference in {None, cell.difference}
        if is_wanted and position in fields:
            after[fields[position]] = cell.right if side == "left" else cell.left
    return after


def _operation(
    target: RecordRef,
    snapshot: Snapshot,
    before: Mapping[str, str | None],
    after: Mapping[str, str | None],
    *,
    modified_at: str | None,
    key: str,
) -> Operation:
    return Operation(
        id=new_id("op"),
        change_set_id="",
        position=0,
        stage=1,
        target=target,
        fingerprint=snapshot.fingerprint,
        before=dict(before),
        after=dict(after),
        reason=f"Compared by {key}: {', '.join(after)} takes the other table's value.",
        modified_at=modified_at,
        requests=(f"compare:{target.object}:{target.record_id}",),
    )


def _describe(snapshot: Snapshot, table: str) -> tuple[str, str | None, frozenset[str]]:
    """The object's id field, its change stamp, and the fields that may be written."""
    with closing(open_snapshot(Path(snapshot.path))) as con:
        found = con.execute("SELECT id_field, modified_field FROM _objects WHERE object = ?", [table]).fetchall()
        names = con.execute("SELECT name FROM _fields WHERE object = ? AND is_updateable", [table]).fetchall()
    if not found:
        raise DefinitionError("Change set", f"{table} is no object of the snapshot", remedy="Take the snapshot again.")
    return str(found[0][0]), found[0][1], frozenset(name for (name,) in names) - {found[0][0]}
