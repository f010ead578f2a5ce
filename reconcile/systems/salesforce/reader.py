"""Reading Salesforce: describe, count, changes and deletes.

Objects of more than `bulk_read_from` rows come by Bulk API 2.0, smaller ones by query pages (a job costs more than it
saves there). Both give the same text for the same value.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from reconcile.errors import QuarantinedError, RefusedError, UnknownNameError
from reconcile.model import Connection, Environment, FieldInfo, ObjectInfo
from reconcile.systems.salesforce import bulk
from reconcile.systems.salesforce.client import SalesforceClient
from reconcile.systems.salesforce.ids import to_18

logger = logging.getLogger(__name__)

_UNREADABLE_TYPES = frozenset({"address", "location", "base64", "complexvalue", "anyType", "json"})
_LONGEST_QUERY_IN_URL = 12_000  # documented: 16,384 bytes for address and headers together


class SalesforceReader:
    """Reader of one Salesforce org."""

    def __init__(self, connection: Connection, secrets: Mapping[str, str]) -> None:
        self.connection = connection
        self.client = SalesforceClient(connection, secrets)
        self._described: dict[str, ObjectInfo] = {}

    def fingerprint(self) -> str:
        """The organisation's id, 18 characters."""
        return who_answers(self.client)

    def environment(self) -> Environment:
        """Practice on this machine (or where the options say so), else as the organisation says of itself."""
        if self.client.options.is_practice:
            return "practice"
        return "sandbox" if organization(self.client)["IsSandbox"] == "true" else "production"

    def objects(self) -> tuple[str, ...]:
        """Names of every object that can be queried, by name."""
        answer = self.client.simple(lambda session: session.describe())
        return tuple(sorted(str(item["name"]) for item in answer["sobjects"] if item.get("queryable", True)))

    def describe(self, object_name: str) -> ObjectInfo:
        """Key, stamps and the fields that a query can read. Asked of the org once per reader.

        Raises:
            UnknownNameError: no such object, or the connection's user may not see it.
        """
        if object_name not in self._described:
            self._described[object_name] = describe(self.client, object_name)
        return self._described[object_name]

    def count(self, object_name: str) -> int | None:
        """Live records, by `count()`."""
        return self._total(f"SELECT count() FROM {self.describe(object_name).name}")

    def _total(self, soql: str) -> int:
        return int(self.client.simple(lambda session: session.query(soql))["totalSize"])

    def count_by_month(self, object_name: str) -> Mapping[str, int] | None:
        """Live records per month of creation, None where the object has no creation date or cannot be grouped."""
        info = self.describe(object_name)
        if info.created_field is None:
            return None
        year, month = f"CALENDAR_YEAR({info.created_field})", f"CALENDAR_MONTH({info.created_field})"
        soql = f"SELECT {year} y, {month} m, COUNT(Id) c FROM {info.name} GROUP BY {year}, {month}"
        try:
            rows = list(self._rows(soql, "query"))
        except RefusedError as error:
            logger.info("%s: %s cannot be counted by month: %s", self.connection.name, object_name, error)
            return None
        return {f"{int(row['y']):04d}-{int(row['m']):02d}": int(row["c"]) for row in rows}

    def changes(self, object_name: str, fields: Sequence[str], since: datetime | None) -> Iterator[pa.RecordBatch]:
        """Live records whose SystemModstamp is at or after `since`; all when None or when the object has no stamp."""
        info = self.describe(object_name)
        where = f" WHERE {info.modified_field} >= {soql_time(since)}" if since and info.modified_field else ""
        soql = f"SELECT {', '.join(fields)} FROM {info.name}{where}"
        stamps = [f.name for f in info.fields if f.type == "datetime" and f.name in set(fields)]
        rows = self._total(f"SELECT count() FROM {info.name}{where}")
        is_long = len(soql) > _LONGEST_QUERY_IN_URL
        if rows <= self.client.options.bulk_read_from and not is_long:
            yield from self._small(soql, fields)
            return
        for batch in bulk.query(self.client, soql, fields):
            yield with_plain_offset(batch, stamps)

    def deleted(self, object_name: str, since: datetime) -> Iterator[str]:
        """Ids in the recycle bin since `since` (deleted and merged away). None for objects that know no bin.

        The bin keeps 15 days; a pull notices by its counts when something left it before.
        """
        info = self.describe(object_name)
        if info.modified_field is None or "IsDeleted" not in {f.name for f in info.fields}:
            return
        where = f"IsDeleted = true AND {info.modified_field} >= {soql_time(since)}"
        for row in self._rows(f"SELECT Id FROM {info.name} WHERE {where}", "queryAll"):
            yield to_18(str(row["Id"])) or ""

    def fates_of_deleted(self, object_name: str) -> Iterator[tuple[str, str | None]]:
        """What the recycle bin holds (15 days), each with the record it was merged into."""
        known = {f.name for f in self.describe(object_name).fields}
        if not {"IsDeleted", "MasterRecordId"} <= known:
            return
        for row in self._rows(f"SELECT Id, MasterRecordId FROM {object_name} WHERE IsDeleted = true", "queryAll"):
            yield to_18(str(row["Id"])) or "", to_18(row["MasterRecordId"]) if row["MasterRecordId"] else None

    def _rows(self, soql: str, kind: Literal["query", "queryAll"]) -> Iterator[Mapping[str, Any]]:
        for page in self._pages(soql, kind):
            yield from page

    def _pages(self, soql: str, kind: Literal["query", "queryAll"]) -> Iterator[list[dict[str, Any]]]:
        page = self.client.simple(lambda session: session.query(soql, include_deleted=kind == "queryAll"))
        while True:
            yield page["records"]
            if page["done"]:
                return
            page = self.client.simple(partial(_next_page, url=str(page["nextRecordsUrl"])))

    def _small(self, soql: str, fields: Sequence[str]) -> Iterator[pa.RecordBatch]:
        schema = pa.schema([(name, pa.string()) for name in fields])
        for records in self._pages(soql, "query"):
            columns = [pa.array([as_text(record.get(name)) for record in records], pa.string()) for name in fields]
            yield pa.RecordBatch.from_arrays(columns, schema=schema)


def _next_page(session: Any, url: str) -> Any:
    return session.query_more(url, identifier_is_url=True)


def describe(client: SalesforceClient, object_name: str) -> ObjectInfo:
    """Ask the org what the object is.

    Raises:
        UnknownNameError: no such object, or the connection's user may not see it.
    """
    try:
        answer = client.simple(lambda session: getattr(session, object_name).describe())
    except RefusedError as error:
        if error.status != 404:
            raise
        raise UnknownNameError("Salesforce object", object_name) from None
    fields = tuple(_field(item) for item in answer["fields"] if item["type"] not in _UNREADABLE_TYPES)
    names = {f.name for f in fields}
    return ObjectInfo(
        name=str(answer["name"]),
        label=str(answer.get("label") or answer["name"]),
        id_field="Id",
        modified_field="SystemModstamp" if "SystemModstamp" in names else None,
        created_field="CreatedDate" if "CreatedDate" in names else None,
        fields=fields,
    )


def _field(item: Mapping[str, Any]) -> FieldInfo:
    references = item.get("referenceTo") or ()
    return FieldInfo(
        name=str(item["name"]),
        label=str(item.get("label") or item["name"]),
        type=str(item["type"]),
        is_updateable=bool(item.get("updateable", False)),
        is_nullable=bool(item.get("nillable", True)),
        references=str(references[0]) if references else None,
        length=int(item["length"]) if item.get("length") else None,
    )


def who_answers(client: SalesforceClient) -> str:
    """The organisation's id, 18 characters; of the new one where another answers than the session was of."""
    try:
        return organization(client)["Id"] or ""
    except QuarantinedError as error:  # for every other call a reason to stop, here the answer
        return error.found


def organization(client: SalesforceClient) -> dict[str, str | None]:
    """`Id` (18 characters), `Name` and `IsSandbox` of the organisation that answers."""
    soql = "SELECT Id, Name, IsSandbox FROM Organization"
    records = client.simple(lambda session: session.query(soql))["records"]
    if not records:
        raise RefusedError(client.name, 200, "", "the connection's user may not read the organisation")
    row = records[0]
    return {"Id": to_18(str(row["Id"])), "Name": as_text(row.get("Name")), "IsSandbox": as_text(row.get("IsSandbox"))}


def soql_time(moment: datetime) -> str:
    """A dateTime literal of SOQL, in whole milliseconds of UTC, rounded down."""
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"


def as_text(value: object) -> str | None:
    """A JSON value of a record as the text that a CSV of the same record has; empty is null."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def with_plain_offset(batch: pa.RecordBatch, columns: Sequence[str]) -> pa.RecordBatch:
    """The batch with `Z` at the end of a dateTime spelt `+0000`: bulk results and query pages differ in this."""
    for name in columns:
        index = batch.schema.get_field_index(name)
        plain = pc.replace_substring_regex(batch.column(index), pattern="Z$", replacement="+0000")
        batch = batch.set_column(index, name, plain)
    return batch
