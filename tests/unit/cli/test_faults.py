"""`python -m reconcile faults` against practice orgs that run."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from click.testing import CliRunner, Result

from reconcile.cli.main import cli, exit_code_of
from reconcile.errors import ReconcileError
from tests.practice import API_KEY, Practice, running_practice


@pytest.fixture(scope="module")
def orgs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    with running_practice(tmp_path_factory.mktemp("orgs"), accounts=200, seed=2) as practice:
        yield practice


@pytest.fixture(autouse=True)
def no_faults_left(orgs: Practice) -> Iterator[None]:
    yield
    orgs.clear_faults()


def faults(orgs: Practice, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["faults", *arguments, "--url", orgs.salesforce_url])


def answer(orgs: Practice, *arguments: str) -> Any:
    done = faults(orgs, *arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def customers(orgs: Practice, path: str = "customers") -> requests.Response:
    return requests.get(f"{orgs.chargebee_url}/api/v2/{path}", auth=(API_KEY, ""), timeout=30)


def test_an_added_fault_happens_as_often_as_said_and_is_listed(orgs: Practice) -> None:
    given = ("--system", "chargebee", "--path", "customers", "--method", "get", "--skip", "1", "--count", "1")
    [added] = answer(orgs, "add", "429", *given, "--retry-after", "7")
    assert added["kind"] == "too_many_requests"
    statuses = [customers(orgs) for _ in range(3)]
    assert [each.status_code for each in statuses] == [200, 429, 200]
    assert statuses[1].headers["Retry-After"] == "7"
    [listed] = answer(orgs, "list")
    assert (listed["id"], listed["fitted"], listed["fired"]) == (added["id"], 3, 1)
    shown = faults(orgs, "list").stdout.splitlines()
    assert shown[0].split()[:3] == ["ID", "KIND", "SYSTEM"]
    assert shown[1].split()[:3] == [str(added["id"]), "too_many_requests", "chargebee"]


def test_every_attribute_reaches_the_practice_orgs(orgs: Practice) -> None:
    wanted = {
        "system": "salesforce",
        "path": "composite",
        "method": "PATCH",
        "probability": 0.25,
        "count": 3,
        "skip": 2,
        "seed": 9,
        "seconds": 1.5,
        "retry_after": 4.0,
        "records": "^001",
        "code": "SOME_CODE",
        "message": "Not today.",
    }
    options = [text for name, value in wanted.items() for text in (f"--{name.replace('_', '-')}", str(value))]
    [added] = answer(orgs, "add", "partial_failure", *options)
    assert {name: added[name] for name in wanted} == wanted


def test_clear_switches_off_one_or_all(orgs: Practice) -> None:
    [first], [second], _ = (answer(orgs, "add", kind) for kind in ("unavailable", "latency", "row_lock"))
    left = answer(orgs, "clear", "--id", str(first["id"]))
    assert [each["kind"] for each in left] == ["latency", "row_lock"]
    assert second["id"] == left[0]["id"]
    assert faults(orgs, "clear").stdout == "No fault is on.\n"
    assert orgs.fault_state() == []
    assert customers(orgs).status_code == 200


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("add", "earthquake"), "'earthquake' is not one of"),
        (("add", "latency", "--probability", "2"), "2.0 is not in the range"),
        (("add", "latency", "--system", "netsuite"), "'netsuite' is not one of"),
    ],
)
def test_wrong_usage_says_what_is_wrong(orgs: Practice, arguments: tuple[str, ...], says: str) -> None:
    done = faults(orgs, *arguments)
    assert done.exit_code == 2
    assert says in done.stderr
    assert orgs.fault_state() == []


def test_a_pattern_that_is_none_is_refused_by_the_practice_orgs(orgs: Practice) -> None:
    assert _fails(faults(orgs, "add", "latency", "--path", "(")) == (
        2,
        "The practice orgs refuse this fault: ValueError: missing ), unterminated subpattern at position 0.",
    )


def test_an_address_where_no_practice_org_is(orgs: Practice) -> None:
    elsewhere = CliRunner().invoke(cli, ["faults", "list", "--url", "https://login.salesforce.com"])
    assert _fails(elsewhere)[0] == 2
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        closed = CliRunner().invoke(cli, ["faults", "list", "--url", f"http://127.0.0.1:{unused.getsockname()[1]}"])
    code, sentence = _fails(closed)
    assert code == 3
    assert "no answer to GET" in sentence
    stranger = CliRunner().invoke(cli, ["faults", "list", "--url", f"{orgs.chargebee_url}/api/v2/customers"])
    code, sentence = _fails(stranger)
    assert code == 3
    assert "is no practice org" in sentence


def _fails(done: Result) -> tuple[int, str]:
    """The exit code that `main` ends with, and what it says."""
    assert isinstance(done.exception, ReconcileError)
    return exit_code_of(done.exception), str(done.exception)
