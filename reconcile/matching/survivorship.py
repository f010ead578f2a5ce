"""Survivorship: of a cluster of duplicates, which record stays, and which values it keeps.

Nothing is merged here: the result is a preview that people can override before a change set is made of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from reconcile.errors import DefinitionError

MasterRule = Literal["live_billing", "most_complete", "oldest", "newest", "most_children", "owner_active"]
FieldRule = Literal["master", "most_recent", "most_complete", "most_frequent", "longest"]
MASTER_RULES: tuple[MasterRule, ...] = ("live_billing", "most_complete", "oldest", "most_children", "owner_active")


@dataclass(frozen=True, slots=True)
class Member:
    """One record of a cluster.

    Attributes:
        values: field -> text or None.
        is_live_billing: whether it is linked to a billing customer that is still served.
        billing_ids: the billing customers it is linked to.
        children: records that hang on it.
        created_at, modified_at: ISO text as the source gave it; None sorts last.
    """

    record_id: str
    values: Mapping[str, str | None]
    is_live_billing: bool = False
    billing_ids: tuple[str, ...] = ()
    children: int = 0
    is_owner_active: bool = True
    created_at: str | None = None
    modified_at: str | None = None


@dataclass(frozen=True, slots=True)
class SurvivorshipRules:
    """How the master and each field's winner are found.

    Attributes:
        master: tried in this order; the next decides where the one before ties; at last the smallest record id.
        fields: field -> rule; others follow `default_field`.
        allow_two_live: merge although two members serve live billing customers.
    """

    master: tuple[MasterRule, ...] = MASTER_RULES
    fields: Mapping[str, FieldRule] = field(default_factory=dict)
    default_field: FieldRule = "master"
    allow_two_live: bool = False


@dataclass(frozen=True, slots=True)
class FieldWinner:
    """The value that a field keeps, whose it is and why. `others` are the values that would be lost."""

    field: str
    value: str | None
    record_id: str | None
    reason: str
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MergePreview:
    """What a merge would leave.

    Attributes:
        master_reason: the rule that decided.
        merged: the records that would go.
        blocks: why it must not be merged; empty when it may.
    """

    master_id: str
    master_reason: str
    merged: tuple[str, ...]
    fields: tuple[FieldWinner, ...]
    blocks: tuple[str, ...]


def preview_merge(
    members: Sequence[Member],
    rules: SurvivorshipRules | None = None,
    *,
    master_id: str | None = None,
    dropped: frozenset[str] = frozenset(),
    overrides: Mapping[str, str] | None = None,
) -> MergePreview:
    """Preview the merge of a cluster.

    Args:
        members: all records of the cluster.
        rules: how winners are found.
        master_id: a person's choice of master; None lets the rules decide.
        dropped: members that stay out of the merge.
        overrides: field -> record id whose value a person wants to keep.

    Raises:
        DefinitionError: fewer than two members left, or a choice that names none of them.
    """
    rules = rules or SurvivorshipRules()
    kept = sorted(
        (member for member in members if member.record_id not in dropped), key=lambda member: member.record_id
    )
    by_id = {member.record_id: member for member in kept}
    named = {master_id, *(overrides or {}).values()} - {None}
    if len(kept) < 2 or not named <= set(by_id):
        strange = ", ".join(sorted(str(name) for name in named - set(by_id)))
        problem = f"{strange} is not among its members" if strange else "fewer than two members are left"
        raise DefinitionError("merge", problem, remedy="Choose among the members that stay in the cluster.")
    master, reason = (by_id[master_id], "chosen by hand") if master_id else choose_master(kept, rules)
    names = sorted({name for member in kept for name in member.values})
    fields = tuple(_winner(name, kept, master, rules, (overrides or {}).get(name)) for name in names)
    merged = tuple(record_id for record_id in by_id if record_id != master.record_id)
    return MergePreview(master.record_id, reason, merged, fields, _blocks(kept, rules))


def choose_master(members: Sequence[Member], rules: SurvivorshipRules) -> tuple[Member, str]:
    """The member that stays and the rule that decided."""
    left = sorted(members, key=lambda member: member.record_id)
    for rule in rules.master:
        best = max(_RANKS[rule](member) for member in left)
        remaining = [member for member in left if _RANKS[rule](member) == best]
        if len(remaining) == 1:
            return remaining[0], rule.replace("_", " ")
        left = remaining
    return left[0], "smallest record id"


def _completeness(member: Member) -> int:
    return sum(1 for value in member.values.values() if value)


def _reversed_text(text: str | None) -> tuple[int, ...]:
    """Sorts earlier text higher; nothing sorts lowest."""
    return tuple(-ord(letter) for letter in text) if text else (-1_200_000,)


_RANKS: dict[MasterRule, Callable[[Member], int | str | tuple[int, ...]]] = {
    "live_billing": lambda member: int(member.is_live_billing),
    "most_complete": _completeness,
    "oldest": lambda member: _reversed_text(member.created_at),
    "newest": lambda member: member.created_at or "",
    "most_children": lambda member: member.children,
    "owner_active": lambda member: int(member.is_owner_active),
}


def _winner(
    name: str, members: Sequence[Member], master: Member, rules: SurvivorshipRules, override: str | None
) -> FieldWinner:
    filled = [member for member in members if member.values.get(name)]
    others = {str(member.values[name]) for member in filled}
    if override is not None:
        chosen, reason = next(member for member in members if member.record_id == override), "chosen by hand"
    elif not filled:
        return FieldWinner(name, None, None, "empty everywhere", ())
    else:
        rule = rules.fields.get(name, rules.default_field)
        chosen, reason = _by_rule(name, filled, master, rule), rule.replace("_", " ")
        if rule == "master" and chosen is not master:
            reason = "the master's is empty"
    value = chosen.values.get(name)
    return FieldWinner(name, value, chosen.record_id, reason, tuple(sorted(others - {str(value)})))


def _by_rule(name: str, filled: Sequence[Member], master: Member, rule: FieldRule) -> Member:
    """The member whose value wins; ties go to the master, then to the smallest record id."""
    values = [member.values.get(name) for member in filled]
    ranks: dict[FieldRule, Callable[[Member], int | str]] = {
        "master": lambda member: int(member is master),
        "most_recent": lambda member: member.modified_at or "",
        "most_complete": _completeness,
        "most_frequent": lambda member: values.count(member.values.get(name)),
        "longest": lambda member: len(member.values.get(name) or ""),
    }
    best = max(ranks[rule](member) for member in filled)
    winners = [member for member in filled if ranks[rule](member) == best]
    return master if master in winners else winners[0]


def _blocks(members: Sequence[Member], rules: SurvivorshipRules) -> tuple[str, ...]:
    live = [member for member in members if member.is_live_billing]
    customers = sorted({billing_id for member in live for billing_id in member.billing_ids})
    if rules.allow_two_live or max(len(customers), len(live) if not customers else 0) < 2:
        return ()
    shown = ", ".join(customers) or ", ".join(member.record_id for member in live)
    return (
        (
            f"{len(customers) or len(live)} live billing customers are in this cluster ({shown}): "
            "merging would leave one record for all of them."
        ),
    )
