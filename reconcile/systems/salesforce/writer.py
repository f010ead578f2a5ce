"""Writing to Salesforce, each row only while it holds what the operation expects.

Every row is read again just before it is written and compared value by value; a row that changed is not sent. Then, by
how many rows there are:

    up to `guarded_up_to`      composite, 25 a call, each row guarded by If-Unmodified-Since of the stamp just read
    up to `bulk_write_from`    sObject collections, 200 a call (they know no guard: the moment between is unguarded)
    beyond                     Bulk API 2.0, results matched by id

The guard compares whole seconds, so a row that was changed in the running second is read again in the next one.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Any, TypeVar

from reconcile.errors import RefusedError, RemoteError, UnknownNameError, UnreachableError
from reconcile.model import Capabilities, Connection, FieldInfo, ObjectInfo, Operation, RowResult
from reconcile.systems import rows
from reconcile.systems.salesforce import bulk, values
from reconcile.systems.salesforce.client import SalesforceClient, error_of
from reconcile.systems.salesforce.errors import rule_for
from reconcile.systems.salesforce.ids import is_valid, to_18
from reconcile.systems.salesforce.reader import as_text, describe, who_answers

GUARDED_ROWS = 25
COLLECTION_ROWS = 200
READ_ROWS = 2_000
_DUPLICATE_RULE = "Sforce-Duplicate-Rule-Header"
_Json = TypeVar("_Json", dict[str, Any], list[Any])


@dataclass(frozen=True, slots=True)
class _Row:
    """An operation whose record still holds what it expects, and the record's stamp."""

    operation: Operation
    stamp: datetime | None


class SalesforceWriter:
    """Writer of one Salesforce org."""

    def __init__(self, connection: Connection, secrets: Mapping[str, str]) -> None:
        self.connection = connection
        self.client = SalesforceClient(connection, secrets)
        self._described: dict[str, ObjectInfo] = {}
        allows = connection.options.get("allow_duplicate_alerts") == "true"
        self._headers = {_DUPLICATE_RULE: "allowSave=true"} if allows else {}

    def fingerprint(self) -> str:
        """The organisation's id, 18 characters."""
        return who_answers(self.client)

    def guard(self, before_write: Callable[[], None]) -> None:
        """Have this called right before each request that writes; whatever it raises keeps the request here."""
        self.client.session.adapter.before_write = before_write

    def requests_left(self) -> int | None:
        """What the organisation has left of its requests in 24 hours; None where this user may not see it."""
        try:
            limits = self.client.ask(dict, "GET", "limits")
        except RefusedError:
            return None
        left: int | None = limits.get("DailyApiRequests", {}).get("Remaining")
        return left

    def capabilities(self, object_name: str) -> Capabilities:
        """Rows carry their precondition, 25 in one request.

        Raises:
            UnknownNameError: no such object.
        """
        self._describe(object_name)
        return Capabilities(conditional_write=True, batch_size=GUARDED_ROWS)

    def _describe(self, object_name: str) -> ObjectInfo:
        if object_name not in self._described:
            self._described[object_name] = describe(self.client, object_name)
        return self._described[object_name]

    def read(
        self, object_name: str, ids: Sequence[str], fields: Sequence[str]
    ) -> dict[str, dict[str, str | None] | None]:
        """Present values by id as asked for; None for a record that is gone.

        Raises:
            UnknownNameError: a field that the object does not have.
        """
        known = {f.name for f in self._describe(object_name).fields}
        for name in fields:
            if name not in known:
                raise UnknownNameError(f"field of {object_name}", name, tuple(known))
        found: dict[str, dict[str, str | None] | None] = {}
        for start in range(0, len(ids), READ_ROWS):
            found.update(self._read_some(object_name, ids[start : start + READ_ROWS], fields))
        return found

    def _read_some(
        self, object_name: str, ids: Sequence[str], fields: Sequence[str]
    ) -> Iterator[tuple[str, dict[str, str | None] | None]]:
        path, body = f"composite/sobjects/{object_name}", {"ids": list(ids), "fields": list(fields)}
        answer = self.client.ask(list, "POST", path, json=body, is_repeatable=True)
        if len(answer) != len(ids):
            raise RemoteError(self.connection.name, f"{len(answer)} records were answered where {len(ids)} were asked.")
        for asked, record in zip(ids, answer, strict=True):
            yield asked, None if record is None else {name: as_text(record.get(name)) for name in fields}

    def write(self, object_name: str, operations: Sequence[Operation]) -> list[RowResult]:
        """Write the operations; results in the same order. A record named twice is written in two calls, in order.

        Raises:
            RemoteError, UnknownNameError: before anything was sent; afterwards all trouble is in the results.
        """
        work = _Work(self, self._describe(object_name), self._headers)
        for group in _without_repeats(operations):
            work.write(group)
        return [work.results[operation.id] for operation in operations]


def _without_repeats(operations: Sequence[Operation]) -> list[list[Operation]]:
    groups: list[list[Operation]] = []
    seen: defaultdict[str, int] = defaultdict(int)
    for operation in operations:
        record_id = to_18(operation.target.record_id) or ""
        if seen[record_id] == len(groups):
            groups.append([])
        groups[seen[record_id]].append(operation)
        seen[record_id] += 1
    return groups


class _Work:
    """One `write` in progress."""

    def __init__(self, writer: SalesforceWriter, info: ObjectInfo, headers: Mapping[str, str]) -> None:
        self._writer, self._client, self._info, self._headers = writer, writer.client, info, headers
        self._types: dict[str, FieldInfo] = {f.name: f for f in info.fields}
        self._end: RemoteError | None = None
        self.results: dict[str, RowResult] = {}

    def write(self, operations: Sequence[Operation]) -> None:
        """Write operations of which no two name one record."""
        options = self._client.options
        if len(operations) > options.bulk_write_from:
            self._write_bulk(operations)
            return
        is_guarded = len(operations) <= options.guarded_up_to and self._info.modified_field is not None
        size = GUARDED_ROWS if is_guarded else COLLECTION_ROWS
        for start in range(0, len(operations), size):
            chunk = operations[start : start + size]
            sendable = self._still_valid(chunk)
            if sendable and is_guarded:
                self._write_guarded(sendable)
            elif sendable:
                self._write_collection(sendable)

    def _put(self, result: RowResult) -> None:
        self.results[result.operation_id] = result

    def _stop(self, operations: Sequence[Operation], error: RemoteError) -> None:
        """The connection is of no use any more: these operations, and all later ones, are not sent."""
        self._end = error
        for operation in operations:
            self._put(rows.not_sent(operation, error))

    def _still_valid(self, operations: Sequence[Operation]) -> list[_Row]:
        """Read the records again; those that hold what is expected come back, the others get their result here."""
        known = [operation for operation in operations if self._is_well_formed(operation)]
        if self._end is not None:
            self._stop(known, self._end)
            return []
        if not known:
            return []
        try:
            present = self._present(known)
        except RemoteError as error:
            self._stop(known, error)
            return []
        checked = (self._checked(operation, present[operation.target.record_id]) for operation in known)
        return [row for row in checked if row is not None]

    def _is_well_formed(self, operation: Operation) -> bool:
        unknown = [name for name in {*operation.before, *operation.after} if name not in self._types]
        misfit = next((n for n, v in operation.after.items() if not unknown and not self._fits(n, v)), None)
        if unknown:
            message = f"{self._info.name} has no field {unknown[0]} that the connection's user can see."
            self._put(rows.refused(operation, rule_for("INVALID_FIELD"), "INVALID_FIELD", message))
        elif misfit is not None:
            message = f"{operation.after[misfit]!r} is no {self._types[misfit].type}, which {misfit} takes."
            self._put(rows.refused(operation, rule_for("JSON_PARSER_ERROR"), "JSON_PARSER_ERROR", message))
        elif not is_valid(operation.target.record_id):
            message = f"{operation.target.record_id!r} is not a Salesforce id."
            self._put(rows.refused(operation, rule_for("MALFORMED_ID"), "MALFORMED_ID", message))
        return operation.id not in self.results

    def _fits(self, name: str, value: str | None) -> bool:
        return values.fits(value, self._types[name].type)

    def _present(self, operations: Sequence[Operation]) -> dict[str, dict[str, str | None] | None]:
        stamp = self._info.modified_field
        fields = sorted({n for o in operations for n in (*o.before, *o.after)} | ({stamp} if stamp else set()))
        ids = [operation.target.record_id for operation in operations]
        present = self._writer.read(self._info.name, ids, fields)
        for _ in range(3):
            if stamp is None or not self._is_in_running_second(present, stamp):
                break
            time.sleep(0.4)
            present = self._writer.read(self._info.name, ids, fields)
        return present

    def _is_in_running_second(self, present: Mapping[str, Mapping[str, str | None] | None], stamp: str) -> bool:
        now = self._client.server_time
        stamps = [values.stamp_of(record, stamp) for record in present.values() if record is not None]
        return now is not None and any(s is not None and s.replace(microsecond=0) >= now for s in stamps)

    def _checked(self, operation: Operation, present: Mapping[str, str | None] | None) -> _Row | None:
        if present is None:
            self._put(rows.gone(operation))
        elif values.holds(present, operation.after, self._types):
            self._put(rows.already(operation))
        elif not values.holds(present, operation.before, self._types):
            self._put(rows.stale(operation, present))
        else:
            stamp = self._info.modified_field
            return _Row(operation, values.stamp_of(present, stamp) if stamp else None)
        return None

    def _call(
        self, sent: Sequence[_Row], kind: type[_Json], method: str, path: str, body: Mapping[str, Any]
    ) -> _Json | None:
        """Send a call that carries `sent`. None when it failed as a whole: then every row has its result."""
        try:
            return self._client.ask(kind, method, path, json=body, headers=self._headers)
        except RemoteError as error:
            rule = rule_for(error.code, error.status) if isinstance(error, RefusedError) else rule_for("")
            for row in sent:
                self._put(rows.after_failed_call(row.operation, error, rule))
            if not isinstance(error, RefusedError) and not _is_lost(error):
                self._end = error
            return None

    def _write_guarded(self, sent: Sequence[_Row]) -> None:
        subrequests = [self._subrequest(row, f"r{i}") for i, row in enumerate(sent)]
        body = {"allOrNone": False, "compositeRequest": subrequests}
        answer = self._call(sent, dict, "POST", "composite", body)
        if answer is None:
            return
        by_reference = {item.get("referenceId"): item for item in answer.get("compositeResponse", ())}
        for i, row in enumerate(sent):
            self._put(_composite_result(row.operation, by_reference.get(f"r{i}")))

    def _subrequest(self, row: _Row, reference: str) -> dict[str, Any]:
        # The headers of the call reach no subrequest, so what a row needs is said with the row.
        headers = dict(self._headers)
        if row.stamp is not None:
            headers["If-Unmodified-Since"] = format_datetime(row.stamp.replace(microsecond=0), usegmt=True)
        return {
            "method": "PATCH",
            "url": self._client.path(f"sobjects/{self._info.name}/{row.operation.target.record_id}"),
            "referenceId": reference,
            "httpHeaders": headers,
            "body": values.body_of(row.operation, self._types),
        }

    def _write_collection(self, sent: Sequence[_Row]) -> None:
        attributes = {"type": self._info.name}
        records = [
            {
                "attributes": attributes,
                "id": row.operation.target.record_id,
                **values.body_of(row.operation, self._types),
            }
            for row in sent
        ]
        answer = self._call(sent, list, "PATCH", "composite/sobjects", {"allOrNone": False, "records": records})
        if answer is None:
            return
        # A refused row need not carry its id, so results are told apart by their place; the count must then agree.
        results = answer if len(answer) == len(sent) else [None] * len(sent)
        for row, item in zip(sent, results, strict=True):
            self._put(_collection_result(row.operation, item))

    def _write_bulk(self, operations: Sequence[Operation]) -> None:
        by_fields: defaultdict[tuple[str, ...], list[Operation]] = defaultdict(list)
        for start in range(0, len(operations), READ_ROWS):
            for row in self._still_valid(operations[start : start + READ_ROWS]):
                by_fields[tuple(sorted(row.operation.after))].append(row.operation)
        for fields, group in by_fields.items():
            fit = [operation for operation in group if _fits_csv(operation)]
            odd = [_Row(operation, None) for operation in group if not _fits_csv(operation)]
            if fit:
                self._write_job(fields, fit)
            for start in range(0, len(odd), COLLECTION_ROWS):
                self._write_collection(odd[start : start + COLLECTION_ROWS])

    def _write_job(self, fields: Sequence[str], operations: Sequence[Operation]) -> None:
        if self._end is not None:
            self._stop(operations, self._end)
            return
        lines = [{"Id": to_18(o.target.record_id), **o.after} for o in operations]
        outcome = bulk.update(self._client, self._info.name, fields, lines)
        for operation in operations:
            self._put(_bulk_result(operation, outcome))


def _is_lost(error: RemoteError) -> bool:
    # One lost answer does not end the work: the next reading shows whether the org is still there.
    return isinstance(error, UnreachableError) and error.may_have_applied


def _fits_csv(operation: Operation) -> bool:
    """Whether a job can carry the row: a line break may trip it, and the text `#N/A` would clear the field."""
    return not any(
        value is not None and (value == "#N/A" or {"\n", "\r"} & set(value)) for value in operation.after.values()
    )


def _composite_result(operation: Operation, item: Mapping[str, Any] | None) -> RowResult:
    if item is None:
        return rows.unknown(operation, "lost_answer", "The answer does not mention this row.")
    status, body = int(item["httpStatusCode"]), item.get("body")
    if status < 300:
        return rows.succeeded(operation)
    if status == 412:
        return rows.stale(operation, None)
    code, message = error_of(body)
    raw = json.dumps(body)
    if status >= 500 and rule_for(code, status).error_class == "other":
        return rows.unknown(operation, "unavailable", message or f"status {status}")
    return rows.refused(operation, rule_for(code, status), code or str(status), message, raw)


def _collection_result(operation: Operation, item: Mapping[str, Any] | None) -> RowResult:
    if item is None:
        return rows.unknown(operation, "lost_answer", "The answer names another number of rows than were sent.")
    if item.get("success"):
        return rows.succeeded(operation)
    code, message = error_of(item.get("errors") or [])
    return rows.refused(operation, rule_for(code), code, message, json.dumps(item))


def _bulk_result(operation: Operation, outcome: bulk.IngestResult) -> RowResult:
    record_id = to_18(operation.target.record_id) or ""
    if record_id in outcome.succeeded:
        return rows.succeeded(operation)
    if record_id in outcome.failed:
        code, _, rest = outcome.failed[record_id].partition(":")
        message = rest.removesuffix("--").strip().rstrip(":")
        return rows.refused(operation, rule_for(code), code, message, outcome.failed[record_id])
    if record_id in outcome.unprocessed:
        error = outcome.problem or RemoteError("Salesforce", "the job ended before this row.")
        return rows.not_sent(operation, error)
    return rows.unknown(operation, "lost_answer", "The job's results do not mention this row.")
