"""What must always hold of change sets, whatever people and processes do in whatever order."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from reconcile.changing.plans.combine import combine, reduce, withdraw
from reconcile.changing.states import (
    CHANGE_SET_EVENTS,
    OPERATION_EVENTS,
    ChangeSetEvent,
    OperationEvent,
    next_change_set_state,
    next_operation_state,
    permits,
)
from reconcile.changing.values import final_values, is_same, standing
from reconcile.errors import DefinitionError, StateError
from reconcile.model import ChangeSetState, Operation, OperationState, RecordRef


class ChangeSetMachine(RuleBasedStateMachine):
    """Any sequence of events, with what has happened kept beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.state: ChangeSetState = "draft"
        self.was_approved = False
        self.was_rejected_since = False

    @rule(event=st.sampled_from(CHANGE_SET_EVENTS))
    def happen(self, event: ChangeSetEvent) -> None:
        before = self.state
        if not permits(before, event):
            with pytest.raises(StateError):
                next_change_set_state("it", before, event)
            return
        self.state = next_change_set_state("it", before, event)
        self.was_approved = event == "approve" or (self.was_approved and event != "reject")

    @invariant()
    def is_pushed_only_with_an_approval(self) -> None:
        if self.state not in {"draft", "submitted"}:
            assert self.was_approved

    @invariant()
    def is_final_once_reverted(self) -> None:
        if self.state == "reverted":
            assert not any(permits(self.state, event) for event in CHANGE_SET_EVENTS)


class OperationMachine(RuleBasedStateMachine):
    """One operation against a system that writes or does not, answers or does not; others may write too."""

    def __init__(self) -> None:
        super().__init__()
        self.state: OperationState = "pending"
        self.value = "before"
        self.our_writes = 0
        self.is_answer_out = False

    def move(self, event: OperationEvent) -> None:
        self.state = next_operation_state("it", self.state, event)

    @precondition(lambda self: self.state == "pending")
    @rule(is_written=st.booleans(), is_answered=st.booleans())
    def send(self, is_written: bool, is_answered: bool) -> None:
        self.move("send")
        holds = self.value == "before"
        if is_written and holds:
            self.value, self.our_writes = "after", self.our_writes + 1
        if not is_answered:
            self.move("lose")
        elif is_written and holds:
            self.move("accept")
        elif not holds:
            self.move("find_done" if self.value == "after" else "find_changed")
        else:
            self.move("postpone")

    @precondition(lambda self: self.state == "uncertain")
    @rule()
    def read_back(self) -> None:
        self.move({"after": "accept", "before": "postpone"}.get(self.value, "find_changed"))  # type: ignore[arg-type]  # the dictionary holds events only

    @precondition(lambda self: self.state in {"succeeded", "verified", "mismatched"})
    @rule()
    def verify(self) -> None:
        self.move("confirm" if self.value == "after" else "contradict")

    @rule(value=st.sampled_from(["other", "before"]))
    def somebody_writes(self, value: str) -> None:
        # Nobody is expected to put the very old value back behind our back while our answer is out.
        if value == "other" or self.our_writes == 0:
            self.value = value

    @rule(event=st.sampled_from(OPERATION_EVENTS))
    def refuse_what_is_not_in_the_table(self, event: OperationEvent) -> None:
        if self.state in {"uncertain", "sending"} and event == "send":
            with pytest.raises(StateError):
                self.move(event)

    @invariant()
    def is_written_at_most_once(self) -> None:
        assert self.our_writes <= 1

    @invariant()
    def is_said_to_be_written_only_when_it_was(self) -> None:
        if self.state == "verified":
            assert self.our_writes == 1


TestChangeSetMachine = ChangeSetMachine.TestCase
TestOperationMachine = OperationMachine.TestCase

FIELDS = ("Link", "Site", "Synced")
VALUES = st.sampled_from([None, "", "x", "y", "true", "false"])


@st.composite
def operations(draw: st.DrawFn) -> list[Operation]:
    snapshot = {record: {f: draw(VALUES) for f in FIELDS} for record in ("a", "b", "c")}
    made = []
    for n in range(draw(st.integers(1, 6))):
        record = draw(st.sampled_from(sorted(snapshot)))
        fields = draw(st.lists(st.sampled_from(FIELDS), min_size=1, unique=True))
        made.append(
            Operation(
                id=f"op{n}",
                change_set_id="",
                position=n,
                stage=draw(st.integers(0, 2)),
                target=RecordRef("sf", "Account", record),
                fingerprint="org",
                before=dict(snapshot[record]),
                after={f: draw(VALUES) for f in fields},
                reason=f"because {n}",
                requests=(f"link:{n % 3}",),
            )
        )
    return made


def combined_or_none(made: list[Operation]) -> tuple[Operation, ...] | None:
    try:
        return combine(made)
    except DefinitionError:
        return None


@given(operations())
def test_a_record_is_written_at_most_once_in_a_stage_and_each_step_expects_what_the_last_one_left(
    made: list[Operation],
) -> None:
    result = combined_or_none(made)
    if result is None:
        return
    assert max(Counter((each.target, each.stage) for each in result).values(), default=1) == 1
    assert [each.position for each in result] == list(range(len(result)))
    assert [each.stage for each in result] == sorted(each.stage for each in result)
    holds: dict[tuple[RecordRef, str], str | None] = {}
    for each in result:
        for field, expected in each.before.items():
            assert is_same(holds.setdefault((each.target, field), expected), expected)
        holds.update({(each.target, field): value for field, value in each.after.items()})


@given(operations())
def test_what_is_left_out_as_without_effect_changes_nothing_in_the_end(made: list[Operation]) -> None:
    result = combined_or_none(made)
    if result is None:
        return
    start = {(each.target, field): value for each in reversed(made) for field, value in each.before.items()}
    whole, reduced = start | final_values(result), start | final_values(reduce(result))
    assert all(is_same(whole[place], reduced[place]) for place in whole)


@given(operations())
def test_combining_twice_is_combining_once(made: list[Operation]) -> None:
    result = combined_or_none(made)
    if result is not None:
        assert combine(result) == result


@given(operations(), st.data())
def test_a_withdrawn_request_leaves_none_of_its_operations_alone(made: list[Operation], data: st.DataObject) -> None:
    result = combined_or_none(made)
    if not result:
        return
    gone = data.draw(st.sampled_from(result))
    left = withdraw(result, [gone.id])
    assert gone.id not in {each.id for each in left}
    for each in left:
        assert not set(gone.requests).issuperset(each.requests)


@given(st.dictionaries(st.sampled_from(FIELDS), VALUES, min_size=1), st.data())
def test_present_values_are_ours_or_the_old_ones_or_others_and_never_two(
    after: dict[str, str | None], data: st.DataObject
) -> None:
    before = {f: data.draw(VALUES) for f in after}
    present = {f: data.draw(VALUES) for f in after}
    operation = replace(_OPERATION, before=before, after=after)
    found = standing(operation, present)
    holds_after = all(is_same(present[f], after[f]) for f in after)
    holds_before = all(is_same(present[f], before[f]) for f in after)
    assert found == ("ours" if holds_after else "before" if holds_before else "other")
    assert standing(operation, None) == "gone"


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (None, "", True),
        ("a", "a ", True),
        ("a", "A", False),
        ("1000", "1000.0", True),
        ("1000", "1000.01", False),
        ("01234", "1234", False),
        ("01234", "1234.0", False),
        ("1.50", "1.5", True),
        ("true", "false", False),
        (None, "0", False),
        ("a01M00000062mPg", "a01M00000062mPgIAI", True),
        ("a01M00000062mpg", "a01M00000062mPgIAI", False),
    ],
)
def test_values_that_a_system_would_tell_apart(first: str | None, second: str | None, expected: bool) -> None:
    assert is_same(first, second) is expected
    assert is_same(second, first) is expected


_OPERATION = Operation("op", "", 0, 0, RecordRef("sf", "Account", "a"), "org", {}, {}, "because")
