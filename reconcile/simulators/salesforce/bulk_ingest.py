"""Bulk API 2.0 ingest jobs: one CSV up, three CSVs down."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from typing import Any

from reconcile.simulators.generator.ids import normalise_id
from reconcile.simulators.salesforce.errors import MultipleMatches, SalesforceError
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
from reconcile.simulators.salesforce.objects import SOBJECTS
from reconcile.simulators.salesforce.org import Answer, Call, Org, object_named
from reconcile.simulators.salesforce.rows import resolve_parents, upsert
from reconcile.simulators.salesforce.schema import SObject
from reconcile.simulators.salesforce.writing import Origin, create, delete, update

UPLOAD_LIMIT = 150 * 1024 * 1024
OPERATIONS = frozenset({"insert", "update", "upsert", "delete"})
_MULTIPART_LIMIT = 100_000


def create_ingest(call: Call) -> Answer:
    """`POST jobs/ingest`; as multipart with the content for small loads, which then goes straight on."""
    content = None
    if call.headers.get("content-type", "").startswith("multipart/"):
        call, content = _split_multipart(call)
    body = call.json_object()
    operation = str(body.get("operation"))
    if operation == "hardDelete":
        raise SalesforceError(
            "FEATURENOTENABLED", "FeatureNotEnabled : hardDelete needs the Bulk API Hard Delete permission"
        )
    if operation not in OPERATIONS:
        raise SalesforceError("INVALIDJOB", f"InvalidJob : operation {operation} is not supported")
    sobject = SOBJECTS.get(str(body.get("object") or "").lower())
    if sobject is None:
        raise SalesforceError("INVALIDJOB", f"InvalidJob : Unable to find object: {body.get('object')}")
    external_id = str(body.get("externalIdFieldName") or "")
    if operation == "upsert":
        _check_external_id(sobject, external_id)
    delimiter, ending = read_format(body)
    job = Job(
        call.org.next_id("750"),
        "ingest",
        operation,
        sobject.name,
        call.version,
        call.user_id,
        delimiter,
        ending,
        "Open",
        external_id=external_id,
        request_id=call.request_id,
    )
    call.org.jobs[job.id] = job
    if content is not None:
        job.upload, job.state = content, "UploadComplete"
        start(call.org, job, _run)
    return Answer(body=job_as_json(job))


def list_ingests(call: Call) -> Answer:
    """`GET jobs/ingest`."""
    jobs = [job_as_json(job) for job in call.org.jobs.values() if job.kind == "ingest"]
    return Answer(body={"done": True, "records": jobs, "nextRecordsUrl": None})


def upload(call: Call, job_id: str) -> Answer:
    """`PUT jobs/ingest/id/batches` -> 201; once only."""
    job = find_job(call, job_id, "ingest")
    if job.state != "Open":
        raise SalesforceError("INVALIDJOBSTATE", f"Job is not in Open state, it is {job.state}")
    if job.upload is not None:
        raise SalesforceError("INVALIDJOBSTATE", f"Found multiple contents for job: <{job.id}>; upload once only")
    if len(call.body) > UPLOAD_LIMIT:
        raise SalesforceError("REQUEST_TOO_LARGE", "Request body is too large", status=413)
    job.upload = call.body
    return Answer(201)


def change_ingest(call: Call, job_id: str) -> Answer:
    """`PATCH jobs/ingest/id {"state": "UploadComplete" | "Aborted"}`."""
    job = find_job(call, job_id, "ingest")
    wanted = str(call.json_object().get("state"))
    if wanted != "UploadComplete":
        change_state(job, wanted)
        if job.upload is not None and not job.successful and not job.failed:
            job.unprocessed = _data_lines(job)
    elif job.state != "Open":
        raise SalesforceError("INVALIDJOBSTATE", f"Closing already {job.state} Job not allowed")
    else:
        job.state = "UploadComplete"
        answer = Answer(body=job_as_json(job))  # as it is before its work begins
        start(call.org, job, _run)
        return answer
    return Answer(body=job_as_json(job))


def show_ingest(call: Call, job_id: str) -> Answer:
    """`GET jobs/ingest/id`."""
    return Answer(body=job_as_json(find_job(call, job_id, "ingest"), is_detailed=True))


def delete_ingest(call: Call, job_id: str) -> Answer:
    """`DELETE jobs/ingest/id` -> 204."""
    delete_job(call, find_job(call, job_id, "ingest"))
    return Answer(204)


def ingest_results(call: Call, job_id: str, which: str) -> Answer:
    """`GET jobs/ingest/id/successfulResults`, `failedResults`, `unprocessedrecords`: rows in no order."""
    job = find_job(call, job_id, "ingest")
    if not job.is_over:
        raise SalesforceError("JOB_NOT_COMPLETE", f"Job is not complete. Current status: {job.state}", status=412)
    kinds = {
        "successfulresults": (job.successful, ("sf__Id", "sf__Created")),
        "failedresults": (job.failed, ("sf__Id", "sf__Error")),
    }
    lines, extra = kinds.get(which.lower(), (job.unprocessed, ()))
    delimiter = DELIMITERS[job.delimiter]
    head = "".join(f'"{name}"{delimiter}' for name in extra)
    shuffled = list(lines)
    call.org.rng.shuffle(shuffled)
    return Answer(content=(head + job.header + "".join(shuffled)).encode(), media="text/csv; charset=UTF-8")


def _check_external_id(sobject: SObject, name: str) -> None:
    """An upsert needs the Id or an external id field as its key."""
    field = sobject.by_name.get(name.lower())
    if field is None or not (field.is_external_id or field.type == "id"):
        raise SalesforceError(
            "INVALIDJOB",
            f"InvalidJob : Field name provided, {name} does not match an External ID, Salesforce Id, or indexed field "
            f"for {sobject.name}",
        )


def _split_multipart(call: Call) -> tuple[Call, bytes]:
    """A call with the job's JSON as its body, and the CSV."""
    match = re.search(r'boundary="?([^";]+)', call.headers["content-type"])
    parts = call.body.split(b"--" + match[1].encode()) if match else []
    bodies = [part.split(b"\r\n\r\n", 1)[1].removesuffix(b"\r\n") for part in parts if b"\r\n\r\n" in part]
    if len(bodies) != 2 or len(bodies[1]) > _MULTIPART_LIMIT:
        raise SalesforceError(
            "INVALIDJOB",
            "InvalidJob : a multipart job has one part of JSON and one of CSV, of at most 100000 characters",
        )
    call.body = json.dumps(json.loads(bodies[0])).encode()
    return call, bodies[1]


def _run(org: Org, job: Job) -> None:
    """Process the upload, each row for itself; rows that are left when it is aborted stay unprocessed."""
    rows = _parsed(job)
    header = next(rows, None)
    if header is None:
        raise SalesforceError("InvalidBatch", "Failed to parse CSV. The content has no header")
    sobject = object_named(job.object)
    job.header = _line(job, header)
    _check_header(job, sobject, header)
    call = Call(
        org,
        "POST",
        "",
        job.version,
        {},
        {},
        request_id=job.id,
        full_path=f"/services/data/v{job.version}/jobs/ingest/{job.id}",
    )
    for cells in rows:
        if job.is_over:
            job.unprocessed.append(_line(job, cells))
            continue
        _process(call, job, sobject, header, cells)


def _process(call: Call, job: Job, sobject: SObject, header: list[str], cells: list[str]) -> None:
    """Write one row and keep its result line."""
    record_id = ""
    try:
        values = _row_values(call, sobject, header, cells)
        record_id = str(values.get("Id") or "")
        with call.org.transaction():
            record_id, is_created = _write(call, job, sobject, values)
        job.successful.append(_line(job, [record_id, str(is_created).lower(), *cells]))
    except SalesforceError as error:
        full = normalise_id(record_id) if record_id else ""
        job.failed.append(_line(job, [full or record_id, error.bulk(), *cells]))
    job.processed_count += 1


def _row_values(call: Call, sobject: SObject, header: list[str], cells: list[str]) -> dict[str, Any]:
    """Field values of a row: an empty cell leaves the field alone, #N/A clears it."""
    if len(cells) != len(header):
        raise SalesforceError("INVALID_CSV", f"row has {len(cells)} columns, the header {len(header)}")
    values: dict[str, Any] = {}
    for name, cell in zip(header, cells, strict=True):
        if cell == "":
            continue
        value = None if cell == "#N/A" else cell
        if "." in name:
            relationship, key = name.split(".", 1)
            values[relationship] = {key: value}
        else:
            values["Id" if name.lower() == "id" else name] = value
    return resolve_parents(call, sobject, values)


def _write(call: Call, job: Job, sobject: SObject, values: dict[str, Any]) -> tuple[str, bool]:
    """Do what the job is for to one row; gives its id and whether it was created."""
    origin = Origin(request_id=job.id, method="POST", path=call.full_path, version=job.version, user_id=job.user_id)
    record_id = str(values.pop("Id", None) or "")
    if job.operation == "insert":
        return create(call.org, sobject, values, origin), True
    if job.operation == "upsert" and job.external_id.lower() != "id":
        field = sobject.by_name[job.external_id.lower()]
        key = values.pop(next((name for name in values if name.lower() == field.name.lower()), ""), None)
        try:
            return upsert(call, sobject, field.name, key, values)
        except MultipleMatches as matches:
            message = f"{field.name}: more than one record found for external id field"
            raise SalesforceError("DUPLICATE_EXTERNAL_ID", message, fields=[field.name]) from matches
    if not record_id:
        raise SalesforceError("MISSING_ARGUMENT", f"Id not specified in {job.operation} call", fields=["Id"])
    if job.operation == "delete":
        return delete(call.org, sobject, record_id, origin), False
    return update(call.org, sobject, record_id, values, origin), False


def _parsed(job: Job) -> Iterator[list[str]]:
    """The rows of the upload, header first.

    Raises:
        SalesforceError: no text in UTF-8, another line ending than the job's, or no header.
    """
    try:
        text = (job.upload or b"").decode("utf-8")
    except UnicodeDecodeError as error:
        raise SalesforceError("InvalidBatch", "Failed to parse CSV. The content is not UTF-8") from error
    _check_line_ending(job, text)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=DELIMITERS[job.delimiter], strict=True)
    try:
        yield from (row for row in rows if row)
    except csv.Error as error:
        raise SalesforceError("InvalidBatch", f"Failed to parse CSV: {error}") from error


def _check_line_ending(job: Job, text: str) -> None:
    """The header line must end as the job says."""
    first = text.find("\n")
    if first < 0:
        return
    has_return = first > 0 and text[first - 1] == "\r"
    if has_return != (job.line_ending == "CRLF"):
        job.error = (
            f"ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is {job.line_ending}"
        )
        raise SalesforceError("ClientInputError", job.error)


def _check_header(job: Job, sobject: SObject, header: list[str]) -> None:
    """Every column must be a field; a delete has Id alone."""
    unknown = [name for name in header if "." not in name and name.lower() not in sobject.by_name]
    if job.operation == "delete" and [name.lower() for name in header] != ["id"]:
        unknown = [name for name in header if name.lower() != "id"] or header
    if unknown:
        job.error = f"InvalidBatch : InvalidBatch : Field name not found : {unknown[0]}. Batch will not be retried."
        job.unprocessed = _data_lines(job)
        raise SalesforceError("InvalidBatch", job.error)


def _data_lines(job: Job) -> list[str]:
    """All rows of the upload as lines, without the header."""
    rows = list(_parsed(job))
    job.header = _line(job, rows[0]) if rows else ""
    return [_line(job, row) for row in rows[1:]]


def _line(job: Job, cells: list[str]) -> str:
    """Cells as a quoted CSV line."""
    quoted = ('"' + cell.replace('"', '""') + '"' for cell in cells)
    return DELIMITERS[job.delimiter].join(quoted) + LINE_ENDINGS[job.line_ending]
