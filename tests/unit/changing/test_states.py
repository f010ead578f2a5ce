"""The two tables of transitions, whole: every state with every event."""

from __future__ import annotations

from typing import get_args

import pytest

from reconcile.changing.states import (
    CHANGE_SET_EVENTS,
    CHANGE_SET_TRANSITIONS,
    OPERATION_EVENTS,
    OPERATION_TRANSITIONS,
    UNFINISHED,
    UNSETTLED,
    WRITTEN,
    ChangeSetEvent,
    OperationEvent,
    next_change_set_state,
    next_operation_state,
    permits,
)
from reconcile.errors import StateError
from reconcile.model import ChangeSetState, OperationState

CHANGE_SET_STATES = get_args(ChangeSetState)
OPERATION_STATES = get_args(OperationState)

# Rows are states, columns events; a dot is refused.
CHANGE_SET_TABLE = """
state         submit    approve  reject start   pause  resume  stop    verify   finish_unread finish_failed retry    revert
draft         submitted .        .      .       .      .       .       .        .             .             .        .
submitted     .         approved draft  .       .      .       .       .        .             .             .        .
approved      .         .        draft  pushing .      .       .       .        .             .             .        .
pushing       .         .        .      .       paused .       stopped verified pushed        partly_failed .        .
paused        .         .        .      .       .      pushing stopped .        .             .             .        .
stopped       .         .        .      .       .      .       .       .        .             .             .        reverted
pushed        .         .        .      .       .      .       .       verified .             partly_failed .        reverted
partly_failed .         .        .      .       .      .       .       verified .             .             approved reverted
verified      .         .        .      .       .      .       .       .        .             partly_failed .        reverted
reverted      .         .        .      .       .      .       .       .        .             .             .        .
"""  # noqa: E501 - a table is read in columns
OPERATION_TABLE = """
state      send    accept    refuse postpone lose      find_changed find_done withhold confirm  contradict retry   drop
pending    sending succeeded failed .        .         stale        skipped   skipped  .        .          .       .
sending    .       succeeded failed pending  uncertain stale        skipped   .        .        .          .       .
uncertain  .       succeeded failed pending  .         stale        .         .        .        .          .       .
succeeded  .       .         .      .        .         .            .         .        verified mismatched .       .
verified   .       .         .      .        .         .            .         .        verified mismatched .       .
mismatched .       .         .      .        .         .            .         .        verified mismatched .       .
failed     .       .         .      .        .         .            .         .        .        .          pending skipped
stale      .       .         .      .        .         .            .         .        .        .          .       skipped
skipped    .       .         .      .        .         .            .         .        .        .          pending skipped
"""  # noqa: E501 - a table is read in columns


def cells(table: str) -> list[tuple[str, str, str]]:
    head, *rows = table.strip().splitlines()
    events = head.split()[1:]
    split = (row.split() for row in rows)
    return [(state, event, cell) for state, *found in split for event, cell in zip(events, found, strict=True)]


def test_the_tables_here_speak_of_every_state_and_event() -> None:
    assert {(s, e) for s, e, _ in cells(CHANGE_SET_TABLE)} == {
        (s, e) for s in CHANGE_SET_STATES for e in CHANGE_SET_EVENTS
    }
    assert {(s, e) for s, e, _ in cells(OPERATION_TABLE)} == {
        (s, e) for s in OPERATION_STATES for e in OPERATION_EVENTS
    }


@pytest.mark.parametrize(("state", "event", "expected"), cells(CHANGE_SET_TABLE))
def test_a_change_set_moves_only_by_the_table(state: ChangeSetState, event: ChangeSetEvent, expected: str) -> None:
    if expected == ".":
        assert not permits(state, event)
        with pytest.raises(StateError, match=r"Links of May is .+; it cannot be "):
            next_change_set_state("Links of May", state, event)
    else:
        assert permits(state, event)
        assert next_change_set_state("Links of May", state, event) == expected


@pytest.mark.parametrize(("state", "event", "expected"), cells(OPERATION_TABLE))
def test_an_operation_moves_only_by_the_table(state: OperationState, event: OperationEvent, expected: str) -> None:
    if expected == ".":
        with pytest.raises(StateError):
            next_operation_state("Operation 1", state, event)
    else:
        assert next_operation_state("Operation 1", state, event) == expected


def test_every_state_can_be_reached() -> None:
    assert {"draft", *CHANGE_SET_TRANSITIONS.values()} == set(CHANGE_SET_STATES)
    assert {"pending", *OPERATION_TRANSITIONS.values()} == set(OPERATION_STATES)


def test_nothing_is_sent_but_from_pending_and_nothing_uncertain_is_sent_again_unread() -> None:
    assert [state for (state, event) in OPERATION_TRANSITIONS if event == "send"] == ["pending"]
    assert OPERATION_TRANSITIONS["sending", "lose"] == "uncertain"
    assert ("uncertain", "send") not in OPERATION_TRANSITIONS


def test_only_an_approved_set_starts() -> None:
    assert [state for (state, event) in CHANGE_SET_TRANSITIONS if event == "start"] == ["approved"]
    assert [state for (state, event) in CHANGE_SET_TRANSITIONS if event == "approve"] == ["submitted"]


def test_the_groups_of_states_do_not_overlap() -> None:
    assert UNSETTLED < UNFINISHED
    assert not WRITTEN & UNFINISHED
