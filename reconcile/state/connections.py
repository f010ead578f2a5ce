"""Connections: the authenticated orgs and sites, their credentials and whether they may be written to."""

from __future__ import annotations

import re
from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.engine import Connection as Transaction
from sqlalchemy.engine import Row

from reconcile.errors import ConflictError, InputError, StorageError, UnknownNameError
from reconcile.model import Connection, utc_now
from reconcile.settings import Settings
from reconcile.state import secrets as encryption
from reconcile.state.tables import connections

# Fit for a folder name on every system, since each connection's snapshots lie in a folder of its id.
ID_PATTERN = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


def add(tx: Transaction, connection: Connection) -> None:
    """Add a connection. Its credentials are stored apart, by `store_secrets`.

    Raises:
        InputError: an id that is taken, or not fit for a folder name; a name that is blank.
    """
    if not ID_PATTERN.fullmatch(connection.id):
        raise InputError(
            f"{connection.id!r} cannot be the id of a connection.",
            remedy="Use lower-case letters, digits, '-' and '_', at most 63 in all, beginning with a letter or digit.",
        )
    if not connection.name.strip():
        raise InputError(f"The connection {connection.id} has no name.", remedy="Give it one.")
    if tx.execute(sa.select(connections.c.id).where(connections.c.id == connection.id)).first() is not None:
        raise InputError(f"There is a connection {connection.id!r} already.", remedy="Choose another id.")
    tx.execute(
        connections.insert().values(
            id=connection.id,
            name=connection.name,
            system=connection.system,
            environment=connection.environment,
            fingerprint=connection.fingerprint,
            options=dict(connection.options),
            quarantine_reason=connection.quarantine_reason,
            created_at=utc_now(),
        )
    )


def get(tx: Transaction, connection_id: str) -> Connection:
    """One connection, retired ones included.

    Raises:
        UnknownNameError: there is none of this id.
    """
    row = tx.execute(sa.select(connections).where(connections.c.id == connection_id)).one_or_none()
    if row is None:
        known = tuple(tx.execute(sa.select(connections.c.id)).scalars())
        raise UnknownNameError("connection", connection_id, known)
    return _connection(row)


def list_connections(tx: Transaction, *, with_retired: bool = False) -> tuple[Connection, ...]:
    """The connections, by name; those no longer used only `with_retired`."""
    query = sa.select(connections).order_by(connections.c.name, connections.c.id)
    if not with_retired:
        query = query.where(connections.c.retired_at.is_(None))
    return tuple(_connection(row) for row in tx.execute(query))


def rename(tx: Transaction, connection_id: str, name: str) -> None:
    """Change what people call the connection.

    Raises:
        UnknownNameError: there is none of this id.
        InputError: the name is blank.
    """
    if not name.strip():
        raise InputError(f"The connection {connection_id} needs a name.")
    _change(tx, connection_id, name=name.strip())


def set_options(tx: Transaction, connection_id: str, options: Mapping[str, str]) -> None:
    """Replace the options (what is not secret).

    Raises:
        UnknownNameError: there is none of this id.
    """
    _change(tx, connection_id, options=dict(options))


def retire(tx: Transaction, connection_id: str) -> None:
    """Take the connection out of use and forget its credentials; its snapshots and history stay.

    Raises:
        UnknownNameError: there is none of this id.
    """
    _change(tx, connection_id, retired_at=utc_now(), secrets=None)


def store_secrets(tx: Transaction, connection_id: str, secrets: Mapping[str, str], settings: Settings) -> None:
    """Encrypt the credentials and keep them, in place of those kept before.

    Raises:
        UnknownNameError: there is no connection of this id.
        InputError, StorageError: no usable key, see `reconcile.state.secrets.cipher`.
    """
    _change(tx, connection_id, secrets=encryption.encrypt(settings, connection_id, secrets))


def read_secrets(tx: Transaction, connection_id: str, settings: Settings) -> dict[str, str]:
    """The decrypted credentials; empty when none are kept. Never log, show or store them elsewhere.

    Raises:
        UnknownNameError: there is no connection of this id.
        StorageError: kept under another key.
    """
    get(tx, connection_id)
    token = tx.execute(sa.select(connections.c.secrets).where(connections.c.id == connection_id)).scalar_one()
    return {} if token is None else encryption.decrypt(settings, connection_id, token)


def set_fingerprint(tx: Transaction, connection_id: str, fingerprint: str) -> None:
    """Note which org the connection leads to, the first time it is known. It never changes after that.

    Raises:
        UnknownNameError: there is no connection of this id.
        ConflictError: another fingerprint is noted already.
    """
    is_free = connections.c.fingerprint.is_(None) | (connections.c.fingerprint == fingerprint)
    changed = tx.execute(
        connections.update().where(connections.c.id == connection_id, is_free).values(fingerprint=fingerprint)
    )
    if changed.rowcount == 0:
        raise ConflictError(f"The fingerprint of {get(tx, connection_id).name}", "noted again")


def quarantine(tx: Transaction, connection_id: str, reason: str) -> None:
    """Forbid writing to the connection, and say why. A reason that stands already stays.

    Raises:
        UnknownNameError: there is no connection of this id.
    """
    if get(tx, connection_id).quarantine_reason is None:
        _change(tx, connection_id, quarantine_reason=reason)


def release(tx: Transaction, connection_id: str) -> None:
    """Lift the quarantine. Whoever calls this has just seen the connection answer with its own fingerprint.

    Raises:
        UnknownNameError: there is no connection of this id.
    """
    _change(tx, connection_id, quarantine_reason=None)


def _change(tx: Transaction, connection_id: str, **values: object) -> None:
    changed = tx.execute(connections.update().where(connections.c.id == connection_id).values(values))
    if changed.rowcount == 0:
        get(tx, connection_id)  # raises and lists what there is
        raise StorageError("connections", f"{connection_id} cannot be changed")


def _connection(row: Row[tuple[object, ...]]) -> Connection:
    return Connection(
        id=row.id,
        name=row.name,
        system=row.system,
        environment=row.environment,
        fingerprint=row.fingerprint,
        options=dict(row.options),
        quarantine_reason=row.quarantine_reason,
    )
