"""A limit on how often a connection is asked, kept on our side so that the other side need not refuse."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from reconcile.model import Connection


class TokenBucket:
    """Lets `per_minute` requests through on average and `burst` at once; safe for several threads."""

    def __init__(
        self,
        per_minute: float,
        burst: int,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._rate = per_minute / 60.0
        self._burst = float(burst)
        self._tokens = float(burst)
        self._clock, self._sleep = clock, sleep
        self._at = clock()
        self._lock = threading.Lock()

    def take(self) -> float:
        """Wait for a turn. Returns the seconds waited."""
        with self._lock:
            now = self._clock()
            self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
            self._at = now
            self._tokens -= 1.0
            wait = max(0.0, -self._tokens / self._rate)
        if wait > 0:
            self._sleep(wait)
        return wait

    def hold(self, seconds: float) -> None:
        """Let nothing through for `seconds`: the other side said that it has had enough."""
        with self._lock:
            self._tokens = min(self._tokens, -seconds * self._rate)
            self._at = self._clock()


_buckets: dict[tuple[str, float], TokenBucket] = {}
_buckets_lock = threading.Lock()


def bucket_for(connection: Connection, per_minute: float | None) -> TokenBucket | None:
    """The limiter that everything of this connection shares in this process; None without a limit."""
    if per_minute is None or per_minute <= 0:
        return None
    with _buckets_lock:
        key = (connection.id, per_minute)
        return _buckets.setdefault(key, TokenBucket(per_minute, burst=max(1, int(per_minute // 6))))
