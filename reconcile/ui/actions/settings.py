"""Actions of the Settings page."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from reconcile import access, audit
from reconcile.errors import InputError
from reconcile.model import Person, PersonRole
from reconcile.state import connections, people
from reconcile.workbench import Workbench


def add_person(workbench: Workbench, actor: Person, name: str, roles: Collection[PersonRole]) -> Person:
    """Add a colleague.

    Raises:
        NotAllowedError: the actor is no administrator.
        InputError: no name, no role, or somebody of that name is there.
    """
    access.require(actor, "manage people")
    made = re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")
    if not made or not roles:
        raise InputError("A person needs a name and at least one role.")
    person = Person(made, name.strip(), frozenset(roles))
    with workbench.database.begin() as tx:
        people.add(tx, person)
        audit.record(tx, actor, "add person", person.id, {"roles": sorted(roles)})
    return person


def set_roles(workbench: Workbench, actor: Person, person_id: str, roles: Collection[PersonRole]) -> None:
    """Give a person other roles. Nobody takes the last administrator away.

    Raises:
        NotAllowedError: the actor is no administrator.
        InputError: no role is left, or no administrator would be.
    """
    access.require(actor, "manage people")
    with workbench.database.begin() as tx:
        people.set_roles(tx, person_id, roles)
        _require_administrator(people.list_people(tx))
        audit.record(tx, actor, "set roles", person_id, {"roles": sorted(roles)})


def set_active(workbench: Workbench, actor: Person, person_id: str, *, is_active: bool) -> None:
    """Let a person in or out.

    Raises:
        NotAllowedError: the actor is no administrator.
        InputError: no administrator would be left.
    """
    access.require(actor, "manage people")
    with workbench.database.begin() as tx:
        people.set_active(tx, person_id, is_active=is_active)
        _require_administrator(people.list_people(tx))
        audit.record(tx, actor, "let in" if is_active else "shut out", person_id)


def rename_connection(workbench: Workbench, actor: Person, connection_id: str, name: str) -> None:
    """Change what people call a connection."""
    access.require(actor, "manage connections")
    with workbench.database.begin() as tx:
        connections.rename(tx, connection_id, name)
        audit.record(tx, actor, "rename connection", connection_id, {"name": name.strip()})


def renew_secrets(workbench: Workbench, actor: Person, connection_id: str, secrets: Mapping[str, str]) -> None:
    """Keep other credentials in place of those kept before.

    Raises:
        InputError: none was given.
    """
    access.require(actor, "manage connections")
    given = {key: value.strip() for key, value in secrets.items() if value.strip()}
    if not given:
        raise InputError("Please fill in the new credentials.")
    with workbench.database.begin() as tx:
        kept = connections.read_secrets(tx, connection_id, workbench.settings)
        connections.store_secrets(tx, connection_id, {**kept, **given}, workbench.settings)
        audit.record(tx, actor, "renew credentials", connection_id, {"names": sorted(given)})


def retire_connection(workbench: Workbench, actor: Person, connection_id: str) -> None:
    """Take a connection out of use and forget its credentials."""
    access.require(actor, "manage connections")
    with workbench.database.begin() as tx:
        connections.retire(tx, connection_id)
        audit.record(tx, actor, "retire connection", connection_id)


def _require_administrator(known: Collection[Person]) -> None:
    if not any("administrator" in person.roles and not person.is_practice for person in known):
        raise InputError("At least one person must stay administrator.", remedy="Give the role to somebody else first.")
