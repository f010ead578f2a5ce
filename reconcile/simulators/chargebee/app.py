"""The practice Chargebee site as an HTTP application.

The site tells who it is where the real one does: `GET /api/v2/configurations` lists its configuration with `domain`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Scope

from reconcile.simulators.chargebee.errors import ChargebeeError, wrong_value
from reconcile.simulators.chargebee.listing import list_page
from reconcile.simulators.chargebee.records import (
    Origin,
    delete_record,
    live_record,
    update_billing_info,
    update_customer,
)
from reconcile.simulators.chargebee.site import API_KEY, Remembered, Site
from reconcile.simulators.chargebee.store import RESOURCES
from reconcile.simulators.faults import Fault

_MEDIA = "application/json;charset=utf-8"
_KEY_LIMIT = 100
Handler = Callable[[Request], Awaitable[Response]]
_LIMIT_CODE, _LIMIT_TEXT = (
    "api_request_limit_exceeded",
    "Sorry, the request limit of this site has been reached. Retry later.",
)


def chargebee_app(site: Site, extra: list[Route]) -> Starlette:
    """The site's application; `extra` are routes of the admin."""
    app = Starlette(routes=[*extra, *_routes()], exception_handlers={404: _no_such_path, 405: _no_such_path})
    app.state.site = site
    return app


def refuse(_site: Site, fault: Fault, _scope: Scope) -> tuple[int, Mapping[str, str], bytes]:
    """The site's answer to a request that a fault forbids."""
    if fault.kind == "expired_session":
        error = ChargebeeError(401, "api_authentication_failed", "Sorry, authentication failed. Invalid api key")
    elif fault.kind == "too_many_requests":
        error = ChargebeeError(429, _LIMIT_CODE, _LIMIT_TEXT, kind="operation_failed")
    else:
        error = ChargebeeError(
            503, "internal_temporary_error", "The service is temporarily unavailable.", kind="operation_failed"
        )
    headers = {"content-type": _MEDIA}
    if fault.kind != "expired_session":
        headers["retry-after"] = f"{fault.retry_after:g}"
    return error.status, headers, json.dumps(error.body()).encode()


def _routes() -> list[Route]:
    """All routes of the site."""
    routes = [
        Route("/api/v2/configurations", _guarded(_configurations), methods=["GET"]),
        Route("/api/v2/customers/{id}", _guarded(_update), methods=["POST"]),
        Route("/api/v2/customers/{id}/update_billing_info", _guarded(_billing_info), methods=["POST"]),
        Route("/api/v2/customers/{id}/delete", _guarded(_delete), methods=["POST"]),
    ]
    for resource in RESOURCES:
        routes.append(Route(f"/api/v2/{resource}s", _guarded(_lister(resource)), methods=["GET"]))
        routes.append(Route(f"/api/v2/{resource}s/{{id}}", _guarded(_reader(resource)), methods=["GET"]))
    return routes


def _guarded(handler: Handler) -> Handler:
    """Check key and limits before a handler, and turn its refusals into answers."""

    async def guarded(request: Request) -> Response:
        site: Site = request.app.state.site
        try:
            _check_key(request)
            _check_limits(site)
            site.running += 1
            try:
                return await _once(site, request, handler)
            finally:
                site.running -= 1
        except _Limited as limited:
            error = ChargebeeError(429, _LIMIT_CODE, _LIMIT_TEXT, kind="operation_failed")
            return _json(error.body(), 429, {"Retry-After": str(max(1, round(limited.wait_s)))})
        except ChargebeeError as error:
            return _json(error.body(), error.status)

    return guarded


class _Limited(Exception):  # noqa: N818  # answered with 429
    """Too many requests."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"wait {wait_s} s")
        self.wait_s = wait_s


def _check_limits(site: Site) -> None:
    """Too many in this minute, or at once."""
    wait_s = site.wait_s()
    if wait_s or site.running >= site.concurrent:
        raise _Limited(wait_s or 1)


def _check_key(request: Request) -> None:
    """The API key is the user name of Basic authentication."""
    header = request.headers.get("authorization", "")
    given = ""
    if header.startswith("Basic "):
        try:
            given = base64.b64decode(header[6:]).decode().partition(":")[0]
        except ValueError:
            given = ""
    if given != API_KEY:
        raise ChargebeeError(401, "api_authentication_failed", "Sorry, authentication failed. Invalid api key")


async def _once(site: Site, request: Request, handler: Handler) -> Response:
    """Answer a POST with an idempotency key once; repeat the first answer for thirty minutes."""
    key = request.headers.get("chargebee-idempotency-key", "")
    if request.method != "POST" or not key:
        return await handler(request)
    if len(key) > _KEY_LIMIT:
        raise wrong_value("chargebee-idempotency-key", f"should not exceed {_KEY_LIMIT} characters")
    digest = hashlib.sha256(request.url.path.encode() + b"\0" + await request.body()).hexdigest()
    known = site.recall(key)
    if known is not None:
        if known.request != digest:
            raise ChargebeeError(
                400,
                "invalid_idempotency_key",
                "The idempotency key was used before for another request",
                param="chargebee-idempotency-key",
            )
        return Response(known.body, known.status, {"chargebee-idempotency-replayed": "true"}, _MEDIA)
    try:
        response = await handler(request)
    except ChargebeeError as error:
        response = _json(error.body(), error.status)
    site.remembered[key] = Remembered(digest, response.status_code, bytes(response.body), time.monotonic())
    return response


async def _configurations(request: Request) -> Response:
    site: Site = request.app.state.site
    return _json(
        {
            "configurations": [
                {"domain": site.name, "product_catalog_version": "v2", "chargebee_response_schema_type": "compat"}
            ]
        }
    )


def _lister(resource: str) -> Handler:
    async def lister(request: Request) -> Response:
        site: Site = request.app.state.site
        return Response(list_page(site.store, resource, dict(request.query_params)), media_type=_MEDIA)

    return lister


def _reader(resource: str) -> Handler:
    async def reader(request: Request) -> Response:
        site: Site = request.app.state.site
        record = live_record(site, resource, request.path_params["id"])
        customer = site.store.get("customer", str(record["customer_id"])) if resource == "subscription" else None
        return _json({resource: record, **({"customer": customer} if customer else {})})

    return reader


async def _update(request: Request) -> Response:
    site: Site = request.app.state.site
    return _json({"customer": update_customer(site, request.path_params["id"], await _form(request), _origin(request))})


async def _billing_info(request: Request) -> Response:
    site: Site = request.app.state.site
    return _json(
        {"customer": update_billing_info(site, request.path_params["id"], await _form(request), _origin(request))}
    )


async def _delete(request: Request) -> Response:
    site: Site = request.app.state.site
    return _json({"customer": delete_record(site, "customer", request.path_params["id"], _origin(request))})


async def _form(request: Request) -> dict[str, str]:
    """The url-encoded body."""
    try:
        return dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
    except UnicodeDecodeError as error:
        raise ChargebeeError(400, "invalid_request", "The request body is not UTF-8") from error


def _origin(request: Request) -> Origin:
    """Who writes, for log and faults."""
    return Origin(
        request_id=request.headers.get("x-request-id") or uuid.uuid4().hex,
        idempotency_key=request.headers.get("chargebee-idempotency-key", ""),
        method=request.method,
        path=request.url.path,
    )


async def _no_such_path(request: Request, _error: Exception) -> Response:
    """A path or method that the API does not have."""
    error = ChargebeeError(
        404,
        "site_not_found" if not request.url.path.startswith("/api/v2") else "resource_not_found",
        "The requested URL does not exist",
    )
    return _json(error.body(), 404)


def _json(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(json.dumps(body, ensure_ascii=False), status, headers, _MEDIA)
