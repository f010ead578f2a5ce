"""A workbench: the settings, the operational database, and the ways to the connected systems.

The app, the worker and the command line each open one and hand it to the engine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from reconcile.errors import QuarantinedError, StorageError
from reconcile.model import Connection
from reconcile.settings import Settings, load_settings
from reconcile.state import connections
from reconcile.state.database import Database
from reconcile.systems import open_reader, open_writer
from reconcile.systems.base import Reader, Writer


@dataclass(frozen=True, slots=True)
class Workbench:
    """Settings and database of one workbench. Cheap to share between threads."""

    settings: Settings
    database: Database

    @classmethod
    def open(cls, settings: Settings | None = None) -> Self:
        """Open the workbench that `settings` (default: the environment) describe, making its folders and tables.

        Raises:
            StorageError: a folder cannot be made; the database belongs to another version, or cannot be reached.
        """
        chosen = settings or load_settings()
        for folder in (chosen.home, chosen.snapshots, chosen.runs, chosen.uploads):
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                remedy = "Set RECONCILE_HOME to a folder that you may write to."
                raise StorageError(str(folder), f"cannot be made ({error.strerror})", remedy=remedy) from error
        database = Database(chosen.database_url)
        database.migrate()
        return cls(chosen, database)

    def connection(self, connection_id: str) -> Connection:
        """The connection of that id.

        Raises:
            UnknownNameError: there is none.
        """
        with self.database.read() as tx:
            return connections.get(tx, connection_id)

    def secrets(self, connection_id: str) -> dict[str, str]:
        """The connection's credentials, decrypted. Never log or show them."""
        with self.database.read() as tx:
            return connections.read_secrets(tx, connection_id, self.settings)

    def open_reader(self, connection_id: str) -> Reader:
        """Sign in to the connection for reading.

        Raises:
            SignInError, UnreachableError: the system refused, or did not answer.
        """
        connection = self.connection(connection_id)
        return open_reader(connection, self.secrets(connection_id))

    def open_writer(self, connection: Connection) -> Writer:
        """Sign in to the connection for writing.

        Raises:
            QuarantinedError: the connection was found to lead to another org than it was made for.
            SignInError, UnreachableError: the system refused, or did not answer.
        """
        current = self.connection(connection.id)
        if current.quarantine_reason is not None:
            raise QuarantinedError(current.name, current.fingerprint or "unknown", current.quarantine_reason)
        return open_writer(current, self.secrets(current.id))
