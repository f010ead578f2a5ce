"""Who may do what: the whole table, and the rule of the second person."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import get_args

import pytest

from reconcile import access
from reconcile.access import ACTIONS, PERMITTED, Action
from reconcile.errors import NotAllowedError
from reconcile.model import ChangeSet, Person, PersonRole, Policy

ROLES: tuple[PersonRole, ...] = get_args(PersonRole)

# action: analyst, approver, administrator, auditor
EXPECTED: dict[Action, str] = {
    "read": "yes yes yes yes",
    "manage connections": "no no yes no",
    "manage people": "no no yes no",
    "manage schedules": "no no yes no",
    "manage settings": "no no yes no",
    "edit reconciliations": "no no yes no",
    "pull snapshots": "yes no yes no",
    "run reconciliations": "yes no yes no",
    "judge exceptions": "yes no no no",
    "author change sets": "yes no no no",
    "approve change sets": "no yes no no",
    "push change sets": "yes yes no no",
    "stop change sets": "yes yes yes no",
}


def person(name: str, *roles: PersonRole) -> Person:
    return Person(name, name, frozenset(roles))


def test_every_action_is_in_both_tables() -> None:
    assert set(EXPECTED) == set(ACTIONS) == set(PERMITTED)


@pytest.mark.parametrize("action", ACTIONS)
def test_who_may(action: Action) -> None:
    found = []
    for role in ROLES:
        actor = person(role, role)
        found.append("yes" if access.may(actor, action) else "no")
        if found[-1] == "yes":
            access.require(actor, action)
        else:
            with pytest.raises(NotAllowedError, match=f"{role} may not {action}: that takes an? "):
                access.require(actor, action)
    assert " ".join(found) == EXPECTED[action]
    assert not access.may(person("nobody"), action)


ANA, BEN = person("ana", "analyst", "approver"), person("ben", "approver")


@pytest.mark.parametrize(
    ("actor", "second_person", "people", "expected"),
    [
        (BEN, True, [ANA, BEN], True),
        (ANA, True, [ANA, BEN], False),
        (ANA, False, [ANA, BEN], True),
        (ANA, True, [ANA], True),
        (ANA, True, [], True),
        (ANA, True, [BEN], False),
        (person("cyd", "analyst"), False, [ANA], False),
        (person("aud", "auditor"), True, [ANA], False),
    ],
)
def test_the_second_person(actor: Person, second_person: bool, people: list[Person], expected: bool) -> None:
    change_set = ChangeSet(
        "cs", None, None, "Links", "submitted", "ana", datetime(2026, 1, 1, tzinfo=UTC), 1, policy=Policy(second_person)
    )
    assert access.may_approve(actor, change_set, people) is expected
    if expected:
        access.require_approval(actor, change_set, people)
    else:
        with pytest.raises(NotAllowedError, match=r"may not approve"):
            access.require_approval(actor, change_set, people)
