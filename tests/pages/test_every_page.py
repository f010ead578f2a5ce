"""Every page opens on an empty, a small and a full workbench, says what it is about, and shows no failure."""

from __future__ import annotations

import pytest

from tests.pages.conftest import PAGES, Site, shown

TITLES = {
    "app.py": "Overview",
    **{page: page.split("_", 1)[1].removesuffix(".py").replace("_", " ") for page in PAGES if page != "app.py"},
}
# What an empty workbench says on each page, so that a person knows what to do next.
EMPTY = {
    "app.py": "Connect two systems",
    "pages/10_Compare_files.py": "Drop two tables",
    "pages/1_Sources.py": "No connections yet",
    "pages/2_Matching.py": "No reconciliation yet",
    "pages/3_Review.py": "Nothing to review yet",
    "pages/4_Duplicates.py": "Nothing to look at yet",
    "pages/5_Differences.py": "No differences yet",
    "pages/6_Changes.py": "No change sets yet",
    "pages/7_History.py": "The ledger of links begins with the first run.",
    "pages/8_Health.py": "No job has been asked for yet",
    "pages/11_Reports.py": "No report yet",
    "pages/12_Settings.py": "there is none yet",
}


@pytest.mark.parametrize("page", PAGES)
def test_empty_workbench_says_what_to_do(empty: Site, page: str) -> None:
    at = empty.open(page)
    assert not at.exception
    assert not at.error
    assert at.title[0].value == TITLES[page]
    assert EMPTY[page] in shown(at)


@pytest.mark.parametrize("page", PAGES)
def test_small_workbench(small: Site, page: str) -> None:
    at = small.open(page)
    assert not at.exception
    assert not at.error
    assert at.title[0].value == TITLES[page]
    assert "The left file" in shown(at)


@pytest.mark.parametrize("page", PAGES)
def test_full_workbench(full: Site, page: str) -> None:
    at = full.open(page)
    assert not at.exception
    assert not at.error
    assert at.title[0].value == TITLES[page]
    assert "Practice org" in shown(at)
    assert "Practice site" in shown(at)
    assert "pulled" in shown(at)
