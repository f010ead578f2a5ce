"""What the Overview shows: the seven steps of the loop, where each stands, and the one thing to do next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from reconcile.access import may
from reconcile.model import ChangeSetState, Connection, Person, Run, Snapshot
from reconcile.state import change_sets, snapshots
from reconcile.ui.queries.review import Progress, review_progress
from reconcile.ui.queries.runs import RunFigures, run_figures
from reconcile.ui.text import age, count
from reconcile.workbench import Workbench

State = Literal["done", "now", "todo", "trouble"]

_REVIEW, _CHANGES = "pages/3_Review.py", "pages/6_Changes.py"


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of the loop: `fact` says in a few words how it stands."""

    name: str
    icon: str
    state: State
    fact: str
    page: str


@dataclass(frozen=True, slots=True)
class NextStep:
    """The one thing to do next, why, and the page where it is done."""

    title: str
    why: str
    page: str
    label: str
    query: Mapping[str, str | Sequence[str]]


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything the page shows. `figures` and `progress` are None before the first run."""

    stages: tuple[Stage, ...]
    next_step: NextStep
    figures: RunFigures | None
    progress: Progress | None


@dataclass(frozen=True, slots=True)
class _Facts:
    person: Person
    snapshots: Sequence[Snapshot | None]
    run: Run | None
    progress: Progress | None
    sets: Mapping[ChangeSetState, int]

    @property
    def is_pulled(self) -> bool:
        return bool(self.snapshots) and all(self.snapshots)

    @property
    def is_run_current(self) -> bool:
        """Whether the run used the newest snapshots."""
        used = {self.run.left_snapshot_id, self.run.right_snapshot_id} if self.run else set()
        return self.run is not None and all(snapshot and snapshot.id in used for snapshot in self.snapshots)

    def number(self, *states: ChangeSetState) -> int:
        return sum(self.sets.get(state, 0) for state in states)


def read_overview(workbench: Workbench, person: Person, sides: Sequence[Connection], run: Run | None) -> Overview:
    """Read where the work on a reconciliation stands."""
    with workbench.database.read() as tx:
        newest = [snapshots.latest(tx, connection.id) for connection in sides]
        found = change_sets.list_change_sets(tx, reconciliation_id=run.reconciliation_id) if run else []
    states = [each.state for each in found]
    progress = review_progress(workbench, run) if run else None
    facts = _Facts(person, newest, run, progress, {state: states.count(state) for state in set(states)})
    figures = run_figures(run.path) if run else None
    return Overview(_stages(facts), _next_step(facts), figures, progress)


def _stages(facts: _Facts) -> tuple[Stage, ...]:
    return (
        Stage("Pull", ":material/download:", *_pull(facts), "pages/1_Sources.py"),
        Stage("Match", ":material/join_inner:", *_match(facts), "pages/2_Matching.py"),
        Stage("Review", ":material/fact_check:", *_review(facts), _REVIEW),
        Stage("Approve", ":material/verified_user:", *_waiting(facts, "to approve", "submitted", "draft"), _CHANGES),
        Stage("Push", ":material/cloud_upload:", *_push(facts), _CHANGES),
        Stage("Verify", ":material/verified:", *_verify(facts), _CHANGES),
        Stage("Report", ":material/summarize:", *_report(facts), "pages/11_Reports.py"),
    )


def _pull(facts: _Facts) -> tuple[State, str]:
    pulled = [snapshot for snapshot in facts.snapshots if snapshot]
    if not pulled:
        return "now", "nothing pulled yet"
    if not facts.is_pulled:
        return "now", f"{len(pulled)} of {len(facts.snapshots)} pulled"
    return "done", f"oldest {age(min(snapshot.finished_at for snapshot in pulled))}"


def _match(facts: _Facts) -> tuple[State, str]:
    if facts.run is None:
        return ("now" if facts.is_pulled else "todo"), "not run yet"
    if not facts.is_run_current:
        return "now", "newer snapshots are there"
    return "done", f"run {age(facts.run.finished_at)}"


def _review(facts: _Facts) -> tuple[State, str]:
    if facts.progress is None:
        return "todo", "after the first run"
    if facts.progress.open == 0:
        return "done", f"all {count(facts.progress.total)} decided"
    return "now", f"{count(facts.progress.open)} of {count(facts.progress.total)} open"


def _waiting(facts: _Facts, what: str, *states: ChangeSetState) -> tuple[State, str]:
    number = facts.number(*states)
    if number:
        return "now", f"{count(number)} {what}"
    return ("done", "nothing waits") if facts.sets else ("todo", "no change set yet")


def _push(facts: _Facts) -> tuple[State, str]:
    if facts.number("paused", "pushing"):
        under_way = facts.number("pushing")
        return ("now", f"{under_way} under way") if under_way else ("trouble", f"{facts.number('paused')} paused")
    return _waiting(facts, "to push", "approved")


def _verify(facts: _Facts) -> tuple[State, str]:
    if facts.number("partly_failed"):
        return "trouble", f"{facts.number('partly_failed')} partly failed"
    if facts.number("pushed"):
        return "now", f"{facts.number('pushed')} to read back"
    verified = facts.number("verified", "reverted")
    return ("done", f"{verified} verified") if verified else ("todo", "nothing pushed yet")


def _report(facts: _Facts) -> tuple[State, str]:
    return ("done", "ready to download") if facts.run else ("todo", "after the first run")


def _next_step(facts: _Facts) -> NextStep:
    for is_it, step in _candidates(facts):
        if is_it:
            return step
    return NextStep(
        "All is decided and written",
        "Download the report of this run, or pull again later to see what has drifted since.",
        "pages/11_Reports.py",
        "Get the report",
        {},
    )


def _candidates(facts: _Facts) -> tuple[tuple[bool, NextStep], ...]:
    """What could be next, the most pressing first."""
    to_review = facts.progress.open if facts.progress else 0
    undrafted = facts.progress.undrafted if facts.progress else 0
    return (
        (
            not facts.snapshots,
            _step("Connect two systems", "Nothing is connected yet.", "pages/1_Sources.py", "Add a connection"),
        ),
        (
            not facts.is_pulled,
            _step(
                "Pull both sides",
                "A snapshot of each side is what everything else works on.",
                "pages/1_Sources.py",
                "Go to Sources",
            ),
        ),
        (
            facts.run is None,
            _step(
                "Match the two sides",
                "The snapshots are there; find which records belong together.",
                "pages/2_Matching.py",
                "Go to Matching",
            ),
        ),
        (
            facts.number("partly_failed", "paused") > 0,
            _step(
                "Look at the push that did not finish",
                "Some rows were refused, changed meanwhile, or wait.",
                _CHANGES,
                "See what happened",
                state=("partly_failed", "paused"),
            ),
        ),
        (
            facts.number("submitted") > 0 and may(facts.person, "approve change sets"),
            _step(
                "Approve a change set",
                f"{facts.number('submitted')} submitted and waiting for an approver.",
                _CHANGES,
                "Read and approve",
                state="submitted",
            ),
        ),
        (
            facts.number("approved") > 0,
            _step(
                "Push what was approved",
                f"{facts.number('approved')} approved and not yet written.",
                _CHANGES,
                "Go and push",
                state="approved",
            ),
        ),
        (
            not facts.is_run_current,
            _step(
                "Match again",
                "Newer snapshots are there than the run has seen.",
                "pages/2_Matching.py",
                "Go to Matching",
            ),
        ),
        (
            facts.number("draft") > 0,
            _step(
                "Submit the draft",
                "A change set is put together but nobody can approve it yet.",
                _CHANGES,
                "Go to the draft",
                state="draft",
            ),
        ),
        (
            undrafted > 0 and to_review == 0,
            _step(
                "Make a change set",
                f"{count(undrafted)} decisions are not in a change set yet.",
                _REVIEW,
                "Make the change set",
            ),
        ),
        (
            to_review > 0,
            _step(
                "Review the exceptions",
                f"{count(to_review)} links need a person; the most money at stake comes first.",
                _REVIEW,
                "Start reviewing",
            ),
        ),
    )


def _step(title: str, why: str, page: str, label: str, **query: str | Sequence[str]) -> NextStep:
    return NextStep(title, why, page, label, query)
