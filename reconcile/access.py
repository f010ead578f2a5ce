"""Who may do what: one table of actions and roles, and the rule of the second person.

Every engine function that acts takes the acting person and asks here before it does anything. What a screen hides or
greys out is a courtesy; this is the check.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal, get_args

from reconcile.errors import NotAllowedError
from reconcile.model import ChangeSet, Person, PersonRole

Action = Literal[
    "read",
    "manage connections",
    "manage people",
    "manage schedules",
    "manage settings",
    "edit reconciliations",
    "pull snapshots",
    "run reconciliations",
    "judge exceptions",
    "author change sets",
    "approve change sets",
    "push change sets",
    "stop change sets",
]
ACTIONS: tuple[Action, ...] = get_args(Action)

_EVERYBODY: frozenset[PersonRole] = frozenset({"analyst", "approver", "administrator", "auditor"})

PERMITTED: Mapping[Action, frozenset[PersonRole]] = {
    "read": _EVERYBODY,
    "manage connections": frozenset({"administrator"}),
    "manage people": frozenset({"administrator"}),
    "manage schedules": frozenset({"administrator"}),
    "manage settings": frozenset({"administrator"}),
    "edit reconciliations": frozenset({"administrator"}),
    "pull snapshots": frozenset({"analyst", "administrator"}),
    "run reconciliations": frozenset({"analyst", "administrator"}),
    "judge exceptions": frozenset({"analyst"}),
    "author change sets": frozenset({"analyst"}),
    "approve change sets": frozenset({"approver"}),
    "push change sets": frozenset({"analyst", "approver"}),
    # Whoever sees something going wrong may stop it; going on again is pushing.
    "stop change sets": frozenset({"analyst", "approver", "administrator"}),
}


def may(actor: Person, action: Action) -> bool:
    """Whether one of the person's roles permits the action."""
    return bool(PERMITTED[action] & actor.roles)


def require(actor: Person, action: Action) -> None:
    """Let the person pass, or say which role is missing.

    Raises:
        NotAllowedError: none of the person's roles permits the action.
    """
    if not may(actor, action):
        needed = " or ".join(sorted(PERMITTED[action]))
        article = "an" if needed[0] in "aeiou" else "a"
        raise NotAllowedError(actor.name, action, f"that takes {article} {needed}")


def may_approve(actor: Person, change_set: ChangeSet, people: Collection[Person]) -> bool:
    """Whether the person may approve this set: the role, and the rule of the second person.

    Args:
        actor: who wants to approve.
        change_set: its author and its policy count, not its state.
        people: the active people of the workbench.
    """
    return may(actor, "approve change sets") and not _needs_another(actor, change_set, people)


def require_approval(actor: Person, change_set: ChangeSet, people: Collection[Person]) -> None:
    """Let the person approve this set, or say why not.

    A set whose policy asks for a second person is not approved by its author, unless the workbench has one active
    person only: then nobody else could ever approve it.

    Raises:
        NotAllowedError: the role is missing, or a second person is needed.
    """
    require(actor, "approve change sets")
    if _needs_another(actor, change_set, people):
        raise NotAllowedError(
            actor.name, f"approve {change_set.title!r}", "its policy asks for a second person, and they wrote it"
        )


def _needs_another(actor: Person, change_set: ChangeSet, people: Collection[Person]) -> bool:
    is_alone = {person.id for person in people} <= {actor.id}
    return change_set.policy.second_person and change_set.author_id == actor.id and not is_alone
