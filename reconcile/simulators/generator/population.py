"""Who exists: the real subjects, and which of them have which records on which side."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

from reconcile.simulators.generator.corruption import everyday_name, long_name
from reconcile.simulators.generator.entities import (
    Entity,
    another_location,
    make_company,
    make_person,
    pick,
    sibling_company,
)
from reconcile.simulators.generator.plan import Plan
from reconcile.simulators.generator.records import AccountRecord, CustomerRecord, Subject

_TEST_NAMES = ("Test Account", "TEST do not use", "Acme Test", "asdf asdf", "Demo Company (test)", "QA Test Customer")


class Population:
    """Subjects with their records, and the groups that belong together by structure."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.subjects: list[Subject] = []
        self.chains: list[list[Subject]] = []
        self.siblings: list[tuple[Subject, Subject]] = []
        self.families: list[list[Subject]] = []
        self.long_names: list[Subject] = []
        self.tests: list[Subject] = []
        self.account_count = 0

    def add(self, entity: Entity, *, accounts: int = 1, customers: int = 1, is_plain: bool = True) -> Subject:
        """A subject with so many fresh records on each side."""
        number = len(self.subjects)
        subject = Subject(entity, is_plain=is_plain)
        subject.accounts = [AccountRecord(entity, number) for _ in range(accounts)]
        subject.customers = [CustomerRecord(entity, number) for _ in range(customers)]
        self.account_count += accounts
        self.subjects.append(subject)
        return subject


def populate(rng: random.Random, plan: Plan) -> Population:
    """All subjects of a world; their live accounts are exactly `plan.accounts`."""
    people = Population(rng)
    _add_structures(people, plan)
    _add_duplicates(people, plan)
    _add_unmatched(people, plan)
    while people.account_count < plan.accounts:
        people.add(make_company(rng))
    return people


def _add_structures(people: Population, plan: Plan) -> None:
    """Chains, siblings, families, persons, long names, test records."""
    rng = people.rng
    for _ in range(plan.chains):
        first = make_company(rng)
        places = [first, *(another_location(rng, first) for _ in range(2 + int(rng.random() * 5)))]
        people.chains.append([people.add(place, is_plain=False) for place in places])
    for _ in range(plan.siblings):
        first = make_company(rng)
        pair = people.add(first, is_plain=False), people.add(sibling_company(rng, first), is_plain=False)
        people.siblings.append(pair)
    for _ in range(plan.families):
        people.families.append(_family(people))
    for _ in range(plan.persons):
        people.add(make_person(rng), is_plain=False)
    for _ in range(plan.long_names):
        people.long_names.append(people.add(long_name(rng, make_company(rng)), is_plain=False))
    for _ in range(plan.tests):
        people.tests.append(_test_subject(people))


def _family(people: Population) -> list[Subject]:
    """A parent and two children whose accounts point to it."""
    head = make_company(people.rng)
    parent = people.add(head, is_plain=False)
    children = [
        people.add(replace(another_location(people.rng, head), core=f"{head.core} {word}"), is_plain=False)
        for word in ("Europe", "Services")
    ]
    for child in children:
        child.accounts[0].parent = parent.accounts[0]
    return [parent, *children]


def _test_subject(people: Population) -> Subject:
    """A test record on each side, of nobody."""
    company = make_company(people.rng)
    entity = replace(
        company, core=pick(people.rng, _TEST_NAMES), legal="", domain="example.com", given="Test", family="User"
    )
    subject = people.add(entity, is_plain=False)
    subject.accounts[0].is_test = subject.customers[0].is_test = True
    return subject


def _add_duplicates(people: Population, plan: Plan) -> None:
    """Subjects with two or, one time in eight, three records on one side."""
    for _ in range(plan.duplicate_accounts):
        count = 3 if people.rng.random() < 0.125 else 2
        people.add(make_company(people.rng), accounts=count, is_plain=False)
    for _ in range(plan.duplicate_customers):
        people.add(make_company(people.rng), customers=2, is_plain=False)


def _add_unmatched(people: Population, plan: Plan) -> None:
    """Subjects that one system knows and the other does not; among the accounts those that lost their customer."""
    for _ in range(plan.unmatched_accounts + plan.dangling_customer + plan.conflicting + plan.shared_customer):
        people.add(make_company(people.rng), customers=0)
    for _ in range(plan.unmatched_customers + plan.dangling_account + plan.shared_account):
        people.add(make_company(people.rng), accounts=0)


def typed_by_other_hand(rng: random.Random, entity: Entity) -> Entity:
    """The same subject as a second record of one side shows it: another spelling, another contact, gaps."""
    if entity.kind == "person":
        return entity
    name = everyday_name(rng, entity)
    gaps: dict[str, Any] = {}
    if rng.random() < 0.2:
        gaps = {"phone": ""}
    elif rng.random() < 0.15:
        gaps = {"street": "", "house": "", "unit": ""}
    return replace(entity, core=name, legal="", given=pick(rng, entity.country.given), **gaps)
