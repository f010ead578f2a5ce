"""SOQL over REST: query, queryAll, and the pages that follow."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

from reconcile.simulators.generator.ids import normalise_id
from reconcile.simulators.salesforce.errors import SalesforceError
from reconcile.simulators.salesforce.org import Answer, Call, Cursor, Org, flag
from reconcile.simulators.salesforce.soql import Column, Compiled, compile_query, parse
from reconcile.simulators.salesforce.soql.compiled import ChildQuery
from reconcile.simulators.salesforce.store import quoted
from reconcile.simulators.salesforce.values import shown

CURSOR_LIFE_S = 2 * 86400
MAX_PAGE = 2_000
_AGGREGATE_LIMIT = 2_000


def run_query(call: Call) -> Answer:
    """`GET query?q=` and `GET queryAll?q=`."""
    statement = call.params.get("q")
    if not statement:
        raise SalesforceError("MALFORMED_QUERY", "A query string has to be specified")
    compiled = compile_query(parse(statement), include_deleted=call.path.lower() == "queryall")
    if flag(call.params.get("columns")):
        return Answer(body=_column_metadata(compiled))
    if compiled.is_count:
        sql, values = compiled.count_sql()
        return Answer(body={"totalSize": call.org.store.rows(sql, values)[0][0], "done": True, "records": []})
    if compiled.is_aggregate:
        return Answer(body=_aggregate(call.org, compiled))
    return Answer(body=_first_page(call, compiled))


def next_page(call: Call, locator: str) -> Answer:
    """`GET query/<cursor>-<offset>`."""
    match = re.fullmatch(r"(\w{18})-(\d+)", locator)
    cursor = call.org.cursors.get(match[1]) if match else None
    if match is None or cursor is None or time.monotonic() - cursor.made > CURSOR_LIFE_S:
        raise SalesforceError("INVALID_QUERY_LOCATOR", "invalid query locator")
    return Answer(body=_page(call, cursor, match[1], int(match[2])))


def records_as_json(call: Call, compiled: Compiled, ids: Sequence[str]) -> list[dict[str, Any]]:
    """Records by id, in the order given; those gone meanwhile are left out."""
    found: dict[str, tuple[Any, ...]] = {}
    for start in range(0, len(ids), 900):
        part = ids[start : start + 900]
        for row in call.org.store.rows(compiled.page_sql(len(part)), part):
            found[row[0]] = row
    records = [_record(compiled, found[record_id], call.base) for record_id in ids if record_id in found]
    for child in compiled.children:
        _attach_children(call, child, records, [record_id for record_id in ids if record_id in found])
    return records


def _first_page(call: Call, compiled: Compiled) -> dict[str, Any]:
    """Run a statement; what does not fit in one page waits under a cursor."""
    sql, values = compiled.id_sql()
    ids = [row[0] for row in call.org.store.rows(sql, values)]
    if not compiled.order:
        call.org.rng.shuffle(ids)
    cursor = Cursor(compiled, ids, time.monotonic())
    cursor_id = call.org.next_id("01g")
    page = _page(call, cursor, cursor_id, 0)
    if not page["done"]:
        call.org.cursors[cursor_id] = cursor
    return page


def _page(call: Call, cursor: Cursor, cursor_id: str, offset: int) -> dict[str, Any]:
    """One page from `offset` on."""
    size = _page_size(call, len(cursor.ids) - offset)
    ids = cursor.ids[offset : offset + size]
    is_done = offset + size >= len(cursor.ids)
    page: dict[str, Any] = {"totalSize": len(cursor.ids), "done": is_done}
    if not is_done:
        page["nextRecordsUrl"] = f"{call.base}/query/{cursor_id}-{offset + size}"
    page["records"] = records_as_json(call, cursor.compiled, ids)
    return page


def _page_size(call: Call, left: int) -> int:
    """Rows in this page: the client's `batchSize` is a hint, and now and then the org gives fewer."""
    match = re.search(r"batchSize\s*=\s*(\d+)", call.headers.get("sforce-query-options", ""), re.IGNORECASE)
    size = min(MAX_PAGE, max(200, int(match[1]))) if match else MAX_PAGE
    return size if left <= size or call.org.rng.random() < 0.7 else int(size * (0.6 + 0.4 * call.org.rng.random()))


def _record(compiled: Compiled, row: Sequence[Any], base: str) -> dict[str, Any]:
    """One record as nested JSON; `row` has the id before the columns, and those of the parents behind them."""
    record = {"attributes": _attributes(compiled.sobject.name, row[0], base)}
    count = len(compiled.columns)
    parents = {
        parent.path: _attributes(parent.object, record_id, base) if record_id is not None else None
        for parent, record_id in zip(compiled.parents, row[1 + count :], strict=True)
    }
    for column, value in zip(compiled.columns, row[1 : 1 + count], strict=True):
        _put(record, column, value, parents)
    return record


def _attributes(object_name: str, record_id: str, base: str) -> dict[str, Any]:
    """What and where a record is."""
    return {"type": object_name, "url": f"{base}/sobjects/{object_name}/{record_id}"}


def _put(record: dict[str, Any], column: Column, value: Any, parents: Mapping[tuple[str, ...], Any]) -> None:
    """A field, a parent's nested below its relationship. A parent that there is not is null."""
    place = record
    for depth, name in enumerate(column.path[:-1], start=1):
        attributes = parents[column.path[:depth]]
        if attributes is None:
            place[name] = None
            return
        place = place.setdefault(name, {"attributes": attributes})
    place[column.path[-1]] = shown(value, column.type) if value is not None else None


def _attach_children(call: Call, child: ChildQuery, records: list[dict[str, Any]], ids: list[str]) -> None:
    """Run a child sub-query for each record of a page."""
    compiled = compile_query(child.query)
    for record, record_id in zip(records, ids, strict=True):
        where = f"t.{quoted(child.reference.name)} = ?"
        scoped = compiled.narrowed(where, record_id)
        sql, values = scoped.id_sql()
        found = records_as_json(call, compiled, [row[0] for row in call.org.store.rows(sql, values)])
        record[child.relationship] = {"totalSize": len(found), "done": True, "records": found} if found else None


def _aggregate(org: Org, compiled: Compiled) -> dict[str, Any]:
    """Groups as AggregateResult records."""
    sql, values = compiled.row_sql()
    rows = org.store.rows(sql, values)
    if len(rows) > _AGGREGATE_LIMIT:
        raise SalesforceError(
            "EXCEEDED_ID_LIMIT",
            "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single batch",
        )
    records = [
        {
            "attributes": {"type": "AggregateResult"},
            **{
                column.path[-1]: shown(value, column.type) if value is not None else None
                for column, value in zip(compiled.columns, row, strict=True)
            },
        }
        for row in rows
    ]
    return {"totalSize": len(records), "done": True, "records": records}


def _column_metadata(compiled: Compiled) -> dict[str, Any]:
    """What `columns=true` asks for instead of records."""
    kinds = {"boolean": "Boolean", "int": "Integer", "double": "Double", "currency": "Double", "percent": "Double"}
    return {
        "columnMetadata": [
            {
                "aggregate": column.is_aggregate,
                "apexType": kinds.get(column.type, "String"),
                "booleanType": column.type == "boolean",
                "columnName": column.path[-1],
                "custom": column.path[-1].endswith("__c"),
                "displayName": ".".join(column.path),
                "foreignKeyName": column.path[-2] if len(column.path) > 1 else None,
                "insertable": True,
                "joinColumns": [],
                "numberType": column.type in {"int", "double", "currency", "percent"},
                "textType": column.type == "string",
                "updatable": True,
            }
            for column in compiled.columns
        ],
        "entityName": compiled.sobject.name,
        "groupBy": compiled.is_aggregate,
        "idSelected": True,
        "keyPrefix": compiled.sobject.prefix,
    }


def retrieve_rows(
    call: Call, object_name: str, ids: Sequence[str], fields: Sequence[str]
) -> list[Mapping[str, Any] | None]:
    """Records by id in the order asked for; None where there is no live one. For collections."""
    compiled = compile_query(parse(f"SELECT {', '.join(fields)} FROM {object_name}"))
    wanted = [normalise_id(record_id) or "" for record_id in ids]
    rows = call.org.store.get_many(compiled.sobject, wanted)
    live = [record_id for record_id, row in rows.items() if not row.get("IsDeleted")]
    found = dict(zip(live, records_as_json(call, compiled, live), strict=True))
    return [found.get(record_id) for record_id in wanted]
