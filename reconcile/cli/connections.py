"""connections: list, add, test, renew and release."""

from __future__ import annotations

import json
import re
import sys

import click

from reconcile import access, audit
from reconcile.cli.session import Session, as_json, show
from reconcile.errors import InputError
from reconcile.model import Connection
from reconcile.state import connections as stored
from reconcile.systems import check_is_same
from reconcile.systems.accepted import check_names


@click.group("connections")
def group() -> None:
    """The orgs, sites and files this workbench is connected to."""


@group.command("list")
@as_json
@click.pass_obj
def list_(session: Session, is_json: bool) -> None:
    """List the connections."""
    with session.workbench.database.read() as tx:
        found = stored.list_connections(tx)
    rows = [
        {
            "id": each.id,
            "name": each.name,
            "system": each.system,
            "environment": each.environment,
            "fingerprint": each.fingerprint,
            "quarantined": each.quarantine_reason,
        }
        for each in found
    ]
    show(rows, is_json=is_json)


@group.command()
@click.argument("connection_id")
@click.option("--system", type=click.Choice(["salesforce", "chargebee", "files"]), required=True)
@click.option("--environment", type=click.Choice(["production", "sandbox", "practice"]), required=True)
@click.option("--name", help="What people call it; default the id.")
@click.option("--option", "options", multiple=True, metavar="KEY=VALUE", help="base_url, site, login, path ...")
@click.option("--secrets", is_flag=True, help="Read the credentials as a JSON object from standard input.")
@as_json
@click.pass_obj
def add(
    session: Session,
    connection_id: str,
    system: str,
    environment: str,
    name: str | None,
    options: tuple[str, ...],
    secrets: bool,
    is_json: bool,
) -> None:
    """Add a connection. Credentials come from standard input, never from the command line."""
    access.require(session.actor, "manage connections")
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,62}", connection_id):
        raise InputError(f"{connection_id!r} cannot be a connection id.", remedy="Use a-z, 0-9, - and _.")
    connection = Connection(
        connection_id,
        name or connection_id,
        system,  # type: ignore[arg-type]  # click.Choice lets only these words through
        environment,  # type: ignore[arg-type]  # as above
        options=dict(_pair(option) for option in options),
    )
    credentials = _read_secrets() if secrets else {}
    check_names(connection, credentials)
    with session.workbench.database.begin() as tx:
        stored.add(tx, connection)
        stored.store_secrets(tx, connection_id, credentials, session.workbench.settings)
        audit.record(tx, session.actor, "add connection", connection_id, {"environment": environment})
    show({"added": connection_id}, is_json=is_json)


@group.command()
@click.argument("connection_id")
@as_json
@click.pass_obj
def test(session: Session, connection_id: str, is_json: bool) -> None:
    """Sign in, ask who answers, and list what can be pulled. Exit code 1: another environment than declared."""
    reader = session.workbench.open_reader(connection_id)
    found = reader.fingerprint()
    check_is_same(reader.connection, found)
    objects, environment, declared = reader.objects(), reader.environment(), reader.connection.environment
    shown = {"connection": connection_id, "fingerprint": found, "environment": environment, "objects": objects}
    show(shown if is_json else {**shown, "objects": f"{len(objects)}: {', '.join(objects[:12])}"}, is_json=is_json)
    if environment != declared:
        click.echo(f"{connection_id} is declared as {declared}, but it answers as {environment}.", err=True)
        raise SystemExit(1)


@group.command()
@click.argument("connection_id")
@as_json
@click.pass_obj
def renew(session: Session, connection_id: str, is_json: bool) -> None:
    """Keep other credentials, a JSON object on standard input, in place of those of the same names."""
    access.require(session.actor, "manage connections")
    connection, credentials = session.workbench.connection(connection_id), _read_secrets()
    check_names(connection, credentials)
    with session.workbench.database.begin() as tx:
        kept = stored.read_secrets(tx, connection_id, session.workbench.settings)
        stored.store_secrets(tx, connection_id, {**kept, **credentials}, session.workbench.settings)
        audit.record(tx, session.actor, "renew credentials", connection_id, {"names": sorted(credentials)})
    show({"renewed": connection_id}, is_json=is_json)


@group.command()
@click.argument("connection_id")
@click.option("--accept", metavar="FINGERPRINT", required=True, help="The new fingerprint, typed out.")
@as_json
@click.pass_obj
def release(session: Session, connection_id: str, accept: str, is_json: bool) -> None:
    """Release a quarantined connection that is meant to lead to another org from now on."""
    access.require(session.actor, "manage connections")
    found = session.workbench.open_reader(connection_id).fingerprint()
    if found != accept:
        raise InputError(f"The connection answers as {found}, not as {accept}.")
    with session.workbench.database.begin() as tx:
        stored.set_fingerprint(tx, connection_id, found)
        stored.release(tx, connection_id)
        audit.record(tx, session.actor, "release quarantine", connection_id, {"fingerprint": found})
    if is_json:
        show({"released": connection_id, "fingerprint": found}, is_json=True)
    else:
        click.echo(f"{connection_id} is released; pull it before anything is pushed.")


def _pair(option: str) -> tuple[str, str]:
    key, separator, value = option.partition("=")
    if not separator or not key:
        raise InputError(f"--option {option!r} is not KEY=VALUE.")
    return key, value


def _read_secrets() -> dict[str, str]:
    try:
        found = json.load(sys.stdin)
    except json.JSONDecodeError as error:
        raise InputError(
            f"The credentials on standard input are not JSON: {error}.", remedy='Give, for example, {"api_key": "..."}.'
        ) from error
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise InputError("The credentials must be a JSON object of texts.", remedy='For example {"api_key": "..."}.')
    return found


commands: tuple[click.Command, ...] = (group,)
