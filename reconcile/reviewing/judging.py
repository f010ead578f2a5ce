"""Deciding exceptions: judge, undo, and the claims that keep two people from deciding the same one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.engine import Connection as Transaction

from reconcile import access, audit
from reconcile.errors import ClaimedError, ConflictError, InputError, StateError
from reconcile.model import Judgement, Person, Verdict, new_id, utc_now
from reconcile.reviewing.opening import ExceptionRow, OpenRun
from reconcile.reviewing.sayings import Choice, Hashes, Saying, Taken, concerned, concerned_ids, sayings_of
from reconcile.reviewing.standing import Memory, Pair, Standing, pair_hash, read_hashes, standing_of
from reconcile.state import claims, judgements
from reconcile.state.claims import Claim
from reconcile.state.judgements import StoredJudgement

LONGEST_NOTE = 4000


@dataclass(frozen=True, slots=True)
class Decision:
    """What was just decided, for the screen to offer an undo of."""

    decision_id: str
    exception_id: str
    verdict: Verdict
    chosen: Pair | None
    note: str


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """What became of many exceptions judged at once.

    Attributes:
        decisions: those decided.
        left_alone: (exception id, why) of the others.
    """

    decisions: tuple[Decision, ...]
    left_alone: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Plan:
    """A decision that may be written down: all checks are behind it."""

    decision: Decision
    exception: ExceptionRow
    sayings: tuple[Saying, ...]
    replaced: tuple[StoredJudgement, ...]


def judge(
    tx: Transaction,
    actor: Person,
    opened: OpenRun,
    exception_id: str,
    verdict: Verdict,
    *,
    expected: str | None,
    chosen: Pair | None = None,
    members: Collection[str] = (),
    note: str = "",
) -> Decision:
    """Say what an exception is. What was said of it before is replaced, and comes back when this is undone.

    Args:
        tx: a write transaction.
        actor: an analyst.
        opened: the run that was looked at.
        exception_id: the exception.
        verdict: of the pair in question: same customer, different, or unsure. Of a record without a partner,
            "different" says that it has none. Of duplicates: the members are, or are not, one customer.
        expected: the decision that the person saw standing (`Standing.decision_id`); None when they saw none.
        chosen: (left id, right id) of another pair that is the right one; only with "same".
        members: of duplicates, those that are the same customer, when it is not all of them; only with "same".
        note: why, in the person's words.

    Raises:
        NotAllowedError: the person may not judge.
        ClaimedError: somebody else is working on it.
        ConflictError: somebody decided it since the person looked.
        InputError: a choice that makes no sense: unknown record, a pair that has nothing to do with the exception ...
        StateError: a record of the pair was judged to be the same as another one, and can be only one's.
    """
    access.require(actor, "judge exceptions")
    exception, choice = opened.exception(exception_id), Choice(verdict, chosen, frozenset(members))
    claim = claims.holder(tx, subject(opened, exception_id))
    _refuse_claimed(actor, claim)
    rows = judgements.touching(tx, opened.run.reconciliation_id, concerned_ids([exception], chosen or ()))
    current = standing_of(opened, exception, Memory(opened, rows))
    if current.decision_id != expected:
        raise ConflictError("The decision on this exception", "replaced")
    hashes = read_hashes(opened, concerned(opened, exception, choice))
    sayings = sayings_of(opened, exception, choice, hashes)
    plan = _plan(opened, exception, sayings, rows=rows, current=current, note=_clean(note))
    _write(tx, actor, opened, [plan], hashes)
    if claim is not None:
        claims.release(tx, claim.subject, actor.id)
    audit.record(tx, actor, "judge exception", exception_id, _audit_detail(opened, plan))
    return plan.decision


def judge_many(
    tx: Transaction,
    actor: Person,
    opened: OpenRun,
    exception_ids: Collection[str],
    verdict: Verdict,
    *,
    note: str = "",
) -> BatchOutcome:
    """Say the same of many undecided exceptions. Each is a decision of its own and can be undone by itself.

    What is decided already, claimed by somebody else, or cannot be so decided is left alone and listed with the reason.

    Raises:
        NotAllowedError: the person may not judge.
    """
    access.require(actor, "judge exceptions")
    exceptions, choice, said = opened.exceptions(exception_ids), Choice(verdict), _clean(note)
    rows = judgements.touching(tx, opened.run.reconciliation_id, concerned_ids(exceptions))
    hashes = read_hashes(opened, {ref for each in exceptions for ref in concerned(opened, each, choice)})
    memory, taken = Memory(opened, rows), Taken(opened, rows)
    held = {claim.subject: claim for claim in claims.list_claims(tx)}
    rows_of = _by_record(rows)
    plans: list[_Plan] = []
    left_alone = [(name, "It is not in this run.") for name in sorted(set(exception_ids) - _names(exceptions))]
    for exception in exceptions:
        try:
            _refuse_claimed(actor, held.get(subject(opened, exception.exception_id)))
            current = standing_of(opened, exception, memory)
            _refuse_decided(current)
            sayings = sayings_of(opened, exception, choice, hashes)
            taken.add(sayings)
            related = list({id(row): row for name in exception.record_ids for row in rows_of[name]}.values())
            plans.append(_plan(opened, exception, sayings, rows=related, current=current, note=said))
        except (InputError, StateError) as error:
            left_alone.append((exception.exception_id, str(error)))
    _write(tx, actor, opened, plans, hashes)
    decisions = tuple(plan.decision for plan in plans)
    detail = {"run": opened.run.id, "verdict": verdict, "note": said, "exceptions": [d.exception_id for d in decisions]}
    audit.record(tx, actor, "judge exceptions", opened.run.reconciliation_id, detail)
    return BatchOutcome(decisions, tuple(left_alone))


def undo(tx: Transaction, actor: Person, decision_id: str) -> str | None:
    """Take a decision back as a whole; what it had replaced stands again. Gives the id of the exception it was about.

    Raises:
        NotAllowedError: the person may not judge.
        StateError: the decision does not stand any more.
    """
    access.require(actor, "judge exceptions")
    rows = judgements.of_decision(tx, decision_id)
    standing = [row for row in rows if row.stands]
    if not standing:
        raise StateError("The decision", "undone or replaced already", "undone", remedy="Reload and look again.")
    judgements.withdraw(tx, [row.judgement.id for row in standing], person_id=actor.id)
    judgements.restore(tx, judgements.replaced_by(tx, decision_id))
    exception_id = standing[0].exception_id
    audit.record(tx, actor, "undo judgement", exception_id or decision_id, {"decision": decision_id})
    return exception_id


def undo_many(tx: Transaction, actor: Person, decision_ids: Collection[str]) -> int:
    """Take back those of the decisions that still stand; gives how many.

    Raises:
        NotAllowedError: the person may not judge.
    """
    access.require(actor, "judge exceptions")
    undone = 0
    for decision_id in decision_ids:
        if any(row.stands for row in judgements.of_decision(tx, decision_id)):
            undo(tx, actor, decision_id)
            undone += 1
    return undone


def undo_last(tx: Transaction, actor: Person, reconciliation_id: str) -> str | None:
    """Take back the person's newest decision; gives the id of its exception, None when there is nothing to undo.

    Raises:
        NotAllowedError: the person may not judge.
    """
    access.require(actor, "judge exceptions")
    decision_id = judgements.last_decision(tx, reconciliation_id, actor.id)
    return None if decision_id is None else undo(tx, actor, decision_id)


def claim_exception(
    tx: Transaction, actor: Person, opened: OpenRun, exception_id: str, *, lease_s: int = claims.LEASE_S
) -> datetime:
    """Say that one works on this exception now, or still; gives the time when the claim ends by itself.

    Raises:
        NotAllowedError: the person may not judge.
        ClaimedError: somebody else works on it.
    """
    access.require(actor, "judge exceptions")
    return claims.claim(tx, subject(opened, exception_id), actor.id, lease_s=lease_s)


def release_exception(tx: Transaction, actor: Person, opened: OpenRun, exception_id: str) -> None:
    """Give the exception back without deciding it."""
    claims.release(tx, subject(opened, exception_id), actor.id)


def subject(opened: OpenRun, exception_id: str) -> str:
    """What a claim of the exception is called. It is the same in every run of the reconciliation."""
    return f"{opened.run.reconciliation_id}/{exception_id}"


def _plan(
    opened: OpenRun,
    exception: ExceptionRow,
    sayings: tuple[Saying, ...],
    *,
    rows: Sequence[StoredJudgement],
    current: Standing,
    note: str,
) -> _Plan:
    """Check the last thing: that no record is given to two partners. What replaces a decision replaces all of it."""
    keys = {judgements.key(each.left, each.right) for each in sayings}
    replaced = tuple(
        row
        for row in rows
        if row.decision_id == current.decision_id or judgements.key(row.judgement.left, row.judgement.right) in keys
    )
    Taken(opened, [row for row in rows if row not in replaced]).add(sayings)
    telling = next((each for each in sayings if each.verdict == "same"), sayings[0])
    pair = (telling.left.record_id, telling.right.record_id)
    is_picked = exception.kind != "duplicate" and pair != (exception.left_id or "", exception.right_id or "")
    decision = Decision(new_id("dec"), exception.exception_id, telling.verdict, pair if is_picked else None, note)
    return _Plan(decision, exception, sayings, replaced)


def _write(tx: Transaction, actor: Person, opened: OpenRun, plans: Sequence[_Plan], hashes: Hashes) -> None:
    for plan in plans:
        ids = [row.judgement.id for row in plan.replaced]
        judgements.withdraw(tx, ids, person_id=actor.id, replaced_by=plan.decision.decision_id)
    judgements.insert(tx, [row for plan in plans for row in _stored(actor, opened, plan, hashes)])


def _stored(actor: Person, opened: OpenRun, plan: _Plan, hashes: Hashes) -> list[StoredJudgement]:
    at, decision = utc_now(), plan.decision
    return [
        StoredJudgement(
            judgement=Judgement(
                id=f"{decision.decision_id}_{place}",
                reconciliation_id=opened.run.reconciliation_id,
                left=each.left,
                right=each.right,
                verdict=each.verdict,
                evidence_hash=pair_hash(hashes.get(each.left), hashes.get(each.right)),
                note=decision.note,
                person_id=actor.id,
                made_at=at,
            ),
            decision_id=decision.decision_id,
            person_name=actor.name,
            run_id=opened.run.id,
            exception_id=decision.exception_id,
            exception_kind=plan.exception.kind,
        )
        for place, each in enumerate(plan.sayings)
    ]


def _refuse_claimed(actor: Person, claim: Claim | None) -> None:
    if claim is not None and claim.person_id != actor.id:
        raise ClaimedError("This", claim.person_name)


def _refuse_decided(current: Standing) -> None:
    if current.status != "undecided":
        raise StateError("This", f"decided by {current.person_name}", "decided again here", remedy="Open it to do so.")


def _by_record(rows: Sequence[StoredJudgement]) -> defaultdict[str, list[StoredJudgement]]:
    found: defaultdict[str, list[StoredJudgement]] = defaultdict(list)
    for row in rows:
        for ref in (row.judgement.left, row.judgement.right):
            found[ref.record_id].append(row)
    return found


def _names(exceptions: Sequence[ExceptionRow]) -> set[str]:
    return {exception.exception_id for exception in exceptions}


def _clean(note: str) -> str:
    """The note as text that every database takes: no NUL character, bounded."""
    text = note.replace("\x00", "").strip()
    if len(text) > LONGEST_NOTE:
        raise InputError(f"The note has {len(text)} characters; at most {LONGEST_NOTE} are kept.")
    return text


def _audit_detail(opened: OpenRun, plan: _Plan) -> dict[str, object]:
    decision = plan.decision
    return {
        "run": opened.run.id,
        "kind": plan.exception.kind,
        "decision": decision.decision_id,
        "verdict": decision.verdict,
        "note": decision.note,
        "pairs": [[each.left.record_id, each.right.record_id, each.verdict] for each in plan.sayings[:50]],
    }
