"""The report of a run as frozen values: what every renderer shows, computed once.

Figures and what people and pushes did are in the tree. The exceptions themselves may be many; the tree names the run
file and `reconcile.reporting.rows` reads them from it in batches, so that no renderer needs memory in proportion to
them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from reconcile.model import ChangeSetState, DifferenceClass, Environment, ExceptionKind, OperationState, Side, Verdict

AGE_LIMITS_DAYS: tuple[tuple[str, float], ...] = (("today", 1), ("up to 7 days", 7), ("up to 30 days", 30))
"""Names of the age classes and the age (days, exclusive) at which each ends; older is `OLDER`."""
OLDER = "over 30 days"
AGES: tuple[str, ...] = (*(name for name, _ in AGE_LIMITS_DAYS), OLDER)


@dataclass(frozen=True, slots=True)
class ObjectReport:
    """One object of a snapshot: rows received and the source's own count (None where it cannot count)."""

    object: str
    rows: int
    expected: int | None
    is_complete: bool
    content_hash: str


@dataclass(frozen=True, slots=True)
class SourceReport:
    """One side's connection and the snapshot that the run used.

    Attributes:
        dataset: the object that was reconciled; `where` what limited it.
        left_out: fields of the definition that the snapshot did not hold.
    """

    side: Side
    connection_id: str
    connection_name: str
    system: str
    environment: Environment
    fingerprint: str
    snapshot_id: str
    snapshot_kind: str
    started_at: datetime
    finished_at: datetime
    dataset: str
    where: str
    objects: tuple[ObjectReport, ...]
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CategoryTotal:
    """A category of a side's records; `is_exception` for an exception kind."""

    category: str
    title: str
    records: int
    is_exception: bool


@dataclass(frozen=True, slots=True)
class SideTotals:
    """How the records of a side add up: population = linked + in exceptions + set aside."""

    side: Side
    population: int
    linked: int
    in_exceptions: int
    set_aside: int
    categories: tuple[CategoryTotal, ...]
    unlinkable_share: float | None

    @property
    def ties_out(self) -> bool:
        """Whether the parts add up to the population, and the categories to the parts."""
        parts = self.linked + self.in_exceptions + self.set_aside
        return parts == self.population == sum(each.records for each in self.categories)


@dataclass(frozen=True, slots=True)
class KindReport:
    """The exceptions of one kind.

    Attributes:
        amount_cents: what is at stake, of those whose worth is known; a record in several of them is counted once.
        ages: exceptions by age class (`AGES`), from the run that first saw them to this run.
        decided: of these, with a judgement on the present evidence.
    """

    kind: ExceptionKind
    title: str
    meaning: str
    count: int
    amount_cents: int
    ages: Mapping[str, int]
    decided: int

    @property
    def undecided(self) -> int:
        """Exceptions nobody has judged yet."""
        return self.count - self.decided


@dataclass(frozen=True, slots=True)
class Decision:
    """A judgement of the reconciliation that stands.

    Attributes:
        kind: of the exception that was on the screen.
        is_open: whether that exception is still in this run.
    """

    exception_id: str | None
    kind: ExceptionKind | None
    left_id: str
    right_id: str
    verdict: Verdict
    person: str
    made_at: datetime
    note: str
    is_open: bool


@dataclass(frozen=True, slots=True)
class ExceptionDecision:
    """Where an exception of this run stands, by what people said of its records in this run or before.

    Attributes:
        is_changed: the records show something else now than when it was said, so it counts as undecided.
        chosen: the pair that was picked instead of the one shown.
    """

    verdict: Verdict
    person: str
    made_at: datetime
    note: str
    is_changed: bool
    chosen: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class PersonReport:
    """What one person decided: judgements by verdict."""

    person: str
    verdicts: Mapping[Verdict, int]

    @property
    def total(self) -> int:
        """All judgements of the person."""
        return sum(self.verdicts.values())


@dataclass(frozen=True, slots=True)
class ChangeSetReport:
    """A change set of the reconciliation, and what came of it.

    Attributes:
        operations: by state.
        sent, succeeded, failed, uncertain, returned: of the sending, as `changing.totals` counts them.
        verified: read back and as intended.
        ties_out: sent = succeeded + failed + uncertain + returned, by journal and operations alike.
    """

    id: str
    title: str
    state: ChangeSetState
    author: str
    approver: str | None
    created_at: datetime
    of_this_run: bool
    operations: Mapping[OperationState, int]
    sent: int
    succeeded: int
    failed: int
    uncertain: int
    returned: int
    verified: int
    ties_out: bool


@dataclass(frozen=True, slots=True)
class DifferenceTotal:
    """Disagreements of one compared field by class."""

    name: str
    left_field: str
    right_field: str
    classes: Mapping[DifferenceClass, int]


@dataclass(frozen=True, slots=True)
class DefinitionReport:
    """The definition that the run was made by, in words: (what, value) in order."""

    id: str
    name: str
    version: int
    lines: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ChangesReport:
    """What changed since the run before; None figures never occur, the whole is None without such a run."""

    previous_run_id: str
    links_added: int
    links_removed: int
    links_moved: int
    exceptions_new: int
    exceptions_gone: int
    exceptions_returned: int


@dataclass(frozen=True, slots=True)
class RunReport:
    """The report of one run.

    Attributes:
        run_path: the run file, from which renderers read exceptions and differences.
        file_hash: SHA-256 of the run file: which file this report is about, for good.
        made_by: who asked for the report; empty when nobody in particular.
        amount_cents: what all exceptions put at stake, of those whose worth is known; a record in several of them is
            counted once.
        decided: where exceptions stand, by exception id; those that nobody judged are absent.
    """

    title: str
    run_id: str
    run_path: str
    file_hash: str
    run_started_at: datetime
    run_finished_at: datetime
    run_by: str
    made_at: datetime
    made_by: str
    definition: DefinitionReport
    sources: tuple[SourceReport, ...]
    totals: tuple[SideTotals, ...]
    kinds: tuple[KindReport, ...]
    amount_cents: int
    link_statuses: Mapping[str, int]
    differences: tuple[DifferenceTotal, ...]
    decisions: tuple[Decision, ...]
    people: tuple[PersonReport, ...]
    change_sets: tuple[ChangeSetReport, ...]
    changes: ChangesReport | None = None
    decided: Mapping[str, ExceptionDecision] = field(default_factory=dict)

    @property
    def ties_out(self) -> bool:
        """Whether everything that must add up does: both sides, and what was sent by every change set."""
        return all(side.ties_out for side in self.totals) and all(each.ties_out for each in self.change_sets)

    @property
    def exceptions(self) -> int:
        """All exceptions of the run."""
        return sum(kind.count for kind in self.kinds)

    @property
    def is_practice(self) -> bool:
        """Whether any side is a practice org."""
        return any(source.environment == "practice" for source in self.sources)
