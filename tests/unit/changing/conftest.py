from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconcile.state.database import Database
from tests.practice import running_practice
from tests.unit.changing.rig import Bench, Orgs, make_bench


@pytest.fixture(scope="session")
def orgs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orgs]:
    """One practice org and site for all tests that leave them as the same organisation; each takes its own pairs."""
    with running_practice(tmp_path_factory.mktemp("orgs"), accounts=500, seed=11) as practice:
        yield Orgs(practice)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of the embedded kind, in which nothing is."""
    path = tmp_path_factory.mktemp("migrated") / "reconcile.db"
    made = Database(f"sqlite:///{path}")
    made.migrate()
    made.close()
    return path


@pytest.fixture
def bench(orgs: Orgs, tmp_path: Path, migrated: Path) -> Iterator[Bench]:
    """The practice orgs and an own database of the embedded kind. Both kinds: `database` and `make_bench`."""
    path = tmp_path / "reconcile.db"
    shutil.copy(migrated, path)
    opened = Database(f"sqlite:///{path}")
    yield make_bench(orgs, opened)
    orgs.practice.clear_faults()
    opened.close()
