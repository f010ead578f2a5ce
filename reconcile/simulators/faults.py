"""One fault injector for both practice orgs: what goes wrong, where, how often, and until when."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from itertools import count
from typing import Any, Literal, get_args, get_type_hints

from starlette.types import ASGIApp, Message, Receive, Scope, Send

FaultKind = Literal[
    "latency",  # answers after `seconds`
    "too_many_requests",  # Chargebee: 429 with Retry-After; Salesforce: 403 REQUEST_LIMIT_EXCEEDED
    "unavailable",  # 503
    "drop_before",  # the connection breaks; nothing took effect
    "drop_after",  # the connection breaks; the request took effect
    "drop_during",  # the connection breaks in the middle of the answer; the request took effect
    "web_page",  # a page for people with status 200 comes in the answer's place; the request took effect
    "garbled",  # the answer's second half is missing, and its length says that it is whole; the request took effect
    "expired_session",  # the session is ended and the request refused
    "row_lock",  # single rows: UNABLE_TO_LOCK_ROW
    "partial_failure",  # single rows: `code` and `message`
]
KINDS: tuple[FaultKind, ...] = get_args(FaultKind)
ROW_KINDS = frozenset({"row_lock", "partial_failure"})
SYNONYMS = {
    "429": "too_many_requests",
    "503": "unavailable",
    "dropped_before": "drop_before",
    "dropped_after": "drop_after",
}
_PAGE = b"<!DOCTYPE html><title>Maintenance</title><p>Please come back in a few minutes."
Refusal = Callable[["Fault", Scope], tuple[int, Mapping[str, str], bytes]]


@dataclass(slots=True)
class Fault:
    """One fault, switched on.

    Attributes:
        system: `salesforce` or `chargebee`; None for both.
        path: regular expression searched in the request's path and query. method: None for all.
        probability: of each request (or row) that fits.
        skip: so many that fit pass unharmed first. count: it fires so often, then is spent; None for ever.
        records: regular expression on the record id, for the faults of single rows.
        seconds: of latency. retry_after: seconds, in the answer's header.
        code, message: of a partial failure.
    """

    kind: FaultKind
    system: str | None = None
    path: str = ""
    method: str | None = None
    probability: float = 1.0
    count: int | None = None
    skip: int = 0
    seed: int = 0
    seconds: float = 0.5
    retry_after: float = 1.0
    records: str = ""
    code: str = "FIELD_CUSTOM_VALIDATION_EXCEPTION"
    message: str = "The practice org was told to refuse this row."
    id: int = 0
    fitted: int = 0
    fired: int = 0
    rng: random.Random = field(default_factory=random.Random, repr=False)

    def fits(self, system: str, method: str, path: str) -> bool:
        """Whether it concerns this request."""
        return (
            self.system in {None, system}
            and self.method in {None, method}
            and (not self.path or re.search(self.path, path) is not None)
        )

    def fires(self) -> bool:
        """Count one that fits, and draw whether it is hit."""
        self.fitted += 1
        if self.fitted <= self.skip or (self.count is not None and self.fired >= self.count):
            return False
        if self.probability < 1 and self.rng.random() >= self.probability:
            return False
        self.fired += 1
        return True

    def shown(self) -> dict[str, Any]:
        """As JSON."""
        return {name: value for name, value in asdict(self).items() if name != "rng"}


def read_fault(spec: Mapping[str, Any]) -> Fault:
    """A fault from JSON.

    Raises:
        ValueError: an unknown kind or attribute, a value of the wrong type, a pattern that is no regular expression.
    """
    hints = {name: hint for name, hint in get_type_hints(Fault).items() if name not in {"id", "fitted", "fired", "rng"}}
    unknown = set(spec) - set(hints)
    if unknown:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(sorted(hints))}")
    kind = SYNONYMS.get(str(spec.get("kind")), spec.get("kind"))
    if kind not in KINDS:
        raise ValueError(f"kind is {spec.get('kind')!r}; known: {', '.join(KINDS)}")
    fault = Fault(**{**spec, "kind": kind})
    for pattern in (fault.path, fault.records):
        re.compile(pattern)
    if not 0 <= float(fault.probability) <= 1:
        raise ValueError("probability must lie between 0 and 1")
    fault.method = fault.method.upper() if fault.method else None
    fault.rng = random.Random(fault.seed)
    return fault


class Injector:
    """The faults that are switched on."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self._ids = count(1)

    def add(self, spec: Mapping[str, Any]) -> Fault:
        """Switch a fault on."""
        try:
            fault = read_fault(spec)
        except (TypeError, re.error) as error:
            raise ValueError(str(error)) from error
        fault.id = next(self._ids)
        self.faults.append(fault)
        return fault

    def clear(self, fault_id: int | None = None) -> None:
        """Switch all off, or one."""
        self.faults = [fault for fault in self.faults if fault_id is not None and fault.id != fault_id]

    def for_request(self, system: str, method: str, path: str) -> list[Fault]:
        """Faults that hit this request: any latencies, then at most one other."""
        hits: list[Fault] = []
        for fault in self.faults:
            if fault.kind in ROW_KINDS or not fault.fits(system, method, path):
                continue
            if hits and hits[-1].kind != "latency" and fault.kind != "latency":
                continue
            if fault.fires():
                hits.append(fault)
        return sorted(hits, key=lambda fault: fault.kind != "latency")

    def for_row(self, system: str, method: str, path: str, record_id: str) -> Fault | None:
        """The fault that hits this row, if any."""
        for fault in self.faults:
            if fault.kind not in ROW_KINDS or not fault.fits(system, method, path):
                continue
            if (not fault.records or re.search(fault.records, record_id)) and fault.fires():
                return fault
        return None


class FaultMiddleware:
    """Lets faults happen to the requests of one practice org. Admin routes are spared."""

    def __init__(self, app: ASGIApp, *, injector: Injector, system: str, refuse: Refusal) -> None:
        self.app, self.injector, self.system, self.refuse = app, injector, system, refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["path"].startswith("/admin/"):
            await self.app(scope, receive, send)
            return
        query = scope["query_string"].decode("latin-1")
        path = f"{scope['path']}?{query}" if query else scope["path"]
        for fault in self.injector.for_request(self.system, scope["method"], path):
            if fault.kind == "latency":
                await asyncio.sleep(fault.seconds)
            else:
                await self.harm(fault, scope, receive, send)
                return
        await self.app(scope, receive, send)

    async def harm(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request that something happens to."""
        if fault.kind == "drop_before":
            await _read_all(receive)
            await cut(scope)
        elif fault.kind == "drop_after":
            await self.app(scope, receive, _swallow)
            await cut(scope)
        elif fault.kind == "drop_during":
            await self.app(scope, receive, _Half(scope, send))
        elif fault.kind in ("web_page", "garbled"):
            whole = _Whole()
            await self.app(scope, receive, whole)
            status, body = whole.status, bytes(whole.body[: len(whole.body) // 2])
            answer = (200, "text/html", _PAGE) if fault.kind == "web_page" else (status, "application/json", body)
            await _reply(send, answer[0], {"content-type": answer[1]}, answer[2])
        else:
            await _read_all(receive)
            await _reply(send, *self.refuse(fault, scope))


async def cut(scope: Scope) -> None:
    """Break the connection as a dying network would: no answer, no farewell."""
    scope["reconcile.transport"].abort()
    await asyncio.sleep(0.001)  # until the server has noticed; otherwise it tries to answer with an error


async def _read_all(receive: Receive) -> None:
    """Read the request's body to its end."""
    while (await receive()).get("more_body"):
        pass


async def _swallow(_message: Message) -> None:
    """Send nothing."""


async def _reply(send: Send, status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Send a whole answer."""
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    raw.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


class _Whole:
    """Keeps the answer instead of sending it."""

    def __init__(self) -> None:
        self.status, self.body = 200, bytearray()

    async def __call__(self, message: Message) -> None:
        self.status = message.get("status", self.status)
        self.body += message.get("body", b"")


class _Half:
    """Sends the first half of the answer's body, then breaks the connection."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self.scope, self.send = scope, send

    async def __call__(self, message: Message) -> None:
        if message["type"] != "http.response.body":
            await self.send(message)
            return
        body = message.get("body", b"")
        if not self.scope["reconcile.transport"].is_closing():
            await self.send({**message, "body": body[: len(body) // 2], "more_body": True})
            await asyncio.sleep(0.01)
            await cut(self.scope)
