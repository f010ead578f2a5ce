"""The practice Salesforce org as an HTTP application."""

from __future__ import annotations

import gzip
import json
import re
import uuid
import zlib
from collections.abc import Iterator, Mapping

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Scope

from reconcile.simulators.faults import Fault
from reconcile.simulators.salesforce import auth, soap
from reconcile.simulators.salesforce.describe import VERSIONS, versions
from reconcile.simulators.salesforce.dispatch import dispatch
from reconcile.simulators.salesforce.errors import SalesforceError, session_expired
from reconcile.simulators.salesforce.org import Answer, Call, Org, Session

_JSON = "application/json;charset=UTF-8"
_LONG_WORK = re.compile(r"query|composite|jobs/ingest/\w+/batches", re.IGNORECASE)
_ADDRESS_LIMIT = 16_384
_PACK_FROM = 2_000  # bytes
_METHODS = ["GET", "POST", "PATCH", "PUT", "DELETE", "HEAD"]


def salesforce_routes() -> list[Route]:
    """All routes of the org."""
    return [
        Route("/services/oauth2/token", auth.token, methods=["POST"]),
        Route("/services/oauth2/authorize", auth.authorize, methods=["GET"]),
        Route("/services/oauth2/authorize", auth.decide, methods=["POST"]),
        Route("/services/oauth2/userinfo", auth.userinfo, methods=["GET", "POST"]),
        Route("/services/oauth2/revoke", auth.revoke, methods=["GET", "POST"]),
        Route("/id/{org_id}/{user_id}", auth.userinfo, methods=["GET", "POST"]),
        Route("/services/Soap/{kind}/{rest:path}", soap.serve, methods=["POST"]),
        Route("/services/data", _versions, methods=["GET"]),
        Route("/services/data/", _versions, methods=["GET"]),
        Route("/services/data/{version}", _rest, methods=_METHODS),
        Route("/services/data/{version}/{path:path}", _rest, methods=_METHODS),
    ]


def refuse(org: Org, fault: Fault, scope: Scope) -> tuple[int, Mapping[str, str], bytes]:
    """The org's answer to a request that a fault forbids."""
    if fault.kind == "expired_session":
        for token in (*_tokens(scope),):
            org.sessions.pop(token, None)
        error = session_expired()
    elif fault.kind == "too_many_requests":
        error = SalesforceError("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", status=403)
    else:
        error = SalesforceError(
            "SERVER_UNAVAILABLE", "The service is temporarily unavailable. Try again later.", status=503
        )
    headers = {"content-type": _JSON}
    if fault.kind != "expired_session":
        headers["retry-after"] = f"{fault.retry_after:g}"
    return error.status, headers, json.dumps(error.body()).encode()


async def _versions(_request: Request) -> Response:
    return JSONResponse(versions(), headers={"content-type": _JSON})


async def _rest(request: Request) -> Response:
    """One REST request: session, limits, body, resource, answer."""
    org: Org = request.app.state.org
    try:
        session = _sign_in(org, request)
        version = _version(request)
        _check_limits(org, request)
        call = Call(
            org,
            request.method,
            request.path_params.get("path", "").strip("/"),
            version,
            dict(request.query_params),
            dict(request.headers),
            await _body(request),
            request.headers.get("x-request-id") or uuid.uuid4().hex,
            f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path,
            session.user_id,
        )
        answer = await run_in_threadpool(dispatch, call) if _LONG_WORK.search(call.path) else dispatch(call)
    except SalesforceError as error:
        answer = Answer(error.status, error.body())
    return _response(org, request, answer)


def _sign_in(org: Org, request: Request) -> Session:
    """The session of the request's bearer token."""
    for token in _tokens(request.scope):
        session = org.session(token)
        if session is not None:
            return session
    raise session_expired()


def _tokens(scope: Scope) -> Iterator[str]:
    """The tokens that a request carries."""
    for name, value in scope["headers"]:
        text = value.decode("latin-1")
        if name == b"authorization" and text.split(" ")[0] in {"Bearer", "OAuth"}:
            yield text.split(" ", 1)[1].strip()
        elif name == b"x-sfdc-session":
            yield text.strip()


def _version(request: Request) -> str:
    """The API version of the path, `NN.N`."""
    match = re.fullmatch(r"v(\d+)\.0", request.path_params["version"])
    if match is None or int(match[1]) not in VERSIONS:
        raise SalesforceError("NOT_FOUND", "The requested resource does not exist", status=404)
    return f"{match[1]}.0"


def _check_limits(org: Org, request: Request) -> None:
    """Count the call; refuse it where the day's are used up or the address is too long."""
    address, headers = len(str(request.url)), sum(len(name) + len(value) + 4 for name, value in request.headers.raw)
    if address > _ADDRESS_LIMIT:
        raise SalesforceError("URI_TOO_LONG", "The length of the URI exceeds the 16,384 byte limit", status=414)
    if address + headers > _ADDRESS_LIMIT:
        message = "The combined length of the URI and headers exceeds the 16,384 byte limit"
        raise SalesforceError("REQUEST_HEADER_FIELDS_TOO_LARGE", message, status=431)
    if org.used_calls >= org.daily_limit:
        raise SalesforceError("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", status=403)
    org.used_calls += 1


async def _body(request: Request) -> bytes:
    """The request's body, unpacked."""
    body = await request.body()
    encoding = request.headers.get("content-encoding", "").lower()
    try:
        if encoding == "gzip":
            return gzip.decompress(body)
        if encoding == "deflate":
            return zlib.decompress(body)
    except (OSError, EOFError, zlib.error) as error:
        raise SalesforceError("INVALID_CONTENT", "The request body could not be decompressed") from error
    return body


def _response(org: Org, request: Request, answer: Answer) -> Response:
    """An answer as HTTP, packed where it is long and the client takes that."""
    headers = {**answer.headers, "Sforce-Limit-Info": f"api-usage={org.used_calls}/{org.daily_limit}"}
    takes_gzip = "gzip" in request.headers.get("accept-encoding", "")
    if answer.content is not None and not isinstance(answer.content, bytes):
        content = answer.content
        if takes_gzip and int(headers.get("Content-Length", _PACK_FROM)) >= _PACK_FROM:
            content = _packed(content)
            headers.pop("Content-Length", None)  # nobody knows it before the end
            headers["Content-Encoding"] = "gzip"
        return StreamingResponse(content, answer.status, {**headers, "content-type": answer.media})
    body = answer.content if answer.content is not None else _json_text(request, answer)
    if body is None:
        return Response(None, answer.status, headers)
    if takes_gzip and len(body) >= _PACK_FROM:
        body = gzip.compress(body, compresslevel=1)
        headers["Content-Encoding"] = "gzip"
    return Response(body, answer.status, {**headers, "content-type": answer.media})


def _json_text(request: Request, answer: Answer) -> bytes | None:
    """The answer's JSON, over several lines for those who ask; None where it has none."""
    if answer.body is None:
        return None
    if request.headers.get("x-prettyprint") == "1":
        return json.dumps(answer.body, indent=2, separators=(",", " : "), ensure_ascii=False).encode()
    return json.dumps(answer.body, separators=(",", ":"), ensure_ascii=False).encode()


def _packed(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Blocks as one gzip stream."""
    packer = zlib.compressobj(1, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    for block in blocks:
        packed = packer.compress(block)
        if packed:
            yield packed
    yield packer.flush()


def salesforce_app(org: Org, extra: list[Route]) -> Starlette:
    """The org's application; `extra` are routes of the admin."""
    app = Starlette(routes=[*extra, *salesforce_routes()])
    app.state.org = org
    return app
