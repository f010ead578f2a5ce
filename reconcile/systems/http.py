"""The one HTTP session: time-outs, bounded retry, a rate limiter and a request log that holds no secrets.

Everything that leaves for a remote system goes through `CarefulAdapter`, also what simple-salesforce sends. What is
retried, and what never is:

    answer                          request that reads      request that writes
    429, 403 with Retry-After       again, as asked         again, as asked: the limiter refused it before any work
    502, 503, 504                   again                   handed to the caller: it may have been carried out
    connection could not be made    again                   again: nothing was sent
    connection broke, no answer     again                   UnreachableError(may_have_applied=True)
    a web page with status 2xx      again                   UnreachableError(may_have_applied=True)

The last is what a gateway, a proxy or a sign-in page says in the system's place: no API that is used here answers in
HTML, and whether the request got through is not known.

A POST that only reads (or that does no harm twice) is marked with the header `REPEATABLE`, which is not sent.
"""

from __future__ import annotations

import logging
import os
import random
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies
from urllib3.exceptions import NewConnectionError

from reconcile.errors import RateLimitedError, UnreachableError
from reconcile.model import Connection, utc_now
from reconcile.systems.throttle import TokenBucket, bucket_for

logger = logging.getLogger("reconcile.http")

REPEATABLE = "X-Reconcile-Repeatable"
CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 120.0
BACKOFF_S = 0.4
_SECRET_WORDS = ("token", "secret", "password", "passwd", "key", "session", "sid", "assertion", "code", "signature")
_Outcome = requests.Response | requests.RequestException
_Json = TypeVar("_Json", dict[str, Any], list[Any])
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """One request as it went out. `status` is None when no answer came; `problem` then says why."""

    at: datetime
    method: str
    path: str
    status: int | None
    ms: float
    attempt: int
    problem: str = ""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How patient the session is.

    Attributes:
        attempts: of one request, the first included.
        backoff_s: first wait after a broken or busy answer; doubles each time, with jitter.
        limit_backoff_s: first wait after a 429 that does not say how long.
        longest_wait_s: a server that asks for more than this gets a RateLimitedError at once.
    """

    attempts: int = 5
    backoff_s: float = BACKOFF_S
    limit_backoff_s: float = 2.0
    longest_wait_s: float = 90.0


def shown_path(url: str) -> str:
    """Path and query of `url` as a log may keep them: no host, no secret values, nothing endless.

    >>> shown_path("https://x.example/services/oauth2/token?code=abc&state=1")
    '/services/oauth2/token?code=...&state=1'
    """
    parts = urlsplit(url)
    query = [
        (name, "..." if any(word in name.lower() for word in _SECRET_WORDS) else value[:200])
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
    ]
    return parts.path + (f"?{urlencode(query, safe='.,:/() ', quote_via=quote)}" if query else "")


def is_loopback(url: str) -> bool:
    """Whether the address is this machine's own."""
    return urlsplit(url).hostname in _LOOPBACK


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds that `Retry-After` asks for, given as seconds or as a date; None when it is absent or senseless."""
    text = headers.get("Retry-After", "").strip()
    if not text:
        return None
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


def _was_never_sent(error: requests.RequestException) -> bool:
    if isinstance(error, requests.ConnectTimeout):
        return True
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(reason, NewConnectionError)


def _is_limited(response: requests.Response) -> bool:
    """Refused for having asked too much. Salesforce says 403 then; a 403 for any other reason names no time."""
    return response.status_code == 429 or (response.status_code == 403 and "Retry-After" in response.headers)


class _WebPageError(requests.RequestException):
    """An answer that claims success and is a page for people."""


def _require_no_web_page(response: requests.Response) -> None:
    if response.ok and response.headers.get("Content-Type", "").lower().startswith("text/html"):
        response.close()
        raise _WebPageError


def read_json(name: str, response: requests.Response, kind: type[_Json], *, may_have_applied: bool) -> _Json:
    """The JSON of a successful answer of the connection `name`; numbers with a fraction stay text.

    Args:
        name: of the connection, for the error's sentence.
        response: the answer.
        kind: what its JSON must be, a dict or a list.
        may_have_applied: whether the request may have changed something there.

    Raises:
        UnreachableError: it is no such JSON, or ends too early: what was answered is not known.
    """
    try:
        body = response.json(parse_float=str)
    except requests.JSONDecodeError as error:
        raise no_json(name, response, may_have_applied=may_have_applied) from error
    if not isinstance(body, kind):
        raise no_json(name, response, may_have_applied=may_have_applied)
    return body


def no_json(name: str, response: requests.Response | None, *, may_have_applied: bool) -> UnreachableError:
    """The error that stands for an answer which is not the JSON that it ought to be."""
    sent = response.request if response is not None else None
    method, url = ((sent.method or ""), (sent.url or "")) if sent is not None else ("GET", "")
    cause = "what came is not the JSON that was expected"
    return UnreachableError(name, method, shown_path(url), cause, may_have_applied=may_have_applied)


def _cause(error: requests.RequestException) -> str:
    if isinstance(error, _WebPageError):
        return "a web page came in its place"
    if isinstance(error, requests.ConnectTimeout):
        return "no connection in time"
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate or encryption was not accepted"
    if _was_never_sent(error):
        return "no connection"
    return "the connection broke"


def _nothing() -> None:
    """What is done before a write where nobody asks for anything."""


class CarefulAdapter(HTTPAdapter):
    """Sends for one connection by the table at the head of this module.

    Attributes:
        requests_made: the latest thousand requests, oldest first.
        before_write: called right before anything that writes is sent, each time; whatever it raises keeps it here.
    """

    def __init__(
        self,
        connection_name: str,
        bucket: TokenBucket | None = None,
        policy: RetryPolicy | None = None,
        origins: Mapping[str, str] | None = None,
        timeout: tuple[float, float] = (CONNECT_TIMEOUT_S, READ_TIMEOUT_S),
    ) -> None:
        self._name = connection_name
        self._bucket = bucket
        self._policy = policy or RetryPolicy()
        self.origins = dict(origins or {})
        self._timeout = timeout
        self.requests_made: deque[RequestRecord] = deque(maxlen=1000)
        self.before_write: Callable[[], None] = _nothing
        super().__init__(pool_maxsize=8)

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Send with retries. The answer's body has been read, unless it was asked for as a stream.

        Raises:
            UnreachableError: no answer.
            RateLimitedError: still limited after the last attempt.
        """
        may_repeat = request.headers.pop(REPEATABLE, None) is not None or request.method in ("GET", "HEAD", "OPTIONS")
        request.url = self._target(request.url or "")
        if kwargs.get("timeout") is None:
            kwargs["timeout"] = self._timeout
        attempt = 1
        while True:
            if self._bucket is not None:
                self._bucket.take()
            if not may_repeat:
                self.before_write()
            outcome = self._attempt(request, attempt, *args, **kwargs)
            wait = self._wait_before_next(outcome, attempt, may_repeat=may_repeat)
            if wait is None:
                return self._finish(outcome, request, may_repeat=may_repeat)
            logger.warning("%s: %s %s again in %.1f s", self._name, request.method, shown_path(request.url), wait)
            if isinstance(outcome, requests.Response):
                outcome.close()
            time.sleep(wait)
            attempt += 1

    def _target(self, url: str) -> str:
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        return self.origins[origin] + url[len(origin) :] if origin in self.origins else url

    def _attempt(self, request: requests.PreparedRequest, attempt: int, *args: Any, **kwargs: Any) -> _Outcome:
        started = time.perf_counter()
        outcome: _Outcome
        try:
            outcome = super().send(request, *args, **kwargs)
            _require_no_web_page(outcome)
            if not kwargs.get("stream"):
                _ = outcome.content  # read here, so that a connection that breaks inside the body is handled here too
        except requests.RequestException as error:
            outcome = error
        self._note(request, outcome, started, attempt)
        return outcome

    def _note(self, request: requests.PreparedRequest, outcome: _Outcome, started: float, attempt: int) -> None:
        status = outcome.status_code if isinstance(outcome, requests.Response) else None
        problem = "" if isinstance(outcome, requests.Response) else type(outcome).__name__
        path, ms = shown_path(request.url or ""), (time.perf_counter() - started) * 1000
        self.requests_made.append(RequestRecord(utc_now(), request.method or "", path, status, ms, attempt, problem))
        logger.debug("%s: %s %s -> %s in %.0f ms", self._name, request.method, path, status or problem, ms)

    def _wait_before_next(self, outcome: _Outcome, attempt: int, *, may_repeat: bool) -> float | None:
        if attempt == self._policy.attempts:
            return None
        if isinstance(outcome, requests.Response):
            return self._wait_after_answer(outcome, attempt, may_repeat=may_repeat)
        if isinstance(outcome, requests.exceptions.SSLError) or not (may_repeat or _was_never_sent(outcome)):
            return None
        return self._backoff(self._policy.backoff_s, attempt)

    def _wait_after_answer(self, response: requests.Response, attempt: int, *, may_repeat: bool) -> float | None:
        if _is_limited(response):
            wait = retry_after_s(response.headers)
            if wait is None:
                wait = self._backoff(self._policy.limit_backoff_s, attempt)
            if wait > self._policy.longest_wait_s:
                return None
            if self._bucket is not None:
                self._bucket.hold(wait)
            return wait
        if response.status_code in (502, 503, 504) and may_repeat:
            wait = retry_after_s(response.headers)
            backoff = self._backoff(self._policy.backoff_s, attempt)
            return backoff if wait is None else min(wait, self._policy.longest_wait_s)
        return None

    def _backoff(self, first_s: float, attempt: int) -> float:
        # Jitter spreads clients that were refused at the same moment; it guards nothing.
        return float(first_s * 2 ** (attempt - 1) * random.uniform(0.75, 1.25))  # noqa: S311

    def _finish(self, outcome: _Outcome, request: requests.PreparedRequest, *, may_repeat: bool) -> requests.Response:
        if isinstance(outcome, requests.Response):
            if outcome.status_code == 429:
                raise RateLimitedError(self._name, retry_after_s(outcome.headers), outcome.reason or "")
            return outcome
        raise UnreachableError(
            self._name,
            request.method or "",
            shown_path(request.url or ""),
            _cause(outcome),
            may_have_applied=not (may_repeat or _was_never_sent(outcome)),
        ) from outcome


class HttpSession(requests.Session):
    """A `requests.Session` whose every request passes through one CarefulAdapter.

    The environment's proxy and certificate bundle are honoured for other machines; `.netrc` never is (it would replace
    the credentials of the connection), and nothing on this machine is reached through a proxy.
    """

    def __init__(
        self,
        connection: Connection,
        base_url: str,
        *,
        per_minute: float | None = None,
        policy: RetryPolicy | None = None,
    ) -> None:
        super().__init__()
        self.trust_env = False
        self.max_redirects = 3
        if not is_loopback(base_url):
            self.proxies = dict(get_environ_proxies(base_url))
            self.verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
        read_s = float(connection.options.get("read_timeout_s") or READ_TIMEOUT_S)
        backoff_s = float(connection.options.get("retry_backoff_s") or BACKOFF_S)
        self.adapter = CarefulAdapter(
            connection.name,
            bucket_for(connection, per_minute),
            policy or RetryPolicy(backoff_s=backoff_s),
            timeout=(CONNECT_TIMEOUT_S, read_s),
        )
        self.mount("https://", self.adapter)
        if is_loopback(base_url):
            self.mount(base_url, self.adapter)
        else:
            self.adapters.pop("http://", None)  # no credential leaves this machine in clear

    def send_to(self, origin: str, target: str) -> None:
        """Send what is addressed to `origin` to `target` instead, which must be on this machine.

        For clients that can only spell https://: a practice org speaks http on the loopback address.
        """
        if not is_loopback(target):
            raise ValueError(f"{target} is not on this machine")
        self.adapter.origins[origin] = target.rstrip("/")

    @property
    def requests_made(self) -> tuple[RequestRecord, ...]:
        """The latest thousand requests, oldest first."""
        return tuple(self.adapter.requests_made)
