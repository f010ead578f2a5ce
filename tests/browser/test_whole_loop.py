"""The main job, as an analyst and an approver do it: from the first screen to a verified push and a report."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.browser.conftest import Demo

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

DECISIONS = 4


def settle(page: Page) -> None:
    """Wait until the script of the page has run to its end."""
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')


def act_as(page: Page, person: str) -> None:
    page.get_by_role("combobox", name="Who acts").click()
    page.get_by_role("option", name=re.compile(person)).click()
    settle(page)


def writes_of(demo: Demo) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = requests.get(f"{demo.salesforce_url}/admin/writes", timeout=30).json()["writes"]
    return found


def test_from_the_first_screen_to_a_verified_push_and_a_report(demo: Demo, page: Page, tmp_path: Path) -> None:
    page.goto(demo.url)
    page.get_by_role("button", name="Start reviewing").click()
    page.wait_for_url("**/Review**")

    decide_some(page)
    page.get_by_role("button", name="Make change set").click()
    page.get_by_role("button", name="Make the draft").click()
    page.wait_for_url("**/Changes**")

    page.get_by_role("button", name="Submit for approval").click()
    expect(page.get_by_role("button", name="Approve")).to_be_disabled()  # its author may not
    assert not writes_of(demo), "nothing may be written before a second person has approved"

    act_as(page, "Apu Rover")
    page.get_by_role("button", name="Approve").click()
    with slow_answers(demo):
        push(page, "Push")
        page.get_by_role("button", name="Pause").click(timeout=60_000)
        expect(page.get_by_role("button", name="Resume")).to_be_visible()
    expect(page.get_by_role("button", name="Resume")).to_be_enabled(timeout=60_000)  # what was sent is read back first
    push(page, "Resume")
    expect(page.get_by_role("button", name="Take it back")).to_be_visible(timeout=120_000)
    written = writes_of(demo)
    assert len({(each["object"], each["record_id"]) for each in written}) >= DECISIONS

    report = download_report(page, demo, tmp_path)
    assert report["report"]["change_sets"], "the report says what was pushed"


def test_keys_that_come_faster_than_the_screen_lose_and_repeat_nothing(demo: Demo, page: Page) -> None:
    page.goto(f"{demo.url}/Review?kinds=one_sided")
    page.get_by_text("Are these two the same customer?").first.wait_for()
    settle(page)
    begin = count_of(page, "Same")
    opened = []
    for _ in range(8):
        before = page.url
        opened.append(before)
        page.keyboard.press("a")
        page.wait_for_function("before => location.href !== before", arg=before)
    settle(page)
    assert len(set(opened)) == len(opened), "the card jumped back"
    expect(page.get_by_role("button", name=re.compile(rf"^(check )?Same {begin + 8}$"))).to_be_visible()


def count_of(page: Page, status: str) -> int:
    shown = page.get_by_role("button", name=re.compile(rf"^(check )?{status} \d+$")).first.inner_text()
    return int(re.findall(r"\d+", shown)[-1])


def decide_some(page: Page) -> None:
    """Say "same customer" of the first unlinked pairs from the keyboard; each decision shows the next pair."""
    page.get_by_text(re.compile(r"^Unlinked \d+")).first.click()
    settle(page)
    for _ in range(DECISIONS):
        question = page.get_by_test_id("stMarkdown").filter(has_text="Are these two the same customer?").first
        expect(question).to_be_visible()
        before = page.url
        page.keyboard.press("a")
        page.wait_for_function("before => location.href !== before", arg=before)
        settle(page)


@contextmanager
def slow_answers(demo: Demo) -> Iterator[None]:
    """The org answers slowly, so that a person has the time to do something while it is written to."""
    faults = f"{demo.salesforce_url}/admin/faults"
    requests.post(faults, json={"kind": "latency", "seconds": 0.7}, timeout=30)
    yield
    requests.delete(faults, timeout=30)


def push(page: Page, verb: str) -> None:
    page.get_by_role("button", name=verb, exact=False).first.click()
    page.get_by_role("dialog").get_by_role("button", name=verb).click()


def download_report(page: Page, demo: Demo, folder: Path) -> dict[str, Any]:
    page.goto(f"{demo.url}/Reports")
    with page.expect_download() as workbook:
        page.get_by_role("button", name="Workbook").click()
    book = folder / "report.xlsx"
    workbook.value.save_as(book)
    assert zipfile.is_zipfile(book)
    with page.expect_download() as data:
        page.get_by_role("button", name="JSON").click()
    file = folder / "report.json"
    data.value.save_as(file)
    body: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return body
