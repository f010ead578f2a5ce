"""The count of what was sent and what came of it, taken twice: from the journal and from the operations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.engine import Connection as Transaction

from reconcile.changing.states import UNSETTLED, WRITTEN
from reconcile.model import OperationState
from reconcile.state import change_sets


@dataclass(frozen=True, slots=True)
class PushTotals:
    """What a push came to.

    Attributes:
        counts: all operations by state.
        sent: operations with at least one intent in the journal.
        succeeded: of these, written (whether or not read back yet).
        failed: of these, refused, or found changed or gone instead of written.
        uncertain: of these, not known yet.
        returned: of these, known not to have happened, and to be sent again or given up.
        intents: lines of intent in the journal: every single sending.
        answers: lines that say what came of one: yes, no, or that the answer was lost.
        accepted: operations of which the journal says that they were written.
    """

    counts: Mapping[OperationState, int]
    sent: int
    succeeded: int
    failed: int
    uncertain: int
    returned: int
    intents: int
    answers: int
    accepted: int

    @property
    def operations(self) -> int:
        """All operations of the set."""
        return sum(self.counts.values())

    @property
    def is_tied_out(self) -> bool:
        """Whether both agree: sent is the sum of its outcomes, every sending has one, the yeses are equal."""
        in_flight = self.counts.get("sending", 0)
        return (
            self.sent == self.succeeded + self.failed + self.uncertain + self.returned
            and self.intents == self.answers + in_flight
            and self.accepted == sum(self.counts.get(state, 0) for state in WRITTEN)
        )


def count(tx: Transaction, change_set_id: str) -> PushTotals:
    """Count the set's operations and its journal."""
    operations = change_sets.operations(tx, change_set_id)
    entries = change_sets.read_journal(tx, change_set_id)
    intended = {each.operation_id for each in entries if each.event == "intent"}
    outcomes = Counter(_outcome(each.state) for each in operations if each.id in intended)
    return PushTotals(
        counts=dict(Counter(each.state for each in operations)),
        sent=len(intended),
        succeeded=outcomes["succeeded"],
        failed=outcomes["failed"],
        uncertain=outcomes["uncertain"],
        returned=outcomes["returned"],
        intents=sum(1 for each in entries if each.event == "intent"),
        answers=sum(1 for each in entries if each.event == "answer"),
        accepted=len({each.operation_id for each in entries if (each.response or {}).get("outcome") == "accept"}),
    )


def _outcome(state: OperationState) -> str:
    if state in WRITTEN:
        return "succeeded"
    if state in UNSETTLED:
        return "uncertain"
    return "failed" if state in {"failed", "stale"} else "returned"
