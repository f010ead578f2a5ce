"""What a verdict on an exception says, pair by pair; and whether it may be said."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from reconcile.errors import InputError, StateError
from reconcile.model import RecordRef, Verdict
from reconcile.reviewing.opening import ExceptionRow, OpenRun
from reconcile.reviewing.standing import LARGEST_CLUSTER, Pair, member_pairs, shown_pair
from reconcile.state.judgements import StoredJudgement

Hashes = Mapping[RecordRef, str]


@dataclass(frozen=True, slots=True)
class Saying:
    """What is said of one pair."""

    left: RecordRef
    right: RecordRef
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person chose on the card of an exception; see `reconcile.reviewing.judging.judge`."""

    verdict: Verdict
    chosen: Pair | None = None
    members: frozenset[str] = frozenset()


def concerned(opened: OpenRun, exception: ExceptionRow, choice: Choice) -> set[RecordRef]:
    """Every record that the choice may be about, whether it exists or not."""
    if exception.kind == "duplicate":
        return {opened.reference(exception.side or "left", record_id) for record_id in exception.members}
    left_id, right_id = choice.chosen or ("", "")
    return {
        *shown_pair(opened, exception),
        opened.reference("left", left_id),
        opened.reference("right", right_id),
    }


def sayings_of(opened: OpenRun, exception: ExceptionRow, choice: Choice, hashes: Hashes) -> tuple[Saying, ...]:
    """The choice, pair by pair.

    Args:
        opened: the run.
        exception: what is decided.
        choice: what the person chose.
        hashes: the evidence hash of each record of `concerned` that the run holds.

    Raises:
        InputError: the choice makes no sense for this exception.
    """
    if exception.kind == "duplicate":
        return _of_cluster(opened, exception, choice)
    if choice.members:
        raise InputError("Only duplicates have members to choose from.")
    left, right = shown_pair(opened, exception)
    if choice.chosen is None or choice.chosen == (left.record_id, right.record_id):
        if choice.verdict == "same":
            _check_both_exist(left, right, hashes)
        return (Saying(left, right, choice.verdict),)
    picked = _picked(opened, exception, choice, hashes)
    is_shown_a_pair = bool(left.record_id and right.record_id)
    return (picked, Saying(left, right, "different")) if is_shown_a_pair else (picked,)


def _check_both_exist(left: RecordRef, right: RecordRef, hashes: Hashes) -> None:
    for ref in (left, right):
        if ref not in hashes:
            said = f"{ref.object} {ref.record_id} is not there" if ref.record_id else "it shows one record only"
            raise InputError(f"This cannot be accepted: {said}.", remedy="Pick the record that it belongs to.")


def _picked(opened: OpenRun, exception: ExceptionRow, choice: Choice, hashes: Hashes) -> Saying:
    if choice.verdict != "same":
        raise InputError("Picking another pair says that it is the same customer; the verdict must say so too.")
    left_id, right_id = choice.chosen or ("", "")
    if left_id not in exception.ids("left") and right_id not in exception.ids("right"):
        raise InputError("The picked pair has no record in common with the exception.")
    left, right = opened.reference("left", left_id), opened.reference("right", right_id)
    for ref in (left, right):
        if ref not in hashes:
            raise InputError(
                f"There is no {ref.object} {ref.record_id!r} in this run.", remedy="Pick one that is there."
            )
    return Saying(left, right, "same")


def _of_cluster(opened: OpenRun, exception: ExceptionRow, choice: Choice) -> tuple[Saying, ...]:
    if choice.chosen is not None:
        raise InputError("Duplicates are judged by their members, not by a pair.")
    strangers = sorted(choice.members - set(exception.members))
    if strangers:
        raise InputError(f"{strangers[0]!r} is no member of this cluster.")
    if len(exception.members) > LARGEST_CLUSTER:
        raise InputError(
            f"The cluster has {len(exception.members)} members; at most {LARGEST_CLUSTER} can be judged.",
            remedy="So large a cluster comes from the rules: make them stricter and run again.",
        )
    if choice.members and (choice.verdict != "same" or len(choice.members) < 2):
        raise InputError("Choosing members says that they are the same customer; it takes two at least.")
    same = choice.members or frozenset(exception.members)
    return tuple(
        Saying(a, b, choice.verdict if {a.record_id, b.record_id} <= same else "different")
        for a, b in member_pairs(opened, exception)
    )


class Taken:
    """Records that were judged the same as one of the other side, and so cannot be another one's.

    Where many right records may share a left one, only the right record is taken.
    """

    def __init__(self, opened: OpenRun, rows: Iterable[StoredJudgement]) -> None:
        self._opened = opened
        self._partner: dict[RecordRef, RecordRef] = {}
        for row in rows:
            if row.judgement.verdict == "same":
                self._note(row.judgement.left, row.judgement.right)

    def add(self, sayings: Sequence[Saying]) -> None:
        """Take the records that are said to be the same.

        Raises:
            StateError: one of them is taken already, by another partner.
        """
        same = [each for each in sayings if each.verdict == "same"]
        for each in same:
            self._check(each.left, each.right)
            self._check(each.right, each.left)
        for each in same:
            self._note(each.left, each.right)

    def _check(self, own: RecordRef, other: RecordRef) -> None:
        partner = self._partner.get(own)
        if partner is not None and partner != other:
            raise StateError(
                f"{own.object} {own.record_id}",
                f"judged to be the same as {partner.record_id}",
                f"judged the same as {other.record_id}",
                remedy="Undo that judgement first.",
            )

    def _note(self, left: RecordRef, right: RecordRef) -> None:
        is_left = left == self._opened.reference("left", left.record_id)
        is_right = right == self._opened.reference("right", right.record_id)
        if not (is_left and is_right):
            return  # two duplicates of one side take nothing
        self._partner[right] = left
        if self._opened.reconciliation.cardinality == "1:1":
            self._partner[left] = right


def concerned_ids(exceptions: Iterable[ExceptionRow], chosen: Collection[str] = ()) -> set[str]:
    """The record ids that judgements must be looked up for."""
    return {record_id for exception in exceptions for record_id in exception.record_ids} | (set(chosen) - {""})
