"""Practice orgs that the simulator's own tests may write to; one pair for each module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.practice import Practice, running_practice
from tests.simulators.clients import Rest


@pytest.fixture(scope="module")
def orgs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    """Practice orgs of 250 accounts for the tests of one module."""
    with running_practice(tmp_path_factory.mktemp("orgs"), accounts=250, seed=5) as running:
        yield running


@pytest.fixture(autouse=True)
def no_faults_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever a test switched on is off afterwards."""
    yield
    if "orgs" in request.fixturenames:
        request.getfixturevalue("orgs").clear_faults()


@pytest.fixture
def rest(orgs: Practice) -> Rest:
    """Plain REST requests to the module's org."""
    return Rest(orgs)
