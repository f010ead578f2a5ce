"""Plans that give records of one snapshot values from elsewhere: a file, another table, a person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from reconcile.changing.plans.combine import Plan, combine
from reconcile.changing.plans.links import SET
from reconcile.changing.plans.source import Found, require_known
from reconcile.errors import DefinitionError
from reconcile.model import Connection, FieldInfo, RecordRef, Snapshot
from reconcile.snapshots import object_fields, open_snapshot
from reconcile.snapshots.sql import quoted
from reconcile.systems.chargebee.links import DEFAULT_LINK_FIELD, salesforce_links
from reconcile.systems.salesforce.values import fits


@dataclass(frozen=True, slots=True)
class ValueRequest:
    """Give one field of one record a value. `reason` is a sentence that says where it comes from."""

    record_id: str
    field: str
    value: str | None
    reason: str


def plan_values(
    snapshot: Snapshot, object_name: str, requests: Sequence[ValueRequest], *, links: Collection[str] = ()
) -> Plan:
    """Operations (stage 1) that write the requested values, one for each record, as the snapshot shows it before.

    The precondition is the snapshot's own value of each field, whatever the request was made from. Left out, with a
    note: fields that the connection's user may not write, values that a field's type cannot hold, and `links`, which
    are changed with everything that hangs on them or not at all.

    Raises:
        DefinitionError: the snapshot lacks the object or a field, or one field is to have two values.
        UnknownNameError: a record that the snapshot does not hold.
    """
    with closing(open_snapshot(Path(snapshot.path))) as con:
        known = {info.name: info for info in object_fields(con, object_name)}
        wanted, notes = _writable(object_name, known, requests, frozenset(links))
        wanted, misfits = _fitting(snapshot, object_name, known, wanted)
        found = _find(con, snapshot, object_name, wanted)
    operations = []
    for request in wanted:
        record = found[request.record_id]
        narrowed = Found(
            record.target, record.fingerprint, record.modified_at, {request.field: record.values[request.field]}
        )
        name = f"value:{object_name}:{request.record_id}"
        operations.append(narrowed.operation(SET, {request.field: request.value}, request.reason, name))
    return Plan(combine(operations), existing_links=0, notes=(*notes, *misfits))


def link_field_names(snapshot: Snapshot, object_name: str, connection: Connection) -> frozenset[str]:
    """Fields of the object in which the link between the two systems is kept, as far as its system declares them."""
    if snapshot.system == "chargebee":
        return frozenset({connection.options.get("link_field") or DEFAULT_LINK_FIELD})
    if snapshot.system != "salesforce":
        return frozenset()
    with closing(open_snapshot(Path(snapshot.path))) as con:
        names = [info.name for info in object_fields(con, object_name)]
    links = salesforce_links(names, DEFAULT_LINK_FIELD, connection.options.get("package_namespace"))
    if object_name == links.left_object:
        return frozenset({links.left_link_field, *(companion.name for companion in links.companions)})
    children = [child for child in links.children if child.object == object_name]
    return frozenset(name for child in children for name in (child.parent_field, child.key_field))


def id_field_name(con: duckdb.DuckDBPyConnection, object_name: str) -> str:
    """The field that holds the record ids of an object in an open snapshot.

    Raises:
        DefinitionError: the snapshot lacks the object.
    """
    return _key_fields(con, object_name)[0]


def _key_fields(con: duckdb.DuckDBPyConnection, object_name: str) -> tuple[str, str | None]:
    """The object's id field, and the field that says when a record was changed last."""
    query = "SELECT id_field, modified_field FROM _objects WHERE object = $object"
    rows = con.execute(query, {"object": object_name}).fetchall()
    if not rows:
        raise DefinitionError(object_name, "it is no object of the snapshot", remedy="Pull the connection again.")
    return str(rows[0][0]), rows[0][1]


def _writable(
    object_name: str, known: Mapping[str, FieldInfo], requests: Sequence[ValueRequest], links: frozenset[str]
) -> tuple[list[ValueRequest], list[str]]:
    """The requests that can be carried out, and a note for each field of the others."""
    missing = next((each.field for each in requests if each.field not in known), None)
    if missing is not None:
        raise DefinitionError(object_name, f"the snapshot has no field {missing}", remedy="Pull again with the field.")
    refused: dict[str, str] = {}
    for field in dict.fromkeys(each.field for each in requests):
        if field in links:
            refused[field] = "it holds a link; change links on the Review page"
        elif not known[field].is_updateable:
            refused[field] = "the connection's user may not write it"
    notes = [f"{object_name}.{field} was left out: {why}." for field, why in refused.items()]
    return [each for each in requests if each.field not in refused], notes


def _fitting(
    snapshot: Snapshot, object_name: str, known: Mapping[str, FieldInfo], requests: Sequence[ValueRequest]
) -> tuple[list[ValueRequest], list[str]]:
    """The requests whose values fit their fields' types, spelt as the system does, and a note for each other field."""
    if snapshot.system != "salesforce":
        return list(requests), []
    fitting: list[ValueRequest] = []
    misfits: defaultdict[str, list[ValueRequest]] = defaultdict(list)
    for request in requests:
        kind, value = known[request.field].type, request.value
        if not fits(value, kind):
            misfits[request.field].append(request)
        else:
            fitting.append(replace(request, value=value.lower()) if value and kind == "boolean" else request)
    notes = [
        f"{object_name}.{field} was left out of {len(odd):,} records: {odd[0].value!r} is no {known[field].type}."
        for field, odd in misfits.items()
    ]
    return fitting, notes


def _find(
    con: duckdb.DuckDBPyConnection, snapshot: Snapshot, object_name: str, requests: Sequence[ValueRequest]
) -> dict[str, Found]:
    """The requested records by their id, with the present values of every requested field."""
    fields = list(dict.fromkeys(each.field for each in requests))
    ids = {each.record_id for each in requests}
    id_field, stamp = _key_fields(con, object_name)
    columns = ", ".join(map(quoted, [id_field, stamp or id_field, *fields]))
    rows = con.execute(
        f"SELECT {columns} FROM {quoted(object_name)} WHERE {quoted(id_field)} IN (SELECT unnest($ids))",
        {"ids": sorted(ids)},
    ).fetchall()
    found = {
        str(row[0]): Found(
            RecordRef(snapshot.connection_id, object_name, str(row[0])),
            snapshot.fingerprint,
            row[1] if stamp else None,
            dict(zip(fields, row[2:], strict=True)),
        )
        for row in rows
    }
    require_known("left", object_name, ids, found)
    return found
