"""sObject collections: up to 200 rows written, or 2,000 read, in one call; results by position."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

from reconcile.simulators.salesforce.errors import MultipleMatches, SalesforceError
from reconcile.simulators.salesforce.objects import SOBJECTS
from reconcile.simulators.salesforce.org import Answer, Call, flag, object_named
from reconcile.simulators.salesforce.query import retrieve_rows
from reconcile.simulators.salesforce.rows import resolve_parents, upsert
from reconcile.simulators.salesforce.schema import SObject
from reconcile.simulators.salesforce.writing import create, delete, origin_of, update

MAX_ROWS, MAX_READ, MAX_CHUNKS = 200, 2_000, 10
_ROLLED_BACK = SalesforceError(
    "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "Record rolled back because not all records were valid and the request was using AllOrNone header",
)
_BY_PREFIX = {sobject.prefix: sobject for sobject in SOBJECTS.values()}
Result = dict[str, Any]


class _Undo(Exception):  # noqa: N818  # not an error: it carries the results out of a transaction that is rolled back
    """All rows must go, because one failed."""


def create_rows(call: Call) -> Answer:
    """`POST composite/sobjects`."""
    records = _records(call)

    def one(record: dict[str, Any]) -> Result:
        sobject = _object_of(record)
        return {"id": create(call.org, sobject, _row_values(call, sobject, record), origin_of(call))}

    return _each(call, records, one, all_or_none=_all_or_none(call))


def update_rows(call: Call) -> Answer:
    """`PATCH composite/sobjects`."""
    records = _records(call)

    def one(record: dict[str, Any]) -> Result:
        sobject = _object_of(record)
        record_id = next((value for name, value in record.items() if name.lower() == "id"), None)
        if not record_id:
            raise SalesforceError("MISSING_ARGUMENT", "Id not specified in an update call", fields=["Id"])
        values = {name: value for name, value in _row_values(call, sobject, record).items() if name.lower() != "id"}
        return {"id": update(call.org, sobject, str(record_id), values, origin_of(call))}

    return _each(call, records, one, all_or_none=_all_or_none(call))


def upsert_rows(call: Call, object_name: str, field_name: str) -> Answer:
    """`PATCH composite/sobjects/X/Field`."""
    sobject = object_named(object_name)
    field = sobject.by_name.get(field_name.lower())
    if field is None or not (field.is_external_id or field.type == "id"):
        raise SalesforceError(
            "NOT_FOUND", f"Provided external ID field does not exist or is not accessible: {field_name}", status=404
        )

    def one(record: dict[str, Any]) -> Result:
        values = _row_values(call, sobject, record)
        key = next((name for name in values if name.lower() == field.name.lower()), field.name)
        value = values.pop(key, None)
        if field.type == "id":
            return {"id": update(call.org, sobject, str(value), values, origin_of(call)), "created": False}
        try:
            record_id, is_created = upsert(call, sobject, field.name, value, values)
        except MultipleMatches as matches:
            message = f"{field.name}: more than one record found for external id field: {matches.urls}"
            raise SalesforceError("DUPLICATE_EXTERNAL_ID", message, fields=[field.name]) from matches
        return {"id": record_id, "created": is_created}

    return _each(call, _records(call), one, all_or_none=_all_or_none(call))


def delete_rows(call: Call) -> Answer:
    """`DELETE composite/sobjects?ids=a,b`."""
    ids = [record_id for record_id in call.params.get("ids", "").split(",") if record_id]
    _check_size(len(ids), MAX_ROWS)

    def one(record_id: str) -> Result:
        sobject = _BY_PREFIX.get(record_id[:3])
        if sobject is None:
            raise SalesforceError("MALFORMED_ID", f"malformed id {record_id}")
        return {"id": delete(call.org, sobject, record_id, origin_of(call))}

    return _each(call, ids, one, all_or_none=flag(call.params.get("allOrNone")))


def read_rows(call: Call, object_name: str) -> Answer:
    """`GET composite/sobjects/X?ids=&fields=` and `POST` with the same in its body; null for no such row."""
    if call.method == "GET":
        ids = [record_id for record_id in call.params.get("ids", "").split(",") if record_id]
        fields = [name for name in call.params.get("fields", "").split(",") if name]
        _check_size(len(ids), 800)  # the address must stay below 16 kB
    else:
        body = call.json_object()
        ids, fields = _texts(body, "ids"), _texts(body, "fields")
        _check_size(len(ids), MAX_READ)
    if not ids or not fields:
        raise SalesforceError("MISSING_ARGUMENT", "ids and fields have to be specified")
    return Answer(body=retrieve_rows(call, object_named(object_name).name, ids, fields))


def _records(call: Call) -> list[dict[str, Any]]:
    """The rows of the body: at most 200, in at most ten runs of one type."""
    records = call.json_object().get("records")
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise SalesforceError("JSON_PARSER_ERROR", "records must be an array of objects")
    _check_size(len(records), MAX_ROWS)
    chunks = sum(1 for _ in groupby(records, key=lambda record: _type_name(record).lower()))
    if chunks > MAX_CHUNKS:
        raise SalesforceError(
            "LIMIT_EXCEEDED", f"The request contains {chunks} chunks of record types; at most {MAX_CHUNKS} are allowed"
        )
    return records


def _texts(body: dict[str, Any], name: str) -> list[str]:
    """A list of texts of the body; empty where it is left out."""
    values = body.get(name) or []
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise SalesforceError("JSON_PARSER_ERROR", f"{name} must be an array of strings")
    return values


def _check_size(count: int, limit: int) -> None:
    if count > limit:
        raise SalesforceError(
            "EXCEEDED_ID_LIMIT", f"record limit reached. cannot submit more than {limit} records in this operation"
        )


def _all_or_none(call: Call) -> bool:
    return flag(call.json_object().get("allOrNone"))


def _object_of(record: dict[str, Any]) -> SObject:
    """The object that a row's `attributes.type` names."""
    name = _type_name(record)
    sobject = SOBJECTS.get(name.lower())
    if sobject is None:
        raise SalesforceError("INVALID_TYPE", f"sObject type '{name}' is not supported.")
    return sobject


def _type_name(record: dict[str, Any]) -> str:
    """The name in a row's `attributes.type`; empty where it has none."""
    attributes = record.get("attributes")
    return str(attributes.get("type") or "") if isinstance(attributes, dict) else ""


def _row_values(call: Call, sobject: SObject, record: dict[str, Any]) -> dict[str, Any]:
    """A row's field values, parents by external id resolved."""
    return resolve_parents(call, sobject, {name: value for name, value in record.items() if name != "attributes"})


def _each(call: Call, items: Sequence[Any], one: Callable[[Any], Result], *, all_or_none: bool) -> Answer:
    """Do one thing to each item; give results in the items' order. With `all_or_none` one failure undoes all."""
    results: list[Result] = []
    try:
        with call.org.transaction():
            results = [_result(one, item) for item in items]
            if all_or_none and not all(result["success"] for result in results):
                raise _Undo  # noqa: TRY301  # leaving the transaction this way is what undoes it
    except _Undo:
        for result in results:
            if result["success"]:
                result.update(success=False, errors=[_ROLLED_BACK.row()])
                result.pop("created", None)
    return Answer(body=results)


def _result(one: Callable[[Any], Result], item: Any) -> Result:
    """The save result of one row."""
    try:
        done = one(item)
    except SalesforceError as error:
        return {"success": False, "errors": [error.row()]}
    return {"id": done.pop("id"), "success": True, "errors": [], **done}
