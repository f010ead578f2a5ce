"""One practice Chargebee site: its records, its request limit, its memory of idempotency keys."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field

from reconcile.simulators.chargebee.store import SiteStore
from reconcile.simulators.faults import Injector
from reconcile.simulators.generator import SITE_NAME
from reconcile.simulators.writes import WriteLog

API_KEY = "practice_key"
IDEMPOTENCY_WINDOW_S = 30 * 60


@dataclass(frozen=True, slots=True)
class Remembered:
    """The first answer to a request with an idempotency key."""

    request: str
    status: int
    body: bytes
    made: float


@dataclass(slots=True)
class Site:
    """State of the site.

    Attributes:
        name: the site's domain name, its fingerprint.
        per_minute: requests in a minute before 429.
        concurrent: requests at the same time before 429.
    """

    store: SiteStore
    log: WriteLog
    faults: Injector
    name: str = SITE_NAME
    per_minute: int = 3_500
    concurrent: int = 150
    running: int = 0
    refreshes: int = 0
    recent: deque[float] = field(default_factory=deque)
    remembered: dict[str, Remembered] = field(default_factory=dict)

    def wait_s(self) -> float:
        """Count a request; seconds until one is served again, 0 where this one is."""
        now = time.monotonic()
        while self.recent and now - self.recent[0] >= 60:
            self.recent.popleft()
        if len(self.recent) >= self.per_minute:
            return 60 - (now - self.recent[0])
        self.recent.append(now)
        return 0.0

    def recall(self, key: str) -> Remembered | None:
        """The remembered answer of a key, within its window."""
        found = self.remembered.get(key)
        if found and time.monotonic() - found.made >= IDEMPOTENCY_WINDOW_S:
            del self.remembered[key]
            return None
        return found

    def refresh(self) -> str:
        """The address now leads to another site; gives its name."""
        self.refreshes += 1
        self.name = f"{SITE_NAME}-{self.refreshes + 1}"
        return self.name
