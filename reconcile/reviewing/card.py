"""The link card: everything a person needs to decide one exception, on one screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy.engine import Connection as Transaction

from reconcile.reviewing.evidence import read_evidence, read_records
from reconcile.reviewing.judging import subject
from reconcile.reviewing.opening import ExceptionRow, OpenRun, among
from reconcile.reviewing.sayings import concerned_ids
from reconcile.reviewing.standing import UNDECIDED, Memory, Pair, standing_of
from reconcile.reviewing.views import Candidate, Card, FieldRow, PairEvidence, RecordView, StoredLink
from reconcile.state import claims, judgements

MOST_CANDIDATES = 10
MOST_MEMBERS = 50


def exception_card(tx: Transaction, opened: OpenRun, exception_id: str) -> Card:
    """Everything about one exception.

    Raises:
        UnknownNameError: this run has none of this id.
    """
    card = prepare_card(opened, exception_id)
    exception = card.exception
    history = judgements.touching(tx, opened.run.reconciliation_id, concerned_ids([exception]), with_withdrawn=True)
    memory = Memory(opened, [row for row in history if row.stands])
    return replace(
        card,
        candidates=tuple(
            replace(each, is_rejected=_is_rejected(opened, memory, each.left_id, each.right_id))
            for each in card.candidates
        ),
        standing=standing_of(opened, exception, memory),
        history=history,
        claim=claims.holder(tx, subject(opened, exception_id)),
    )


def prepare_card(opened: OpenRun, exception_id: str) -> Card:
    """The card with what the run says, which is kept, and without what people said. To read the next one ahead.

    Raises:
        UnknownNameError: this run has none of this id.
    """
    card: Card = opened.cards.get(exception_id, lambda: _read_card(opened, exception_id))
    return card


def _read_card(opened: OpenRun, exception_id: str) -> Card:
    exception = opened.exception(exception_id)
    candidate_pairs = _candidate_pairs(opened, exception)
    lefts = read_records(opened, "left", [exception.left_id, *(pair[0] for pair in candidate_pairs)])
    rights = read_records(opened, "right", [exception.right_id, *(pair[1] for pair in candidate_pairs)])
    left, right = lefts.get(exception.left_id or ""), rights.get(exception.right_id or "")
    links = _links(opened, list(lefts), list(rights))
    pairs = [*([(left.record_id, right.record_id)] if left and right else []), *candidate_pairs]
    evidence = read_evidence(opened, "candidates", pairs, lefts, rights)
    return Card(
        exception=exception,
        left=left,
        right=right,
        evidence=evidence.get((left.record_id, right.record_id)) if left and right else None,
        differences=_differences(opened, exception),
        candidates=tuple(
            _candidate(exception, evidence[pair], records=(lefts, rights), links=links) for pair in candidate_pairs
        ),
        links=tuple(link for link in links if exception.left_id == link.left_id or exception.right_id == link.right_id),
        members=_members(opened, exception),
        member_pairs=_member_pairs(opened, exception),
        standing=UNDECIDED,
        history=(),
        claim=None,
    )


def _links(opened: OpenRun, left_ids: Sequence[str], right_ids: Sequence[str]) -> list[StoredLink]:
    lefts, rights = among("left_id", left_ids), among("right_id", right_ids)
    rows = opened.query(
        f"""
        SELECT left_id, right_id, status, stored_left, stored_right FROM run.links WHERE rowid IN (
            SELECT place FROM places.links WHERE {lefts.sql} UNION SELECT place FROM places.links WHERE {rights.sql})
        ORDER BY origin, left_id, right_id
        """,
        [*lefts.parameters, *rights.parameters],
    )
    return [StoredLink(*row) for row in rows]


def _differences(opened: OpenRun, exception: ExceptionRow) -> tuple[FieldRow, ...]:
    if exception.left_id is None or exception.right_id is None:
        return ()
    rows = opened.query(
        """
        SELECT name, left_field, right_field, left_value, right_value, class FROM run.differences
        WHERE rowid IN (SELECT place FROM places.differences WHERE left_id = ? AND right_id = ?)
        ORDER BY list_position(['real', 'missing', 'rounding', 'timing', 'format'], class), name
        """,
        [exception.left_id, exception.right_id],
    )
    return tuple(FieldRow(*row) for row in rows)


def _candidate_pairs(opened: OpenRun, exception: ExceptionRow) -> list[Pair]:
    """The stored links that the exception tells of, then the best candidates of its records; not the pair itself."""
    lefts, rights = among("left_id", exception.ids("left")[:1]), among("right_id", exception.ids("right")[:1])
    rows = opened.query(
        f"""
        SELECT left_id, right_id FROM run.candidates WHERE rowid IN (
            SELECT place FROM places.candidates WHERE {lefts.sql}
            UNION SELECT place FROM places.candidates WHERE {rights.sql})
        ORDER BY weight DESC, left_id, right_id LIMIT ?
        """,
        [*lefts.parameters, *rights.parameters, MOST_CANDIDATES + 1],
    )
    told = [
        *_surviving(exception),
        *((link["left_id"], link["right_id"]) for link in exception.detail.get("links", [])),
    ]
    alive = _existing(opened, told)
    shown = (exception.left_id, exception.right_id)
    pairs = dict.fromkeys(pair for pair in [*alive, *((row[0], row[1]) for row in rows)] if pair != shown)
    return list(pairs)[:MOST_CANDIDATES]


def _surviving(exception: ExceptionRow) -> list[Pair]:
    """The naming record with the one that the dead record was merged into: in its place, the best guess there is."""
    survivor = exception.detail.get("survivor")
    if survivor is None:
        return []
    is_left_naming = exception.side == "left"
    return [(exception.left_id or "", survivor) if is_left_naming else (survivor, exception.right_id or "")]


def _existing(opened: OpenRun, pairs: Sequence[Pair]) -> list[Pair]:
    if not pairs:
        return []
    lefts = opened.hashes("left", [pair[0] for pair in pairs])
    rights = opened.hashes("right", [pair[1] for pair in pairs])
    return [pair for pair in pairs if pair[0] in lefts and pair[1] in rights]


def _candidate(
    exception: ExceptionRow,
    evidence: PairEvidence,
    *,
    records: tuple[Mapping[str, RecordView], Mapping[str, RecordView]],
    links: Sequence[StoredLink],
) -> Candidate:
    left_id, right_id = evidence.left_id, evidence.right_id
    is_other_left = left_id != exception.left_id and right_id == exception.right_id
    record = records[0][left_id] if is_other_left else records[1][right_id]
    return Candidate(
        left_id=left_id,
        right_id=right_id,
        record=record,
        evidence=evidence,
        is_rejected=False,
        links=tuple(link for link in links if record.record_id == (link.left_id if is_other_left else link.right_id)),
    )


def _is_rejected(opened: OpenRun, memory: Memory, left_id: str, right_id: str) -> bool:
    judged = memory.of_pair(opened.reference("left", left_id), opened.reference("right", right_id))
    return judged is not None and judged.judgement.verdict == "different"


def _members(opened: OpenRun, exception: ExceptionRow) -> tuple[RecordView, ...]:
    if exception.side is None or not exception.members:
        return ()
    return tuple(read_records(opened, exception.side, exception.members[:MOST_MEMBERS]).values())


def _member_pairs(opened: OpenRun, exception: ExceptionRow) -> tuple[PairEvidence, ...]:
    if exception.side is None or not exception.members:
        return ()
    told = [(pair["id_a"], pair["id_b"]) for pair in exception.detail.get("pairs", [])][:MOST_MEMBERS]
    records = read_records(opened, exception.side, [record_id for pair in told for record_id in pair])
    found = read_evidence(opened, f"{exception.side}_pairs", told, records, records)
    return tuple(sorted(found.values(), key=lambda pair: (pair.weight or 0.0, pair.left_id, pair.right_id)))
