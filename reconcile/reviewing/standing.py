"""Where each exception of a run stands, given everything that was ever judged.

This is how judgements outlive re-runs: they are found again by record ids, and they count only as long as the records
show what they showed when the judgement was made.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from typing import Literal

from sqlalchemy.engine import Connection as Transaction

from reconcile.model import RecordRef, Side, Verdict
from reconcile.reviewing.opening import ExceptionRow, OpenRun
from reconcile.state import judgements
from reconcile.state.judgements import StoredJudgement

Status = Literal["undecided", "same", "different", "unsure"]
Pair = tuple[str, str]
LARGEST_CLUSTER = 200
"""A cluster is judged pair by pair; beyond this the rules are at fault, not the records."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one exception stands.

    Attributes:
        status: "undecided" also when it was decided on evidence that has changed since (`is_changed`).
        verdict: what was said, on changed evidence too; None when nothing was.
        chosen: the pair that was picked instead of the one shown.
        members: of duplicates, the records that were said to be the same.
    """

    status: Status = "undecided"
    verdict: Verdict | None = None
    is_changed: bool = False
    decision_id: str | None = None
    chosen: Pair | None = None
    members: tuple[str, ...] = ()
    note: str = ""
    person_id: str | None = None
    person_name: str | None = None
    made_at: datetime | None = None


UNDECIDED = Standing()


class Memory:
    """The standing judgements that concern some exceptions of a run, and the hashes to compare them with."""

    def __init__(self, opened: OpenRun, rows: Iterable[StoredJudgement]) -> None:
        self._opened = opened
        self._by_pair: dict[str, StoredJudgement] = {}
        self._by_decision: defaultdict[str, list[StoredJudgement]] = defaultdict(list)
        self._same_by_record: defaultdict[RecordRef, list[StoredJudgement]] = defaultdict(list)
        for row in rows:
            self._take(row)
        self._hashes = self._read_hashes()

    def _take(self, row: StoredJudgement) -> None:
        said = row.judgement
        self._by_pair[judgements.key(said.left, said.right)] = row
        self._by_decision[row.decision_id].append(row)
        if said.verdict == "same":
            self._same_by_record[said.left].append(row)
            self._same_by_record[said.right].append(row)

    def of_pair(self, left: RecordRef, right: RecordRef) -> StoredJudgement | None:
        """The standing judgement of the pair."""
        return self._by_pair.get(judgements.key(left, right))

    def beside(self, row: StoredJudgement) -> list[StoredJudgement]:
        """The other judgements of the same decision."""
        return [other for other in self._by_decision[row.decision_id] if other is not row]

    def same_with(self, ref: RecordRef, partner_side: Side) -> StoredJudgement | None:
        """The newest judgement that says the record is the same as one of the given side."""
        partner = self._opened.reference(partner_side, "")
        for row in reversed(self._same_by_record[ref]):
            other = row.judgement.left if row.judgement.right == ref else row.judgement.right
            if (other.connection_id, other.object) == (partner.connection_id, partner.object):
                return row
        return None

    def is_changed(self, row: StoredJudgement) -> bool:
        """Whether the records show something else than when the judgement was made."""
        said = row.judgement
        return said.evidence_hash != pair_hash(self._hashes.get(said.left), self._hashes.get(said.right))

    def _read_hashes(self) -> dict[RecordRef, str]:
        refs = {ref for row in self._by_pair.values() for ref in (row.judgement.left, row.judgement.right)}
        return read_hashes(self._opened, refs)


def read_hashes(opened: OpenRun, refs: Iterable[RecordRef]) -> dict[RecordRef, str]:
    """The evidence hash of each record that the run holds."""
    wanted = set(refs)
    found: dict[RecordRef, str] = {}
    for side in ("left", "right"):
        of_side = opened.reference(side, "")
        ids = [
            ref.record_id
            for ref in wanted
            if (ref.connection_id, ref.object) == (of_side.connection_id, of_side.object)
        ]
        if ids:
            found |= {opened.reference(side, name): value for name, value in opened.hashes(side, ids).items()}
    return found


def pair_hash(left: str | None, right: str | None) -> str:
    """The evidence hash of a pair from those of its records, as `reconcile.runs` computes it; None: no such record."""
    return hashlib.md5(f"{left or ''}{right or ''}".encode(), usedforsecurity=False).hexdigest()


def standings(
    tx: Transaction, opened: OpenRun, exceptions: Sequence[ExceptionRow] | None = None
) -> dict[str, Standing]:
    """Where the exceptions stand, by exception id: apply everything remembered to this run.

    Args:
        tx: a transaction.
        opened: the run.
        exceptions: which ones (default: all of the run).
    """
    chosen = opened.exceptions() if exceptions is None else exceptions
    reconciliation_id = opened.run.reconciliation_id
    if exceptions is None:
        rows = judgements.standing(tx, reconciliation_id)
    else:
        touched = {record_id for exception in chosen for record_id in exception.record_ids}
        rows = judgements.touching(tx, reconciliation_id, touched)
    memory = Memory(opened, rows)
    return {exception.exception_id: standing_of(opened, exception, memory) for exception in chosen}


def standing_of(opened: OpenRun, exception: ExceptionRow, memory: Memory) -> Standing:
    """Where one exception stands."""
    if exception.kind == "duplicate":
        return _standing_of_cluster(opened, exception, memory)
    picked = _picked_for_record(opened, exception, memory)
    shown = memory.of_pair(*shown_pair(opened, exception))
    if picked is not None and picked is not shown:
        return _standing([picked], picked, memory, chosen=_ids(picked))
    if shown is None:
        return UNDECIDED
    beside = [row for row in memory.beside(shown) if row.judgement.verdict == "same"]
    if shown.judgement.verdict == "different" and beside:
        return _standing([shown, beside[0]], beside[0], memory, chosen=_ids(beside[0]))
    return _standing([shown], shown, memory)


def shown_pair(opened: OpenRun, exception: ExceptionRow) -> tuple[RecordRef, RecordRef]:
    """The pair in question. A record without a partner is paired with the empty id: "with nobody"."""
    return opened.reference("left", exception.left_id or ""), opened.reference("right", exception.right_id or "")


def member_pairs(opened: OpenRun, exception: ExceptionRow) -> list[tuple[RecordRef, RecordRef]]:
    """Every pair of a cluster's members, each in the order of their ids."""
    side = exception.side or "left"
    refs = [opened.reference(side, record_id) for record_id in exception.members]
    return list(combinations(refs, 2)) if len(refs) <= LARGEST_CLUSTER else []


def _picked_for_record(opened: OpenRun, exception: ExceptionRow, memory: Memory) -> StoredJudgement | None:
    """The partner that was chosen for the record, on whatever screen: then what the match proposes is answered."""
    if exception.kind not in ("unmatched", "unlinked", "ambiguous"):
        return None
    is_alone = exception.kind == "unmatched" or opened.reconciliation.cardinality == "1:1"
    of_right = memory.same_with(opened.reference("right", exception.right_id), "left") if exception.right_id else None
    if of_right is None and is_alone and exception.left_id:
        return memory.same_with(opened.reference("left", exception.left_id), "right")
    return of_right


def _standing_of_cluster(opened: OpenRun, exception: ExceptionRow, memory: Memory) -> Standing:
    pairs = member_pairs(opened, exception)
    rows = [row for pair in pairs if (row := memory.of_pair(*pair)) is not None]
    if not rows:
        return UNDECIDED
    newest = max(rows, key=lambda row: row.judgement.made_at)
    same = {
        ref.record_id
        for row in rows
        if row.judgement.verdict == "same"
        for ref in (row.judgement.left, row.judgement.right)
    }
    verdict: Verdict = "same" if same else newest.judgement.verdict
    is_changed = len(rows) < len(pairs) or any(memory.is_changed(row) for row in rows)
    return _said(newest, verdict, is_changed=is_changed, members=tuple(sorted(same)))


def _standing(
    rows: Sequence[StoredJudgement], telling: StoredJudgement, memory: Memory, *, chosen: Pair | None = None
) -> Standing:
    is_changed = any(memory.is_changed(row) for row in rows)
    return _said(telling, telling.judgement.verdict, is_changed=is_changed, chosen=chosen)


def _said(
    row: StoredJudgement,
    verdict: Verdict,
    *,
    is_changed: bool,
    chosen: Pair | None = None,
    members: tuple[str, ...] = (),
) -> Standing:
    return Standing(
        status="undecided" if is_changed else verdict,
        verdict=verdict,
        is_changed=is_changed,
        decision_id=row.decision_id,
        chosen=chosen,
        members=members,
        note=row.judgement.note,
        person_id=row.judgement.person_id,
        person_name=row.person_name,
        made_at=row.judgement.made_at,
    )


def _ids(row: StoredJudgement) -> Pair:
    return row.judgement.left.record_id, row.judgement.right.record_id


def by_status(found: Mapping[str, Standing]) -> dict[Status, int]:
    """How many exceptions stand where."""
    counts: dict[Status, int] = {"undecided": 0, "same": 0, "different": 0, "unsure": 0}
    for standing in found.values():
        counts[standing.status] += 1
    return counts
