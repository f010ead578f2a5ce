"""What the link card shows, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconcile.model import DifferenceClass, Role, Side
from reconcile.reviewing.opening import ExceptionRow
from reconcile.reviewing.standing import Standing
from reconcile.state.claims import Claim
from reconcile.state.judgements import StoredJudgement


@dataclass(frozen=True, slots=True)
class RecordView:
    """One record as the run saw it.

    Attributes:
        values: role -> value, for the roles that its side fills.
        extra: further fields to show, as stored.
    """

    side: Side
    record_id: str
    link_id: str | None
    owner: str | None
    parent_id: str | None
    amount_cents: int | None
    is_test: bool | None
    is_person_account: bool | None
    created_at: str | None
    modified_at: str | None
    values: Mapping[Role, str]
    extra: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """What one role says of a pair.

    Attributes:
        level: the agreement level; None where the pair was not scored on this role.
        label: what the level means.
        weight: bits; positive speaks for the pair, negative against it; None where not scored.
        is_equal: whether the two values are the same text; None where one is missing.
    """

    role: Role
    left_value: str | None
    right_value: str | None
    level: int | None
    label: str
    weight: float | None
    is_equal: bool | None


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One compared field in which the pair disagrees."""

    name: str
    left_field: str
    right_field: str
    left_value: str | None
    right_value: str | None
    difference: DifferenceClass


@dataclass(frozen=True, slots=True)
class PairEvidence:
    """Everything the match says of one pair.

    Attributes:
        rows: the roles that at least one record fills; what speaks against the pair first, then what differs.
        prior: bits before any evidence; prior and weights add up to `weight`.
    """

    left_id: str
    right_id: str
    probability: float | None
    weight: float | None
    margin: float | None
    prior: float | None
    rows: tuple[EvidenceRow, ...]


@dataclass(frozen=True, slots=True)
class StoredLink:
    """A link of one of the card's records, as `links` of the run file has it."""

    left_id: str
    right_id: str
    status: str
    stored_left: bool
    stored_right: bool


@dataclass(frozen=True, slots=True)
class Candidate:
    """Another pair that one could pick.

    Attributes:
        record: the record that would take the other's place.
        is_rejected: the pair was judged different.
        links: what the record is linked to already.
    """

    left_id: str
    right_id: str
    record: RecordView
    evidence: PairEvidence
    is_rejected: bool
    links: tuple[StoredLink, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """One exception, ready to be decided.

    Attributes:
        left, right: the records of the pair in question; None where there is none, or where it is gone.
        evidence: of the pair in question; None where it is not a pair of two records.
        differences: the compared fields in which they disagree, real ones first.
        candidates: other pairs, best first.
        links: every stored or proposed link of the two records.
        members: of duplicates, the records, at most 50.
        member_pairs: of duplicates, the evidence of the pairs that hold them together, weakest first.
        standing: what was decided, by whom, and whether the evidence changed since.
        history: every judgement that touches a record of it, oldest first, withdrawn ones included.
        claim: who works on it just now.
    """

    exception: ExceptionRow
    left: RecordView | None
    right: RecordView | None
    evidence: PairEvidence | None
    differences: tuple[FieldRow, ...]
    candidates: tuple[Candidate, ...]
    links: tuple[StoredLink, ...]
    members: tuple[RecordView, ...]
    member_pairs: tuple[PairEvidence, ...]
    standing: Standing
    history: tuple[StoredJudgement, ...]
    claim: Claim | None
