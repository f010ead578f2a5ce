"""Three workbenches, made by the real engine: an empty one, a small one (two files) and a full one (practice orgs).

The small and the full one are made once; every test gets its own copy of the operational database and may change it.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Element

from reconcile import defining, jobs
from reconcile.jobs import tasks
from reconcile.model import Connection, Person
from reconcile.runs.definitions import chargebee_reconciliation
from reconcile.settings import load_settings
from reconcile.state import connections, people, reconciliations, snapshots
from reconcile.workbench import Workbench
from tests.practice import API_KEY, CLIENT_SECRET, Practice

ROOT = Path(__file__).resolve().parents[2]
PAGES = (
    "app.py",
    "pages/1_Sources.py",
    "pages/2_Matching.py",
    "pages/3_Review.py",
    "pages/4_Duplicates.py",
    "pages/5_Differences.py",
    "pages/6_Changes.py",
    "pages/7_History.py",
    "pages/8_Health.py",
    "pages/10_Compare_files.py",
    "pages/11_Reports.py",
    "pages/12_Settings.py",
)

LEFT = """id,name,street,city,postcode,phone,email
A1,Northwind Traders Ltd,12 High Street,Leeds,LS1 4AB,0113 496 0001,office@northwind.example
A2,Blue Heron Logistics,4 Quay Road,Hull,HU1 2BN,01482 496 002,hello@blueheron.example
A3,"Zöllner & Söhne **GmbH** :red[x]",Hauptstr. 5,Köln,50667,0221 4960003,info@zoellner.example
A4,Lonely Account Inc,9 Nowhere Lane,York,YO1 7HH,01904 496004,lonely@account.example
"""
RIGHT = """customer_id,company,line1,town,zip,telephone,mail
c-1,Northwind Traders Limited,12 High St,Leeds,LS1 4AB,+44 113 496 0001,office@northwind.example
c-2,Blue Heron Logistics,4 Quay Road,Hull,HU1 2BN,01482496002,hello@blueheron.example
c-3,Zoellner und Soehne GmbH,Hauptstrasse 5,Koeln,50667,+49 221 4960003,info@zoellner.example
c-9,Completely Other Oy,1 Elsewhere,Oulu,90100,08 496 0009,other@elsewhere.example
"""


class Site:
    """A workbench under test and the app in front of it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.workbench = Workbench.open(load_settings({"RECONCILE_HOME": str(home)}))
        with self.workbench.database.begin() as tx:
            self.me = people.ensure_laptop_person(tx)

    def open(self, page: str = "app.py", **query: str) -> AppTest:
        """The page, opened through app.py as a person would."""
        at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
        if page != "app.py":
            at.run()
            at.switch_page(page)
        for name, value in query.items():
            at.query_params[name] = value
        return at.run()


@pytest.fixture(scope="session")
def small_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two files of four rows, pulled, reconciled, run."""
    home = tmp_path_factory.mktemp("small")
    site = Site(home)
    for name, text in (("left", LEFT), ("right", RIGHT)):
        (home / f"{name}.csv").write_text(text, encoding="utf-8")
        connection = Connection(
            name, f"The {name} file", "files", "practice", options={"path": str(home / f"{name}.csv")}
        )
        _connect(site.workbench, site.me, connection, {})
    objects = [_only_object(site.workbench, name) for name in ("left", "right")]
    made = defining.propose(
        site.workbench, "Two files", ("left", objects[0]), ("right", objects[1]), is_one_to_one=True
    )
    defining.save(site.workbench, site.me, made)
    tasks.run_reconciliation(site.workbench, site.me, made.id, lambda _: None)
    return home


@pytest.fixture(scope="session")
def full_home(tmp_path_factory: pytest.TempPathFactory, practice: Practice) -> Path:
    """Both practice orgs, pulled and run, with the three practice people."""
    home = tmp_path_factory.mktemp("full")
    site = Site(home)
    with site.workbench.database.begin() as tx:
        people.ensure_practice_people(tx)
    options = {"base_url": practice.salesforce_url, "login": "client_credentials", "client_id": "practice"}
    salesforce = Connection("sf", "Practice org", "salesforce", "practice", options=options)
    _connect(site.workbench, site.me, salesforce, {"client_secret": CLIENT_SECRET})
    options = {"base_url": practice.chargebee_url, "site": "acme-practice"}
    _connect(
        site.workbench,
        site.me,
        Connection("cb", "Practice site", "chargebee", "practice", options=options),
        {"api_key": API_KEY},
    )
    with site.workbench.database.begin() as tx:
        definition = reconciliations.save(tx, site.me, chargebee_reconciliation("sf", "cb"))
    tasks.run_reconciliation(site.workbench, site.me, definition.id, lambda _: None)
    jobs.list_jobs(site.workbench)
    return home


@pytest.fixture
def make_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path | None], Site]]:
    """A workbench of this test's own: empty, or a copy of a prepared one."""

    def make(prepared: Path | None = None) -> Site:
        home = tmp_path / "home"
        home.mkdir()
        if prepared is not None:
            _copy_state(prepared, home)
        monkeypatch.setenv("RECONCILE_HOME", str(home))
        for name in ("RECONCILE_DATABASE", "RECONCILE_SECRET_KEY"):
            monkeypatch.delenv(name, raising=False)
        return Site(home)

    yield make
    st.cache_resource.clear()
    st.cache_data.clear()


@pytest.fixture
def empty(make_site: Callable[[Path | None], Site]) -> Site:
    """A workbench with nothing in it."""
    return make_site(None)


@pytest.fixture
def small(make_site: Callable[[Path | None], Site], small_home: Path) -> Site:
    """A copy of the small workbench."""
    return make_site(small_home)


@pytest.fixture
def full(make_site: Callable[[Path | None], Site], full_home: Path) -> Site:
    """A copy of the full workbench."""
    return make_site(full_home)


def shown(at: AppTest) -> str:
    """Everything that the page says, one line an element."""
    kinds = ("title", "header", "subheader", "markdown", "caption", "error", "warning", "info", "success")
    return "\n".join(str(element.value) for kind in kinds for element in at.get(kind) if isinstance(element, Element))


def _copy_state(prepared: Path, home: Path) -> None:
    """The operational databases and the key; snapshot and run files never change and are read where they are."""
    shutil.copy(prepared / "secret.key", home / "secret.key")
    for name in ("reconcile.db", "jobs.db"):
        if (prepared / name).exists():
            with closing(sqlite3.connect(prepared / name)) as old, closing(sqlite3.connect(home / name)) as new:
                old.backup(new)


def _connect(workbench: Workbench, actor: Person, connection: Connection, secrets: dict[str, str]) -> None:
    with workbench.database.begin() as tx:
        connections.add(tx, connection)
        connections.store_secrets(tx, connection.id, secrets, workbench.settings)
    tasks.pull_snapshot(workbench, actor, connection.id, lambda _: None)


def _only_object(workbench: Workbench, connection_id: str) -> str:
    with workbench.database.read() as tx:
        newest = snapshots.latest(tx, connection_id)
    if newest is None:
        raise AssertionError(f"{connection_id} was not pulled")
    return newest.objects[0].object
