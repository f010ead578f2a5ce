"""The exceptions that the generator planted are found, kind by kind: over real HTTP, pulled, matched, run.

The engine never reads the truth; this test compares with it and prints the table.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconcile.model import Connection, Run, Snapshot
from reconcile.runs import execute, open_run, summarise
from reconcile.runs.definitions import chargebee_reconciliation
from reconcile.snapshots import pull
from reconcile.systems import open_reader
from tests.practice import Practice, running_practice
from tests.truth.planted import Item, Score, read_items, score, table

ACCOUNTS, SEED = 2_000, 11
EXACT = ("conflicting", "shared", "dangling", "one_sided")
FUZZY = ("contradicted", "unlinked", "duplicate", "unmatched")


@pytest.fixture(scope="module")
def orgs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    with running_practice(tmp_path_factory.mktemp("planted"), accounts=ACCOUNTS, seed=SEED) as started:
        yield started


@pytest.fixture(scope="module")
def snapshots(orgs: Practice, tmp_path_factory: pytest.TempPathFactory) -> tuple[Snapshot, Snapshot]:
    folder = tmp_path_factory.mktemp("snapshots")
    salesforce = Connection(
        "sf",
        "Practice org",
        "salesforce",
        "practice",
        options={"base_url": orgs.salesforce_url, "login": "client_credentials", "client_id": "practice"},
    )
    chargebee = Connection(
        "cb",
        "Practice site",
        "chargebee",
        "practice",
        options={"base_url": orgs.chargebee_url, "site": "acme-practice"},
    )
    return (
        pull(open_reader(salesforce, {"client_secret": "practice"}), ["Account"], folder),
        pull(open_reader(chargebee, {"api_key": "practice_key"}), ["customer"], folder),
    )


@pytest.fixture(scope="module")
def run(snapshots: tuple[Snapshot, Snapshot], tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("runs")
    return execute(chargebee_reconciliation("sf", "cb"), *snapshots, folder, started_by="test")


@pytest.fixture(scope="module")
def items(orgs: Practice) -> list[Item]:
    return read_items(orgs.home / "truth.json")


@pytest.fixture(scope="module")
def scores(run: Run, items: list[Item]) -> dict[str, Score]:
    found = score(run.path, items)
    print(f"\n{ACCOUNTS} accounts, seed {SEED}\n{table(found)}")
    return found


@pytest.mark.parametrize("kind", EXACT)
def test_what_stored_ids_tell_is_found_without_fail(scores: dict[str, Score], kind: str) -> None:
    found = scores[kind]
    assert found.planted >= 12
    assert found.recall == 1.0, found.missed[:5]
    assert found.precision == 1.0, found.false[:5]


@pytest.mark.parametrize("kind", FUZZY)
def test_what_only_the_match_tells_is_found_mostly(scores: dict[str, Score], kind: str) -> None:
    found = scores[kind]
    assert found.planted >= 12
    assert found.recall >= 0.9, found.missed[:5]
    assert found.precision >= 0.9, found.false[:5]


def test_what_became_of_the_account_behind_a_dangling_link_is_told(run: Run, orgs: Practice) -> None:
    """Salesforce remembers which accounts were deleted, and which were merged into which."""
    with open_run(run.path) as con:
        found = con.sql("""SELECT left_id, right_id, detail->>'reason', detail->>'survivor' FROM exceptions
                           WHERE kind = 'dangling'""").fetchall()
    told = {(left, right): (reason, survivor) for left, right, reason, survivor in found}
    merged, deleted = (orgs.truth.of_kind("dangling", variant) for variant in ("merged_account", "deleted_account"))
    assert len(merged) >= 3
    assert len(deleted) >= 3
    for item in merged:
        (victim, account), (customer,) = item["left"], item["right"]
        assert told[victim, customer] == ("merged", account)
    for item in deleted:
        assert told[item["left"][0], item["right"][0]] == ("deleted", None)


def test_totals_tie_out(run: Run, snapshots: tuple[Snapshot, Snapshot]) -> None:
    summary = summarise(run.path)
    assert summary.ties_out
    assert summary.population == {"left": snapshots[0].objects[0].rows, "right": snapshots[1].objects[0].rows}
    assert sum(summary.totals["left"].values()) == ACCOUNTS


def _ids(items: list[Item], kind: str) -> tuple[set[str], set[str]]:
    chosen = [item for item in items if item.kind == kind]
    ids = {record_id for item in chosen for record_id in item.ids}
    return {i[1:] for i in ids if i[0] == "l"}, {i[1:] for i in ids if i[0] == "r"}


def test_test_records_are_set_aside(run: Run, items: list[Item]) -> None:
    left, right = _ids(items, "test")
    con = open_run(run.path)
    found = con.execute("SELECT side, record_id FROM categories WHERE category = 'test'").fetchall()
    con.close()
    assert {record_id for side, record_id in found if side == "left"} == left
    assert {record_id for side, record_id in found if side == "right"} == right


@pytest.mark.parametrize("kind", ["chain", "sibling", "family", "person_account", "long_name", "case_twin"])
def test_what_only_looks_wrong_is_left_alone(run: Run, items: list[Item], kind: str) -> None:
    """Chains, siblings, families, person accounts ... are linked rightly; few of them may be taken for duplicates."""
    con = open_run(run.path)
    duplicates = {frozenset(ids) for ids in _clusters(con, "left")} | {
        frozenset(ids) for ids in _clusters(con, "right")
    }
    con.close()
    groups = [item for item in items if item.kind == kind]
    left, right = _ids(items, kind)
    taken = [ids for ids in duplicates if len(ids & (left | right)) > 1]
    assert len(groups) >= 6
    assert len(taken) <= 0.05 * len(groups), taken[:5]


def _clusters(con: object, side: str) -> list[list[str]]:
    rows = con.execute(f"SELECT list(record_id) FROM {side}_clusters GROUP BY cluster_id").fetchall()  # type: ignore[attr-defined]  # DuckDB ships no types
    return [ids for (ids,) in rows]


def test_short_ids_count_as_the_same_link(run: Run, orgs: Practice) -> None:
    planted = {(i["left"][0], i["right"][0]) for i in orgs.truth.of_kind("correct", "short_id")}
    con = open_run(run.path)
    confirmed = set(con.execute("SELECT left_id, right_id FROM links WHERE status = 'confirmed'").fetchall())
    con.close()
    assert planted
    assert planted <= confirmed


def test_a_run_is_repeatable(snapshots: tuple[Snapshot, Snapshot], run: Run, tmp_path: Path) -> None:
    again = execute(chargebee_reconciliation("sf", "cb"), *snapshots, tmp_path, started_by="test")
    first, second = open_run(run.path), open_run(again.path)
    for query in (
        "SELECT * FROM links ORDER BY ALL",
        "SELECT * EXCLUDE (first_seen_run, first_seen_at) FROM exceptions ORDER BY rank",
        "SELECT * FROM differences",
        "SELECT * FROM totals",
    ):
        assert first.execute(query).fetchall() == second.execute(query).fetchall(), query
    first.close()
    second.close()
