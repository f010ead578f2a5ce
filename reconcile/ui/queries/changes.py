"""What the Changes page shows: change sets, their operations, and what was sent for each."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from reconcile import access
from reconcile.changing.states import permits
from reconcile.errors import UnknownNameError
from reconcile.model import ChangeSet, ChangeSetState, Connection, Operation, OperationState, Person
from reconcile.state import change_sets, connections, people, runs
from reconcile.state.change_sets import JournalEntry, Listed
from reconcile.ui.queries.files import frame
from reconcile.ui.text.labels import CHANGE_SETS, OPERATIONS
from reconcile.workbench import Workbench

BLANK = "∅"


@dataclass(frozen=True, slots=True)
class Listing:
    """All change sets, newest first, and what is needed to draw them.

    Attributes:
        names: person id -> name.
    """

    sets: tuple[Listed, ...]
    names: Mapping[str, str]

    def of(self, states: Collection[ChangeSetState]) -> tuple[Listed, ...]:
        """Those in one of the states; all where none is given."""
        return tuple(each for each in self.sets if not states or each.change_set.state in states)

    def count_by_state(self) -> dict[ChangeSetState, int]:
        """State -> number of sets, in the order of a set's life, states without sets left out."""
        found = [each.change_set.state for each in self.sets]
        return {state: found.count(state) for state in CHANGE_SETS if state in found}


@dataclass(frozen=True, slots=True)
class Detail:
    """One change set as the page shows it.

    Attributes:
        targets: the connections it writes to.
        may_approve: whether the acting person may say yes to it.
        reverting: sets made to take this one back.
    """

    change_set: ChangeSet
    counts: Mapping[OperationState, int]
    names: Mapping[str, str]
    targets: tuple[Connection, ...]
    may_approve: bool
    reverting: tuple[ChangeSet, ...]

    @property
    def operations(self) -> int:
        """All operations of the set."""
        return sum(self.counts.values())

    @property
    def touches_production(self) -> bool:
        """Whether a push would write to a production system."""
        return any(target.environment == "production" for target in self.targets)

    def allows(self, event: str) -> bool:
        """Whether the state permits the event; roles are checked apart."""
        return permits(self.change_set.state, event)  # type: ignore[arg-type]  # events are literals at the callers

    def name_of(self, person_id: str | None) -> str:
        """What the person is called."""
        return self.names.get(person_id or "", person_id or "nobody")


def list_change_sets(workbench: Workbench, reconciliation_id: str | None) -> Listing:
    """The change sets of a reconciliation (all where None), newest first."""
    with workbench.database.read() as tx:
        found = change_sets.overview(tx, reconciliation_id=reconciliation_id)
        everybody = people.list_people(tx, with_inactive=True)
    return Listing(tuple(found), {person.id: person.name for person in everybody})


def listing_rows(sets: Sequence[Listed], names: Mapping[str, str]) -> pd.DataFrame:
    """One row a change set: title, state, operations, verified (share), trouble (count), author, approver, changed."""
    return pd.DataFrame(
        [
            {
                "title": each.change_set.title,
                "state": CHANGE_SETS[each.change_set.state].name,
                "operations": each.operations,
                "verified": each.counts.get("verified", 0) / each.operations if each.operations else 0.0,
                "trouble": sum(each.counts.get(state, 0) for state in ("failed", "stale", "mismatched", "uncertain")),
                "author": names.get(each.change_set.author_id, each.change_set.author_id),
                "approver": names.get(each.change_set.approver_id or "", ""),
                "changed": each.changed_at,
            }
            for each in sets
        ]
    )


def read_detail(workbench: Workbench, person: Person, change_set_id: str) -> Detail | None:
    """One change set; None when there is none of that id (an old link)."""
    with workbench.database.read() as tx:
        try:
            change_set = change_sets.get(tx, change_set_id)
        except UnknownNameError:
            return None
        operations = change_sets.operations(tx, change_set_id)
        ids = dict.fromkeys(operation.target.connection_id for operation in operations)
        everybody = people.list_people(tx, with_inactive=True)
        return Detail(
            change_set=change_set,
            counts=change_sets.count_operations(tx, change_set_id),
            names={each.id: each.name for each in everybody},
            targets=tuple(connections.get(tx, connection_id) for connection_id in ids),
            may_approve=access.may_approve(person, change_set, people.list_people(tx)),
            reverting=tuple(change_sets.find_reverting(tx, change_set_id)),
        )


def read_counts(workbench: Workbench, change_set_id: str) -> tuple[ChangeSetState, Mapping[OperationState, int]]:
    """The state of a set and its operations by state, for a live display."""
    with workbench.database.read() as tx:
        return change_sets.get(tx, change_set_id).state, change_sets.count_operations(tx, change_set_id)


def read_operations(
    workbench: Workbench,
    change_set: ChangeSet,
    *,
    states: Collection[OperationState],
    page: int,
    page_rows: int,
) -> list[Operation]:
    """One page of operations in their order."""
    with workbench.database.read() as tx:
        return change_sets.operations(tx, change_set.id, states=states, limit=page_rows, offset=page * page_rows)


def operation_rows(workbench: Workbench, change_set: ChangeSet, operations: Sequence[Operation]) -> pd.DataFrame:
    """One row an operation: position, stage, object, record, name, change, reason, state, message."""
    names = _record_names(workbench, change_set, [operation.target.record_id for operation in operations])
    return pd.DataFrame(
        [
            {
                "position": each.position + 1,
                "stage": each.stage,
                "object": each.target.object,
                "record": each.target.record_id,
                "name": names.get(each.target.record_id, ""),
                "change": describe_change(each),
                "reason": each.reason,
                "state": OPERATIONS[each.state].name,
                "message": " ".join(part for part in (each.message, each.remedy) if part),
            }
            for each in operations
        ]
    )


def describe_change(operation: Operation) -> str:
    """What is written, in one line: "Phone: 123 → 456; City: ∅ → Berlin"."""
    return "; ".join(
        f"{name}: {operation.before.get(name) or BLANK} → {value or BLANK}" for name, value in operation.after.items()
    )


def read_operation(workbench: Workbench, operation_id: str) -> tuple[Operation, list[JournalEntry]] | None:
    """One operation and its lines of the journal; None when there is none of that id."""
    with workbench.database.read() as tx:
        try:
            operation = change_sets.get_operation(tx, operation_id)
        except UnknownNameError:
            return None
        return operation, change_sets.read_journal(tx, operation.change_set_id, operation_id=operation_id)


def journal_rows(entries: Sequence[JournalEntry]) -> pd.DataFrame:
    """One row a line of the journal: at, event, attempt, text."""
    return pd.DataFrame(
        [
            {"at": each.at, "event": each.event, "attempt": each.attempt, "text": _flat(each.response or each.request)}
            for each in entries
        ]
    )


def _flat(document: Mapping[str, Any] | None) -> str:
    return ", ".join(f"{key}: {value}" for key, value in (document or {}).items())


def _record_names(workbench: Workbench, change_set: ChangeSet, ids: Sequence[str]) -> dict[str, str]:
    """Names of records from the run that the set came from; ids that it does not know are left out."""
    if not change_set.run_id or not ids:
        return {}
    with workbench.database.read() as tx:
        try:
            path = runs.get(tx, change_set.run_id).path
        except UnknownNameError:
            return {}
    if not Path(path).is_file():
        return {}
    sql = "SELECT record_id, name FROM {}_records WHERE record_id IN (SELECT unnest(?::VARCHAR[]))"
    both = f"{sql.format('left')} UNION ALL {sql.format('right')}"
    found = frame(path, both, [list(ids), list(ids)])
    return {str(record): str(name) for record, name in zip(found["record_id"], found["name"], strict=True) if name}
