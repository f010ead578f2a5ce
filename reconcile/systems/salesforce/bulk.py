"""Bulk API 2.0, thin and ours: query results streamed as Arrow, ingest results matched by id.

simple-salesforce's own client loses line breaks inside quoted values, reads UTF-8 as Latin-1, cannot clear a field and
does not renew a session. Here bytes stay bytes until pyarrow decodes them, the job id is known before anything is
uploaded, every call renews an expired session, and null is written as `#N/A`.
"""

from __future__ import annotations

import csv
import io
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pyarrow as pa
import requests
from pyarrow import csv as arrow_csv
from urllib3.exceptions import HTTPError

from reconcile.errors import RefusedError, RemoteError, UnreachableError
from reconcile.systems.http import shown_path
from reconcile.systems.salesforce.client import SalesforceClient

logger = logging.getLogger(__name__)

PAGE_ROWS = 100_000
BLOCK_BYTES = 2 << 20  # a record has up to 400,000 characters, and may lie across one border of blocks, not two
UPLOAD_BYTES = 90_000_000  # documented: at most 100 MB before encoding
_PAGE_ATTEMPTS = 4
_JOB_WAIT_S = 4 * 3600.0
_NULL = "#N/A"


def query(
    client: SalesforceClient, soql: str, columns: Sequence[str], *, operation: Literal["query", "queryAll"] = "query"
) -> Iterator[pa.RecordBatch]:
    """The rows of `soql` as batches of string columns named and ordered as `columns`; empty is null.

    A page that breaks off is read again from its start, so a row may come twice. Memory is that of a few blocks.

    Raises:
        RefusedError: the query was refused or the job failed. UnreachableError: pages keep breaking off.
    """
    body = {"operation": operation, "query": soql, "columnDelimiter": "COMMA", "lineEnding": "LF"}
    job = client.ask(dict, "POST", "jobs/query", json=body, is_repeatable=True)
    path = f"jobs/query/{job['id']}"
    try:
        _wait(client, path)
        yield from _pages(client, f"{path}/results", columns)
    finally:
        _dispose(client, path)


def _wait(client: SalesforceClient, path: str) -> dict[str, Any]:
    deadline, pause = time.monotonic() + _JOB_WAIT_S, 0.05
    while True:
        job: dict[str, Any] = client.ask(dict, "GET", path)
        if job["state"] == "JobComplete":
            return job
        if job["state"] in ("Failed", "Aborted") or time.monotonic() > deadline:
            raise RefusedError(client.name, 200, f"job {job['state']}", str(job.get("errorMessage") or ""))
        time.sleep(pause)
        pause = min(pause * 1.5, 5.0)


def _dispose(client: SalesforceClient, path: str) -> None:
    # A finished job is kept for seven days; an unfinished one cannot be deleted and must be stopped first.
    try:
        job = client.ask(dict, "GET", path)
        if job["state"] not in ("JobComplete", "Failed", "Aborted"):
            client.send("PATCH", path, json={"state": "Aborted"}, is_repeatable=True)
        else:
            client.send("DELETE", path, is_repeatable=True)
    except RemoteError as error:
        logger.info("%s: %s could not be removed: %s", client.name, path, error)


def _pages(client: SalesforceClient, path: str, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    locator: str | None = None
    while True:
        for attempt in range(1, _PAGE_ATTEMPTS + 1):
            page = _Page(client, path, locator)
            try:
                yield from page.batches(columns)
                break
            except (HTTPError, requests.RequestException, _ShortPageError) as error:
                if attempt == _PAGE_ATTEMPTS:
                    raise UnreachableError(
                        client.name, "GET", shown_path(page.url), "the result breaks off", may_have_applied=False
                    ) from error
            finally:
                page.close()
        locator = page.next_locator
        if locator is None:
            return


class _ShortPageError(Exception):
    """A page holds fewer rows than its own header says."""


class _Page:
    """One page of results, read once."""

    def __init__(self, client: SalesforceClient, path: str, locator: str | None) -> None:
        parameters = {"maxRecords": str(PAGE_ROWS)} | ({"locator": locator} if locator else {})
        self._response = client.send("GET", path, params=parameters, headers={"Accept": "text/csv"}, stream=True)
        following = self._response.headers.get("Sforce-Locator", "null")
        self.url = self._response.url
        self.next_locator = None if following in ("null", "") else following
        rows = self._response.headers.get("Sforce-NumberOfRecords", "")
        self._expected = int(rows) if rows.isdigit() else None

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """The page's batches; checks the row count against the page's header at the end."""
        if self._expected == 0:
            return
        received = 0
        for batch in read_csv(self._response.raw, columns):
            received += batch.num_rows
            yield batch
        if self._expected is not None and received != self._expected:
            raise _ShortPageError(f"{received} of {self._expected} rows")

    def close(self) -> None:
        """Give the connection back."""
        self._response.close()


def read_csv(raw: Any, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """CSV from a urllib3 response as batches of string columns in the order of `columns`; empty is null."""
    raw.decode_content = True  # gzip
    reader = arrow_csv.open_csv(
        pa.PythonFile(raw, mode="r"),  # type: ignore[arg-type]  # the stubs know paths and Python files only
        read_options=arrow_csv.ReadOptions(block_size=BLOCK_BYTES),
        parse_options=arrow_csv.ParseOptions(newlines_in_values=True),
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(columns, pa.string()),
            include_columns=list(columns),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=True,
        ),
    )
    yield from reader


@dataclass(slots=True)
class IngestResult:
    """What came of an update, by record id. An id in none of the three sets has an unknown fate.

    Attributes:
        failed: id -> the row's `sf__Error`.
        unprocessed: surely not written.
        problem: why rows were left unprocessed or unknown, where a request failed.
    """

    succeeded: set[str] = field(default_factory=set)
    failed: dict[str, str] = field(default_factory=dict)
    unprocessed: set[str] = field(default_factory=set)
    problem: RemoteError | None = None


@dataclass(slots=True)
class _Part:
    """What one job takes: its record ids and the CSV."""

    ids: list[str]
    content: bytearray


def update(
    client: SalesforceClient, object_name: str, fields: Sequence[str], rows: Sequence[Mapping[str, str | None]]
) -> IngestResult:
    """Update records: each row has `Id` and every one of `fields`; None clears. An id may come once only.

    Nothing is processed until its job is closed, so whatever breaks before then leaves the rows unprocessed.
    """
    result = IngestResult()
    for part in _parts(fields, rows):
        if result.problem is None:
            _update_part(client, object_name, part, result)
        else:
            result.unprocessed.update(part.ids)
    return result


def _parts(fields: Sequence[str], rows: Sequence[Mapping[str, str | None]]) -> Iterator[_Part]:
    header = csv_line(["Id", *fields])
    part = _Part([], bytearray(header))
    for row in rows:
        record_id = row["Id"] or ""
        line = csv_line([record_id, *(row[name] or _NULL for name in fields)])
        if part.ids and len(part.content) + len(line) > UPLOAD_BYTES:
            yield part
            part = _Part([], bytearray(header))
        part.ids.append(record_id)
        part.content += line
    if part.ids:
        yield part


def csv_line(cells: Sequence[str]) -> bytes:
    """One line of CSV, every cell quoted, ended by LF."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerow(cells)
    return text.getvalue().encode()


def _update_part(client: SalesforceClient, object_name: str, part: _Part, result: IngestResult) -> None:
    try:
        path = _upload(client, object_name, part)
    except RemoteError as error:
        result.unprocessed.update(part.ids)
        result.problem = error
        return
    try:
        _close(client, path)
        _await_end(client, path)
        _collect(client, path, result)
    except RemoteError as error:
        result.problem = error


def _upload(client: SalesforceClient, object_name: str, part: _Part) -> str:
    body = {
        "object": object_name,
        "operation": "update",
        "contentType": "CSV",
        "lineEnding": "LF",
        "columnDelimiter": "COMMA",
    }
    # An open job does nothing by itself, so making a second one after a lost answer is harmless.
    job = client.ask(dict, "POST", "jobs/ingest", json=body, is_repeatable=True)
    path = f"jobs/ingest/{job['id']}"
    try:
        client.send("PUT", f"{path}/batches", data=bytes(part.content), headers={"Content-Type": "text/csv"})
    except RemoteError:
        _abort(client, path)
        raise
    return path


def _abort(client: SalesforceClient, path: str) -> None:
    try:
        client.send("PATCH", path, json={"state": "Aborted"}, is_repeatable=True)
    except RemoteError as error:
        logger.warning("%s: open job %s could not be aborted: %s", client.name, path, error)


def _close(client: SalesforceClient, path: str) -> None:
    # Closing twice is refused and does nothing; so after a lost answer the job's state says what happened.
    try:
        client.send("PATCH", path, json={"state": "UploadComplete"})
    except RemoteError as error:
        logger.warning("%s: answer to closing %s: %s", client.name, path, error)
        if client.ask(dict, "GET", path)["state"] == "Open":
            client.send("PATCH", path, json={"state": "UploadComplete"}, is_repeatable=True)


def _await_end(client: SalesforceClient, path: str) -> None:
    try:
        _wait(client, path)
    except RefusedError as error:  # a job that failed or stopped keeps the rows that it has saved
        logger.warning("%s: %s did not complete: %s", client.name, path, error)


def _collect(client: SalesforceClient, path: str, result: IngestResult) -> None:
    result.succeeded.update(row["sf__Id"] for row in _results(client, f"{path}/successfulResults"))
    for row in _results(client, f"{path}/failedResults"):
        result.failed[row.get("sf__Id") or row["Id"]] = row["sf__Error"]
    result.unprocessed.update(row["Id"] for row in _results(client, f"{path}/unprocessedrecords"))


def _results(client: SalesforceClient, path: str) -> Iterator[dict[str, str]]:
    response = client.send("GET", path, headers={"Accept": "text/csv"})
    yield from csv.DictReader(io.StringIO(response.content.decode("utf-8"), newline=""))
