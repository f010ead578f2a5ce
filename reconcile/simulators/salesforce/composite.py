"""composite (up to 25 requests in order, with references between them) and composite/batch (independent ones)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from reconcile.simulators.salesforce.errors import SalesforceError
from reconcile.simulators.salesforce.org import Answer, Call, flag

Dispatch = Callable[[Call], Answer]
MAX_REQUESTS, MAX_HEAVY = 25, 5
_REFERENCE = re.compile(r"@\{([A-Za-z0-9_]+)((?:\.\w+|\[\d+\])+)\}")
_HALTED = "The transaction was rolled back since another operation in the same transaction failed."
_FORBIDDEN_HEADERS = frozenset({"accept", "authorization", "content-type"})


class _Undo(Exception):  # noqa: N818  # not an error: it carries the answers out of a transaction that is rolled back
    """A sub-request failed and the client asked for all or none."""


def composite(call: Call, dispatch: Dispatch) -> Answer:
    """`POST composite`: always 200; each sub-request has its own status."""
    body = call.json_object()
    requests = body.get("compositeRequest")
    if not isinstance(requests, list) or not requests:
        raise SalesforceError("JSON_PARSER_ERROR", "compositeRequest must be an array with at least one subrequest")
    _check_objects(requests)
    _check_size(requests)
    all_or_none = flag(body.get("allOrNone"))
    answers: list[dict[str, Any]] = []
    try:
        with call.org.transaction():
            _run_all(call, requests, answers, dispatch)
            if all_or_none and any(answer["httpStatusCode"] >= 400 for answer in answers):
                raise _Undo  # noqa: TRY301  # leaving the transaction this way is what undoes it
    except _Undo:
        _mark_rolled_back(answers)
    return Answer(body={"compositeResponse": answers})


def batch(call: Call, dispatch: Dispatch) -> Answer:
    """`POST composite/batch`: independent requests, no headers of their own."""
    body = call.json_object()
    requests = body.get("batchRequests")
    if not isinstance(requests, list) or not requests or len(requests) > MAX_REQUESTS:
        raise SalesforceError("LIMIT_EXCEEDED", f"batchRequests must have 1 to {MAX_REQUESTS} subrequests")
    _check_objects(requests)
    halt, has_errors = flag(body.get("haltOnError")), False
    results = []
    for request in requests:
        if halt and has_errors:
            error = SalesforceError("BATCH_PROCESSING_HALTED", "Batch processing halted per request")
            results.append({"statusCode": 412, "result": error.body()})
            continue
        call.org.used_calls += 1
        url = str(request.get("url", ""))
        answer = _one(call, str(request.get("method", "GET")), url, request.get("richInput"), {}, dispatch=dispatch)
        has_errors = has_errors or answer.status >= 400
        results.append({"statusCode": answer.status, "result": answer.body})
    return Answer(body={"hasErrors": has_errors, "results": results})


def _check_objects(requests: list[Any]) -> None:
    """Each sub-request is an object, its headers too."""
    for request in requests:
        if not isinstance(request, dict) or not isinstance(request.get("httpHeaders") or {}, dict):
            raise SalesforceError("JSON_PARSER_ERROR", "each subrequest, and its httpHeaders, must be an object")


def _check_size(requests: list[Any]) -> None:
    """25 sub-requests, five of them collections or queries, each with its own reference id."""
    if len(requests) > MAX_REQUESTS:
        raise SalesforceError("LIMIT_EXCEEDED", f"The composite request may have at most {MAX_REQUESTS} subrequests")
    heavy = sum(
        1 for request in requests if re.search(r"/(composite/sobjects|query|queryAll)\b", str(request.get("url", "")))
    )
    if heavy > MAX_HEAVY:
        raise SalesforceError(
            "LIMIT_EXCEEDED", f"At most {MAX_HEAVY} subrequests may be sObject collections or queries"
        )
    names = [request.get("referenceId") for request in requests]
    if any(not isinstance(name, str) or not re.fullmatch(r"[A-Za-z]\w*", name) for name in names) or len(
        set(names)
    ) < len(names):
        raise SalesforceError(
            "JSON_PARSER_ERROR", "each subrequest needs a referenceId of its own: a letter, then letters, digits and _"
        )


def _run_all(call: Call, requests: list[Any], answers: list[dict[str, Any]], dispatch: Dispatch) -> None:
    """Run the sub-requests in order, filling references to earlier answers."""
    known: dict[str, Any] = {}
    for request in requests:
        name = request["referenceId"]
        try:
            filled = _fill(request, known)
            headers = {key.lower(): str(value) for key, value in (filled.get("httpHeaders") or {}).items()}
            _check_headers(headers)
            answer = _one(
                call, str(filled.get("method")), str(filled.get("url")), filled.get("body"), headers, dispatch=dispatch
            )
        except SalesforceError as error:
            answer = Answer(error.status, error.body())
        known[name] = answer.body
        answers.append(
            {
                "body": answer.body,
                "httpHeaders": answer.headers,
                "httpStatusCode": answer.status,
                "referenceId": name,
            }
        )


def _check_headers(headers: Mapping[str, str]) -> None:
    """Some headers belong to the whole request only."""
    if set(headers) & _FORBIDDEN_HEADERS:
        message = "Accept, Authorization and Content-Type cannot be set on a subrequest"
        raise SalesforceError("INVALID_HEADER", message)


def _one(call: Call, method: str, url: str, body: Any, headers: Mapping[str, str], *, dispatch: Dispatch) -> Answer:
    """Run one sub-request as if it had come alone."""
    parts = urlsplit(url)
    match = re.fullmatch(r"/?(?:services/data/)?v(\d+\.\d)/(.*)", parts.path)
    if match is None:
        error = SalesforceError("NOT_FOUND", "The requested resource does not exist", status=404)
        return Answer(404, error.body())
    inner = replace(
        call,
        method=method.upper(),
        path=unquote(match[2]).strip("/"),
        version=match[1],
        params=dict(parse_qsl(parts.query, keep_blank_values=True)),
        headers=headers,
        body=json.dumps(body).encode() if body is not None else b"",
        full_path=url,
        is_inner=True,
    )
    return dispatch(inner)


def _fill(value: Any, known: Mapping[str, Any]) -> Any:
    """Replace `@{reference.path}` in every text of a sub-request."""
    if isinstance(value, dict):
        return {key: _fill(inner, known) for key, inner in value.items()}
    if isinstance(value, list):
        return [_fill(inner, known) for inner in value]
    if not isinstance(value, str):
        return value
    whole = _REFERENCE.fullmatch(value)
    if whole:
        return _look_up(whole, known)
    return _REFERENCE.sub(lambda match: quote(str(_look_up(match, known)), safe=""), value)


def _look_up(match: re.Match[str], known: Mapping[str, Any]) -> Any:
    """The value that a reference points to."""
    value = known.get(match[1])
    try:
        for name, index in re.findall(r"\.(\w+)|\[(\d+)\]", match[2]):
            value = value[name] if name else value[int(index)]  # type: ignore[index]  # a wrong shape is answered below
    except (KeyError, IndexError, TypeError) as error:
        message = f"Invalid reference specified. No value for {match[0][2:-1]} found in {match[1]}"
        raise SalesforceError("PROCESSING_HALTED", message) from error
    return value


def _mark_rolled_back(answers: list[dict[str, Any]]) -> None:
    """Sub-requests that had worked say that they were undone."""
    for answer in answers:
        if answer["httpStatusCode"] < 400:
            answer["body"] = [{"errorCode": "PROCESSING_HALTED", "message": _HALTED}]
            answer["httpStatusCode"] = 400
            answer["httpHeaders"] = {}
