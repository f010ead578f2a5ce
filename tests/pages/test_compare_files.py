"""The page Compare files, opened through app.py: empty, with two files, with broken ones, with a recipe."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue
from streamlit.testing.v1 import AppTest

from reconcile.comparing.tables import (
    ColumnPair,
    ColumnRule,
    ComparisonFile,
    KeyColumn,
    Recipe,
    RowFilter,
    dump_recipe,
    parse_recipe_text,
)
from reconcile.errors import InputError, NotAllowedError
from reconcile.model import ChangeSet, Operation, Person
from reconcile.snapshots import open_snapshot
from reconcile.state import audit, change_sets, snapshots
from reconcile.systems.files import ReadOptions
from reconcile.ui.compare import folders
from reconcile.ui.compare.changes import draft, request_values
from reconcile.ui.compare.desk import SIDES, Chosen, Desk
from tests.pages.conftest import Site

PAGE = "pages/10_Compare_files.py"
LEFT = "invoice,customer,amount\nA-1,Acme,10.00\nA-2,Bolt,20.00\nA-3,Core,30.00\n"
RIGHT = "invoice;customer;amount\nA-1;ACME;10,00\nA-2;Bolt;21,00\nA-4;Dune;40,00\n"


def drop(at: AppTest, side: str, name: str, content: bytes) -> AppTest:
    uploader = next(item for item in at.file_uploader if item.key and item.key.startswith(f"compare_upload_{side}"))
    uploader.set_value((name, content, "text/csv"))
    return at.run()


def texts(at: AppTest) -> str:
    parts = [*at.subheader, *at.caption, *at.markdown, *at.error, *at.success, *at.warning]
    return "\n".join(str(part.value) for part in parts)


def two_files(site: Site, left: str = LEFT, right: str = RIGHT) -> AppTest:
    at = site.open(PAGE)
    drop(at, "left", "ledger.csv", left.encode())
    return drop(at, "right", "billing.csv", right.encode())


def test_an_empty_page_says_what_to_do(empty: Site) -> None:
    at = empty.open(PAGE)
    assert not at.exception
    assert "Drop two tables" in texts(at)


def test_two_dropped_files_are_compared(empty: Site) -> None:
    at = two_files(empty)
    assert at.multiselect[0].value == ["invoice"]
    assert "semicolon" in texts(at)
    at.button(key="compare_now").click().run()
    assert not at.exception
    said = texts(at)
    assert "2 changed, 1 only left, 1 only right; 0 same" in said.replace("\\", "")
    assert "the totals tie out" in said.replace("\\", "")
    figures = {metric.label: metric.value for metric in at.metric}
    assert figures == {
        "Same": "0", "Changed": "2", "Only left": "1", "Only right": "1", "Duplicate key": "0", "Unreadable": "0",
    }  # fmt: skip
    table = at.dataframe[-1].value
    assert dict(zip(table["Column"], table["Mismatches"], strict=True)) == {"customer": 1, "amount": 1}
    names = [getattr(button, "label", "") for button in at.get("download_button")]
    assert names == ["Workbook", "Page", "Data", "Differences", "Patch", "Recipe"]


def test_uploads_lie_in_the_uploads_folder(empty: Site) -> None:
    two_files(empty)
    kept = {path.name for path in empty.workbench.settings.uploads.rglob("*.csv")}
    assert kept == {"ledger.csv", "billing.csv"}


def test_a_broken_file_is_refused_with_its_line_and_another_can_be_dropped(empty: Site) -> None:
    at = empty.open(PAGE)
    drop(at, "left", "broken.csv", b'id,v\n1,"open\n2,x\n')
    assert "line 2: a quoted value opens" in texts(at).replace("\\", "").replace("\u2060", "")
    drop(at, "left", "ledger.csv", LEFT.encode())
    assert not at.exception
    assert "3 rows" in texts(at)


def test_a_repeated_key_asks_how_to_go_on(empty: Site) -> None:
    at = two_files(empty, LEFT + "A-1,Acme,11.00\n", RIGHT + "A-1;Acme;12,00\n")
    at.multiselect[0].set_value(["invoice"]).run()
    at.button(key="compare_now").click().run()
    assert "One key occurs more than once in both tables" in texts(at)
    at.button(key="compare_way_groups").click().run()
    assert "The tables differ" in texts(at)
    way = next(box for box in at.selectbox if box.label == "If a key occurs more than once")
    assert way.value == "groups"


def test_a_column_added_to_a_repeated_key_makes_it_unique(empty: Site) -> None:
    at = two_files(empty, "order,item,qty\n1,a,5\n1,b,6\n2,a,7\n", "order,item,qty\n1,a,5\n1,b,8\n2,a,7\n")
    at.multiselect[0].set_value(["order"]).run()
    at.button(key="compare_now").click().run()
    next(box for box in at.selectbox if box.label == "Or add a column to the key").set_value("item").run()
    assert at.multiselect[0].value == ["order", "item"]
    assert "1 changed; 2 same" in texts(at).replace("\\", "")


def test_each_of_two_broken_files_says_why_in_its_place(empty: Site) -> None:
    at = empty.open(PAGE)
    drop(at, "left", "broken.csv", b'id,v\n1,"open\n2,x\n')
    drop(at, "right", "empty.csv", b"")
    said = [str(error.value).replace("\\", "") for error in at.error]
    assert ["line 2" in said[0], "empty.csv" in said[1]] == [True, True]
    drop(at, "left", "ledger.csv", LEFT.encode())
    assert len(at.error) == 1


def test_columns_paired_by_hand_can_be_the_key(empty: Site) -> None:
    at = two_files(empty, "station,degrees\nS1,4\nS2,5\n", "isbn;pages\nS1;4\nS9;5\n")
    desk = at.session_state["_compare_desk"]
    desk.recipe = replace(desk.recipe, keys=(), columns=())
    desk.keys = ()
    at.run()
    assert "Choose a key" in texts(at).replace("\\", "")
    at.session_state[f"compare_columns_{desk.version}"] = {
        "edited_rows": {0: {"Right": "isbn"}, 1: {"Right": "pages"}}, "added_rows": [], "deleted_rows": [],
    }  # fmt: skip
    at.run()
    assert at.multiselect[0].options == ["station = isbn", "degrees = pages"]
    at.multiselect[0].set_value(["station = isbn"]).run()
    at.button(key="compare_now").click().run()
    assert "1 only left, 1 only right; 1 same" in texts(at).replace("\\", "")


def test_settings_changed_after_the_comparison_are_told(empty: Site) -> None:
    at = two_files(empty)
    at.button(key="compare_now").click().run()
    assert "settings were changed" not in texts(at)
    next(each for each in at.toggle if each.label == "Ways of writing count as same").set_value(True).run()
    assert "settings were changed" in texts(at)
    at.button(key="compare_now").click().run()
    assert "settings were changed" not in texts(at)


def test_ways_of_writing_that_hide_the_rest_can_be_counted_as_same(empty: Site) -> None:
    at = two_files(empty)
    at.button(key="compare_now").click().run()
    assert "In 1 of 2 changed rows only the way of writing differs" in texts(at)
    at.button(key="compare_ignore_format").click().run()
    assert "1 changed, 1 only left, 1 only right; 1 same" in texts(at).replace("\\", "")


def test_a_file_that_was_replaced_on_the_server_is_told_and_read_again(empty: Site, tmp_path: Path) -> None:
    for name, text in (("a.csv", LEFT), ("b.csv", RIGHT)):
        (tmp_path / name).write_text(text)
    at = empty.open(PAGE)
    for side, name in (("left", "a.csv"), ("right", "b.csv")):
        at.session_state[f"compare_source_{side}"] = "server"
        at.run()
        at.text_input(key=f"compare_path_{side}").set_value(str(tmp_path / name))
        next(button for button in at.button if button.label == "Read file").click().run()
    at.button(key="compare_now").click().run()
    assert "changed or removed" not in texts(at)
    (tmp_path / "a.csv").write_text(LEFT + "A-9,New,1.00\n")
    at.run()
    assert "changed or removed since it was read" in texts(at)
    at.button(key="compare_reread_left").click().run()
    assert "4 rows" in texts(at)
    assert "The tables differ" not in texts(at), "the result was of the former file"


def test_a_table_that_is_swapped_out_takes_the_asked_comparison_with_it(empty: Site) -> None:
    at = two_files(empty)
    desk = at.session_state["_compare_desk"]
    desk.ask()
    desk.swap_out("left")
    drop(at.run(), "left", "other.csv", LEFT.encode())
    assert "The tables differ" not in texts(at)


def test_a_page_that_is_loaded_again_has_the_tables_and_the_result(empty: Site) -> None:
    at = two_files(empty)
    next(each for each in at.toggle if each.label == "Ways of writing count as same").set_value(True).run()
    at.button(key="compare_now").click().run()
    address = at.session_state["_compare_desk"].folder.name
    again = empty.open(PAGE, desk=address)
    assert not again.exception
    said = texts(again)
    assert ["ledger" in said, "The tables differ" in said, "settings were changed" in said] == [True, True, False]


def test_an_address_of_another_person_or_of_a_desk_that_is_gone_shows_nothing(empty: Site) -> None:
    at = two_files(empty)
    desk = at.session_state["_compare_desk"]
    note = desk.folder / "desk.json"
    note.write_text(note.read_text().replace(f'"owner": "{empty.me.id}"', '"owner": "somebody"'))
    for address in (desk.folder.name, "desk_gone", "../../etc"):
        again = empty.open(PAGE, desk=address)
        assert not again.exception
        assert "no longer kept" in texts(again)
        assert "ledger" not in texts(again)


def test_a_page_loaded_again_after_its_file_changed_shows_no_result_of_the_former_one(empty: Site) -> None:
    at = two_files(empty)
    at.button(key="compare_now").click().run()
    desk = at.session_state["_compare_desk"]
    desk.chosen["left"].path.write_text(LEFT + "A-9,New,1.00\n")
    again = empty.open(PAGE, desk=desk.folder.name)
    assert "4 rows" in texts(again)
    assert "The tables differ" not in texts(again)


def test_an_answer_to_a_dropped_file_outlives_the_clearing_of_the_queue() -> None:
    queue = ForwardMsgQueue()
    for name in ("delta", "file_urls_response", "new_session"):
        message = ForwardMsg()
        getattr(message, name).SetInParent()
        queue.enqueue(message)
    queue.clear(retain_lifecycle_msgs=True)
    assert [message.WhichOneof("type") for message in queue.flush()] == ["new_session", "file_urls_response"]


def test_the_example_lists_can_be_tried(empty: Site) -> None:
    at = empty.open(PAGE)
    at.button(key="compare_try").click().run()
    at.button(key="compare_now").click().run()
    assert "The tables differ" in texts(at)


def test_a_file_on_the_server_can_be_named(empty: Site, tmp_path: Path) -> None:
    (tmp_path / "ledger.csv").write_text(LEFT)
    at = empty.open(PAGE)
    at.session_state["compare_source_left"] = "server"
    at.run()
    at.text_input(key="compare_path_left").set_value(str(tmp_path / "ledger.csv"))
    next(button for button in at.button if button.label == "Read file").click().run()
    assert not at.exception
    assert "3 rows" in texts(at)


def test_a_table_of_a_snapshot_can_be_compared(small: Site) -> None:
    at = small.open(PAGE)
    at.session_state["compare_source_left"] = "snapshot"
    at.run()
    at.button(key="compare_take_left").click().run()
    drop(at, "right", "export.csv", b"id,name,city\nA1,Northwind Traders Ltd,Leeds\nA2,Blue Heron,Hull\n")
    at.button(key="compare_now").click().run()
    assert not at.exception
    assert "The tables differ" in texts(at)


def ledger_of(site: Site, rows: int = 12) -> tuple[str, dict[str, str]]:
    """A file as a bookkeeper keeps it: the org's accounts, three of them with another city; those by their id."""
    with site.workbench.database.read() as tx:
        snapshot = snapshots.latest(tx, "sf")
    assert snapshot is not None
    with closing(open_snapshot(Path(snapshot.path))) as con:
        found = con.execute(
            "SELECT Id, BillingCity, chargebeeapps__CB_Id__c FROM Account WHERE BillingCity IS NOT NULL "
            f"AND chargebeeapps__CB_Id__c IS NOT NULL ORDER BY Id LIMIT {rows}"
        ).fetchall()
    moved = {str(row[0]): f"New {row[1]}" for row in found[:3]}
    text = io.StringIO()
    out = csv.writer(text)
    out.writerow(["Id", "BillingCity", "chargebeeapps__CB_Id__c"])
    out.writerows((key, moved.get(key, city), "another" if key in moved else link) for key, city, link in found)
    return text.getvalue(), moved


def compared_with_ledger(site: Site) -> tuple[AppTest, dict[str, str]]:
    text, moved = ledger_of(site)
    at = site.open(PAGE)
    at.session_state["compare_source_left"] = "snapshot"
    at.run()
    at.selectbox(key="compare_connection_left").set_value("sf").run()
    at.selectbox(key="compare_object_left").set_value("Account").run()
    at.button(key="compare_take_left").click().run()
    drop(at, "right", "ledger.csv", text.encode())
    at.button(key="compare_now").click().run()
    assert not at.exception
    return at, moved


def newest_set(site: Site) -> tuple[ChangeSet, list[Operation]]:
    with site.workbench.database.read() as tx:
        made = change_sets.list_change_sets(tx)[0]
        return made, change_sets.operations(tx, made.id)


def test_changed_rows_of_a_snapshot_become_a_draft_for_the_org(full: Site) -> None:
    at, moved = compared_with_ledger(full)
    button = next(each for each in at.button if each.label.startswith("Make change set from 3 rows"))
    button.click().run()
    made, operations = newest_set(full)
    assert (made.state, made.author_id, made.title) == ("draft", full.me.id, "Practice org Account as in ledger.csv")
    assert {each.target.record_id: each.after["BillingCity"] for each in operations} == moved
    assert all(set(each.after) == {"BillingCity"} for each in operations), "the link is not to be written here"
    assert all(each.target.connection_id == "sf" and each.fingerprint and each.modified_at for each in operations)
    with full.workbench.database.read() as tx:
        newest = audit.last(tx)
    assert newest is not None
    assert (newest.action, newest.subject) == ("draft change set", made.id)


def test_who_may_not_write_change_sets_is_refused_by_the_engine(full: Site) -> None:
    at, _ = compared_with_ledger(full)
    desk = at.session_state["_compare_desk"]
    auditor = Person("dora", "Dora", frozenset({"auditor"}))
    with ComparisonFile(desk.result) as file:
        wanted = RowFilter()
        requests = request_values(file.comparison, desk.chosen["left"], "left", file.page(wanted), wanted, decimal=".")
    with pytest.raises(NotAllowedError):
        draft(full.workbench, auditor, desk.chosen["left"], requests=requests, title="x", request_key="k")
    first = draft(full.workbench, full.me, desk.chosen["left"], requests=requests, title="x", request_key="k")
    again = draft(full.workbench, full.me, desk.chosen["left"], requests=requests, title="x", request_key="k")
    assert first.id == again.id
    with pytest.raises(InputError, match="None of these cells"):
        draft(full.workbench, full.me, desk.chosen["left"], requests=[], title="x", request_key="other")


def test_a_recipe_brings_its_settings_and_how_the_files_are_read(empty: Site) -> None:
    at = two_files(empty)
    desk = at.session_state["_compare_desk"]
    recipe = Recipe(
        keys=(KeyColumn("invoice", "invoice"),),
        columns=(ColumnPair("invoice", "invoice"), ColumnPair("amount", "amount", ColumnRule(absolute=Decimal(1)))),
        left=ReadOptions(encoding="cp1252"),
    )
    uploader = next(item for item in at.file_uploader if item.key == f"compare_recipe_{desk.version}")
    uploader.set_value(("r.toml", dump_recipe(recipe).encode(), "application/toml")).run()
    assert (desk.chosen["left"].options.encoding, desk.recipe.columns) == ("cp1252", recipe.columns)
    assert "Not compared: left customer; right customer" in texts(at).replace("\\", "").replace("\u2060", "")
    at.button(key="compare_now").click().run()
    assert "The tables differ: 1 only left, 1 only right; 2 same." in texts(at).replace("\\", "").replace("\u2060", "")
    with ComparisonFile(desk.result) as file:
        assert parse_recipe_text(file.comparison.recipe).left.encoding == "cp1252"


def test_two_tables_whose_reading_ends_at_once_are_proposed_for(tmp_path: Path) -> None:
    for name, text in (("a.csv", LEFT), ("b.csv", RIGHT)):
        (tmp_path / name).write_text(text)
    desk = Desk(folders.new_folder(tmp_path), "me")
    for _ in range(10):
        desk.choose("left", Chosen(tmp_path / "a.csv", "a.csv"))
        desk.choose("right", Chosen(tmp_path / "b.csv", "b.csv"))
        deadline = time.monotonic() + 30
        while desk.doing and time.monotonic() < deadline:
            time.sleep(0.005)
        assert desk.is_ready
        assert [key.left for key in desk.recipe.keys] == ["invoice"]
        for side in SIDES:
            desk.swap_out(side)
        desk.recipe = Recipe()


def _until(is_true: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 60
    while not is_true():
        assert time.monotonic() < deadline, what
        time.sleep(0.005)


@pytest.fixture
def long_desk(tmp_path: Path) -> Desk:
    """Two tables that take a second to compare, with one more beside them."""
    for name in ("left", "right"):
        duckdb.sql(
            f"COPY (SELECT i AS id, hash(i || '{name}') AS amount, 'note ' || hash(i || '{name}') AS note "
            f"FROM range(400000) t(i)) TO '{tmp_path / name}.csv' (HEADER)"
        )
    (tmp_path / "small.csv").write_text("id,amount,note\n1,2,x\n")
    desk = Desk(folders.new_folder(tmp_path), "me")
    for side in SIDES:
        desk.choose(side, Chosen(tmp_path / f"{side}.csv", side))
    _until(lambda: desk.is_ready, "read")
    return desk


@pytest.mark.parametrize("stage", ["Comparing", "Comparing: matching rows", "Comparing: comparing cells"])
def test_a_comparison_can_be_stopped_and_made_again(long_desk: Desk, stage: str) -> None:
    recipe = long_desk.recipe
    long_desk.compare(recipe)
    _until(lambda: long_desk.doing.get("compare") in {stage, None}, stage)
    long_desk.stop()
    assert long_desk.doing["compare"] == "Stopping"
    _until(lambda: not long_desk.doing, "stopped")
    assert (long_desk.result, long_desk.refusal, long_desk.recipe) == (None, None, recipe)
    assert list(long_desk.folder.glob("*.duckdb*")) == []
    long_desk.compare(recipe)
    _until(lambda: not long_desk.doing, "compared")
    assert long_desk.refusal is None
    assert long_desk.result is not None
    with ComparisonFile(long_desk.result) as file:
        assert file.comparison.total("changed").pairs == 400_000
        assert [row.row for row in file.page(RowFilter(), limit=5)] == [0, 1, 2, 3, 4]


def test_another_table_breaks_off_what_is_done_with_the_former(long_desk: Desk, tmp_path: Path) -> None:
    long_desk.compare(long_desk.recipe)
    _until(lambda: long_desk.doing.get("compare") == "Comparing: matching rows", "begun")
    long_desk.choose("right", Chosen(tmp_path / "left.csv", "again"))
    long_desk.choose("right", Chosen(tmp_path / "small.csv", "small"))
    _until(lambda: long_desk.is_ready and not long_desk.doing, "read")
    assert (long_desk.result, long_desk.refusal, long_desk.problems) == (None, None, {})
    assert (long_desk.read["right"].name, long_desk.read["right"].rows) == ("small", 1)
    assert [pair.left for pair in long_desk.recipe.columns] == ["id", "amount", "note"]


@pytest.mark.parametrize(
    "text", ["", "{", '{"owner": "me"}', '{"owner": "me", "tables": {}, "recipe": "[[", "result": ""}']
)
def test_a_desk_whose_note_cannot_be_read_is_as_good_as_gone(tmp_path: Path, text: str) -> None:
    folder = folders.new_folder(tmp_path)
    (folder / "desk.json").write_text(text)
    assert folders.find_note(tmp_path, folder.name, "me") is None


def test_a_desk_is_found_by_its_owner_alone(tmp_path: Path) -> None:
    folder = folders.new_folder(tmp_path)
    folders.write_note(folder, folders.Note("me", {}, Recipe(), None, None, is_comparing=False))
    assert folders.find_note(tmp_path, folder.name, "me") is not None
    assert folders.find_note(tmp_path, folder.name, "somebody else") is None
    assert folders.find_note(tmp_path, f"../{tmp_path.name}/{folder.name}", "me") is None
