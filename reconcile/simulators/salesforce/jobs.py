"""Bulk API 2.0 jobs: what query and ingest jobs have in common."""

from __future__ import annotations

import logging
import tempfile
import threading
import time
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import IO, Any

from reconcile.simulators.salesforce.errors import SalesforceError, not_found
from reconcile.simulators.salesforce.org import Call, Org
from reconcile.simulators.salesforce.store import now_text

logger = logging.getLogger(__name__)

DELIMITERS = {"BACKQUOTE": "`", "CARET": "^", "COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "TAB": "\t"}
LINE_ENDINGS = {"LF": "\n", "CRLF": "\r\n"}
TERMINAL = frozenset({"JobComplete", "Failed", "Aborted"})
_BLOCK = 1 << 20


class Lines:
    """CSV lines in a temporary file, with where each begins, so that any span can be read again."""

    def __init__(self) -> None:
        self.file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # lives as long as the job
        self.starts = array("Q", [0])
        self.lock = threading.Lock()

    def __len__(self) -> int:
        return len(self.starts) - 1

    def extend(self, lines: Iterable[str]) -> None:
        """Append lines, each with its line ending."""
        encoded = [line.encode() for line in lines]
        with self.lock:
            self.file.seek(self.starts[-1])
            self.file.write(b"".join(encoded))
            at = self.starts[-1]
            for line in encoded:
                at += len(line)
                self.starts.append(at)

    def span(self, first: int, count: int) -> tuple[int, Iterator[bytes]]:
        """Size in bytes, and blocks, of `count` lines from the `first` on."""
        begin, end = self.starts[first], self.starts[min(first + count, len(self))]

        def blocks() -> Iterator[bytes]:
            at = begin
            while at < end:
                with self.lock:
                    self.file.seek(at)
                    block = self.file.read(min(_BLOCK, end - at))
                at += len(block)
                yield block

        return end - begin, blocks()

    def close(self) -> None:
        """Give the file back."""
        self.file.close()


@dataclass(slots=True)
class Job:
    """One bulk job.

    Attributes:
        kind: `query` or `ingest`.
        state: Open, UploadComplete, InProgress, JobComplete, Failed, Aborted.
        upload: what was sent; None before the one upload.
        header: the header line of the results, with its line ending.
        results: of a query. successful, failed, unprocessed: of an ingest.
    """

    id: str
    kind: str
    operation: str
    object: str
    version: str
    user_id: str
    delimiter: str
    line_ending: str
    state: str
    made: str = field(default_factory=now_text)
    query: str = ""
    external_id: str = ""
    upload: bytes | None = None
    header: str = ""
    results: Lines = field(default_factory=Lines)
    successful: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    unprocessed: list[str] = field(default_factory=list)
    processed_count: int = 0
    error: str = ""
    started: float = field(default_factory=time.monotonic)
    took_ms: int = 0
    request_id: str = ""
    duplicate_options: str = ""
    worker: threading.Thread | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in TERMINAL


def job_as_json(job: Job, *, is_detailed: bool = False) -> dict[str, Any]:
    """A job as its resource shows it."""
    body: dict[str, Any] = {
        "id": job.id,
        "operation": job.operation,
        "object": job.object,
        "createdById": job.user_id,
        "createdDate": job.made,
        "systemModstamp": now_text(),
        "state": job.state,
        "concurrencyMode": "Parallel",
        "contentType": "CSV",
        "apiVersion": float(job.version),
        "lineEnding": job.line_ending,
        "columnDelimiter": job.delimiter,
    }
    if job.kind == "ingest":
        body["contentUrl"] = f"services/data/v{job.version}/jobs/ingest/{job.id}/batches"
        if job.external_id:
            body["externalIdFieldName"] = job.external_id
    if not is_detailed:
        return body
    body.update(
        jobType="V2Query" if job.kind == "query" else "V2Ingest",
        retries=0,
        totalProcessingTime=job.took_ms,
        numberRecordsProcessed=job.processed_count,
    )
    if job.kind == "ingest":
        body.update(numberRecordsFailed=len(job.failed), apiActiveProcessingTime=job.took_ms, apexProcessingTime=0)
    else:
        body["isPkChunkingSupported"] = "order by" not in job.query.lower() and "limit" not in job.query.lower()
    if job.error:
        body["errorMessage"] = job.error
    return body


def find_job(call: Call, job_id: str, kind: str) -> Job:
    """The job of an id in either form.

    Raises:
        SalesforceError: NOT_FOUND, or 409 where it was made with another API version.
    """
    job = next((each for key, each in call.org.jobs.items() if key == job_id or key[:15] == job_id), None)
    if job is None or job.kind != kind:
        raise not_found()
    if float(job.version) != float(call.version):
        message = f"Use the API version of the job, {job.version}, for all requests about it"
        raise SalesforceError("INVALID_VERSION", message, status=409)
    return job


def read_format(body: dict[str, Any]) -> tuple[str, str]:
    """Column delimiter and line ending of a new job.

    Raises:
        SalesforceError: INVALIDJOB for values that do not exist, or a content type other than CSV.
    """
    delimiter, ending = str(body.get("columnDelimiter") or "COMMA"), str(body.get("lineEnding") or "LF")
    if delimiter not in DELIMITERS or ending not in LINE_ENDINGS or (body.get("contentType") or "CSV") != "CSV":
        raise SalesforceError("INVALIDJOB", "InvalidJob : columnDelimiter, lineEnding or contentType is not supported")
    return delimiter, ending


def change_state(job: Job, wanted: str) -> None:
    """Abort a job.

    Raises:
        SalesforceError: INVALIDJOBSTATE where it is over.
    """
    if wanted != "Aborted":
        raise SalesforceError("INVALIDJOBSTATE", f"Invalid job state {wanted}")
    if job.is_over:
        state = {"JobComplete": "Completed"}.get(job.state, job.state)
        raise SalesforceError("INVALIDJOBSTATE", f"Aborting already {state} Job not allowed")
    job.state = "Aborted"


def delete_job(call: Call, job: Job) -> None:
    """Forget a job and its results.

    Raises:
        SalesforceError: API_ERROR while it is still running.
    """
    if not job.is_over:
        raise SalesforceError("API_ERROR", "Error encountered when deleting the job because the job is not terminated")
    job.results.close()
    del call.org.jobs[job.id]


def start(org: Org, job: Job, work: Any) -> None:
    """Run a job's work in a thread of its own, through its states."""

    def run() -> None:
        began = time.monotonic()
        time.sleep(org.job_delay_s)
        if job.is_over:
            return
        job.state = "InProgress"
        try:
            work(org, job)
            state = "JobComplete"
        except SalesforceError as error:
            job.error, state = job.error or f"{error.code} : {error.message}", "Failed"
        except Exception:  # a job that nobody ends keeps its client waiting for ever
            logger.exception("bulk job %s", job.id)
            job.error, state = "InternalError : an unexpected error occurred", "Failed"
        time.sleep(org.job_delay_s)
        job.took_ms = int(1000 * (time.monotonic() - began))
        if not job.is_over:
            job.state = state

    job.worker = threading.Thread(target=run, name=f"bulk {job.id}", daemon=True)
    job.worker.start()
