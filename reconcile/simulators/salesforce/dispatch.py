"""Which resource answers which REST request."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from reconcile.simulators.salesforce import bulk_ingest, bulk_query, collections, composite, describe, query, rows
from reconcile.simulators.salesforce.errors import MultipleMatches, SalesforceError, not_found
from reconcile.simulators.salesforce.org import Answer, Call

Handler = Callable[..., Answer]
_W = r"(\w+)"


def _composite(call: Call) -> Answer:
    return composite.composite(call, dispatch)


def _batch(call: Call) -> Answer:
    return composite.batch(call, dispatch)


_TABLE: tuple[tuple[str, str, Handler], ...] = (
    ("GET", r"", describe.resources),
    ("GET", r"sobjects", describe.describe_all),
    ("GET", rf"sobjects/{_W}", describe.describe_basic),
    ("POST", rf"sobjects/{_W}", rows.create_row),
    ("GET", rf"sobjects/{_W}/describe", describe.describe_object),
    ("GET", rf"sobjects/{_W}/(deleted|updated)", rows.changed_rows),
    ("GET", rf"sobjects/{_W}/([^/]+)", rows.read_row),
    ("PATCH", rf"sobjects/{_W}/([^/]+)", rows.update_row),
    ("DELETE", rf"sobjects/{_W}/([^/]+)", rows.delete_row),
    ("GET", rf"sobjects/{_W}/{_W}/(.+)", rows.read_by_external_id),
    ("PATCH", rf"sobjects/{_W}/{_W}/(.+)", rows.upsert_row),
    ("GET", r"limits", describe.limits),
    ("GET", r"limits/recordCount", describe.record_count),
    ("GET", r"query(?:All)?", query.run_query),
    ("GET", r"query(?:All)?/(\w+-\d+)", query.next_page),
    ("POST", r"composite", _composite),
    ("POST", r"composite/batch", _batch),
    ("POST", r"composite/sobjects", collections.create_rows),
    ("PATCH", r"composite/sobjects", collections.update_rows),
    ("DELETE", r"composite/sobjects", collections.delete_rows),
    ("GET", rf"composite/sobjects/{_W}", collections.read_rows),
    ("POST", rf"composite/sobjects/{_W}", collections.read_rows),
    ("PATCH", rf"composite/sobjects/{_W}/{_W}", collections.upsert_rows),
    ("POST", r"jobs/query", bulk_query.create_query),
    ("GET", r"jobs/query", bulk_query.list_queries),
    ("GET", rf"jobs/query/{_W}", bulk_query.show_query),
    ("PATCH", rf"jobs/query/{_W}", bulk_query.abort_query),
    ("DELETE", rf"jobs/query/{_W}", bulk_query.delete_query),
    ("GET", rf"jobs/query/{_W}/results", bulk_query.query_results),
    ("GET", rf"jobs/query/{_W}/resultPages", bulk_query.result_pages),
    ("POST", r"jobs/ingest", bulk_ingest.create_ingest),
    ("GET", r"jobs/ingest", bulk_ingest.list_ingests),
    ("GET", rf"jobs/ingest/{_W}", bulk_ingest.show_ingest),
    ("PATCH", rf"jobs/ingest/{_W}", bulk_ingest.change_ingest),
    ("DELETE", rf"jobs/ingest/{_W}", bulk_ingest.delete_ingest),
    ("PUT", rf"jobs/ingest/{_W}/batches", bulk_ingest.upload),
    ("GET", rf"jobs/ingest/{_W}/(successfulResults|failedResults|unprocessedRecords)", bulk_ingest.ingest_results),
)
_ROUTES = [(method, re.compile(pattern, re.IGNORECASE), handler) for method, pattern, handler in _TABLE]
_INNER = re.compile(r"(sobjects|query|queryAll|composite/sobjects|limits)(/|\Z)", re.IGNORECASE)


def dispatch(call: Call) -> Answer:
    """Answer a request; refusals become answers too."""
    try:
        handler, arguments = _find(call)
        return handler(call, *arguments)
    except MultipleMatches as matches:
        return Answer(300, matches.urls)
    except SalesforceError as error:
        return Answer(error.status, error.body())


def _find(call: Call) -> tuple[Handler, tuple[Any, ...]]:
    """The resource of a path."""
    if call.is_inner and not _INNER.match(call.path):
        raise SalesforceError("INVALID_OPERATION", f"{call.path} cannot be a subrequest")
    method = call.params.get("_HttpMethod", call.method) if call.method == "POST" else call.method
    method = "GET" if method == "HEAD" else method  # the same, but for its body, which the server leaves out
    is_known = False
    for wanted, pattern, handler in _ROUTES:
        match = pattern.fullmatch(call.path)
        if match and wanted == method:
            return handler, match.groups()
        is_known = is_known or match is not None
    if is_known:
        raise SalesforceError(
            "METHOD_NOT_ALLOWED", f"HTTP Method '{method}' not allowed. Allowed are HEAD,GET,PATCH,DELETE", status=405
        )
    raise not_found()
