"""One signed-in Salesforce session: our own calls and simple-salesforce's over the same connection.

An expired session is renewed and the call sent again, also in the middle of a bulk job: a 401 says that nothing was
done. Two new sessions refused in a row end it. simple-salesforce is given the session id and no way to sign in, so that
its own unbounded renewal cannot start.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceError, SalesforceExpiredSession

from reconcile.errors import QuarantinedError, RateLimitedError, ReconcileError, RefusedError, SignInError
from reconcile.model import Connection
from reconcile.systems.http import REPEATABLE, HttpSession, is_loopback, no_json, read_json
from reconcile.systems.salesforce.errors import rule_for
from reconcile.systems.salesforce.ids import is_valid, to_18
from reconcile.systems.salesforce.options import salesforce_options
from reconcile.systems.salesforce.signin import SignedIn, SignIn

_T = TypeVar("_T")
_Json = TypeVar("_Json", dict[str, Any], list[Any])
_CONCURRENT = "Concurrent"
_BUSY_ATTEMPTS = 4
_SESSIONS_PER_CALL = 3
_EACH_REFUSED = "each new session was refused at once"


class SalesforceClient:
    """Sends requests as one connection. Signs in on the first."""

    def __init__(self, connection: Connection, secrets: Mapping[str, str]) -> None:
        self.name = connection.name
        self.options = salesforce_options(connection)
        self.session = HttpSession(connection, self.options.base_url)
        self._sign_in = SignIn(connection, self.options, secrets, self.session)
        self._signed_in: SignedIn | None = None
        self._lock = threading.RLock()
        self.server_time: datetime | None = None

    @property
    def signed_in(self) -> SignedIn:
        """The present session, made when there is none."""
        with self._lock:
            if self._signed_in is None:
                self._keep(self._sign_in())
            if self._signed_in is None:  # for the type checker: _keep has just set it
                raise SignInError(self.name, "no session")
            return self._signed_in

    def _keep(self, signed_in: SignedIn) -> None:
        self._signed_in = signed_in
        if is_loopback(signed_in.instance_url):
            self.session.mount(signed_in.instance_url, self.session.adapter)
            self.session.send_to(f"https://{urlsplit(signed_in.instance_url).netloc}", signed_in.instance_url)

    def _renew(self, refused: SignedIn, attempt: int) -> None:
        if attempt == _SESSIONS_PER_CALL:
            raise SignInError(self.name, _EACH_REFUSED)
        with self._lock:
            if self._signed_in is refused:  # else another thread has renewed it already
                renewed = self._sign_in(is_renewal=True)
                self._require_same_organization(refused, renewed)
                self._keep(renewed)

    def _require_same_organization(self, before: SignedIn, now: SignedIn) -> None:
        """A refreshed sandbox ends every session and keeps address, credentials and record ids."""
        expected, found = (organization_of(each.session_id) for each in (before, now))
        if expected and found and expected != found:
            raise QuarantinedError(self.name, expected, found)

    def send(
        self,
        method: str,
        path: str,
        *,
        is_repeatable: bool = False,
        headers: Mapping[str, str] | None = None,
        **arguments: Any,
    ) -> requests.Response:
        """Send to `path` (below `/services/data/vNN.N/`, or absolute) and return the answer of a success.

        Raises:
            RefusedError: an answer that says no.
            RateLimitedError: the org's requests of the day are used up, or it stays too busy.
            UnreachableError: no answer. SignInError: the session was refused and could not be renewed.
            QuarantinedError: the renewed session is of another organisation.
        """
        sent = dict(headers or {}) | ({REPEATABLE: "1"} if is_repeatable else {})
        for attempt in range(1, _BUSY_ATTEMPTS + 1):
            response = self._send_renewing(method, path, sent, arguments)
            self._note_time(response)
            if response.ok:
                return response
            error = refusal(self.name, response.status_code, response.content)
            if not _is_concurrency(error) or attempt == _BUSY_ATTEMPTS:
                raise error
            time.sleep(2 ** (attempt - 1) * random.uniform(0.4, 0.6))  # noqa: S311  # jitter guards nothing
        raise RateLimitedError(self.name, None)  # pragma: no cover - the last attempt returns or raises

    def ask(self, kind: type[_Json], method: str, path: str, *, is_repeatable: bool = False, **arguments: Any) -> _Json:
        """What `send` is answered, as JSON of that kind (a dict or a list); numbers with a fraction stay text.

        Raises:
            UnreachableError: it is no such JSON. RefusedError, RateLimitedError, SignInError: as `send`.
        """
        response = self.send(method, path, is_repeatable=is_repeatable, **arguments)
        return read_json(self.name, response, kind, may_have_applied=not (is_repeatable or method == "GET"))

    def _send_renewing(
        self, method: str, path: str, headers: Mapping[str, str], arguments: Mapping[str, Any]
    ) -> requests.Response:
        for attempt in range(1, _SESSIONS_PER_CALL + 1):
            signed_in = self.signed_in
            url = signed_in.instance_url + self.path(path)
            authorized = {**headers, "Authorization": f"Bearer {signed_in.session_id}"}
            response = self.session.request(method, url, headers=authorized, allow_redirects=False, **arguments)
            if response.status_code != 401:
                return response
            response.close()
            self._renew(signed_in, attempt)
        raise SignInError(self.name, _EACH_REFUSED)

    def path(self, path: str) -> str:
        """`path` below this connection's version of the API, unless it is absolute already."""
        return path if path.startswith("/") else f"/services/data/v{self.options.api_version}/{path}"

    def _note_time(self, response: requests.Response) -> None:
        try:
            self.server_time = parsedate_to_datetime(response.headers["Date"]).astimezone(UTC)
        except (KeyError, ValueError, TypeError):
            return

    def simple(self, call: Callable[[Any], _T]) -> _T:
        """What `call` makes of a simple-salesforce session. It may only read, for it may be called twice.

        Raises:
            RefusedError, RateLimitedError, SignInError, UnreachableError: as `send`.
        """
        for attempt in range(1, _SESSIONS_PER_CALL + 1):
            signed_in = self.signed_in
            session = Salesforce(
                session_id=signed_in.session_id,
                instance_url=signed_in.instance_url,
                version=self.options.api_version,
                session=self.session,
                parse_float=str,  # a number is text here; a detour over binary floats would change its digits
            )
            try:
                return call(session)
            except SalesforceExpiredSession:
                self._renew(signed_in, attempt)
            except requests.JSONDecodeError as error:
                raise no_json(self.name, None, may_have_applied=False) from error
            except SalesforceError as error:
                raise _from_simple(self.name, error) from None
        raise SignInError(self.name, _EACH_REFUSED)


def organization_of(session_id: str) -> str | None:
    """The organisation that a session is of (18 characters), where its id says so: it begins with it, up to a `!`."""
    organization, mark, _ = session_id.partition("!")
    return to_18(organization) if mark and organization.startswith("00D") and is_valid(organization) else None


def _is_concurrency(error: ReconcileError) -> bool:
    return isinstance(error, RateLimitedError) and _CONCURRENT in error.sentence


def refusal(name: str, status: int, content: Any) -> RefusedError | RateLimitedError:
    """The error that an answer's status and body stand for. `content` is bytes, or JSON that was read already."""
    code, message = error_of(content)
    if code == "REQUEST_LIMIT_EXCEEDED":
        return RateLimitedError(name, None, message)
    return RefusedError(name, status, code, message, remedy=rule_for(code, status).remedy)


def error_of(content: Any) -> tuple[str, str]:
    """Code and message of an error body: a list of errors, one error, or bytes of either."""
    if isinstance(content, bytes):
        try:
            content = json.loads(content)
        except ValueError:
            return "", content[:200].decode("utf-8", "replace").strip()
    first = content[0] if isinstance(content, list) and content else content
    if not isinstance(first, dict):
        return "", str(first)[:200]
    code = first.get("errorCode") or first.get("statusCode") or first.get("error") or ""
    return str(code), str(first.get("message") or first.get("error_description") or "").strip()


def _from_simple(name: str, error: Any) -> RefusedError | RateLimitedError:
    return refusal(name, int(error.status or 0), error.content)
