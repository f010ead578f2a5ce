"""Actions of the Sources page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from reconcile import access, audit, jobs
from reconcile.errors import InputError
from reconcile.model import Connection, Environment, Person, SystemName, new_id
from reconcile.state import connections
from reconcile.systems import check_is_same
from reconcile.workbench import Workbench

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Answer:
    """What a connection answered to a test."""

    fingerprint: str
    environment: Environment
    objects: tuple[str, ...]


def pull(workbench: Workbench, actor: Person, connection_id: str, *, incremental: bool) -> None:
    """Ask the worker for a snapshot."""
    jobs.enqueue_pull(workbench, actor, connection_id, incremental=incremental)


def test(workbench: Workbench, connection_id: str) -> Answer:
    """Sign in, ask who answers and what there is.

    Raises:
        RemoteError: the system refused or did not answer.
        QuarantinedError: it answers as another org than the one the connection was made for.
    """
    reader = workbench.open_reader(connection_id)
    found = reader.fingerprint()
    check_is_same(reader.connection, found)
    return Answer(found, reader.environment(), tuple(reader.objects()))


def add(
    workbench: Workbench,
    actor: Person,
    *,
    name: str,
    system: SystemName,
    environment: Environment,
    options: Mapping[str, str],
    secrets: Mapping[str, str],
) -> str:
    """Add a connection; gives its id, which is made from the name.

    Raises:
        NotAllowedError: the actor is no administrator.
        InputError: the name is blank or taken.
    """
    access.require(actor, "manage connections")
    connection = Connection(connection_id(name), name.strip(), system, environment, options=_filled(options))
    with workbench.database.begin() as tx:
        connections.add(tx, connection)
        connections.store_secrets(tx, connection.id, _filled(secrets), workbench.settings)
        audit.record(tx, actor, "add connection", connection.id, {"system": system, "environment": environment})
    return connection.id


def connection_id(name: str) -> str:
    """An id fit for a folder, from what people call the connection: "Acme – Billing (EU)" as "acme-billing-eu".

    Raises:
        InputError: nothing of the name can be used.
    """
    made = re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")[:60]
    if not made:
        raise InputError("The connection needs a name with letters or digits.", remedy="For example: Acme billing.")
    return made


def keep_upload(workbench: Workbench, actor: Person, file_name: str, content: BinaryIO) -> Path:
    """Copy an uploaded file to the uploads folder in pieces; gives its path.

    Raises:
        NotAllowedError: the actor is no administrator.
        InputError: the name of the file cannot be used.
    """
    access.require(actor, "manage connections")
    safe = re.sub(r"[^\w.\- ]+", "_", Path(file_name).name).strip(" .")
    if not safe:
        raise InputError(f"{file_name!r} cannot be the name of a file.", remedy="Rename it and upload it again.")
    folder = workbench.settings.uploads / new_id("upload")
    folder.mkdir(parents=True)
    path = folder / safe
    with path.open("wb") as target:
        while piece := content.read(_CHUNK):
            target.write(piece)
    return path


def _filled(values: Mapping[str, str]) -> dict[str, str]:
    return {key: value.strip() for key, value in values.items() if value and value.strip()}
