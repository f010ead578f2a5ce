"""Compare files as a new user would: two files dropped, one click, a workbook downloaded, in under a minute."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
import tomllib
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import free_port
from tests.practice import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
HURRY_S = 60


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app alone, on an empty workbench."""
    home, port = tmp_path_factory.mktemp("compare"), free_port()
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    environment = {**os.environ, "RECONCILE_HOME": str(home / "data")}
    with (
        (home / "app.log").open("w") as log,
        subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT) as process,
    ):
        url = f"http://127.0.0.1:{port}"
        try:
            _wait_until_healthy(f"{url}/_stcore/health")
            yield url
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)


def _wait_until_healthy(url: str) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own address
                return
        except OSError:
            time.sleep(0.3)
    pytest.fail("the app did not start")


def write_files(folder: Path) -> tuple[Path, Path]:
    """A ledger and a billing export that differ in known ways: 40 amounts, 20 states, 10 rows on each side only."""
    left, right = folder / "ledger_october.csv", folder / "billing_export.csv"
    rows = [(f"INV-{n:05d}", f"Customer {n % 300} Ltd", f"{n * 1.25:.2f}", "open") for n in range(1, 2001)]
    left.write_text("Invoice,Customer,Amount,Status\n" + "".join(f"{a},{b},{c},{d}\n" for a, b, c, d in rows))
    lines = []
    for place, (number, customer, amount, status) in enumerate(rows):
        if place < 10:
            continue
        value = f"{float(amount) + 100:.2f}" if place < 50 else amount
        lines.append(f"{number};{customer};{value.replace('.', ',')};{'OPEN' if 50 <= place < 70 else status}\n")
    lines += [f"INV-9{n:04d};New Inc;1,00;open\n" for n in range(10)]
    text = "invoice_id;customer;amount;status\n" + "".join(reversed(lines))
    right.write_bytes(text.encode("cp1252"))
    return left, right


def drop_both(page: Page, left: Path, right: Path) -> None:
    """Both at once, as a person in a hurry does: the right one while the left one is being read."""
    page.locator("input[type=file]").nth(1).wait_for(state="attached")
    inputs = page.locator("input[type=file]").element_handles()
    inputs[0].set_input_files(left)
    inputs[1].set_input_files(right)
    page.get_by_text("Suggested:").wait_for()


def test_two_dropped_files_become_a_workbook(app: str, page: Page, tmp_path: Path) -> None:
    left, right = write_files(tmp_path)
    page.goto(f"{app}/Compare_files")
    page.get_by_text("Left table", exact=True).wait_for()
    begin = time.monotonic()
    drop_both(page, left, right)
    page.get_by_role("button", name="Compare", exact=True).click()
    page.get_by_text("60 changed, 10 only left, 10 only right; 1,930 same").wait_for()
    with page.expect_download() as download:
        page.get_by_role("button", name="Workbook").click()
    took = time.monotonic() - begin
    download.value.save_as(tmp_path / "o.xlsx")
    book = openpyxl.load_workbook(tmp_path / "o.xlsx")
    assert (book["Changed"].max_row, book["Only left"].max_row, book["Only right"].max_row) == (61, 11, 11)
    assert took < HURRY_S


def compare_both(app: str, page: Page, left: Path, right: Path) -> None:
    page.goto(f"{app}/Compare_files")
    page.get_by_text("Left table", exact=True).wait_for()
    drop_both(page, left, right)
    page.get_by_role("button", name="Compare", exact=True).click()


def test_every_other_form_of_the_report_can_be_downloaded(app: str, page: Page, tmp_path: Path) -> None:
    compare_both(app, page, *write_files(tmp_path))
    page.get_by_text("60 changed, 10 only left, 10 only right; 1,930 same").wait_for()
    found = {}
    for label in ("Page", "Data", "Differences", "Patch", "Recipe"):
        with page.expect_download() as download:
            page.get_by_test_id("stDownloadButton").filter(has_text=label).get_by_role("button").click()
        name = download.value.suggested_filename
        found[label] = tmp_path / f"{label}{name[name.index('.') :]}"
        download.value.save_as(found[label])
    assert json.loads(found["Data"].read_text())["report"]["is_tied"] is True
    assert len(found["Differences"].read_text().splitlines()) == 1 + 60 + 20
    patch = list(csv.DictReader(io.StringIO(found["Patch"].read_text())))
    assert {(line["action"], line["Invoice"]) for line in patch if line["action"] != "update"} == {
        *(("delete", f"INV-{n:05d}") for n in range(1, 11)),
        *(("insert", f"INV-9{n:04d}") for n in range(10)),
    }
    assert tomllib.loads(found["Recipe"].read_text())["key"] == [{"left": "Invoice", "right": "invoice_id"}]
    page.goto(found["Page"].as_uri())
    page.get_by_text("60 changed, 10 only left, 10 only right; 1,930 same").wait_for()


def test_the_rows_can_be_narrowed_to_a_column_and_class(app: str, page: Page, tmp_path: Path) -> None:
    compare_both(app, page, *write_files(tmp_path))
    page.get_by_text("1–50 of 60 rows").wait_for()
    page.get_by_role("radio", name="Format", exact=True).click()
    page.get_by_text("20 rows", exact=True).wait_for()
    grid = page.get_by_role("table", name="Changed cells")
    grid.get_by_text("INV-00051").wait_for()
    expect(grid.locator("mark", has_text=re.compile("^OPEN$"))).to_have_count(20)
    page.get_by_role("radio", name="Only right 10").click()
    page.get_by_text("10 rows", exact=True).wait_for()
