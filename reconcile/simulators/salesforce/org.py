"""One practice Salesforce org: its rows, sessions, cursors, jobs and limits."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from reconcile.simulators.faults import Injector
from reconcile.simulators.generator import ORG_ID
from reconcile.simulators.generator.ids import make_id
from reconcile.simulators.generator.salesforce_rows import ORG_USER
from reconcile.simulators.salesforce.errors import SalesforceError
from reconcile.simulators.salesforce.objects import SOBJECTS
from reconcile.simulators.salesforce.schema import SObject
from reconcile.simulators.salesforce.store import Store
from reconcile.simulators.writes import WriteLog

if TYPE_CHECKING:
    from reconcile.simulators.salesforce.jobs import Job

_JSON_MEDIA = frozenset({"", "application/json", "multipart/form-data"})  # of the last, the part that is JSON
SESSION_IDLE_S = 2 * 3600
SESSION_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._"


@dataclass(slots=True)
class Session:
    """A signed-in user. `used` is the monotonic time of the last request; idle sessions die after two hours."""

    token: str
    user_id: str
    used: float


@dataclass(slots=True)
class Cursor:
    """A query in progress: the ids of its records, in the order in which they will be given."""

    compiled: Any
    ids: list[str]
    made: float


@dataclass(slots=True)
class Org:
    """State of the org.

    Attributes:
        has_row_limit_pages: give fewer rows in a page than asked for, as Salesforce may.
        job_delay_s: how long a bulk job stays in each state at least.
        duplicate_rules: object -> "alert" (can be overridden by header), "block", or "off".
    """

    store: Store
    log: WriteLog
    faults: Injector
    org_id: str = ORG_ID
    address: str = ""
    daily_limit: int = 15_000_000
    used_calls: int = 0
    job_delay_s: float = 0.02
    sessions: dict[str, Session] = field(default_factory=dict)
    refresh_tokens: dict[str, str] = field(default_factory=dict)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    cursors: dict[str, Cursor] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)
    duplicate_rules: dict[str, str] = field(default_factory=lambda: {"Account": "alert", "Contact": "alert"})
    public_key: Any = None
    rng: random.Random = field(default_factory=lambda: random.Random(20261122))
    job_numbers: int = 0

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, the write log included."""
        with self.store.transaction(), self.log.undone_on_error():
            yield

    def open_session(self, user_id: str = ORG_USER) -> Session:
        """Sign a user in."""
        secret = "".join(self.rng.choice(SESSION_ALPHABET) for _ in range(60))
        session = Session(f"{self.org_id[:15]}!{secret}", user_id, time.monotonic())
        self.sessions[session.token] = session
        return session

    def session(self, token: str) -> Session | None:
        """The session of a token; None where it is unknown or has died of idleness."""
        session = self.sessions.get(token)
        if session is None:
            return None
        if time.monotonic() - session.used > SESSION_IDLE_S:
            del self.sessions[token]
            return None
        session.used = time.monotonic()
        return session

    def next_id(self, prefix: str) -> str:
        """An id for what is no row: jobs, cursors."""
        self.job_numbers += 1
        return make_id(prefix, self.job_numbers)

    def refresh(self) -> str:
        """What a sandbox refresh does: a new organisation id, no session survives, record ids stay.

        Returns:
            The new organisation id.
        """
        number = self.rng.randrange(36**3, 36**5)
        self.org_id = make_id("00D", number)
        self.sessions.clear()
        self.refresh_tokens.clear()
        with self.store.lock:
            self.store.connection.execute('UPDATE "Organization" SET Id = ?', (self.org_id,))
        return self.org_id


@dataclass(slots=True)
class Call:
    """One REST request, or one sub-request of a composite.

    Attributes:
        path: below `/services/data/vNN.N/`, without slashes at its ends.
        headers: names in lower case.
        full_path: as fault patterns see it.
    """

    org: Org
    method: str
    path: str
    version: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""
    request_id: str = ""
    full_path: str = ""
    user_id: str = ORG_USER
    is_inner: bool = False

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            SalesforceError: UNSUPPORTED_MEDIA_TYPE for a body that says it is something else, JSON_PARSER_ERROR.
        """
        media = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if self.body and media not in _JSON_MEDIA:
            raise SalesforceError("UNSUPPORTED_MEDIA_TYPE", f"Content-Type '{media}' is not supported", status=415)
        try:
            value = json.loads(self.body or b"null", parse_constant=_no_number)
            if b"\\u" in self.body:
                json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair is no text
        except ValueError as error:
            raise SalesforceError(
                "JSON_PARSER_ERROR", f"Unexpected character at [line:1, column:1]: {error}"
            ) from error
        return value

    def json_object(self) -> dict[str, Any]:
        """The body as a JSON object.

        Raises:
            SalesforceError: JSON_PARSER_ERROR.
        """
        body = self.json()
        if not isinstance(body, dict):
            raise SalesforceError(
                "JSON_PARSER_ERROR", "The HTTP entity body is required, but this request has no entity body."
            )
        return body

    @property
    def base(self) -> str:
        """`/services/data/vNN.N`."""
        return f"/services/data/v{self.version}"


@dataclass(slots=True)
class Answer:
    """What a resource says. `body` is JSON (None for nothing); `content` is raw bytes instead."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes | Iterator[bytes] | None = None
    media: str = "application/json;charset=UTF-8"


def object_named(name: str) -> SObject:
    """The object of a URL's path, whatever its case.

    Raises:
        SalesforceError: NOT_FOUND.
    """
    sobject = SOBJECTS.get(name.lower())
    if sobject is None:
        raise SalesforceError("NOT_FOUND", "The requested resource does not exist", status=404)
    return sobject


def _no_number(name: str) -> float:
    """Python's parser takes NaN and Infinity, JSON does not have them."""
    raise ValueError(f"{name} is no JSON")


def flag(text: str | bool | None) -> bool:
    """A true/false given as JSON or as text."""
    return text is True or str(text).lower() == "true"
