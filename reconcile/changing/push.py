"""Pushing an approved change set: stage by stage, a canary first, every sending in the journal before it leaves.

A push may end at any moment (paused, stopped, killed, power cut) and be called again: it goes on where the database
says that it stood. Nothing is ever repeated because an answer is missing; what is uncertain is read back first.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy.engine import Connection as Transaction

from reconcile import access
from reconcile.changing import lifecycle, totals
from reconcile.changing.approval import require_as_approved
from reconcile.changing.book import Book, Settled
from reconcile.changing.exchange import Exchange
from reconcile.changing.lease import hold_lease
from reconcile.changing.lifecycle import EARLIER_STEP, named
from reconcile.changing.pace import Control, Pace, go_on, wait
from reconcile.changing.preflight import OpenReader, inspect, require_passed
from reconcile.changing.remotes import OpenWriter, Remotes
from reconcile.changing.states import UNFINISHED, WRITTEN, permits
from reconcile.changing.telling import ledger_of
from reconcile.changing.totals import PushTotals
from reconcile.errors import ConflictError, QuarantinedError, ReconcileError, RemoteError, StateError, StorageError
from reconcile.model import ChangeSet, ChangeSetState, Operation, OperationState, Person, Policy, Progress, utc_now
from reconcile.state import change_sets
from reconcile.state.database import Database

logger = logging.getLogger(__name__)

CONFIRM_EVERY = 200
_OVER: frozenset[ChangeSetState] = frozenset({"paused", "stopped"})


@dataclass(frozen=True, slots=True)
class PushReport:
    """How a push ended.

    Attributes:
        state: of the change set. `pushing` when this process left it for another one to go on.
        note: why it was paused or stopped; empty otherwise.
        totals: what was sent and what came of it; `totals.is_tied_out` says whether the counts agree.
    """

    change_set_id: str
    state: ChangeSetState
    note: str
    totals: PushTotals
    started_at: datetime
    finished_at: datetime

    @property
    def counts(self) -> Mapping[OperationState, int]:
        """All operations by state."""
        return self.totals.counts


def push(
    database: Database,
    change_set_id: str,
    actor: Person,
    open_writer: OpenWriter,
    *,
    progress: Callable[[Progress], None] = lambda _: None,
    control: Control = go_on,
    pace: Pace | None = None,
    open_reader: OpenReader | None = None,
) -> PushReport:
    """Push an approved set, or go on with one that was interrupted. A paused set is left alone until it is resumed.

    A stopped set is not sent from any more: what was sent and not answered is settled by reading back.

    Args:
        database: the operational database.
        change_set_id: which set.
        actor: in whose name; kept in the audit log.
        open_writer: gives the writer of a connection (`Workbench.open_writer`).
        progress: told after each batch how many operations need nothing more.
        control: asked between two batches what the caller wants.
        pace: waits and bounds; the defaults when None.
        open_reader: where given, preflight also asks which fields the connection's user may write.

    Raises:
        NotAllowedError: the role is missing, or preflight found what the policy forbids.
        StateError: the set is not approved, is not what was approved, or preflight stopped it.
        ClaimedError: another living process pushes it.
        ConflictError: another process took over while this one was suspended.
        QuarantinedError: a connection leads to another org; the set is paused if it was under way.
        StorageError: the operational database is away; the set is left as it is, to be pushed again.
    """
    access.require(actor, "push change sets")
    started_at = utc_now()
    with hold_lease(database, change_set_id, (pace or Pace()).lease_s) as lease:
        with database.read() as tx:
            change_set = change_sets.get(tx, change_set_id)
            operations = change_sets.operations(tx, change_set_id)
        remotes = Remotes(database, actor, open_writer, pace or Pace())
        if change_set.state == "approved":
            _start(remotes, change_set, operations, open_reader)
        elif change_set.state not in {"pushing", "paused", "stopped"}:
            raise StateError(named(change_set), change_set.state.replace("_", " "), "pushed")
        if change_set.state != "paused":
            book = Book(database, lease, operations, ledger_of(database, actor, change_set))
            _Push(book, remotes, policy=change_set.policy, progress=progress, control=control).run()
    with database.read() as tx:
        after = change_sets.get(tx, change_set_id)
        counted = totals.count(tx, change_set_id)
    return PushReport(change_set_id, after.state, after.note, counted, started_at, utc_now())


def _start(
    remotes: Remotes, change_set: ChangeSet, operations: Sequence[Operation], open_reader: OpenReader | None
) -> None:
    require_as_approved(change_set, operations)
    report = inspect(remotes, change_set, operations, open_reader=open_reader)
    require_passed(remotes.actor, change_set, report)
    with remotes.database.begin() as tx:
        current = lifecycle.load(tx, change_set.id, change_set.revision, "pushed")
        lifecycle.require_approver(tx, current)
        lifecycle.step(tx, remotes.actor, current, "start", note="")


class _Over(Exception):  # noqa: N818 - not an error: the push ends here because somebody asked for it
    """Nothing more is to be sent by this process."""


class _Push:
    """One push under way."""

    def __init__(
        self, book: Book, remotes: Remotes, *, policy: Policy, progress: Callable[[Progress], None], control: Control
    ) -> None:
        self.book, self.remotes, self.actor, self.pace = book, remotes, remotes.actor, remotes.pace
        self.policy, self.progress, self.control = policy, progress, control
        self.exchange = Exchange(book, remotes, self.pace)

    def run(self) -> None:
        """From wherever the set stands to its end, or to a pause that says why."""
        try:
            self._require_as_approved()
            self.remotes.check(self.book.all(), is_recheck=True)
            self._settle()
            if self.book.change_set().state == "pushing":
                self._send_all()
            self._finish()
        except _Over:
            self._leave()
        except (ConflictError, StorageError):
            raise  # nothing can, or need, be noted: another process goes on, or this one when the database is back
        except StateError:
            # Paused or stopped in the very moment in which the next batch was to be taken: as good as between two.
            if self.book.change_set().state not in _OVER:
                raise
            self._leave()
        except QuarantinedError as error:
            self._pause(str(error))
            with suppress(ReconcileError):  # where a call found it, the connection does not know it yet
                self.remotes.check(self.book.all())
            raise
        except ReconcileError as error:
            self._end_on(error)
        except Exception as error:
            # A fault in a program, not in the data: a set that seems to be pushed while nobody does would mislead.
            self._pause(f"The push broke off: {type(error).__name__}: {error}")
            raise

    # Before and after -----------------------------------------------------------------------------------------------

    def _require_as_approved(self) -> None:
        try:
            require_as_approved(self.book.change_set(), self.book.all())
        except StateError as error:
            self._pause(str(error))
            raise

    def _settle(self) -> None:
        """Know of everything that was sent whether it happened, and whether it is there."""
        self.exchange.lose_unanswered()
        self.exchange.settle_uncertain(self.book.all())
        self.exchange.confirm(self.book.all())

    def _leave(self) -> None:
        """End here, on somebody's wish: what was sent is settled if it can be, else by whoever goes on."""
        try:
            self._settle()
        except RemoteError as error:
            logger.warning("%s: not everything could be read back: %s", self.book.change_set_id, error)
        if self.book.change_set().state == "stopped":
            self._withhold_rest()

    def _end_on(self, error: ReconcileError) -> None:
        """Pause because of trouble; where only the reading back of the last records failed, end as pushed."""
        if self.book.in_state(*UNFINISHED):
            self._pause(str(error))
        else:
            logger.warning("%s: not everything could be read back: %s", self.book.change_set_id, error)
            self._finish()

    def _withhold_rest(self) -> None:
        with self.book.database.begin() as tx:
            lifecycle.withhold_pending(tx, self.book.change_set_id)

    def _finish(self) -> None:
        change_set = self.book.change_set()
        if change_set.state == "stopped":
            self._withhold_rest()
            return
        if self.book.in_state(*UNFINISHED):
            raise StateError(named(change_set), "not at its end", "finished")
        event = lifecycle.ending(self.book.all())
        with self.book.database.begin() as tx:
            current = lifecycle.load(tx, change_set.id, None, "finished")
            counts = change_sets.count_operations(tx, change_set.id)
            ended = lifecycle.step(tx, self.actor, current, event, detail={"operations": counts}, note="")
            _mark_reverted(tx, self.actor, ended)

    def _pause(self, why: str) -> None:
        """Hold the set, unless a person already did; say why."""
        logger.warning("%s is paused: %s", self.book.change_set_id, why)
        with self.book.database.begin() as tx:
            change_set = lifecycle.load(tx, self.book.change_set_id, None, "paused")
            if permits(change_set.state, "pause"):
                lifecycle.step(tx, self.actor, change_set, "pause", detail={"note": why}, note=why)

    # Sending --------------------------------------------------------------------------------------------------------

    def _send_all(self) -> None:
        for group in self._groups():
            self._send_group(group)
            self.exchange.confirm(self.book.now(group))
            self._report()

    def _groups(self) -> Iterator[list[Operation]]:
        """Operations of one stage, connection and object: what may go into one request."""
        ordered = sorted(self.book.all(), key=_group_of)
        for _, group in groupby(ordered, key=_group_of):
            yield sorted(group, key=lambda each: each.position)

    def _send_group(self, group: Sequence[Operation]) -> None:
        self._withhold_blocked(group)
        failures = unconfirmed = 0
        while pending := [each for each in self.book.now(group) if each.state == "pending"]:
            self._obey()
            canary = self._canary_left(group)
            batch = pending[: canary or self._batch_size(pending[0])]
            trouble = self.exchange.send(batch)
            left = sum(1 for each in self.book.now(batch) if each.state == "pending")
            unconfirmed += len(batch) - left
            if canary or unconfirmed >= CONFIRM_EVERY:
                self.exchange.confirm(self.book.now(group))
                unconfirmed = 0
            if canary and not self._canary_left(group):
                self._judge_canary(group)
            self._report()
            failures = failures + 1 if left == len(batch) else 0
            if left:
                self._back_off(max(1, failures), trouble)

    def _withhold_blocked(self, group: Sequence[Operation]) -> None:
        """Operations whose earlier step did not succeed are not sent. The earlier stages are settled by now."""
        blocked = self._blocked_requests(group[0].stage)
        pending = [each for each in self.book.now(group) if each.state == "pending"]
        withheld = [each for each in pending if not blocked.isdisjoint(each.requests)]
        message = "Not sent: an earlier step of the same change did not succeed."
        self.book.settle(
            "resolved",
            [Settled(each, "withhold", {"why": EARLIER_STEP}, code=EARLIER_STEP, message=message) for each in withheld],
        )

    def _blocked_requests(self, stage: int) -> set[str]:
        earlier = (each for each in self.book.all() if each.stage < stage)
        return {request for each in earlier if not _is_done(each) for request in each.requests}

    def _batch_size(self, operation: Operation) -> int:
        target = operation.target
        return self.remotes.writer(target.connection_id).capabilities(target.object).batch_size

    def _canary_left(self, group: Sequence[Operation]) -> int:
        """How many of the group must still be tried, and read back, before the rest follows."""
        tried = sum(1 for each in self.book.now(group) if each.state != "pending")
        return max(0, self.policy.canary_size - tried)

    def _judge_canary(self, group: Sequence[Operation]) -> None:
        tried = [each for each in self.book.now(group) if each.state != "pending"]
        wrong = [each for each in tried if each.state == "mismatched"]
        failed = [each for each in tried if each.state == "failed"]
        if len(tried) == len(group) or not (wrong or 2 * len(failed) > len(tried)):
            return
        first = (wrong or failed)[0]
        how = "read back differently" if wrong else "failed"
        self._pause(
            f"Of the first {len(tried)} records of {first.target.object}, {len(wrong or failed)} {how}: {first.message}"
        )
        raise _Over

    def _back_off(self, failures: int, trouble: str) -> None:
        if failures >= self.pace.attempts:
            self._pause(trouble or "The same records could not be written several times in a row.")
            raise _Over
        wait(self.pace.wait_s(failures), lambda: self.book.change_set().state != "pushing")

    def _obey(self) -> None:
        """Do what people (in the database) and the caller want, between two batches.

        Raises:
            _Over: nothing more is to be sent here.
        """
        wish = self.control()
        if wish == "stop":
            with self.book.database.begin() as tx:
                change_set = lifecycle.load(tx, self.book.change_set_id, None, "stopped")
                if permits(change_set.state, "stop"):
                    lifecycle.stop(tx, self.actor, change_set.id)
        elif wish == "pause":
            self._pause("Paused by the worker.")
        if wish != "go on" or self.book.change_set().state != "pushing":
            raise _Over

    def _report(self) -> None:
        counts = self.book.counts()
        unfinished = sum(counts[state] for state in UNFINISHED)
        self.progress(Progress("push", counts.total() - unfinished, counts.total(), "operations"))


def _group_of(operation: Operation) -> tuple[int, str, str]:
    return operation.stage, operation.target.connection_id, operation.target.object


def _is_done(operation: Operation) -> bool:
    """Whether what the operation was for is so now: later steps of the same request may follow."""
    is_there_already = operation.state == "skipped" and operation.error_code == lifecycle.ALREADY_DONE
    return is_there_already or (operation.state in WRITTEN and operation.state != "mismatched")


def _mark_reverted(tx: Transaction, actor: Person, ended: ChangeSet) -> None:
    """A set that took another one back, and was verified, makes the other one reverted."""
    if ended.reverts_id is None or ended.state != "verified":
        return
    original = change_sets.get(tx, ended.reverts_id, is_locked=True)
    if permits(original.state, "revert"):
        lifecycle.step(tx, actor, original, "revert", detail={"by": ended.id})
