"""Bulk API 2.0 query jobs."""

from __future__ import annotations

import base64
import csv
from collections.abc import Iterator
from itertools import chain
from types import SimpleNamespace
from typing import Any

from reconcile.simulators.salesforce.errors import SalesforceError
from reconcile.simulators.salesforce.jobs import (
    DELIMITERS,
    LINE_ENDINGS,
    Job,
    change_state,
    delete_job,
    find_job,
    job_as_json,
    read_format,
    start,
)
from reconcile.simulators.salesforce.org import Answer, Call, Org
from reconcile.simulators.salesforce.soql import Compiled, compile_query, parse

_STEP = 5_000
_PAGES_LISTED = 5
_DEFAULT_PARALLEL_PAGE = 50_000


def create_query(call: Call) -> Answer:
    """`POST jobs/query`."""
    body = call.json_object()
    operation, statement = str(body.get("operation")), str(body.get("query") or "")
    if operation not in {"query", "queryAll"}:
        raise SalesforceError("INVALIDJOB", f"InvalidJob : operation {operation} is not supported")
    compiled = _compile(statement, operation)
    delimiter, ending = read_format(body)
    job = Job(
        call.org.next_id("750"),
        "query",
        operation,
        compiled.sobject.name,
        call.version,
        call.user_id,
        delimiter,
        ending,
        "UploadComplete",
        query=statement,
    )
    call.org.jobs[job.id] = job
    answer = Answer(body=job_as_json(job))  # as it is before its work begins
    start(call.org, job, _run)
    return answer


def list_queries(call: Call) -> Answer:
    """`GET jobs/query`."""
    jobs = [job_as_json(job) for job in call.org.jobs.values() if job.kind == "query"]
    return Answer(body={"done": True, "records": jobs, "nextRecordsUrl": None})


def show_query(call: Call, job_id: str) -> Answer:
    """`GET jobs/query/id`."""
    return Answer(body=job_as_json(find_job(call, job_id, "query"), is_detailed=True))


def abort_query(call: Call, job_id: str) -> Answer:
    """`PATCH jobs/query/id {"state": "Aborted"}`."""
    job = find_job(call, job_id, "query")
    change_state(job, str(call.json_object().get("state")))
    return Answer(body=job_as_json(job))


def delete_query(call: Call, job_id: str) -> Answer:
    """`DELETE jobs/query/id` -> 204."""
    delete_job(call, find_job(call, job_id, "query"))
    return Answer(204)


def query_results(call: Call, job_id: str) -> Answer:
    """`GET jobs/query/id/results?maxRecords=&locator=`: CSV pages, each with its header row.

    `Sforce-Locator` is the word `null` on the last. Without maxRecords everything comes in one page.
    """
    job = _finished(call, job_id)
    first = _read_locator(call.params.get("locator"))
    total = len(job.results)
    size = _whole(call.params.get("maxRecords"), total)
    last = min(first + size, total)
    locator = "null" if last >= total else _write_locator(job, last)
    length, blocks = job.results.span(first, size)
    header = job.header.encode()
    headers = {
        "Sforce-Locator": locator,
        "Sforce-NumberOfRecords": str(last - first),
        "Content-Length": str(length + len(header)),
    }
    return Answer(200, None, headers, chain([header], blocks), "text/csv; charset=UTF-8")


def result_pages(call: Call, job_id: str) -> Answer:
    """`GET jobs/query/id/resultPages`: the addresses of up to five pages, for parallel download (v58 and later)."""
    job = _finished(call, job_id)
    if float(call.version) < 58:
        raise SalesforceError("NOT_FOUND", "The requested resource does not exist", status=404)
    first = _read_locator(call.params.get("locator"))
    size = _whole(call.params.get("maxRecords"), _DEFAULT_PARALLEL_PAGE)
    starts = list(range(first, max(len(job.results), 1), size))
    base = f"{call.base}/jobs/query/{job.id}"
    pages = [
        {"resultUrl": f"{base}/results?maxRecords={size}" + (f"&locator={_write_locator(job, at)}" if at else "")}
        for at in starts[:_PAGES_LISTED]
    ]
    body: dict[str, Any] = {"resultPages": pages, "done": len(starts) <= _PAGES_LISTED, "nextRecordsUrl": None}
    if not body["done"]:
        body["nextRecordsUrl"] = (
            f"{base}/resultPages?locator={_write_locator(job, starts[_PAGES_LISTED])}&maxRecords={size}"
        )
    return Answer(body=body)


def _compile(statement: str, operation: str) -> Compiled:
    """The statement, refused where bulk queries cannot have what it asks."""
    compiled = compile_query(parse(statement), include_deleted=operation == "queryAll")
    if compiled.is_aggregate or compiled.is_count or compiled.children or compiled.offset is not None:
        message = "Aggregates, GROUP BY, OFFSET and nested queries are not supported in Bulk API queries"
        raise SalesforceError("FEATURENOTENABLED", f"FeatureNotEnabled : {message}")
    if any(column.type == "address" for column in compiled.columns):
        raise SalesforceError("API_ERROR", "Selecting compound data not supported in Bulk Query")
    return compiled


def _run(org: Org, job: Job) -> None:
    """Write all result lines, some thousand rows at a time, so that other requests go on meanwhile."""
    compiled = _compile(job.query, job.operation)
    delimiter, ending = DELIMITERS[job.delimiter], LINE_ENDINGS[job.line_ending]
    lines: list[str] = []
    writer = csv.writer(
        SimpleNamespace(write=lines.append), delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator=ending
    )
    writer.writerow([".".join(column.path) for column in compiled.columns])
    job.header = lines.pop()
    for rows in _rows(org, compiled):
        if job.is_over:
            return
        writer.writerows(rows)
        job.results.extend(lines)
        job.processed_count += len(lines)
        lines.clear()


def _rows(org: Org, compiled: Compiled) -> Iterator[list[tuple[Any, ...]]]:
    """The rows of a statement in portions, in no order unless one was asked for."""
    sql, values = compiled.id_sql()
    ids = [row[0] for row in org.store.rows(sql, values)]
    if not compiled.order:
        org.rng.shuffle(ids)
    columns = ", ".join(_csv_sql(column.sql, column.type) for column in compiled.columns)
    for at in range(0, len(ids), _STEP):
        part = ids[at : at + _STEP]
        marks = ", ".join("?" * len(part))
        rows = org.store.rows(f"SELECT t.Id, {columns} FROM {compiled.tables} WHERE t.Id IN ({marks})", part)
        if compiled.order:
            found = {row[0]: row[1:] for row in rows}
            yield [found[record_id] for record_id in part if record_id in found]
        else:
            org.rng.shuffle(rows)
            yield [row[1:] for row in rows]


def _csv_sql(sql: str, kind: str) -> str:
    """A column as the CSV shows it."""
    return f"CASE {sql} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END" if kind == "boolean" else sql


def _finished(call: Call, job_id: str) -> Job:
    """A job whose results are there."""
    job = find_job(call, job_id, "query")
    if job.state != "JobComplete":
        message = (
            "can only download query results of successfully completed bulk job with status: JOB_COMPLETE. "
            f"Current status: {_SHOUTED.get(job.state, job.state)}"
        )
        raise SalesforceError("JOB_NOT_COMPLETE", message, status=412)
    return job


_SHOUTED = {"UploadComplete": "UPLOAD_COMPLETE", "InProgress": "IN_PROGRESS", "Failed": "FAILED", "Aborted": "ABORTED"}


def _write_locator(job: Job, first: int) -> str:
    """An opaque text for a place in the results."""
    return base64.urlsafe_b64encode(f"0:{job.id[:15]}:{first}".encode()).decode().rstrip("=")


def _read_locator(text: str | None) -> int:
    """The place that a locator stands for; the start for none.

    Raises:
        SalesforceError: INVALID_QUERY_LOCATOR.
    """
    if not text:
        return 0
    try:
        return int(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().rsplit(":", 1)[1])
    except (ValueError, IndexError) as error:
        raise SalesforceError("INVALID_QUERY_LOCATOR", f"invalid locator: {text}") from error


def _whole(text: str | None, default: int) -> int:
    """A positive number of the query string."""
    if not text:
        return default
    if not text.isdigit() or int(text) < 1:
        raise SalesforceError("INVALID_ARGUMENT", f"maxRecords must be a positive number, not {text}")
    return int(text)
