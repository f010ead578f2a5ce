"""The page Compare files, opened through app.py: empty, with two files, with broken ones, with a recipe."""

from __future__ import annotations

from pathlib import Path

from streamlit.testing.v1 import AppTest

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
    assert "more than once on both sides" in texts(at).replace("\\", "")
    way = next(box for box in at.selectbox if box.label == "If a key occurs more than once")
    way.set_value("groups").run()
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
