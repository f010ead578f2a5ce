"""What may happen to a change set and to an operation: two tables, and nothing that goes around them.

A state changes only by an event, and only where the table has a row for it. Everything else is a `StateError`, whoever
asks: the screen, the command line or the worker.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

from reconcile.errors import StateError
from reconcile.model import ChangeSetState, OperationState

ChangeSetEvent = Literal[
    "submit",  # the author asks for approval
    "approve",  # a person who may, says yes
    "reject",  # back to the author
    "start",  # a worker begins to push
    "pause",  # a person, a failing canary or an unreachable system holds it between two batches
    "resume",
    "stop",  # for good: what was not sent stays unsent
    "verify",  # everything sent was read back as ours
    "finish_unread",  # everything was answered, not everything could be read back
    "finish_failed",  # something failed, is stale or reads otherwise
    "retry",  # what failed for a passing reason is to be sent again
    "revert",  # a verified change set took it back
]
OperationEvent = Literal[
    "send",  # its intent is in the journal
    "accept",  # the system said yes, or the value read back is ours
    "refuse",  # the system said no, or the record is gone
    "postpone",  # known not to have happened: may be sent again
    "lose",  # no answer
    "find_changed",  # the record holds something else than the snapshot
    "find_done",  # already as wanted before anything was sent
    "withhold",  # stopped, or an earlier step of the same request did not succeed
    "confirm",  # read back as ours
    "contradict",  # read back as something else
    "retry",  # a person asks for it to be sent again
    "drop",  # a person gives it up
]
CHANGE_SET_EVENTS: tuple[ChangeSetEvent, ...] = get_args(ChangeSetEvent)
OPERATION_EVENTS: tuple[OperationEvent, ...] = get_args(OperationEvent)

CHANGE_SET_TRANSITIONS: Mapping[tuple[ChangeSetState, ChangeSetEvent], ChangeSetState] = {
    ("draft", "submit"): "submitted",
    ("submitted", "approve"): "approved",
    ("submitted", "reject"): "draft",
    ("approved", "reject"): "draft",
    ("approved", "start"): "pushing",
    ("pushing", "pause"): "paused",
    ("pushing", "stop"): "stopped",
    ("pushing", "verify"): "verified",
    ("pushing", "finish_unread"): "pushed",
    ("pushing", "finish_failed"): "partly_failed",
    ("paused", "resume"): "pushing",
    ("paused", "stop"): "stopped",
    ("pushed", "verify"): "verified",
    ("pushed", "finish_failed"): "partly_failed",
    ("pushed", "revert"): "reverted",
    ("partly_failed", "verify"): "verified",
    ("partly_failed", "retry"): "approved",
    ("partly_failed", "revert"): "reverted",
    ("stopped", "revert"): "reverted",
    ("verified", "finish_failed"): "partly_failed",
    ("verified", "revert"): "reverted",
}

OPERATION_TRANSITIONS: Mapping[tuple[OperationState, OperationEvent], OperationState] = {
    ("pending", "send"): "sending",
    ("pending", "accept"): "succeeded",
    ("pending", "refuse"): "failed",
    ("pending", "find_changed"): "stale",
    ("pending", "find_done"): "skipped",
    ("pending", "withhold"): "skipped",
    ("sending", "accept"): "succeeded",
    ("sending", "refuse"): "failed",
    ("sending", "postpone"): "pending",
    ("sending", "lose"): "uncertain",
    ("sending", "find_changed"): "stale",
    ("sending", "find_done"): "skipped",
    ("uncertain", "accept"): "succeeded",
    ("uncertain", "refuse"): "failed",
    ("uncertain", "postpone"): "pending",
    ("uncertain", "find_changed"): "stale",
    ("succeeded", "confirm"): "verified",
    ("succeeded", "contradict"): "mismatched",
    ("verified", "confirm"): "verified",
    ("verified", "contradict"): "mismatched",
    ("mismatched", "confirm"): "verified",
    ("mismatched", "contradict"): "mismatched",
    ("failed", "retry"): "pending",
    ("failed", "drop"): "skipped",
    ("stale", "drop"): "skipped",
    ("skipped", "retry"): "pending",
    ("skipped", "drop"): "skipped",
}

WRITTEN: frozenset[OperationState] = frozenset({"succeeded", "verified", "mismatched"})
"""The system said yes, or the value was read back as ours."""
UNSETTLED: frozenset[OperationState] = frozenset({"sending", "uncertain"})
"""Whether the write happened is not known."""
UNFINISHED: frozenset[OperationState] = UNSETTLED | {"pending"}
"""Something remains to be done."""
IN_NEED_OF_A_PERSON: frozenset[OperationState] = frozenset({"failed", "stale", "mismatched"})

_DONE: Mapping[ChangeSetEvent, str] = {
    "submit": "submitted",
    "approve": "approved",
    "reject": "rejected",
    "start": "pushed",
    "pause": "paused",
    "resume": "resumed",
    "stop": "stopped",
    "verify": "verified",
    "finish_unread": "finished",
    "finish_failed": "finished",
    "retry": "tried again",
    "revert": "reverted",
}


def next_change_set_state(subject: str, state: ChangeSetState, event: ChangeSetEvent) -> ChangeSetState:
    """The state after `event`.

    `subject` is what people call the change set, for the error's sentence.

    Raises:
        StateError: the state does not permit the event.
    """
    following = CHANGE_SET_TRANSITIONS.get((state, event))
    if following is None:
        raise StateError(subject, state.replace("_", " "), _DONE[event])
    return following


def next_operation_state(subject: str, state: OperationState, event: OperationEvent) -> OperationState:
    """The state after `event`.

    Raises:
        StateError: the state does not permit the event.
    """
    following = OPERATION_TRANSITIONS.get((state, event))
    if following is None:
        raise StateError(subject, state, event.replace("_", " "))
    return following


def permits(state: ChangeSetState, event: ChangeSetEvent) -> bool:
    """Whether a screen may offer the event at all. Roles and policies are checked apart."""
    return (state, event) in CHANGE_SET_TRANSITIONS
