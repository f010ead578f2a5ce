"""What the Duplicates page shows: a cluster's members, and the record that would survive if they were merged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from reconcile.model import ROLES, Role
from reconcile.reviewing import RecordView


@dataclass(frozen=True, slots=True)
class Survivor:
    """The record that would survive.

    Attributes:
        master: id of the member that the others would be merged into, and `why` it is that one.
        values: role -> (value that wins, id of the member it comes from).
        blocked: why the members should not be merged as they are; empty when nothing stands against it.
    """

    master: str
    why: str
    values: dict[Role, tuple[str, str]]
    blocked: str


def survivor(members: Sequence[RecordView], master_id: str | None = None) -> Survivor:
    """The surviving record of some members of one side.

    The master is the member that holds a link to the other side, then the one with most values, then the oldest, then
    the smallest id; `master_id` overrides that. Of each role the master's value wins; where it has none, the value that
    most of the others have.
    """
    ranked = sorted(members, key=_preference)
    master = next((member for member in ranked if member.record_id == master_id), ranked[0])
    values: dict[Role, tuple[str, str]] = {}
    for role in ROLES:
        holders = [master, *(member for member in ranked if member is not master)]
        filled = [(member.values[role], member.record_id) for member in holders if member.values.get(role)]
        if filled:
            values[role] = filled[0] if filled[0][1] == master.record_id else _most_common(filled)
    return Survivor(master.record_id, _why(master, is_chosen=master_id is not None), values, _blocked(members))


def _preference(member: RecordView) -> tuple[bool, int, str, str]:
    return not member.link_id, -len(member.values), member.created_at or "~", member.record_id


def _most_common(filled: list[tuple[str, str]]) -> tuple[str, str]:
    counted = Counter(value for value, _ in filled)
    return max(filled, key=lambda pair: counted[pair[0]])


def _why(master: RecordView, *, is_chosen: bool) -> str:
    if is_chosen:
        return "chosen by you"
    return "it holds the link to the other side" if master.link_id else "it holds the most values"


def _blocked(members: Sequence[RecordView]) -> str:
    linked = {member.link_id for member in members if member.link_id}
    if len(linked) > 1:
        return (
            f"{len(linked)} of the members are linked to different partners: {', '.join(sorted(linked))}. "
            "Merging would leave all but one of them without a link."
        )
    return ""
