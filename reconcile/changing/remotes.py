"""The remote systems of one push: opened once, asked who they are, and read with bounded patience."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from reconcile import audit
from reconcile.changing.pace import Pace
from reconcile.changing.values import fields_of
from reconcile.errors import QuarantinedError, RateLimitedError, RefusedError, RemoteError, UnreachableError
from reconcile.model import Connection, Operation, Person
from reconcile.state import connections
from reconcile.state.database import Database
from reconcile.systems import Writer, check_fingerprint

logger = logging.getLogger(__name__)

OpenWriter = Callable[[Connection], Writer]
Values = Mapping[str, str | None]
READ_SIZE = 200


class Remotes:
    """Writers by connection id, each one checked against the fingerprint that the operations were planned for."""

    def __init__(self, database: Database, actor: Person, open_writer: OpenWriter, pace: Pace) -> None:
        self.database, self.actor, self.open_writer, self.pace = database, actor, open_writer, pace
        self._writers: dict[str, Writer] = {}
        self._checked_at: dict[str, float] = {}

    def writer(self, connection_id: str) -> Writer:
        """The writer of a connection, opened when first asked for."""
        if connection_id not in self._writers:
            with self.database.read() as tx:
                connection = connections.get(tx, connection_id)
            self._writers[connection_id] = self.open_writer(connection)
        return self._writers[connection_id]

    def check(self, operations: Iterable[Operation], *, is_recheck: bool = False) -> None:
        """Ask each connection who it is. With `is_recheck` only those that were not asked for a while.

        Raises:
            QuarantinedError: another organisation answers than the one the operations were planned for. The connection
                is quarantined before this is raised.
            RemoteError: it does not answer, or refuses.
        """
        planned = {(each.target.connection_id, each.fingerprint) for each in operations}
        for connection_id, fingerprint in sorted(planned):
            age_s = time.monotonic() - self._checked_at.get(connection_id, float("-inf"))
            if is_recheck and age_s < self.pace.recheck_s:
                continue
            self._check(connection_id, fingerprint)
            self._checked_at[connection_id] = time.monotonic()

    def read(self, operations: Sequence[Operation]) -> dict[str, Values | None]:
        """Present values by operation id, of every field that is expected or written; None: the record is gone.

        Raises:
            RemoteError: still no answer after the bounded attempts.
        """
        present: dict[str, Values | None] = {}
        groups: dict[tuple[str, str], list[Operation]] = {}
        for each in operations:
            groups.setdefault((each.target.connection_id, each.target.object), []).append(each)
        for (connection_id, object_name), group in groups.items():
            fields = fields_of(group)
            for start in range(0, len(group), READ_SIZE):
                part = group[start : start + READ_SIZE]
                ids = list(dict.fromkeys(each.target.record_id for each in part))
                found = self.patiently(
                    lambda c=connection_id, o=object_name, i=ids, f=fields: self.writer(c).read(o, i, f)  # type: ignore[misc]  # mypy cannot infer defaults that bind the loop's values
                )
                present.update({each.id: found.get(each.target.record_id) for each in part})
        return present

    def patiently(self, ask: Callable[[], Mapping[str, Values | None]]) -> Mapping[str, Values | None]:
        """Read, and again after a wait when the system is busy or the connection broke: reading changes nothing."""
        for failures in range(1, self.pace.attempts):
            try:
                return ask()
            except RemoteError as error:
                if not _is_passing(error):
                    raise
                logger.info("read back again after: %s", error)
            time.sleep(self.pace.wait_s(failures))
        return ask()

    def _check(self, connection_id: str, fingerprint: str) -> None:
        writer = self.writer(connection_id)
        with self.database.read() as tx:
            connection = connections.get(tx, connection_id)
        try:
            found = writer.fingerprint()
            check_fingerprint(connection, found)
        except QuarantinedError as error:
            self._quarantine(connection, error)
            raise
        if fingerprint != found:  # a wrong plan, not a wrong connection
            raise QuarantinedError(connection.name, f"{found} while the plan was made for {fingerprint}", found)

    def _quarantine(self, connection: Connection, error: QuarantinedError) -> None:
        if connection.quarantine_reason is not None:
            return
        with self.database.begin() as tx:
            connections.quarantine(tx, connection.id, error.sentence)
            audit.record(tx, self.actor, "quarantine", connection.id, {"found": error.found})


def _is_passing(error: RemoteError) -> bool:
    if isinstance(error, RefusedError):
        return error.status >= 500
    return isinstance(error, UnreachableError | RateLimitedError)
