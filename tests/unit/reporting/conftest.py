"""One report tree, made of a hand-written run file and of judgements in a real database."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from reconcile.model import Connection, Judgement, Person, RecordRef, Run, Side, Snapshot
from reconcile.reporting import RunReport, report_for_run
from reconcile.runs import open_run, pair_evidence_hash
from reconcile.state import connections, judgements, people, reconciliations, runs, snapshots
from reconcile.state.database import Database
from reconcile.state.judgements import StoredJudgement
from tests import run_files
from tests.run_files import RunFile

ANA = Person("ana", "Ana Lyst", frozenset({"analyst", "administrator"}))
NAMES = ("Acme Ltd", "Bär & Söhne", "=1+1", "+49 30 1", "-2", "@cmd", "\t=3", "<b>Bold & Co</b>")
"""Among them what a spreadsheet would evaluate and what a browser would render."""


def left_id(place: int) -> str:
    """Record ids that a spreadsheet would take for numbers, with leading zeros and an exponent."""
    return f"00{place}E{place:05d}"


def write_run(folder: Path) -> Run:
    """Eight records a side: three in order, exceptions of five kinds, two differences; one seen for thirteen days."""
    file = RunFile(folder, number=14)
    for place, name in enumerate(NAMES):
        file.left(left_id(place), name=name, owner="005A")
        file.right(f"cb_{place}", name=name, amount_cents=10_000 * (place + 1))
    for place in range(4):
        file.link(left_id(place), f"cb_{place}", "confirmed", stored_left=True, stored_right=True)
    file.link(left_id(4), "cb_4", "one_sided", stored_left=True)
    file.exception("one_sided", left_id(4), "cb_4", probability=0.99, amount_cents=50_000, first_seen=1)
    file.link(left_id(5), "gone", "dangling", stored_left=True)
    file.exception("dangling", left_id(5), "gone", side="left", detail={"dangling_id": "gone", "reason": "unknown"})
    best = {"left_id": left_id(6), "right_id": "cb_6", "probability": 0.75, "weight": 1.6}
    file.exception(
        "unlinked",
        left_id(6),
        "cb_6",
        probability=0.75,
        amount_cents=70_000,
        first_seen=10,
        detail={"candidates": [best]},
    )
    file.exception("unmatched", None, "cb_5", side="right", amount_cents=60_000)
    members = [{"record_id": left_id(place), "name": NAMES[place]} for place in (0, 7)]
    file.exception(
        "duplicate",
        side="left",
        members=(left_id(0), left_id(7)),
        amount_cents=10_000,  # the customer of the one that is linked
        detail={"members": members},
    )
    file.exception("unmatched", None, "cb_7", side="right", amount_cents=80_000)
    file.difference(left_id(1), "cb_1", "Name", ("Bär & Söhne", "Baer"), "format")
    file.difference(left_id(2), "cb_2", "Phone", ("=1+1", "+49 30 1"), "real")
    run = file.write()
    _count(run)
    return run


def _count(run: Run) -> None:
    """Add what the passes of a run would have counted: populations and categories."""
    con = duckdb.connect(run.path)
    for side in ("left", "right"):
        con.execute(f"INSERT INTO population SELECT '{side}', count(*) FROM {side}_records")
        con.execute(f"""INSERT INTO categories SELECT '{side}', record_id, coalesce(
            (SELECT min(kind) FROM coverage c WHERE c.side = '{side}' AND c.record_id = r.record_id), 'linked')
            FROM {side}_records r""")
    con.execute("INSERT INTO totals SELECT side, category, count(*) FROM categories GROUP BY ALL ORDER BY ALL")
    con.close()


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> RunReport:
    """The report of the run, with people, connections and one judgement in the database."""
    folder = tmp_path_factory.mktemp("report")
    run = write_run(folder / "runs")
    database = Database(f"sqlite:///{folder / 'reconcile.db'}")
    database.migrate()
    with database.begin() as tx:
        people.add(tx, ANA)
        connections.add(tx, Connection("crm", "Our CRM", "salesforce", "production", fingerprint="00D1"))
        connections.add(tx, Connection("billing", "Our billing", "chargebee", "practice", fingerprint="acme"))
        snapshots.record(tx, _snapshot(run, "left"))
        snapshots.record(tx, _snapshot(run, "right"))
        reconciliations.save(tx, ANA, run_files.reconciliation())
        runs.record(tx, run)
        judgements.insert(tx, [_judgement(run)])
    made = report_for_run(database, run, made_by="Con Troller")
    database.close()
    return replace(made, made_at=run.started_at + timedelta(days=1), file_hash="0" * 64)


def _snapshot(run: Run, side: Side) -> Snapshot:
    at = run.started_at - timedelta(hours=1)
    if side == "left":
        return Snapshot("left_14", "crm", "salesforce", "production", "00D1", "", "full", None, at, at, ())
    return Snapshot("right_14", "billing", "chargebee", "practice", "acme", "", "full", None, at, at, ())


def _judgement(run: Run) -> StoredJudgement:
    con = open_run(run.path)
    evidence = pair_evidence_hash(con, left_id(6), "cb_6")
    row = con.execute("SELECT exception_id FROM exceptions WHERE kind = 'unlinked'").fetchone()
    con.close()
    pair = RecordRef("crm", "Account", left_id(6)), RecordRef("billing", "customer", "cb_6")
    made_at = run.started_at + timedelta(hours=2)
    said = Judgement("j1", run.reconciliation_id, *pair, "same", evidence, "=looked it up", ANA.id, made_at)
    return StoredJudgement(said, "decision_1", ANA.name, run.id, row[0] if row else None, "unlinked")
