"""Keeps what clients changed in both practice orgs over a restart: saved a moment after each write and on a clean stop.

Only the written rows are saved; the rest is generated again. Sessions, bulk jobs, faults and limits start afresh.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import fields
from itertools import islice
from operator import attrgetter
from pathlib import Path
from typing import Any

from reconcile.simulators.chargebee.site import IDEMPOTENCY_WINDOW_S, Remembered, Site
from reconcile.simulators.chargebee.store import RESOURCES
from reconcile.simulators.salesforce.objects import SOBJECTS
from reconcile.simulators.salesforce.org import Org
from reconcile.simulators.state_file import Part, read_state, write_state
from reconcile.simulators.touched import Touched, carry, follow, touched
from reconcile.simulators.writes import Write

SAVE_EVERY_S = 2.0
_MOST_EVERY_S = 60.0
_SHARE = 20  # between two saves passes at least so many times what one takes
_BATCH = 200
_WRITE_FIELDS = tuple(field.name for field in fields(Write))
_KEYS: dict[str, dict[str, str]] = {
    "salesforce": {sobject.name: "Id" for sobject in SOBJECTS.values()},
    "chargebee": dict.fromkeys(RESOURCES, "id"),
}

log = logging.getLogger(__name__)


class Saver:
    """Saves and restores the changes of one org and one site.

    Args:
        org: filled, not yet served.
        site: filled, not yet served.
        path: of the file.
        world: what the generated data depend on; a file of another world is not loaded.
    """

    def __init__(self, org: Org, site: Site, path: Path, world: Mapping[str, Any]) -> None:
        self.org, self.site, self.path, self.world = org, site, path, world
        self._connections = {"salesforce": org.store.connection, "chargebee": site.store.connection}
        for system, connection in self._connections.items():
            follow(connection, _KEYS[system])
        self._saving = threading.Lock()
        self._saved = self._revision()

    def restore(self) -> bool:
        """Put the changes of the last run back, if there is a file of this world that is whole; else put it aside.

        Returns:
            Whether there was one.
        """
        if not self.path.exists():
            return False
        try:
            self._apply(read_state(self.path, self.world))
        except (OSError, ValueError, KeyError, TypeError, IndexError, sqlite3.Error) as error:
            self._put_aside(error)
            return False
        self._saved = self._revision()
        log.info("%d writes of earlier runs restored from %s", len(self.org.log.writes), self.path)
        return True

    def save(self) -> bool:
        """Save, if anything changed since the last time; a failure is logged, and tried again the next time.

        Returns:
            Whether a file was written.
        """
        with self._saving:
            revision = self._revision()
            if revision == self._saved:
                return False
            try:
                write_state(self.path, self.world, self._parts())
            except OSError as error:
                log.warning("The practice orgs' changes could not be saved to %s: %s", self.path, error)
                return False
            self._saved = revision
            return True

    async def save_regularly(self) -> None:
        """Save a moment after each change, seldomer where a save takes long, until cancelled."""
        pause = SAVE_EVERY_S
        while True:
            await asyncio.sleep(pause)
            started = time.monotonic()
            await asyncio.to_thread(self.save)
            pause = min(_MOST_EVERY_S, max(SAVE_EVERY_S, _SHARE * (time.monotonic() - started)))

    def _revision(self) -> tuple[object, ...]:
        """Differs whenever there is something new to save."""
        org, site = self.org, self.site
        return (
            *(connection.total_changes for connection in self._connections.values()),
            *(len(org.log.writes), len(site.remembered), len(org.refresh_tokens)),
            *(org.org_id, site.name, org.job_numbers),
        )

    def _parts(self) -> Iterator[Part]:
        """Everything to be saved, of one moment in both systems."""
        org, site = self.org, self.site
        with org.store.lock, site.store.lock:
            tables = {system: touched(connection, _KEYS[system]) for system, connection in self._connections.items()}
            writes, remembered = org.log.copy(), dict(site.remembered)
            org_state, site_state = _org_state(org), {"name": site.name, "refreshes": site.refreshes}
        yield ["org", org_state]
        yield ["site", site_state]
        for key, answer in remembered.items():
            yield ["remembered", key, _remembered_state(answer)]
        for system, of_system in tables.items():
            for each in of_system:
                yield ["table", system, each.table, each.columns, each.gone]
                rows = iter(each.rows)
                while batch := list(islice(rows, _BATCH)):
                    yield ["rows", batch]
        read = attrgetter(*_WRITE_FIELDS)
        for write in writes:
            yield ["write", read(write)]

    def _apply(self, parts: list[Part]) -> None:
        """Put saved parts into the fresh org and site: the rows of both all or none, then the rest."""
        writes = [Write(**dict(zip(_WRITE_FIELDS, part[1], strict=True))) for part in parts if part[0] == "write"]
        remembered = {part[1]: _remembered(part[2]) for part in parts if part[0] == "remembered"}
        [org_state], [site_state] = ([part[1] for part in parts if part[0] == kind] for kind in ("org", "site"))
        with self.org.store.transaction(), self.site.store.transaction():
            for system, written in _tables(parts):
                carry(self._connections[system], _KEYS[system][written.table], written)
            _restore_org(self.org, org_state)
        self.site.name, self.site.refreshes = str(site_state["name"]), int(site_state["refreshes"])
        self.site.remembered.update(remembered)
        self.org.log.writes.extend(writes)

    def _put_aside(self, error: Exception) -> None:
        """Say why a file is not loaded, and keep it from being written over."""
        aside = self.path.with_name(f"{self.path.name}.unusable")
        log.warning(
            "The practice orgs start with fresh data: the changes saved in %s cannot be used (%s). They are now in %s.",
            *(self.path, error, aside.name),
        )
        try:
            self.path.replace(aside)
        except OSError as moving:
            log.warning("%s could not be renamed: %s", self.path, moving)


def _org_state(org: Org) -> dict[str, Any]:
    """What of an org is no row."""
    return {
        "org_id": org.org_id,
        "numbers": dict(org.store.numbers),
        "job_numbers": org.job_numbers,
        "refresh_tokens": dict(org.refresh_tokens),
        "rng": org.rng.getstate(),
    }


def _restore_org(org: Org, state: Mapping[str, Any]) -> None:
    """Put back what is no row; session tokens go on from where they were, so that none is given twice."""
    version, numbers, gauss = state["rng"]
    org.rng.setstate((version, tuple(numbers), gauss))
    org.store.numbers.update(state["numbers"])
    org.refresh_tokens.update(state["refresh_tokens"])
    org.org_id, org.job_numbers = str(state["org_id"]), int(state["job_numbers"])


def _remembered_state(answer: Remembered) -> dict[str, Any]:
    """An answer to an idempotency key, its moment as wall time: the monotonic clock does not outlive the machine."""
    return {
        "request": answer.request,
        "status": answer.status,
        "body": base64.b64encode(answer.body).decode(),
        "made": time.time() - (time.monotonic() - answer.made),
    }


def _remembered(state: Mapping[str, Any]) -> Remembered:
    """The answer as it was remembered, as old as it is by now."""
    age_s = min(max(0.0, time.time() - state["made"]), IDEMPOTENCY_WINDOW_S)
    return Remembered(state["request"], state["status"], base64.b64decode(state["body"]), time.monotonic() - age_s)


def _tables(parts: list[Part]) -> Iterator[tuple[str, Touched]]:
    """Tables with their rows, each with its system."""
    current: tuple[str, Touched] | None = None
    for part in parts:
        if part[0] == "table":
            if current:
                yield current
            current = part[1], Touched(part[2], tuple(part[3]), [], part[4])
        elif part[0] == "rows" and current:
            current[1].rows.extend(part[1])
    if current:
        yield current
