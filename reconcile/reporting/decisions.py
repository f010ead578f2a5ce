"""What people decided, as the report shows it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass

from sqlalchemy.engine import Connection as Transaction

from reconcile.model import Run
from reconcile.reporting.tree import Decision, ExceptionDecision, PersonReport
from reconcile.reviewing import OpenRun, Standing, open_run, standings
from reconcile.state import judgements
from reconcile.state.judgements import StoredJudgement


@dataclass(frozen=True, slots=True)
class Standings:
    """Judgements of the reconciliation, and where exceptions of the run stand by them.

    Attributes:
        decisions: every judgement that stands, newest first.
        decided: by exception id; exceptions that nobody judged are absent.
        counts: exceptions decided on the present evidence, by kind.
    """

    decisions: tuple[Decision, ...]
    decided: Mapping[str, ExceptionDecision]
    counts: Mapping[str, int]

    def count(self, kind: str) -> int:
        """Exceptions of the kind that are decided."""
        return self.counts.get(kind, 0)

    def people(self) -> tuple[PersonReport, ...]:
        """Judgements by person, the busiest first."""
        verdicts: dict[str, Counter[str]] = {}
        for decision in self.decisions:
            verdicts.setdefault(decision.person, Counter())[decision.verdict] += 1
        found = [PersonReport(person, dict(counts)) for person, counts in verdicts.items()]  # type: ignore[arg-type]  # a Counter of verdicts
        return tuple(sorted(found, key=lambda each: (-each.total, each.person)))


def read_standings(tx: Transaction, run: Run) -> Standings:
    """What was judged, matched with the run's exceptions. Memory is in proportion to the judgements, not to the run.

    Raises:
        StorageError: the run file cannot be read.
    """
    rows = judgements.standing(tx, run.reconciliation_id)
    with closing(open_run(run)) as opened:
        exceptions = opened.exceptions(_touched(opened, rows))
        found = standings(tx, opened, exceptions) if exceptions else {}
    present = {each.exception_id for each in exceptions}
    kinds = {each.exception_id: each.kind for each in exceptions}
    decided = {name: said for name, standing in found.items() if (said := _said(standing)) is not None}
    return Standings(
        decisions=tuple(_decision(row, present) for row in reversed(rows)),
        decided=decided,
        counts=Counter(kinds[name] for name, said in decided.items() if not said.is_changed),
    )


def _touched(opened: OpenRun, rows: Iterable[StoredJudgement]) -> list[str]:
    """Exceptions that concern or name a judged record."""
    ids = sorted({ref.record_id for row in rows for ref in (row.judgement.left, row.judgement.right) if ref.record_id})
    found = opened.query(
        """
        WITH judged AS (SELECT unnest(?::VARCHAR[]) AS record_id)
        SELECT exception_id FROM run.coverage WHERE record_id IN (SELECT record_id FROM judged)
        UNION SELECT exception_id FROM run.exceptions
        WHERE left_id IN (SELECT record_id FROM judged) OR right_id IN (SELECT record_id FROM judged)
        ORDER BY exception_id
        """,
        [ids],
    )
    return [exception_id for (exception_id,) in found]


def _said(standing: Standing) -> ExceptionDecision | None:
    if standing.verdict is None or standing.made_at is None:
        return None
    return ExceptionDecision(
        verdict=standing.verdict,
        person=standing.person_name or standing.person_id or "",
        made_at=standing.made_at,
        note=standing.note,
        is_changed=standing.is_changed,
        chosen=standing.chosen,
    )


def _decision(row: StoredJudgement, present: set[str]) -> Decision:
    said = row.judgement
    return Decision(
        exception_id=row.exception_id,
        kind=row.exception_kind,
        left_id=said.left.record_id,
        right_id=said.right.record_id,
        verdict=said.verdict,
        person=row.person_name,
        made_at=said.made_at,
        note=said.note,
        is_open=row.exception_id in present,
    )
