"""What a plan is made from: the two snapshots, and how the two systems name each other's records."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import duckdb

from reconcile.errors import DefinitionError, UnknownNameError
from reconcile.model import Connection, Operation, Reconciliation, RecordRef, Side, Snapshot, new_id
from reconcile.snapshots import open_snapshot
from reconcile.snapshots.sql import quoted
from reconcile.systems import LinkFields, link_fields
from reconcile.systems.salesforce.ids import to_18, to_18_sql


@dataclass(frozen=True, slots=True)
class Found:
    """One record as its snapshot shows it. `values` are by field, exactly as the source gave them."""

    target: RecordRef
    fingerprint: str
    modified_at: str | None
    values: Mapping[str, str | None]

    def operation(self, stage: int, after: Mapping[str, str | None], reason: str, request: str) -> Operation:
        """The operation that writes `after`, expecting every known value of the record as its precondition."""
        return Operation(
            id=new_id("op"),
            change_set_id="",
            position=0,
            stage=stage,
            target=self.target,
            fingerprint=self.fingerprint,
            before=dict(self.values),
            after=dict(after),
            reason=reason,
            modified_at=self.modified_at,
            requests=(request,),
        )


@dataclass(frozen=True, slots=True)
class PlanSource:
    """Snapshots of both sides and the declaration of the link between their systems."""

    reconciliation: Reconciliation
    links: LinkFields
    left: Snapshot
    right: Snapshot

    @property
    def unique_fields(self) -> frozenset[tuple[str, str, str]]:
        """(connection, object, field) in which two records may not hold the same value: the link fields under 1:1."""
        if self.links.cardinality != "1:1":
            return frozenset()
        left = (self.left.connection_id, self.links.left_object, self.links.left_link_field)
        right = (self.right.connection_id, self.links.right_object, self.links.right_link_field)
        return frozenset({left, right})

    @contextmanager
    def open(self) -> Iterator[Records]:
        """The records of both snapshots, readable until the context ends.

        Raises:
            StorageError: a snapshot file is missing or damaged.
        """
        with (
            closing(open_snapshot(Path(self.left.path))) as left,
            closing(open_snapshot(Path(self.right.path))) as right,
        ):
            yield Records(self, left, right)


def plan_source(
    reconciliation: Reconciliation, left: Snapshot, right: Snapshot, left_system: Connection, right_system: Connection
) -> PlanSource:
    """The source of plans for a reconciliation over two snapshots (usually those of the run that was reviewed).

    The reconciliation's own link fields and cardinality go before what the systems declare.

    Raises:
        UnknownNameError: the two systems have no declared link.
        StorageError: a snapshot file is missing or damaged.
    """
    with closing(open_snapshot(Path(left.path))) as con:
        fields = _columns(con, reconciliation.left.object)
    declared = link_fields(left_system, right_system, fields)
    links = replace(
        declared,
        left_object=reconciliation.left.object,
        right_object=reconciliation.right.object,
        left_link_field=reconciliation.left.link_field or declared.left_link_field,
        right_link_field=reconciliation.right.link_field or declared.right_link_field,
        cardinality=reconciliation.cardinality,
    )
    return PlanSource(reconciliation, links, left, right)


class Records:
    """Looks records up in both snapshots: many at a time, one statement each."""

    def __init__(self, source: PlanSource, left: duckdb.DuckDBPyConnection, right: duckdb.DuckDBPyConnection) -> None:
        self.source, self.links = source, source.links
        self._connections: Mapping[Side, duckdb.DuckDBPyConnection] = {"left": left, "right": right}
        self._columns: dict[tuple[Side, str], tuple[str, ...]] = {}
        self._known_keys: dict[tuple[Side, str], tuple[str, str | None]] = {}

    @property
    def has_salesforce_ids(self) -> bool:
        """Whether ids of the left side come in two forms, of 15 and of 18 characters."""
        return self.links.left_system == "salesforce"

    def left_id(self, value: str | None) -> str | None:
        """A left record id in the form in which ids are compared."""
        return to_18(value) if self.has_salesforce_ids else value

    def columns(self, side: Side, object_name: str) -> tuple[str, ...]:
        """Columns of the object's table; none when the object was not pulled."""
        key = (side, object_name)
        if key not in self._columns:
            self._columns[key] = _columns(self._connections[side], object_name)
        return self._columns[key]

    def find(
        self, side: Side, object_name: str, fields: Sequence[str], by: str, values: Collection[str | None]
    ) -> list[Found]:
        """Records whose field `by` holds one of `values`, in the order of their ids.

        A field that holds left record ids is compared in the form of 18 characters.

        Raises:
            DefinitionError: the snapshot lacks the object or a column.
        """
        id_field, stamp = self._keys(side, object_name)
        self._require(side, object_name, [id_field, by, *fields])
        selected = [id_field, stamp or id_field, *fields]
        compared = self._comparable(side, object_name, by)
        rows = self._connections[side].execute(
            f"SELECT {', '.join(map(quoted, selected))} FROM {quoted(object_name)} "
            f"WHERE {compared} IN (SELECT unnest($values)) ORDER BY {quoted(id_field)}",
            {"values": sorted(value for value in set(values) if value is not None)},
        )
        return [
            self._found(side, object_name, row[0], row[1] if stamp else None, dict(zip(fields, row[2:], strict=True)))
            for row in rows.fetchall()
        ]

    def id_field(self, side: Side, object_name: str) -> str:
        """The key column of an object, as its system says; where it was not pulled, the dataset's own."""
        return self._keys(side, object_name)[0]

    def is_updateable(self, side: Side, object_name: str, field: str) -> bool:
        """Whether the source said, when it was pulled, that this user may write the field (true where it did not say).

        A dotted name (`billing_address.line1`) is asked for as it is.
        """
        row = (
            self._connections[side]
            .execute(
                'SELECT CAST(is_updateable AS BOOLEAN) FROM _fields WHERE "object" = $object AND "name" = $field',
                {"object": object_name, "field": field},
            )
            .fetchone()
        )
        return row is None or row[0] is None or bool(row[0])

    def count_links(self) -> int:
        """How many links are stored: the larger of both sides' counts of filled link fields."""
        left = self._count_filled("left", self.links.left_object, self.links.left_link_field)
        right = self._count_filled("right", self.links.right_object, self.links.right_link_field)
        return max(left, right)

    @cached_property
    def site_record_id(self) -> str | None:
        """The left record that stands for the other system's site; None when the snapshot has none."""
        companion = next((each for each in self.links.companions if each.references is not None), None)
        if companion is None or companion.references is None or companion.references_key is None:
            return None
        if companion.references_key not in self.columns("left", companion.references):
            return None
        found = self.find("left", companion.references, [], companion.references_key, [self.source.right.fingerprint])
        return found[0].target.record_id if found else None

    def _keys(self, side: Side, object_name: str) -> tuple[str, str | None]:
        """The object's key column and the column of its modification stamp, where it has one."""
        if (side, object_name) not in self._known_keys:
            query = "SELECT id_field, modified_field FROM _objects WHERE object = $object"
            row = self._connections[side].execute(query, {"object": object_name}).fetchone()
            id_field, stamp = row or (getattr(self.source.reconciliation, side).id_field, None)
            there = self.columns(side, object_name)
            self._known_keys[side, object_name] = (id_field, stamp if stamp in there else None)
        return self._known_keys[side, object_name]

    def _found(
        self, side: Side, object_name: str, record_id: str, modified_at: str | None, values: dict[str, str | None]
    ) -> Found:
        snapshot = self.source.left if side == "left" else self.source.right
        target = RecordRef(snapshot.connection_id, object_name, record_id)
        return Found(target, snapshot.fingerprint, modified_at, values)

    def _comparable(self, side: Side, object_name: str, field: str) -> str:
        holds_left_ids = (
            field == self.id_field("left", object_name)
            if side == "left"
            else (object_name, field) == (self.links.right_object, self.links.right_link_field)
        )
        is_parent = side == "left" and field in {child.parent_field for child in self.links.children}
        return to_18_sql(quoted(field)) if self.has_salesforce_ids and (holds_left_ids or is_parent) else quoted(field)

    def _require(self, side: Side, object_name: str, fields: Sequence[str]) -> None:
        there = self.columns(side, object_name)
        missing = [name for name in fields if name not in there]
        if missing:
            what = f"no column {missing[0]}" if there else "no such object"
            raise DefinitionError(
                f"{object_name} in the {side} snapshot", what, remedy="Pull again with what the plan needs."
            )

    def _count_filled(self, side: Side, object_name: str, field: str) -> int:
        if field not in self.columns(side, object_name):
            return 0
        query = f"SELECT count(nullif(trim({quoted(field)}), '')) FROM {quoted(object_name)}"
        row = self._connections[side].execute(query).fetchone()
        return int(row[0]) if row else 0


def require_known(side: Side, object_name: str, wanted: Collection[str], found: Mapping[str, Found]) -> None:
    """Refuse a request that names a record which the snapshot does not hold.

    Raises:
        UnknownNameError: with the first such record.
    """
    missing = sorted(set(wanted) - set(found))
    if missing:
        raise UnknownNameError(f"{object_name} in the {side} snapshot", missing[0])


def _columns(con: duckdb.DuckDBPyConnection, object_name: str) -> tuple[str, ...]:
    query = (
        "SELECT column_name FROM duckdb_columns() WHERE database_name = current_database() AND table_name = $object "
        "ORDER BY column_index"
    )
    return tuple(row[0] for row in con.execute(query, {"object": object_name}).fetchall())
