"""Matching and Duplicates in a real browser: ask why, teach the match, promote what it learned, choose a survivor."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Demo

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

HEADER_PX, ROW_PX = 33, 30
# The first page of a fresh server imports everything, which takes a busy machine many seconds.
expect.set_options(timeout=60_000)


def settle(page: Page) -> None:
    """Wait until the script of the page has run to its end."""
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')


def test_why_two_records_are_one_customer_or_not(demo: Demo, page: Page) -> None:
    page.goto(f"{demo.url}/Matching")
    expect(page.get_by_text("How sure the match is")).to_be_visible()
    page.get_by_role("radio", name="Why and why not").click()
    page.get_by_role("button", name="Try it with the least certain pair").click()
    expect(page.get_by_text("How the evidence adds up")).to_be_visible()
    expect(page.get_by_test_id("stVegaLiteChart").first).to_be_visible()
    assert "left_record=" in page.url, "what is asked is in the address, so that a colleague can be sent it"

    page.get_by_label("Chargebee", exact=True).fill("no such record at all")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Nothing found in this run.")).to_be_visible()


def test_a_decision_teaches_the_match_and_an_administrator_promotes_it(demo: Demo, page: Page) -> None:
    page.goto(f"{demo.url}/Matching?matching_view=Learning")
    questions = page.get_by_test_id("stDataFrame").first
    questions.click(position={"x": 60, "y": HEADER_PX + ROW_PX // 2})
    page.wait_for_url("**/Review**exception=**")
    expect(page.get_by_text("Are these two the same customer?").first).to_be_visible()
    settle(page)
    before = page.url
    page.keyboard.press("a")
    page.wait_for_function("before => location.href !== before", arg=before)

    page.goto(f"{demo.url}/Matching?matching_view=Learning")
    page.get_by_role("button", name=re.compile(r"Learn from \d+ decision")).click()
    promote = page.get_by_role("button", name="Promote").first
    expect(promote).to_be_enabled(timeout=90_000)
    expect(page.get_by_text("accepted links stay").first).to_be_visible()
    promote.click()
    expect(page.get_by_text("This model scores every run from now on")).to_be_visible()
    expect(page.get_by_text("used before").first).to_be_visible()


def test_a_survivor_is_chosen_and_a_value_taken_from_another_record(demo: Demo, page: Page) -> None:
    page.goto(f"{demo.url}/Duplicates")
    expect(page.get_by_text("would survive").first).to_be_visible()
    survivor = page.get_by_role("combobox", name=re.compile("Survivor"))
    first = survivor.input_value()
    survivor.click()
    options = page.get_by_role("option")
    names = options.all_inner_texts()
    assert len(names) >= 2
    options.nth(1).click()
    expect(page.get_by_text("chosen by you")).to_be_visible()
    assert first == "" or survivor.input_value() != first
    expect(page.get_by_text("What holds them together, and what does not")).to_be_visible()
