"""The append-only log of every record write that took effect, in both practice orgs."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Write:
    """One write that took effect.

    Attributes:
        sequence: from 1, without gaps, over both systems.
        changes: field -> [old value, new value]; fields that were written with the value they had are in it too.
        request_id: of the HTTP request that did it; the same for all its rows.
        idempotency_key: what the client sent, empty for none.
        origin: "api", or "automation" for what no client asked for.
    """

    sequence: int
    system: str
    object: str
    record_id: str
    action: str
    changes: Mapping[str, list[Any]]
    request_id: str
    idempotency_key: str
    origin: str
    time: float


class WriteLog:
    """Writes in the order in which they took effect."""

    def __init__(self) -> None:
        self.writes: list[Write] = []
        self._lock = threading.RLock()

    def add(
        self,
        *,
        system: str,
        object_name: str,
        record_id: str,
        action: str,
        changes: Mapping[str, list[Any]],
        request_id: str = "",
        idempotency_key: str = "",
        origin: str = "api",
    ) -> None:
        """Append one write."""
        with self._lock:
            number = len(self.writes) + 1
            self.writes.append(
                Write(
                    number,
                    system,
                    object_name,
                    record_id,
                    action,
                    dict(changes),
                    request_id,
                    idempotency_key,
                    origin,
                    time.time(),
                )
            )

    @contextmanager
    def undone_on_error(self) -> Iterator[None]:
        """Forget what was added inside when the block raises: it was rolled back, so it took no effect."""
        with self._lock:  # nobody else's write may come between
            mark = len(self.writes)
            try:
                yield
            except BaseException:
                del self.writes[mark:]
                raise

    def copy(self) -> list[Write]:
        """All writes of this moment, none of them in a transaction that may yet be rolled back."""
        with self._lock:
            return list(self.writes)

    def since(self, sequence: int) -> list[dict[str, Any]]:
        """Writes after `sequence`, ready for JSON."""
        return [asdict(write) for write in self.writes[sequence:]]
