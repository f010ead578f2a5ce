"""One process pushes a change set at a time: a lease in the database, kept alive while that process lives."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.engine import Connection as Transaction

from reconcile.errors import ClaimedError, ConflictError, StorageError
from reconcile.state import change_sets
from reconcile.state.database import Database

logger = logging.getLogger(__name__)

_not_released: set[str] = set()


def _now() -> tuple[float, float]:
    return time.monotonic(), time.time()


@dataclass(slots=True)
class Lease:
    """The right to push one change set, until it is given back, lost or expired.

    Attributes:
        renewed_at: when it was last known to be ours, by the monotonic clock (which a set clock does not move) and by
            the wall clock (which goes on while the machine sleeps).
    """

    database: Database
    change_set_id: str
    owner: str
    seconds: float
    lost: threading.Event = field(default_factory=threading.Event)
    renewed_at: tuple[float, float] = field(default_factory=_now)

    def require(self, tx: Transaction) -> None:
        """Renew the lease inside a transaction that is about to act under it.

        Raises:
            ConflictError: another process has taken over; nothing more may be sent from here.
        """
        if self.lost.is_set() or not change_sets.renew_lease(tx, self.change_set_id, self.owner, self.seconds):
            self.lost.set()
            raise ConflictError(f"The push of {self.change_set_id}", "continued by this process")
        self.renewed_at = _now()

    def require_still(self) -> None:
        """Ask the database again if the lease may have ended meanwhile: this process may have been suspended.

        Raises:
            ConflictError: as `require`. StorageError: it cannot be asked.
        """
        age_s = max(now - then for now, then in zip(_now(), self.renewed_at, strict=True))
        if self.lost.is_set() or age_s > self.seconds / 2:
            with self.database.begin() as tx:
                self.require(tx)


@contextmanager
def hold_lease(database: Database, change_set_id: str, seconds: float) -> Iterator[Lease]:
    """Take the lease, renew it from a thread of its own, give it back at the end.

    A lease whose process was killed is taken over at once when that process was on this machine, else when it expires.

    Raises:
        ClaimedError: another living process pushes this set.
    """
    lease = Lease(database, change_set_id, f"{_this_process()}/{uuid.uuid4().hex[:8]}", seconds)
    with database.begin() as tx:
        holder = change_sets.lease_owner(tx, change_set_id)
        dead = holder if holder is not None and _is_dead(holder) else None
        if not change_sets.take_lease(tx, change_set_id, lease.owner, seconds, dead_owner=dead):
            raise ClaimedError(f"Change set {change_set_id}", holder or "another process")
    ended = threading.Event()
    heart = threading.Thread(target=_keep_alive, args=(lease, ended), name=f"lease of {change_set_id}", daemon=True)
    heart.start()
    try:
        yield lease
    finally:
        ended.set()
        heart.join()
        _release(lease)


def _release(lease: Lease) -> None:
    try:
        with lease.database.begin() as tx:
            change_sets.release_lease(tx, lease.change_set_id, lease.owner)
    except StorageError as error:  # this process, which lives on, will take it over all the same
        _not_released.add(lease.owner)
        logger.warning("The lease of %s could not be given back: %s", lease.change_set_id, error)


def _keep_alive(lease: Lease, ended: threading.Event) -> None:
    while not ended.wait(lease.seconds / 3):
        try:
            with lease.database.begin() as tx:
                is_ours = change_sets.renew_lease(tx, lease.change_set_id, lease.owner, lease.seconds)
        except StorageError:  # busy for a moment: the next beat comes before the lease ends
            continue
        if not is_ours:
            lease.lost.set()
            return
        lease.renewed_at = _now()


def _this_process() -> str:
    return f"{_machine()}/{os.getpid()}/{_started(os.getpid())}"


def _machine() -> str:
    # Two containers may share a host name; they do not share the name space in which process ids count.
    try:
        name_space = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        name_space = ""
    return f"{socket.gethostname()}{name_space}"


def _started(pid: int) -> str:
    """When the process was started, so that its id in another process's hands is not taken for it; empty if unknown."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def _is_dead(owner: str) -> bool:
    """Whether the owner has ended: here, or with a process of this machine. Of other machines nothing is known."""
    if owner in _not_released:
        return True
    machine, _, rest = owner.rpartition("/")[0].rpartition("/")[0].rpartition("/")
    started = owner.rpartition("/")[0].rpartition("/")[2]
    if machine != _machine() or not rest.isdigit() or not started:
        return False
    return _started(int(rest)) != started
