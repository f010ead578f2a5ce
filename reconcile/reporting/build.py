"""Building the report tree of a run from its file and the operational database."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import duckdb
from sqlalchemy.engine import Connection as Transaction

from reconcile.changing import totals as pushes
from reconcile.errors import UnknownNameError
from reconcile.model import DifferenceClass, Run, Side, utc_now
from reconcile.reporting.decisions import Standings, read_standings
from reconcile.reporting.definition import describe_definition
from reconcile.reporting.tree import (
    AGE_LIMITS_DAYS,
    OLDER,
    CategoryTotal,
    ChangeSetReport,
    ChangesReport,
    DifferenceTotal,
    KindReport,
    ObjectReport,
    RunReport,
    SideTotals,
    SourceReport,
)
from reconcile.reporting.wording import KINDS, category_title
from reconcile.runs import WORTH_SQL, compare_runs, open_run, read_document, summarise
from reconcile.runs.document import reconciliation_of, snapshot_of
from reconcile.runs.reading import RunSummary
from reconcile.state import change_sets, connections, people, runs
from reconcile.state.database import Database

_SIDES: tuple[Side, Side] = ("left", "right")
_READ_BYTES = 1 << 20


def report_for_run(database: Database, run: Run, *, made_by: str = "") -> RunReport:
    """The report of a run: its file, what people decided, what was pushed.

    Args:
        database: the operational database.
        run: as recorded there.
        made_by: name of who asks, for the cover.

    Raises:
        StorageError: the run file is missing, damaged or of another version.
    """
    document = read_document(run.path)
    summary = summarise(run.path)
    with database.read() as tx:
        names = {person.id: person.name for person in people.list_people(tx, with_inactive=True)}
        standings = read_standings(tx, run)
        sources = tuple(_source(tx, document, side) for side in _SIDES)
        sets = _change_sets(tx, run, names)
        previous = _previous(tx, document)
    with closing(open_run(run.path)) as con:
        worth: dict[str | None, int] = dict(con.execute(WORTH_SQL).fetchall())
        kinds = _kinds(con, run, standings, worth)
        differences = _differences(con)
    reconciliation = reconciliation_of(document)
    return RunReport(
        title=reconciliation.name,
        run_id=run.id,
        run_path=run.path,
        file_hash=_file_hash(Path(run.path)),
        run_started_at=run.started_at,
        run_finished_at=run.finished_at,
        run_by=names.get(run.started_by, run.started_by),
        made_at=utc_now(),
        made_by=made_by,
        definition=describe_definition(reconciliation),
        sources=sources,
        totals=tuple(_side_totals(summary, side) for side in _SIDES),
        kinds=kinds,
        amount_cents=worth.get(None, 0),
        link_statuses=summary.links,
        differences=differences,
        decisions=standings.decisions,
        people=standings.people(),
        change_sets=sets,
        changes=_changes(previous, run),
        decided=standings.decided,
    )


def _file_hash(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_READ_BYTES):
            digest.update(block)
    return digest.hexdigest()


def _source(tx: Transaction, document: dict[str, Any], side: Side) -> SourceReport:
    snapshot = snapshot_of(document, side)
    dataset = getattr(reconciliation_of(document), side)
    try:
        name = connections.get(tx, snapshot.connection_id).name
    except UnknownNameError:  # a run file may be read in a workbench that never had the connection
        name = snapshot.connection_id
    return SourceReport(
        side=side,
        connection_id=snapshot.connection_id,
        connection_name=name,
        system=snapshot.system,
        environment=snapshot.environment,
        fingerprint=snapshot.fingerprint,
        snapshot_id=snapshot.id,
        snapshot_kind=snapshot.kind,
        started_at=snapshot.started_at,
        finished_at=snapshot.finished_at,
        dataset=dataset.object,
        where=dataset.where,
        objects=tuple(
            ObjectReport(each.object, each.rows, each.expected, each.is_complete, each.content_hash)
            for each in snapshot.objects
        ),
        left_out=tuple(document.get("left_out", {}).get(side, ())),
    )


def _side_totals(summary: RunSummary, side: Side) -> SideTotals:
    found = summary.totals[side]
    order = {name: place for place, name in enumerate(["linked", *KINDS, "test"])}
    categories = tuple(
        CategoryTotal(name, category_title(name), found[name], name in KINDS)
        for name in sorted(found, key=lambda name: order.get(name, len(order)))
    )
    return SideTotals(
        side=side,
        population=summary.population[side],
        linked=found.get("linked", 0),
        in_exceptions=sum(each.records for each in categories if each.is_exception),
        set_aside=found.get("test", 0),
        categories=categories,
        unlinkable_share=summary.unlinkable_share[side],
    )


def _age_sql() -> str:
    days = "(epoch($at::TIMESTAMP) - epoch(first_seen_at)) / 86400.0"
    cases = " ".join(f"WHEN {days} < {limit} THEN '{name}'" for name, limit in AGE_LIMITS_DAYS)
    return f"CASE {cases} ELSE '{OLDER}' END"


def _kinds(
    con: duckdb.DuckDBPyConnection, run: Run, standings: Standings, worth: Mapping[str | None, int]
) -> tuple[KindReport, ...]:
    """Every kind, in the order of `KINDS`, those without exceptions too."""
    rows = con.execute(
        f"SELECT kind, {_age_sql()}, count(*) FROM exceptions GROUP BY ALL",
        {"at": run.started_at.replace(tzinfo=None)},
    ).fetchall()
    ages: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for kind, age, count in rows:
        ages[kind][age] += int(count)
    return tuple(
        KindReport(
            kind, title, meaning, ages[kind].total(), worth.get(kind, 0), dict(ages[kind]), standings.count(kind)
        )
        for kind, (title, meaning) in KINDS.items()
    )


def _differences(con: duckdb.DuckDBPyConnection) -> tuple[DifferenceTotal, ...]:
    rows = con.execute(
        """SELECT name, left_field, right_field, class, count(*) FROM differences
           GROUP BY ALL ORDER BY name, left_field, right_field, class"""
    ).fetchall()
    found: dict[tuple[str, str, str], dict[DifferenceClass, int]] = {}
    for name, left_field, right_field, difference_class, count in rows:
        found.setdefault((name, left_field, right_field), {})[cast("DifferenceClass", difference_class)] = int(count)
    return tuple(DifferenceTotal(*fields, classes) for fields, classes in found.items())


def _change_sets(tx: Transaction, run: Run, names: dict[str, str]) -> tuple[ChangeSetReport, ...]:
    """Change sets of the reconciliation made since the run began, and those made of the run itself; newest first."""
    found = change_sets.overview(tx, reconciliation_id=run.reconciliation_id, limit=1_000)
    chosen = [
        each for each in found if each.change_set.run_id == run.id or each.change_set.created_at >= run.started_at
    ]
    return tuple(_change_set(tx, run, each, names) for each in chosen)


def _change_set(tx: Transaction, run: Run, listed: change_sets.Listed, names: dict[str, str]) -> ChangeSetReport:
    change_set, sent = listed.change_set, pushes.count(tx, listed.change_set.id)
    return ChangeSetReport(
        id=change_set.id,
        title=change_set.title,
        state=change_set.state,
        author=names.get(change_set.author_id, change_set.author_id),
        approver=names.get(change_set.approver_id, change_set.approver_id) if change_set.approver_id else None,
        created_at=change_set.created_at,
        of_this_run=change_set.run_id == run.id,
        operations=dict(sent.counts),
        sent=sent.sent,
        succeeded=sent.succeeded,
        failed=sent.failed,
        uncertain=sent.uncertain,
        returned=sent.returned,
        verified=sent.counts.get("verified", 0),
        ties_out=sent.is_tied_out,
    )


def _previous(tx: Transaction, document: dict[str, Any]) -> Run | None:
    """The run before, if it is still known and its file still there."""
    run_id = document.get("previous_run_id")
    if not run_id:
        return None
    try:
        found = runs.get(tx, run_id)
    except UnknownNameError:
        return None
    return found if Path(found.path).is_file() else None


def _changes(previous: Run | None, run: Run) -> ChangesReport | None:
    if previous is None:
        return None
    comparison = compare_runs(previous.path, run.path)
    return ChangesReport(
        previous_run_id=previous.id,
        links_added=comparison.count("added"),
        links_removed=comparison.count("removed"),
        links_moved=comparison.count("moved"),
        exceptions_new=comparison.count("new"),
        exceptions_gone=comparison.count("gone"),
        exceptions_returned=comparison.count("returned"),
    )
