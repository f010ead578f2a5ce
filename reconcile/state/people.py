"""People and their roles."""

from __future__ import annotations

import getpass
from collections import defaultdict
from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.engine import Connection as Transaction

from reconcile.errors import InputError, NotAllowedError, UnknownNameError
from reconcile.model import Person, PersonRole, utc_now
from reconcile.state.tables import people, person_roles
from reconcile.state.upsert import insert_or

EVERY_ROLE: frozenset[PersonRole] = frozenset({"analyst", "approver", "administrator", "auditor"})

PRACTICE_PEOPLE: tuple[Person, ...] = (
    Person("practice-analyst", "Ana Lyst (practice)", frozenset({"analyst"}), is_practice=True),
    Person("practice-approver", "Apu Rover (practice)", frozenset({"approver"}), is_practice=True),
    Person("practice-administrator", "Ada Min (practice)", frozenset({"administrator"}), is_practice=True),
)


def add(tx: Transaction, person: Person) -> None:
    """Add a person with their roles.

    Raises:
        InputError: somebody has this id already, or the person has neither name nor role.
    """
    if not person.id or not person.name.strip() or not person.roles:
        raise InputError("A person needs an id, a name and at least one role.")
    if person.id in {known.id for known in list_people(tx, with_inactive=True)}:
        raise InputError(f"There is somebody with the id {person.id!r} already.", remedy="Choose another id.")
    tx.execute(
        people.insert().values(
            id=person.id, name=person.name, is_practice=person.is_practice, is_active=True, created_at=utc_now()
        )
    )
    _write_roles(tx, person.id, person.roles)


def ensure_laptop_person(tx: Transaction) -> Person:
    """The operating-system user of this machine, with every role; added when new."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number that has no name
        name = "local"
    return _ensure(tx, Person(f"os-{name}", name, EVERY_ROLE))


def ensure_practice_people(tx: Transaction) -> tuple[Person, ...]:
    """The three people that the demo invents; added when new."""
    return tuple(_ensure(tx, person) for person in PRACTICE_PEOPLE)


def get(tx: Transaction, person_id: str) -> Person:
    """One person, active or not.

    Raises:
        UnknownNameError: nobody has this id.
    """
    everybody = {person.id: person for person in list_people(tx, with_inactive=True)}
    if person_id not in everybody:
        raise UnknownNameError("person", person_id, tuple(everybody))
    return everybody[person_id]


def get_active(tx: Transaction, person_id: str) -> Person:
    """One person who is about to act.

    Raises:
        UnknownNameError: nobody has this id.
        NotAllowedError: they were deactivated.
    """
    person = get(tx, person_id)
    if person_id not in {each.id for each in list_people(tx)}:
        raise NotAllowedError(person.name, "act", "they were deactivated")
    return person


def list_people(tx: Transaction, *, with_inactive: bool = False) -> tuple[Person, ...]:
    """The people, by name; those who have left only `with_inactive`."""
    query = sa.select(people.c.id, people.c.name, people.c.is_practice).order_by(people.c.name, people.c.id)
    if not with_inactive:
        query = query.where(people.c.is_active)
    roles: defaultdict[str, set[PersonRole]] = defaultdict(set)
    for person_id, role in tx.execute(sa.select(person_roles.c.person_id, person_roles.c.role)):
        roles[person_id].add(role)
    return tuple(Person(row.id, row.name, frozenset(roles[row.id]), row.is_practice) for row in tx.execute(query))


def set_roles(tx: Transaction, person_id: str, roles: Collection[PersonRole]) -> Person:
    """Replace a person's roles.

    Raises:
        UnknownNameError: nobody has this id.
        InputError: no role is left; deactivate the person instead.
    """
    get(tx, person_id)
    if not roles:
        raise InputError("A person needs at least one role.", remedy="To shut somebody out, deactivate them.")
    tx.execute(person_roles.delete().where(person_roles.c.person_id == person_id))
    _write_roles(tx, person_id, roles)
    return get(tx, person_id)


def set_active(tx: Transaction, person_id: str, *, is_active: bool) -> None:
    """Let a person in or out. What they did stays theirs.

    Raises:
        UnknownNameError: nobody has this id.
    """
    get(tx, person_id)
    tx.execute(people.update().where(people.c.id == person_id).values(is_active=is_active))


def _ensure(tx: Transaction, person: Person) -> Person:
    known = {known.id: known for known in list_people(tx, with_inactive=True)}
    if person.id in known:
        return known[person.id]
    # Two processes of a first start may both come here: whoever comes second adds nothing.
    row = {
        "id": person.id,
        "name": person.name,
        "is_practice": person.is_practice,
        "is_active": True,
        "created_at": utc_now(),
    }
    tx.execute(insert_or(tx, people).values(row).on_conflict_do_nothing())
    _write_roles(tx, person.id, person.roles)
    return person


def _write_roles(tx: Transaction, person_id: str, roles: Collection[PersonRole]) -> None:
    rows = [{"person_id": person_id, "role": role} for role in sorted(roles)]
    tx.execute(insert_or(tx, person_roles).on_conflict_do_nothing(), rows)
