"""Pulling from a source that changes, lies and breaks off: what is kept is whole, or nothing is kept."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconcile.errors import DefinitionError, IncompletePullError, StorageError, UnreachableError
from reconcile.model import Connection, Progress
from reconcile.snapshots import open_snapshot, profile, pull, read_snapshot, snapshot_objects
from reconcile.snapshots.proof import content_hash
from tests.unit.snapshots.memory_source import BEYOND_OVERLAP, LONG_AGO, MemorySource, Row


def source(number: int = 10) -> MemorySource:
    made = MemorySource()
    for i in range(number):
        made.put(f"k{i}", f"name {i}", LONG_AGO + timedelta(days=20 * i))
    return made


def table(path: str, name: str = "thing") -> dict[str, Row]:
    with open_snapshot(path) as con:
        found = con.execute(f'SELECT * FROM "{name}"')
        columns = [str(c[0]) for c in found.description]
        rows = [dict(zip(columns, row, strict=True)) for row in found.fetchall()]
    assert len({row["id"] for row in rows}) == len(rows)
    return {str(row["id"]): row for row in rows}


def test_a_full_pull_holds_every_record_once_and_says_what_it_is(tmp_path: Path) -> None:
    made, told = source(), list[Progress]()
    snapshot = pull(made, ["thing"], tmp_path, progress=told.append)
    assert table(snapshot.path) == made.rows
    assert read_snapshot(snapshot.path) == snapshot
    (count,) = snapshot.objects
    assert (count.rows, count.expected, count.is_complete) == (10, 10, True)
    assert sum(rows for rows, _ in count.months.values()) == 10
    assert (told[0].done, told[0].total, told[-1].total) == (0, 10, 11)
    assert Path(snapshot.path).parent == tmp_path / "mem"
    assert [p.name for p in (tmp_path / "mem").iterdir()] == [Path(snapshot.path).name]
    with open_snapshot(snapshot.path) as con:
        assert [f.name for f in snapshot_objects(con)[0].fields] == ["id", "name", "created", "stamp"]


def test_a_file_is_never_changed_again(tmp_path: Path) -> None:
    snapshot = pull(source(), ["thing"], tmp_path)
    assert Path(snapshot.path).stat().st_mode & 0o222 == 0
    with open_snapshot(snapshot.path) as con, pytest.raises(duckdb.Error):
        con.execute("DELETE FROM thing")


@pytest.mark.parametrize("counted", [1, -1])
def test_a_source_that_counts_otherwise_leaves_no_file(tmp_path: Path, counted: int) -> None:
    made = source()
    made.counted = counted
    with pytest.raises(IncompletePullError) as caught:
        pull(made, ["thing"], tmp_path)
    assert (caught.value.received, caught.value.expected) == (10, 10 + counted)
    assert list((tmp_path / "mem").iterdir()) == []


def test_a_stream_that_breaks_off_leaves_no_file_and_keeps_its_error(tmp_path: Path) -> None:
    made = source()
    made.breaks_after = 6
    with pytest.raises(UnreachableError):
        pull(made, ["thing"], tmp_path)
    assert list((tmp_path / "mem").iterdir()) == []


def test_what_arrives_while_pulling_is_asked_for_again(tmp_path: Path) -> None:
    made = source()
    made.late = [("new", "arrived late"), ("k1", "changed late")]
    snapshot = pull(made, ["thing"], tmp_path)
    assert snapshot.objects[0].rows == 11
    assert table(snapshot.path) == made.rows


def test_an_incremental_pull_asks_only_for_what_changed(tmp_path: Path) -> None:
    made = source()
    base = pull(made, ["thing"], tmp_path)
    made.put("k1", None)
    made.put("new", "Zoë\n日本 'x' \"y\" \x1f")
    made.drop("k2")
    made.asked_since.clear()
    later = pull(made, ["thing"], tmp_path, base=base)
    assert (later.kind, later.base_id) == ("incremental", base.id)
    assert None not in made.asked_since
    assert table(later.path) == made.rows
    assert table(base.path) != made.rows
    assert later.objects[0].content_hash == pull(made, ["thing"], tmp_path).objects[0].content_hash
    assert later.objects[0].content_hash != base.objects[0].content_hash


def test_what_the_recycle_bin_forgot_is_noticed_by_the_count(tmp_path: Path) -> None:
    made = source()
    base = pull(made, ["thing"], tmp_path)
    made.drop("k2", LONG_AGO)
    later = pull(made, ["thing"], tmp_path, base=base)
    assert table(later.path) == made.rows
    assert None in made.asked_since[1:]


def test_new_fields_another_org_or_no_stamp_mean_a_whole_pull(tmp_path: Path) -> None:
    made = source()
    base = pull(made, ["thing"], tmp_path)
    made.fields = (*made.fields, "extra")
    assert "extra" in table(pull(made, ["thing"], tmp_path, base=base).path)["k1"]
    made.org = "site-2"
    moved = pull(made, ["thing"], tmp_path, base=base)
    assert (moved.kind, moved.fingerprint) == ("full", "site-2")
    made.has_stamp = False
    assert pull(made, ["thing"], tmp_path, base=moved).objects[0].rows == 10


def test_bad_requests(tmp_path: Path) -> None:
    made = source()
    base = pull(made, ["thing"], tmp_path)
    with pytest.raises(DefinitionError):
        pull(made, [], tmp_path)
    with pytest.raises(DefinitionError):
        pull(made, ["thing", "thing"], tmp_path)
    made.connection = Connection("other", "Other", "chargebee", "practice")
    with pytest.raises(DefinitionError):
        pull(made, ["thing"], tmp_path, base=base)
    Path(base.path).unlink()
    made.connection = Connection("mem", "Memory", "chargebee", "practice")
    with pytest.raises(StorageError):
        pull(made, ["thing"], tmp_path, base=base)


def test_a_base_that_was_cut_off_says_what_to_do(tmp_path: Path) -> None:
    made = source(20_000)
    base = pull(made, ["thing"], tmp_path)
    whole = Path(base.path).read_bytes()
    Path(base.path).unlink()
    Path(base.path).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(StorageError, match="its end is missing"):
        pull(made, ["thing"], tmp_path, base=base)
    assert [path.name for path in tmp_path.rglob("*.*")] == [Path(base.path).name]


def test_files_that_are_no_snapshots(tmp_path: Path) -> None:
    rubbish, other, newer = tmp_path / "a.duckdb", tmp_path / "b.duckdb", tmp_path / "c.duckdb"
    rubbish.write_bytes(b"rubbish" * 1000)
    with duckdb.connect(str(other)) as con:
        con.execute("CREATE TABLE t AS SELECT 1 AS x")
    with duckdb.connect(str(newer)) as con:
        con.execute("CREATE TABLE _snapshot AS SELECT 99 AS format")
    for path, problem in [
        (rubbish, "cannot be opened"),
        (other, "no snapshot"),
        (newer, "version 99"),
        (tmp_path / "d", "no such"),
    ]:
        with pytest.raises(StorageError, match=problem):
            read_snapshot(path)


def test_a_profile_counts_exactly(tmp_path: Path) -> None:
    made = source(4)
    made.put("k0", "twice", LONG_AGO)
    made.put("k1", "twice", LONG_AGO)
    made.put("k2", None, LONG_AGO)
    with open_snapshot(pull(made, ["thing"], tmp_path).path) as con:
        name = next(p for p in profile(con, "thing") if p.name == "name")
    assert (name.rows, name.nulls, name.distinct) == (4, 1, 2)
    assert (name.minimum, name.maximum) == ("name 3", "twice")
    assert name.examples == (("twice", 2), ("name 3", 1))


VALUES = st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8))
KEYS = st.sampled_from([f"k{i}" for i in range(8)])
EDITS = st.lists(st.tuples(st.sampled_from(["put", "put", "drop"]), KEYS, VALUES), max_size=12)


@settings(max_examples=8, deadline=None)
@given(first=EDITS, second=EDITS, meanwhile=st.lists(st.tuples(KEYS, st.text("ab", max_size=2)), max_size=3))
def test_incremental_equals_full_whatever_happened(
    first: list[tuple[str, str, str | None]],
    second: list[tuple[str, str, str | None]],
    meanwhile: list[tuple[str, str]],
) -> None:
    made = MemorySource()
    long_ago = datetime.now(UTC) - BEYOND_OVERLAP

    def edit(edits: list[tuple[str, str, str | None]], moment: datetime | None) -> None:
        for action, key, value in edits:
            if action == "put":
                made.put(key, value or None, moment)
            elif key in made.rows:
                made.drop(key, moment)

    with tempfile.TemporaryDirectory() as folder:
        edit(first, long_ago)
        base = pull(made, ["thing"], Path(folder))
        edit(second, None)
        made.late = list(meanwhile)
        later = pull(made, ["thing"], Path(folder), base=base)
        if not meanwhile:
            assert table(later.path) == made.rows
        after = pull(made, ["thing"], Path(folder), base=later)
        full = pull(made, ["thing"], Path(folder))
        assert table(after.path) == table(full.path) == made.rows
        assert after.objects == full.objects


@settings(max_examples=15, deadline=None)
@given(rows=st.lists(st.tuples(VALUES, VALUES), max_size=6), other=st.lists(st.tuples(VALUES, VALUES), max_size=6))
def test_a_content_hash_is_blind_to_order_and_to_nothing_else(
    rows: list[tuple[str | None, str | None]], other: list[tuple[str | None, str | None]]
) -> None:
    with duckdb.connect() as con:

        def hashed(values: list[tuple[str | None, str | None]]) -> str:
            con.execute("CREATE OR REPLACE TABLE t (a VARCHAR, b VARCHAR)")
            for value in values:
                con.execute("INSERT INTO t VALUES (?, ?)", list(value))
            return content_hash(con, "t", ["a", "b"])

        assert hashed(rows) == hashed(rows[::-1])
        key = lambda row: (row[0] is None, row[0] or "", row[1] is None, row[1] or "")  # noqa: E731  # one key, two sorts
        assert (hashed(rows) == hashed(other)) == (sorted(rows, key=key) == sorted(other, key=key))
