"""One batch: journal the intent, send, classify each row, settle what is uncertain, read back.

What is known about an operation after each step is in the database before the next step begins. So a process may be
killed between any two lines here: what it leaves behind is `sending` or `succeeded`, and both are settled by reading.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Mapping, Sequence

from reconcile.changing.book import Book, Settled
from reconcile.changing.lifecycle import ALREADY_DONE
from reconcile.changing.pace import Pace
from reconcile.changing.remotes import Remotes, Values
from reconcile.changing.states import OperationEvent
from reconcile.changing.values import Standing, final_values, is_same, standing
from reconcile.errors import ReconcileError, RemoteError
from reconcile.model import Operation, RecordRef, RowResult
from reconcile.systems import Guarded
from reconcile.systems.rows import ALREADY

logger = logging.getLogger(__name__)

_CHANGED = "Look at the snapshot's, the present and the proposed values, then plan it anew or drop it."
_GONE = "The record was deleted or merged away. Pull, then run again."


class Exchange:
    """Sends batches of one change set and settles what comes of them."""

    def __init__(self, book: Book, remotes: Remotes, pace: Pace) -> None:
        self.book, self.remotes, self.pace = book, remotes, pace
        self._tries: Counter[str] = Counter()  # sendings in this push; `attempts` counts those of earlier pushes too

    def send(self, batch: Sequence[Operation]) -> str:
        """Send pending operations of one object. Gives why the system took none of them now; empty when it did.

        Raises:
            StateError: paused or stopped meanwhile; nothing was sent.
            RemoteError: what was sent cannot be read back; it stays uncertain, or succeeded.
        """
        self.remotes.check(batch, is_recheck=True)
        sent = self.book.intend(batch)
        self._tries.update(each.id for each in sent)
        results = self._write(sent)
        trouble = self._classify(sent, results)
        self.settle_uncertain(self.book.now(sent))
        return trouble

    def tries_left(self, operation: Operation) -> bool:
        """Whether this push may send the operation once more."""
        return self._tries[operation.id] < self.pace.attempts

    def lose_unanswered(self) -> None:
        """What an earlier process had sent when it ended is uncertain now."""
        message = "The process that sent it ended before the answer came."
        self.book.settle(
            "answer",
            [
                Settled(each, "lose", {"lost": message}, "lost_answer", message=message)
                for each in self.book.in_state("sending")
            ],
        )

    def settle_uncertain(self, operations: Sequence[Operation]) -> None:
        """Read back what is uncertain. Only values that are still the old ones after a while mean "not written".

        Raises:
            RemoteError: it cannot be read; it stays uncertain.
        """
        uncertain = [each for each in operations if each.state == "uncertain"]
        for is_last in (False, True):
            if not uncertain:
                return
            if is_last:  # the request may still be on its way through the other system
                time.sleep(self.pace.grace_s)
            present = self.remotes.read(uncertain)
            found = [(each, standing(each, present[each.id]), present[each.id]) for each in uncertain]
            self.book.settle("resolved", [self._resolved(*each) for each in found if is_last or each[1] != "before"])
            uncertain = [each for each in self.book.now(uncertain) if each.state == "uncertain"]

    def confirm(self, operations: Sequence[Operation]) -> None:
        """Read back what succeeded: verified where the record holds it, mismatched where it holds something else.

        Raises:
            RemoteError: it cannot be read; it stays succeeded.
        """
        written = [each for each in operations if each.state == "succeeded"]
        if not written:
            return
        expected = final_values(each for each in self.book.all() if each.state in {"succeeded", "verified"})
        present = self.remotes.read(written)
        self.book.settle("read_back", [confirmation(each, present[each.id], expected) for each in written])

    def _write(self, sent: Sequence[Operation]) -> dict[str, RowResult]:
        """Results by operation id; whatever the writer does not mention was lost."""
        target = sent[0].target
        writer = self.remotes.writer(target.connection_id)
        if isinstance(writer, Guarded):
            writer.guard(self.book.lease.require_still)
        try:
            results = writer.write(target.object, sent)
        except ReconcileError as error:
            # Most of these come before anything left, but that is not ours to know: reading back will tell.
            logger.warning("writing %s %s ended with: %s", len(sent), target.object, error)
            return {each.id: _lost(each, error.sentence) for each in sent}
        by_id = {each.operation_id: each for each in results}
        return {each.id: by_id.get(each.id) or _lost(each, "The answer does not mention this row.") for each in sent}

    def _classify(self, sent: Sequence[Operation], results: Mapping[str, RowResult]) -> str:
        stale = [each for each in sent if results[each.id].error_class == "stale" and results[each.id].is_known]
        present = self._read_if_possible(stale)
        settled = [self._answered(each, results[each.id], present.get(each.id)) for each in sent]
        self.book.settle("answer", settled)
        troubles = [each.message for each in settled if each.event == "postpone" and each.error_class != "lock"]
        return troubles[0] if troubles else ""

    def _read_if_possible(self, operations: Sequence[Operation]) -> Mapping[str, Values | None]:
        try:
            return self.remotes.read(operations)
        except RemoteError as error:  # the refusal is known and must be kept, with or without what the record holds
            logger.warning("present values of %d stale records cannot be read: %s", len(operations), error)
            return {}

    def _answered(self, operation: Operation, result: RowResult, present: Values | None) -> Settled:
        response = {"code": result.code, "message": result.message, "raw": result.raw}
        if result.is_ok:
            if result.code == ALREADY and operation.attempts == 1:
                return Settled(operation, "find_done", response, code=ALREADY_DONE, message=result.message)
            return Settled(operation, "accept", response)
        facts = (result.error_class, result.code, result.message, result.remedy)
        if not result.is_known:
            return Settled(operation, "lose", response, *facts)
        if result.error_class == "stale":
            return self._refused_as_stale(operation, result, present, response)
        if result.is_retryable and (self.tries_left(operation) or result.error_class not in {"lock", "other"}):
            return Settled(operation, "postpone", response, *facts)
        return Settled(operation, "refuse", response, *facts)

    def _refused_as_stale(
        self, operation: Operation, result: RowResult, present: Values | None, response: Mapping[str, str]
    ) -> Settled:
        """The system found the record changed. Only another value of a field we expected makes the operation stale."""
        facts = (result.error_class, result.code, result.message, result.remedy or _CHANGED)
        found = {**response, "present": present}
        if present is None:
            return Settled(operation, "find_changed", found, *facts)
        held = standing(operation, present)
        if held == "before" and self.tries_left(operation):
            return Settled(operation, "postpone", found, "lock", message="Touched by somebody else meanwhile.")
        if held == "ours":
            return Settled(operation, "accept" if operation.attempts > 1 else "find_done", found, code=ALREADY_DONE)
        return Settled(operation, "find_changed", found, *facts, present=present)

    def _resolved(self, operation: Operation, held: Standing, present: Values | None) -> Settled:
        response = {"standing": held, "present": present}
        if held == "ours":
            return Settled(operation, "accept", response, message="Its answer was lost; read back as written.")
        if held == "before":
            message = "Its answer was lost; read back as not written."
            event: OperationEvent = "postpone" if self.tries_left(operation) else "refuse"
            return Settled(operation, event, response, "lost_answer", "lost_answer", message, "Try again later.")
        return changed(operation, present, response)


def changed(operation: Operation, present: Values | None, response: Mapping[str, object]) -> Settled:
    """The outcome of an operation whose record holds neither what was expected nor what was to be written."""
    if present is None:
        message = "The record is gone."
        return Settled(operation, "refuse", response, "not_found", "record_gone", message, _GONE)
    differing = [f for f, v in operation.before.items() if not is_same(present.get(f), v)]
    shown = "; ".join(f"{f} is {present.get(f)!r}, expected {operation.before[f]!r}" for f in differing[:3])
    message = f"The record changed since the snapshot: {shown}."
    return Settled(operation, "find_changed", response, "stale", "stale", message, _CHANGED, present=present)


def confirmation(
    operation: Operation, present: Values | None, expected: Mapping[tuple[RecordRef, str], str | None]
) -> Settled:
    """Whether the record holds what was written, or what a later operation of the same set wrote over it.

    `expected` is what each written field should hold by now, by (record, field).
    """
    wanted = {f: expected.get((operation.target, f), v) for f, v in operation.after.items()}
    response = {"present": present}
    if present is not None and all(is_same(present.get(f), v) for f, v in wanted.items()):
        return Settled(operation, "confirm", response)
    differing = [f for f, v in wanted.items() if present is None or not is_same(present.get(f), v)]
    holds = "is gone" if present is None else ", ".join(f"{f} is {present.get(f)!r}" for f in differing[:3])
    return Settled(
        operation,
        "contradict",
        response,
        "other",
        "READ_BACK_DIFFERS",
        f"Read back differently from what was written: {holds}.",
        "Something in the other system undid or altered it: look for automation on these fields.",
        present,
    )


def _lost(operation: Operation, message: str) -> RowResult:
    return RowResult(
        operation.id,
        operation.target.record_id,
        is_ok=False,
        is_known=False,
        error_class="lost_answer",
        code="lost_answer",
        message=message,
    )
