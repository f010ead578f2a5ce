"""Defining reconciliations: propose one for two sources, correct its mapping, keep it as a version."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from reconcile import access, audit
from reconcile.errors import DefinitionError, StateError
from reconcile.model import Connection, Person, Reconciliation, Role, Snapshot
from reconcile.runs.definitions import chargebee_reconciliation, file_reconciliation
from reconcile.snapshots import open_snapshot
from reconcile.snapshots.sql import quoted
from reconcile.state import connections, reconciliations, snapshots
from reconcile.systems import link_fields
from reconcile.workbench import Workbench


def save(workbench: Workbench, actor: Person, definition: Reconciliation) -> Reconciliation:
    """Keep an edited definition as its next version, or a new one.

    Raises:
        NotAllowedError: the actor is no administrator.
        DefinitionError: the definition contradicts itself.
        ConflictError: somebody saved another version meanwhile.
    """
    access.require(actor, "edit reconciliations")
    with workbench.database.begin() as tx:
        saved = reconciliations.save(tx, actor, definition)
        audit.record(tx, actor, "save reconciliation", saved.id, {"version": saved.version})
    return saved


def with_mapping(
    definition: Reconciliation, left: Mapping[Role, tuple[str, ...]], right: Mapping[Role, tuple[str, ...]]
) -> Reconciliation:
    """The definition with other columns for its roles."""
    return replace(
        definition,
        left=replace(definition.left, roles=dict(left)),
        right=replace(definition.right, roles=dict(right)),
    )


def propose(
    workbench: Workbench, name: str, left: tuple[str, str], right: tuple[str, str], *, is_one_to_one: bool
) -> Reconciliation:
    """A definition for two sources, to be looked at and corrected: which columns mean what is read from the snapshots.

    Args:
        workbench: where the snapshots are.
        name: what people will call it.
        left: connection id and object.
        right: connection id and object.
        is_one_to_one: whether a record may have one partner only.

    Raises:
        StateError: a side was not pulled yet.
        DefinitionError: a side has no column that names each record, or the two have no role in common.
    """
    with workbench.database.read() as tx:
        sides = [connections.get(tx, left[0]), connections.get(tx, right[0])]
        newest = [snapshots.latest(tx, left[0]), snapshots.latest(tx, right[0])]
    if [side.system for side in sides] == ["salesforce", "chargebee"] and (left[1], right[1]) == (
        "Account",
        "customer",
    ):
        return _built_in(name, sides, newest)
    taken = [_pulled(side, snapshot) for side, snapshot in zip(sides, newest, strict=True)]
    made = file_reconciliation(
        *taken,
        name=name.strip(),
        left_object=left[1],
        right_object=right[1],
        cardinality="1:1" if is_one_to_one else "n:1",
    )
    return replace(made, id=_slug(name))


def _built_in(name: str, sides: list[Connection], newest: list[Snapshot | None]) -> Reconciliation:
    fields = _fields(newest[0], "Account")
    made = chargebee_reconciliation(sides[0].id, sides[1].id, link_fields(sides[0], sides[1], fields))
    return replace(made, id=_slug(name), name=name.strip())


def _fields(snapshot: Snapshot | None, object_name: str) -> list[str]:
    if snapshot is None:
        return []
    with closing(open_snapshot(Path(snapshot.path))) as con:
        return list(con.sql(f"SELECT * FROM {quoted(object_name)} LIMIT 0").columns)


def _pulled(connection: Connection, snapshot: Snapshot | None) -> Snapshot:
    if snapshot is None:
        raise StateError(f"Connection {connection.name}", "not pulled yet", "mapped", remedy="Pull it first.")
    return snapshot


def _slug(name: str) -> str:
    made = re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")[:60]
    if not made:
        raise DefinitionError("The reconciliation", "it needs a name with letters or digits")
    return made
