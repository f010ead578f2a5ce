"""Who acts in these tests, and how a test gets them into a database."""

from __future__ import annotations

from reconcile.model import Person
from reconcile.state import people
from reconcile.state.database import Database

ANA = Person("ana", "Ana", frozenset({"analyst"}))
BEN = Person("ben", "Ben", frozenset({"analyst"}))
EVE = Person("eve", "Eve", frozenset({"approver", "administrator", "auditor"}))


def add_people(database: Database) -> None:
    with database.begin() as tx:
        for person in (ANA, BEN, EVE):
            people.add(tx, person)
