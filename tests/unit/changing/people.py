"""The people of the tests, and operations without a system behind them."""

from __future__ import annotations

from reconcile.changing.plans import Plan
from reconcile.model import Operation, Person, RecordRef
from reconcile.state import people
from reconcile.state.database import Database

ANALYST = Person("ann", "Ann", frozenset({"analyst"}))
APPROVER = Person("bob", "Bob", frozenset({"approver"}))
BOTH = Person("cleo", "Cleo", frozenset({"analyst", "approver"}))
AUDITOR = Person("dora", "Dora", frozenset({"auditor"}))
EVERYBODY = (ANALYST, APPROVER, BOTH, AUDITOR)


def add_people(database: Database, *persons: Person) -> None:
    with database.begin() as tx:
        for person in persons or EVERYBODY:
            people.add(tx, person)


def operation(
    number: int, *, stage: int = 1, request: str | None = None, record: str | None = None, after: str | None = "new"
) -> Operation:
    return Operation(
        id=f"op{number}",
        change_set_id="",
        position=number,
        stage=stage,
        target=RecordRef("sf", "Account", record or f"r{number}"),
        fingerprint="org",
        before={"Link": "old"},
        after={"Link": after},
        reason=f"because {number}",
        requests=(request or f"link:{number}",),
    )


def plan_of(*operations: Operation, existing_links: int = 100) -> Plan:
    return Plan(operations, existing_links)
