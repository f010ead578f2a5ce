"""Pulls from the practice orgs: under faults, killed in the middle, and incremental against full."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconcile.snapshots import open_snapshot, pull, read_snapshot
from tests.practice import ROOT, Practice, running_practice
from tests.unit.systems.connections import LINK, chargebee_reader, rows_of, salesforce_reader

SALESFORCE = ["Account", "Contact", "User", "chargebeeapps__CB_Subscription__c"]
CHARGEBEE = ["customer", "subscription", "invoice"]


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    """Practice orgs that this module may break."""
    with running_practice(tmp_path_factory.mktemp("pulls"), accounts=200) as practice:
        yield practice


@pytest.fixture(autouse=True)
def _no_faults_left(own: Practice) -> Iterator[None]:
    yield
    own.clear_faults()


def test_incremental_equals_full_on_both_systems(own: Practice, tmp_path: Path) -> None:
    for reader, objects in ((salesforce_reader(own), SALESFORCE), (chargebee_reader(own), CHARGEBEE)):
        base = pull(reader, objects, tmp_path)
        system, name = reader.connection.system, objects[0]
        key = "Id" if system == "salesforce" else "id"
        ids = sorted(str(row[key]) for row in rows_of(reader.changes(name, [key], None)))
        field = "Name" if system == "salesforce" else "company"
        own.touch(system, name, ids[:3], {field: "Zoë „GmbH“\n日本 'x', \"y\""})
        own.delete(system, name, ids[3:5])
        later = pull(reader, objects, tmp_path, base=base)
        fresh_reader = salesforce_reader(own, bulk_read_from="0") if system == "salesforce" else chargebee_reader(own)
        full = pull(fresh_reader, objects, tmp_path)
        assert (later.kind, full.kind) == ("incremental", "full")
        assert [(c.object, c.rows, c.content_hash) for c in later.objects] == [
            (c.object, c.rows, c.content_hash) for c in full.objects
        ]
        with open_snapshot(later.path) as con:
            held = {row[0] for row in con.execute(f'SELECT "{key}" FROM "{name}"').fetchall()}
        assert set(ids[:3]) <= held
        assert not set(ids[3:5]) & held


@pytest.mark.parametrize("kind", ["unavailable", "drop_before", "drop_after", "drop_during", "too_many_requests"])
def test_a_pull_through_faults_is_the_same_pull(own: Practice, tmp_path: Path, kind: str) -> None:
    objects = ["Account", "chargebeeapps__CB_Subscription__c"]
    calm = pull(salesforce_reader(own, bulk_read_from="10"), objects, tmp_path)
    own.faults(kind, system="salesforce", path="/services/data", probability=0.2, seed=11, retry_after=0.02)
    stormy = pull(salesforce_reader(own, bulk_read_from="10"), objects, tmp_path)
    assert sum(fault["fired"] for fault in own.fault_state()) > 0
    assert stormy.objects == calm.objects


PULL = """
import sys
from pathlib import Path
from reconcile.model import Connection
from reconcile.snapshots import pull
from reconcile.systems import open_reader
options = {"base_url": sys.argv[1], "client_id": "practice", "bulk_read_from": "10"}
connection = Connection("sf", "Practice", "salesforce", "practice", options=options)
reader = open_reader(connection, {"client_secret": "practice"})
pull(reader, ["Account", "Contact", "User"], Path(sys.argv[2]))
"""


def test_a_pull_that_is_killed_leaves_nothing_and_the_next_one_cleans_up(own: Practice, tmp_path: Path) -> None:
    folder = tmp_path / "sf"
    own.faults("latency", system="salesforce", path="jobs/query/.*/results", skip=1, seconds=5)
    with subprocess.Popen([sys.executable, "-c", PULL, own.salesforce_url, str(tmp_path)], cwd=ROOT) as process:
        deadline = time.monotonic() + 60
        while sum(f["fired"] for f in own.fault_state()) == 0 and time.monotonic() < deadline:
            time.sleep(0.05)
        partial = [path.name for path in folder.iterdir()]
        process.send_signal(signal.SIGKILL)
    own.clear_faults()
    assert any(name.endswith(".partial") for name in partial), partial
    assert not list(folder.glob("*.duckdb"))
    snapshot = pull(salesforce_reader(own), ["Account"], tmp_path)
    assert [path.name for path in folder.iterdir()] == [Path(snapshot.path).name]
    assert read_snapshot(snapshot.path).objects[0].is_complete


def test_a_pull_that_still_runs_keeps_its_file(own: Practice, tmp_path: Path) -> None:
    folder = tmp_path / "sf"
    own.faults("latency", system="salesforce", path="jobs/query/.*/results", skip=1, count=1, seconds=5)
    with subprocess.Popen([sys.executable, "-c", PULL, own.salesforce_url, str(tmp_path)], cwd=ROOT) as process:
        deadline = time.monotonic() + 60
        while sum(f["fired"] for f in own.fault_state()) == 0 and time.monotonic() < deadline:
            time.sleep(0.05)
        pull(salesforce_reader(own), ["User"], tmp_path)
        assert len(list(folder.glob(".*.partial"))) == 1
        os.kill(process.pid, signal.SIGKILL)


def test_ids_are_long_and_links_as_stored(own: Practice, tmp_path: Path) -> None:
    with open_snapshot(pull(salesforce_reader(own), ["Account"], tmp_path).path) as con:
        ids = con.execute('SELECT "Id", "OwnerId" FROM "Account"').fetchall()
        assert {len(value) for row in ids for value in row} == {18}
        assert con.execute(f'SELECT count("{LINK}") FROM "Account"').fetchall() > [(0,)]


def test_a_field_that_only_an_old_record_has_is_in_the_snapshot(own: Practice, tmp_path: Path) -> None:
    every = rows_of(chargebee_reader(own).changes("customer", ["created_at", "id"], None))
    oldest = min(every, key=lambda row: str(row["created_at"]))["id"]
    own.touch("chargebee", "customer", [str(oldest)], {"cf_seldom": "kept"})
    query = "SELECT id FROM customer WHERE cf_seldom = 'kept'"
    base = pull(chargebee_reader(own), ["customer"], tmp_path)
    for snapshot in (base, pull(chargebee_reader(own), ["customer"], tmp_path, base=base)):
        with open_snapshot(snapshot.path) as con:
            assert con.execute(query).fetchall() == [(oldest,)]
    assert base.objects[0].expected is None
