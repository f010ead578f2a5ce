"""Whole runs over real snapshot files: written whole or not at all, remembered, compared, and read back."""

from __future__ import annotations

import csv
from contextlib import closing
from dataclasses import replace
from datetime import UTC
from pathlib import Path

import duckdb
import pytest

from reconcile.errors import DefinitionError, StorageError
from reconcile.model import Connection, Dataset, FieldPair, Reconciliation, Run, Snapshot
from reconcile.runs import compare_runs, execute, open_run, pair_evidence_hash, read_exceptions, read_run, summarise
from reconcile.runs.document import snapshot_of
from reconcile.runs.execution import PASSES
from reconcile.runs.reading import read_document
from reconcile.runs.schema import TABLES
from reconcile.snapshots import pull
from reconcile.systems import open_reader

NAMES = ("Acme Ltd", "Blue Whale Inc", "Cobalt GmbH", "Delta Foods", "Echo Systems", "Falcon Air")
STREETS = ("1 Main St", "22 Hill Rd", "3 Lake Ave", "47 Park Ln", "5 Oak Dr", "61 Bay St")
DEFINITION = Reconciliation(
    "rec",
    1,
    "Accounts and customers",
    Dataset(
        "left",
        "left",
        "id",
        {"name": ("name",), "street": ("street",)},
        link_field="link",
        owner_field="owner",
        test_field="is_test",
    ),
    Dataset(
        "right",
        "right",
        "id",
        {"name": ("name",), "street": ("street",)},
        link_field="link",
        amount_field="amount",
        extra=("colour",),
    ),
    compare=(FieldPair("Name", "name", "name", "name"), FieldPair("Fax", "fax", "fax", None)),
)


def taken(folder: Path, side: str, links: str, *, names: tuple[str, ...] = NAMES) -> Snapshot:
    """A snapshot of six records `A1`.. or `X1`.. that name what `links` says: "X1 X2 - - gone -"."""
    letter = "A" if side == "left" else "X"
    home = folder / f"{side}-{len(list(folder.iterdir()))}"
    home.mkdir()
    with (home / f"{side}.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "name", "street", "link", "amount", "is_test"])
        for place, (name, street, link) in enumerate(zip(names, STREETS, links.split(), strict=True)):
            writer.writerow(
                [f"{letter}{place + 1}", name, street, "" if link == "-" else link, 100 * (place + 1), "false"]
            )
    connection = Connection(side, side, "files", "practice", options={"path": str(home), "id_field": "id"})
    return pull(open_reader(connection, {}), [side], folder / "snapshots")


def ran(folder: Path, left: Snapshot, right: Snapshot, previous: Run | None = None) -> Run:
    return execute(DEFINITION, left, right, folder / "runs", started_by="ana", previous=previous)


def told(run: Run) -> set[tuple[str, str | None, str | None]]:
    with closing(open_run(run.path)) as con:
        return {(e["kind"], e["left_id"], e["right_id"]) for e in read_exceptions(con)}


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Run, Run]:
    """Three runs: A3's link is missing on the right, then A6's on the left, then A3's again and A6's leads nowhere."""
    folder = tmp_path_factory.mktemp("history")
    full = "A1 A2 A3 A4 A5 A6"
    first = ran(folder, taken(folder, "left", "X1 X2 X3 X4 X5 X6"), taken(folder, "right", "A1 A2 - A4 A5 A6"))
    second = ran(folder, taken(folder, "left", "X1 X2 X3 X4 X5 -"), taken(folder, "right", full), first)
    third = ran(folder, taken(folder, "left", "X1 X2 X3 X4 X5 X9"), taken(folder, "right", "A1 A2 - A4 A5 A6"), second)
    return first, second, third


def test_exceptions_of_each_run(history: tuple[Run, Run, Run]) -> None:
    first, second, third = history
    assert told(first) == {("one_sided", "A3", "X3")}
    assert told(second) == {("one_sided", "A6", "X6")}
    assert told(third) == {("one_sided", "A3", "X3"), ("dangling", "A6", "X9")}


def test_a_run_compared_with_one_before(history: tuple[Run, Run, Run]) -> None:
    first, second, third = history
    changes = compare_runs(first.path, second.path)
    assert [(c.event, c.left_id, c.right_id) for c in changes.exceptions] == [("gone", "A3", "X3"), ("new", "A6", "X6")]
    later = compare_runs(second.path, third.path)
    assert {(c.event, c.left_id, c.right_id) for c in later.exceptions} == {
        ("returned", "A3", "X3"),
        ("new", "A6", "X9"),
        ("gone", "A6", "X6"),
    }
    assert later.links == ()
    assert (later.count("returned"), later.count("added")) == (1, 0)


def test_a_link_that_moved_was_neither_added_nor_removed(tmp_path: Path) -> None:
    left = taken(tmp_path, "left", "- - - - - -")
    before = ran(tmp_path, left, taken(tmp_path, "right", "A1 A2 A3 - - -"))
    after = ran(tmp_path, left, taken(tmp_path, "right", "A4 A2 - - A5 -"))
    changes = compare_runs(before.path, after.path).links
    assert [(c.event, c.left_id, c.right_id, c.previous_left_id) for c in changes] == [
        ("added", "A5", "X5", None),
        ("moved", "A4", "X1", "A1"),
        ("removed", "A3", "X3", None),
    ]


def test_age_is_counted_in_an_unbroken_line(history: tuple[Run, Run, Run], tmp_path: Path) -> None:
    first, _, third = history
    with closing(open_run(third.path)) as con:
        seen = {e["kind"]: (e["first_seen_run"], e["first_seen_at"]) for e in read_exceptions(con)}
    assert seen["one_sided"] == (third.id, third.started_at)
    left, right = taken(tmp_path, "left", "X1 X2 X3 X4 X5 X6"), taken(tmp_path, "right", "A1 A2 - A4 A5 A6")
    again = ran(tmp_path, left, right, first)
    with closing(open_run(again.path)) as con:
        (found,) = read_exceptions(con, "one_sided")
    assert (found["first_seen_run"], found["first_seen_at"]) == (first.id, first.started_at)
    assert found["first_seen_at"].tzinfo is UTC


def test_a_dead_id_that_an_earlier_run_knew_was_deleted(tmp_path: Path) -> None:
    before = ran(tmp_path, taken(tmp_path, "left", "X1 - - - - -"), taken(tmp_path, "right", "A1 - - - - -"))
    left = taken(tmp_path, "left", "X1 - - - - -")
    renamed = taken(tmp_path, "right", "A1 - - - - -")
    gone = replace(DEFINITION, right=replace(DEFINITION.right, where="id <> 'X1'"))
    outside = execute(gone, left, renamed, tmp_path / "runs", started_by="ana", previous=before)
    with closing(open_run(outside.path)) as con:
        (found,) = read_exceptions(con, "dangling")
    assert (found["left_id"], found["right_id"], found["detail"]["reason"]) == ("A1", "X1", "outside")


def test_the_file_says_what_it_is(history: tuple[Run, Run, Run]) -> None:
    first, second, _ = history
    assert read_run(first.path) == first
    document = read_document(second.path)
    assert document["previous_run_id"] == first.id
    assert snapshot_of(document, "left").id == second.left_snapshot_id
    assert document["left_out"] == {"left": ["fax", "owner"], "right": ["colour", "fax"]}
    assert list(document["seconds"]) == sorted(step.name for step in PASSES)
    with closing(open_run(first.path)) as con:
        for table in TABLES:
            columns = con.execute(
                "SELECT column_name FROM duckdb_columns() WHERE table_name = ?", [table.name]
            ).fetchall()
            assert [name for (name,) in columns] == [column.name for column in table.columns]
        hashes = con.execute("SELECT evidence_hash FROM exceptions").fetchall()
        assert hashes == [(pair_evidence_hash(con, "A3", "X3"),)]


def test_the_summary_adds_up(history: tuple[Run, Run, Run]) -> None:
    summary = summarise(history[2].path)
    assert summary.ties_out
    assert summary.population == {"left": 6, "right": 6}
    assert summary.totals["left"] == {"dangling": 1, "linked": 4, "one_sided": 1}
    assert summary.exceptions["one_sided"] == summary.exceptions["dangling"] == 1
    assert summary.exceptions["shared"] == 0
    assert summary.amount_cents["one_sided"] == 300
    assert summary.unlinkable_share == {"left": 0.0, "right": 0.0}


def test_nothing_is_left_behind_when_a_run_fails(tmp_path: Path) -> None:
    left, right = taken(tmp_path, "left", "- - - - - -"), taken(tmp_path, "right", "- - - - - -")
    runs = tmp_path / "runs"
    for wrong in (
        replace(DEFINITION, left=replace(DEFINITION.left, id_field="nope")),
        replace(DEFINITION, left=replace(DEFINITION.left, object="nope")),
        replace(DEFINITION, left=replace(DEFINITION.left, id_field="link")),
        replace(DEFINITION, right=replace(DEFINITION.right, link_field="nope")),
    ):
        with pytest.raises(DefinitionError):
            execute(wrong, left, right, runs, started_by="ana")
    with pytest.raises(StorageError, match="not there"):
        execute(DEFINITION, replace(left, path=str(tmp_path / "no.duckdb")), right, runs, started_by="ana")
    assert list(runs.iterdir()) == []


@pytest.mark.parametrize("content", [None, b"", b"no database at all", "a database"])
def test_what_is_no_run_file_is_refused(content: bytes | str | None, tmp_path: Path) -> None:
    path = tmp_path / "run.duckdb"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        duckdb.connect(str(path)).close()
    for read in (open_run, read_run, summarise):
        with pytest.raises(StorageError):
            read(path)


def test_a_run_is_not_compared_with_itself(history: tuple[Run, Run, Run]) -> None:
    with pytest.raises(StorageError, match="same run twice"):
        compare_runs(history[0].path, history[0].path)


def test_one_empty_side_is_a_run_too(tmp_path: Path) -> None:
    none = replace(DEFINITION, left=replace(DEFINITION.left, where="false"))
    run = execute(
        none,
        taken(tmp_path, "left", "- - - - - -"),
        taken(tmp_path, "right", "A1 - - - - -"),
        tmp_path / "runs",
        started_by="ana",
    )
    assert summarise(run.path).totals == {"left": {}, "right": {"dangling": 1, "unmatched": 5}}
