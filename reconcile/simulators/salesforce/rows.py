"""Single rows: create, read, update, delete, upsert by external id, and what changed or went in a span of time."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

from reconcile.simulators.generator.ids import normalise_id
from reconcile.simulators.salesforce.errors import MultipleMatches, SalesforceError, not_found
from reconcile.simulators.salesforce.org import Answer, Call, flag, object_named
from reconcile.simulators.salesforce.schema import ADDRESS_KEYS, NEVER_KNOWN, SObject
from reconcile.simulators.salesforce.store import Row
from reconcile.simulators.salesforce.values import checked, shown
from reconcile.simulators.salesforce.writing import create, delete, live_row, origin_of, update

_SPAN = timedelta(days=30)
_DELETED_SPAN = timedelta(days=15)


def create_row(call: Call, object_name: str) -> Answer:
    """`POST sobjects/X` -> 201."""
    record_id = create(call.org, object_named(object_name), _values(call), origin_of(call))
    location = f"{call.base}/sobjects/{object_named(object_name).name}/{record_id}"
    return Answer(201, {"id": record_id, "success": True, "errors": []}, {"Location": location})


def read_row(call: Call, object_name: str, record_id: str) -> Answer:
    """`GET sobjects/X/id[?fields=a,b]`: ETag on accounts, Last-Modified on all, 304 where a condition says so."""
    sobject = object_named(object_name)
    row = live_row(call.org, sobject, record_id)
    headers = {"Last-Modified": http_date(row["LastModifiedDate"])}
    if sobject.name == "Account":
        headers["ETag"] = etag(row)
        if call.headers.get("if-none-match") == headers["ETag"]:
            return Answer(304, None, headers)
    since = call.headers.get("if-modified-since")
    if since and _seconds(row["LastModifiedDate"]) <= _condition_date(since):
        return Answer(304, None, headers)
    _check_conditions(call, sobject, row)
    return Answer(200, row_as_json(call, sobject, row), headers)


def update_row(call: Call, object_name: str, record_id: str) -> Answer:
    """`PATCH sobjects/X/id` -> 204; 412 where If-Unmodified-Since or, on accounts, If-Match is not met."""
    sobject = object_named(object_name)
    values = _values(call)
    with call.org.store.lock:
        _check_conditions(call, sobject, live_row(call.org, sobject, record_id))
        if any(name.lower() == "id" for name in values):
            raise SalesforceError(
                "INVALID_FIELD", "The Id field should not be specified in the sobject data.", fields=["Id"]
            )
        update(call.org, sobject, record_id, values, origin_of(call))
    return Answer(204)


def delete_row(call: Call, object_name: str, record_id: str) -> Answer:
    """`DELETE sobjects/X/id` -> 204. Conditions are ignored, as Salesforce does."""
    delete(call.org, object_named(object_name), record_id, origin_of(call))
    return Answer(204)


def upsert_row(call: Call, object_name: str, field_name: str, value: str) -> Answer:
    """`PATCH sobjects/X/Field/value[?updateOnly=true]` -> 201 created, 200 updated, 300 several."""
    sobject = object_named(object_name)
    if field_name.lower() == "id":
        return update_row(call, object_name, value)
    values = _values(call)
    only = flag(call.params.get("updateOnly"))
    with call.org.store.lock:
        record_id, is_created = upsert(call, sobject, field_name, value, values, update_only=only)
    if float(call.version) < 46 and not is_created:
        return Answer(204)
    return Answer(201 if is_created else 200, {"id": record_id, "success": True, "errors": [], "created": is_created})


def upsert(
    call: Call, sobject: SObject, field_name: str, value: Any, values: dict[str, Any], *, update_only: bool = False
) -> tuple[str, bool]:
    """Update the row with that external id, or create it.

    Returns:
        Its id, and whether it was created.

    Raises:
        MultipleMatches: several rows carry the value; nothing is written.
        SalesforceError: no such external id field, or whatever speaks against the write.
    """
    field = sobject.by_name.get(field_name.lower())
    if field is None or not field.is_external_id:
        raise SalesforceError(
            "NOT_FOUND", f"Provided external ID field does not exist or is not accessible: {field_name}", status=404
        )
    if value in {None, ""}:
        raise SalesforceError("MISSING_ARGUMENT", f"{field.name} not specified")
    found = call.org.store.find(sobject, field, str(checked(field, value)))
    if len(found) > 1:
        raise MultipleMatches([f"{call.base}/sobjects/{sobject.name}/{record_id}" for record_id in found])
    if found:
        return update(call.org, sobject, found[0], values, origin_of(call)), False
    if update_only:
        raise not_found()
    return create(call.org, sobject, {**values, field.name: value}, origin_of(call)), True


def read_by_external_id(call: Call, object_name: str, field_name: str, value: str) -> Answer:
    """`GET sobjects/X/Field/value`."""
    sobject = object_named(object_name)
    field = sobject.by_name.get(field_name.lower())
    if field is None or not field.is_external_id:
        raise SalesforceError(
            "NOT_FOUND", f"Provided external ID field does not exist or is not accessible: {field_name}", status=404
        )
    found = call.org.store.find(sobject, field, value)
    if not found:
        raise not_found()
    if len(found) > 1:
        raise MultipleMatches([f"{call.base}/sobjects/{sobject.name}/{record_id}" for record_id in found])
    return read_row(call, object_name, found[0])


def changed_rows(call: Call, object_name: str, which: str) -> Answer:
    """`GET sobjects/X/deleted/?start=&end=` and `.../updated/`: ids by the moment of their change, seconds cut off."""
    sobject = object_named(object_name)
    start, end = (_span_end(call, name) for name in ("start", "end"))
    if end - start < timedelta(minutes=1):
        raise SalesforceError("INVALID_REPLICATION_DATE", "endDate must be at least one minute greater than startDate")
    now = datetime.now(UTC)
    limit = _DELETED_SPAN if which == "deleted" else _SPAN
    if start < now - limit:
        raise SalesforceError(
            "INVALID_REPLICATION_DATE", f"startDate before org replication enabled date or older than {limit.days} days"
        )
    bounds = [moment.strftime("%Y-%m-%dT%H:%M:00.000+0000") for moment in (start, end)]
    rows = (
        call.org.store.rows(
            f'SELECT Id, SystemModstamp FROM "{sobject.name}" '
            "WHERE IsDeleted = ? AND SystemModstamp >= ? AND SystemModstamp < ?",
            [int(which == "deleted"), *bounds],
        )
        if sobject.has_deletes
        else []
    )
    covered = min(end, now).strftime("%Y-%m-%dT%H:%M:00.000+0000")
    if which == "updated":
        return Answer(body={"ids": [row[0] for row in rows], "latestDateCovered": covered})
    earliest = (now - _DELETED_SPAN).strftime("%Y-%m-%dT%H:%M:00.000+0000")
    records = [{"deletedDate": row[1], "id": row[0]} for row in rows]
    return Answer(body={"deletedRecords": records, "earliestDateAvailable": earliest, "latestDateCovered": covered})


def row_as_json(call: Call, sobject: SObject, row: Row) -> dict[str, Any]:
    """A row as JSON; with `?fields=` those fields only.

    Raises:
        SalesforceError: INVALID_FIELD.
    """
    wanted = [name.strip() for name in call.params.get("fields", "").split(",") if name.strip()]
    known = {**sobject.by_name, **sobject.compounds}
    row = {**row, **{compound.name: _whole(row, compound.name) for compound in sobject.compounds.values()}}
    for name in wanted:
        if name.lower() not in known:
            raise SalesforceError("INVALID_FIELD", f"No such column '{name}' on entity '{sobject.name}'", fields=[name])
    fields = [known[name.lower()] for name in wanted] if wanted else list(known.values())
    attributes = {"type": sobject.name, "url": f"{call.base}/sobjects/{sobject.name}/{row['Id']}"}
    values = {
        field.name: shown(row[field.name], field.type) if row[field.name] is not None else None for field in fields
    }
    return {"attributes": attributes, "Id": row["Id"], **values}


def _whole(row: Row, name: str) -> str | None:
    """An address as a whole, as JSON text; None where every part is empty."""
    parts = {key: row[name.removesuffix("Address") + part] for key, part in ADDRESS_KEYS.items()}
    if all(value is None for value in parts.values()):
        return None
    return json.dumps({**parts, **dict.fromkeys(NEVER_KNOWN)})


def etag(row: Row) -> str:
    """The entity tag of an account: changes with every write."""
    digest = hashlib.sha256(repr(sorted(row.items(), key=lambda item: item[0])).encode()).digest()
    return f'"{base64.b64encode(digest).decode()}--gzip"'


def http_date(stamp: str) -> str:
    """A stored moment as an HTTP date, in whole seconds."""
    return format_datetime(_seconds(stamp), usegmt=True)


def _seconds(stamp: str) -> datetime:
    """A stored moment without its milliseconds."""
    return datetime.strptime(stamp[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)


def _check_conditions(call: Call, sobject: SObject, row: Row) -> None:
    """If-Unmodified-Since on every object, If-Match on accounts."""
    limit = call.headers.get("if-unmodified-since")
    if limit and _seconds(row["LastModifiedDate"]) > _condition_date(limit):
        raise SalesforceError("PRECONDITION_FAILED", "The record was modified since the given date", status=412)
    wanted = call.headers.get("if-match")
    if wanted and sobject.name == "Account" and wanted not in {"*", etag(row)}:
        raise SalesforceError("PRECONDITION_FAILED", "The record does not match the given entity tag", status=412)


def _condition_date(text: str) -> datetime:
    """An HTTP date of a conditional header."""
    try:
        value = parsedate_to_datetime(text)
    except ValueError as error:
        raise SalesforceError("INVALID_HEADER", f"Invalid date in conditional header: {text}") from error
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _span_end(call: Call, name: str) -> datetime:
    """`start` or `end` of a replication call."""
    text = call.params.get(name, "").replace(" ", "+")
    try:
        value = datetime.fromisoformat(re.sub(r"Z\Z", "+00:00", text))
    except ValueError as error:
        raise SalesforceError("INVALID_REPLICATION_DATE", f"{name} is no valid date: {text}") from error
    if value.tzinfo is None:
        raise SalesforceError("INVALID_REPLICATION_DATE", f"{name} lacks its time zone: {text}")
    return value.astimezone(UTC)


def _values(call: Call) -> dict[str, Any]:
    """Field values of the request's body, without `attributes`; parents by external id resolved."""
    body = {name: value for name, value in call.json_object().items() if name != "attributes"}
    sobject_name = re.match(r"sobjects/(\w+)", call.path, re.IGNORECASE)
    return resolve_parents(call, object_named(sobject_name[1]), body) if sobject_name else body


def resolve_parents(call: Call, sobject: SObject, values: dict[str, Any]) -> dict[str, Any]:
    """Replace `"Parent__r": {"Ext__c": "x"}` by the lookup's id.

    Raises:
        SalesforceError: INVALID_FIELD where no, or several, parents carry the external id.
    """
    resolved: dict[str, Any] = {}
    for name, value in values.items():
        reference = sobject.by_relationship.get(name.lower())
        if not isinstance(value, dict) or reference is None or reference.references is None:
            resolved[name] = value
            continue
        parent = object_named(reference.references)
        given = {key: inner for key, inner in value.items() if key != "attributes"}
        key, inner = next(iter(given.items()), ("", ""))
        field = parent.by_name.get(key.lower())
        found = call.org.store.find(parent, field, str(inner)) if field and field.is_external_id else []
        if key.lower() == "id":
            found = [normalise_id(str(inner)) or str(inner)]
        if len(found) != 1:
            message = f"Foreign key external ID: {inner} not found for field {key} in entity {parent.name}"
            raise SalesforceError("INVALID_FIELD", message)
        resolved[reference.name] = found[0]
    return resolved
