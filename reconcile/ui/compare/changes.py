"""From compared rows to a change set: the records of a snapshot take the other table's values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import closing
from decimal import Decimal, InvalidOperation
from pathlib import Path

import streamlit as st

from reconcile.access import may
from reconcile.changing import lifecycle
from reconcile.changing.plans.values import ValueRequest, id_field_name, link_field_names, plan_values
from reconcile.comparing.tables import (
    ColumnResult,
    Comparison,
    ComparisonFile,
    ResultRow,
    RowFilter,
    parse_recipe_text,
)
from reconcile.errors import DefinitionError, InputError
from reconcile.model import ChangeSet, Person, Side, Snapshot
from reconcile.snapshots import open_snapshot
from reconcile.state import connections, reconciliations
from reconcile.ui.compare.desk import Chosen, Desk
from reconcile.ui.frame import Frame
from reconcile.ui.guard import attempt
from reconcile.ui.text import count, counted, plain
from reconcile.workbench import Workbench

MOST_RECORDS = 5000
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}([T ].*)?")


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
        decimal = desk.read["right" if side == "left" else "left"].decimal
        key = f"compare:{Path(file.comparison.path).stem}:{side}:{wanted!r}"
        made: list[ChangeSet] = []
        if attempt(
            lambda: made.append(
                draft(
                    frame.workbench, frame.person, chosen,
                    requests=request_values(file.comparison, chosen, side, rows, wanted, decimal=decimal),
                    title=f"{chosen.name} as in {other.name}", request_key=key,
                )
            )
        ):  # fmt: skip
            st.switch_page("pages/6_Changes.py")


def draft(
    workbench: Workbench,
    actor: Person,
    chosen: Chosen,
    *,
    requests: list[ValueRequest],
    title: str,
    request_key: str,
) -> ChangeSet:
    """Draft a change set of the requests. The same key again gives the draft it made the first time.

    Raises:
        DefinitionError: the table is not from a snapshot.
        InputError: nothing is left to be written.
        NotAllowedError: the actor may not write change sets.
    """
    snapshot, table = _snapshot_of(chosen)
    with workbench.database.read() as tx:
        connection = connections.get(tx, snapshot.connection_id)
        definitions = reconciliations.list_current(tx)
    sides = [side for each in definitions for side in (each.left, each.right)]
    links = {side.link_field for side in sides if (side.connection_id, side.object) == (connection.id, table)}
    plan = plan_values(
        snapshot,
        table,
        requests,
        links=link_field_names(snapshot, table, connection) | {name for name in links if name},
    )
    if not plan.operations:
        raise InputError("None of these cells can be written.", remedy=" ".join(plan.notes) or "Choose other rows.")
    with workbench.database.begin() as tx:
        return lifecycle.create(tx, actor, title, plan, request_key=request_key)


def request_values(
    made: Comparison, chosen: Chosen, side: Side, rows: tuple[ResultRow, ...], wanted: RowFilter, *, decimal: str
) -> list[ValueRequest]:
    """What to ask for so that the records of the snapshot on `side` take the other table's values.

    Left out are sensitive columns (only their masks are known), groups, columns that `wanted` does not name where it
    names one, and values that cannot be written as the snapshot's system spells them: numbers in another unit, dates
    in another form. A decimal comma of the other table becomes a point.

    Raises:
        DefinitionError: the table is not from a snapshot, or its id column is not among the compared rows' columns.
    """
    snapshot, table = _snapshot_of(chosen)
    with closing(open_snapshot(Path(snapshot.path))) as con:
        id_field = id_field_name(con, table)
    columns = {column.position: column for column in _writable(made)}
    requests: list[ValueRequest] = []
    for row in rows:
        values = row.left if side == "left" else row.right
        record_id = values.get(id_field) if values else None
        if not record_id or row.how == "group":
            continue
        for position, cell in row.cells.items():
            is_wanted = wanted.position in {None, position} and wanted.difference in {None, cell.difference}
            column = columns.get(position)
            if not is_wanted or column is None:
                continue
            is_known, value = _spelled(cell.right if side == "left" else cell.left, column, decimal)
            if is_known:
                field = column.left if side == "left" else column.right
                requests.append(ValueRequest(record_id, field, value, f"Compared by {row.key}: {column.title}."))
    return requests


def _snapshot_of(chosen: Chosen) -> tuple[Snapshot, str]:
    if chosen.snapshot is None or chosen.options.sheet is None:
        raise DefinitionError("Change set", f"{chosen.name} is not a snapshot", remedy="Take one side from a snapshot.")
    return chosen.snapshot, chosen.options.sheet


def _writable(made: Comparison) -> list[ColumnResult]:
    """Compared columns whose other side has the values in the same unit and unmasked."""
    rules: Mapping[tuple[str, str], bool] = {
        (pair.left, pair.right): pair.rule.left_factor is None for pair in parse_recipe_text(made.recipe).columns
    }
    return [column for column in made.columns if not column.is_sensitive and rules.get((column.left, column.right))]


def _spelled(value: str | None, column: ColumnResult, decimal: str) -> tuple[bool, str | None]:
    """Whether the value can be written, and how."""
    if value is None or column.kind == "text":
        return True, value
    if column.kind == "date":
        return bool(_ISO.fullmatch(value)), value
    plain_number = value.replace(".", "").replace(",", ".") if decimal == "," else value
    try:
        Decimal(plain_number)
    except InvalidOperation:
        return False, None
    return True, plain_number
