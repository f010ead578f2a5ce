"""The command line as a person or a script uses it: real processes, a real workbench folder, real practice orgs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest

from tests.command_line import Run, answer, commands_in
from tests.practice import API_KEY, CLIENT_ID, CLIENT_SECRET, Practice, running_practice


@pytest.fixture(scope="module")
def orgs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    with running_practice(tmp_path_factory.mktemp("orgs"), accounts=200, seed=11) as practice:
        yield practice


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return commands_in(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def connected(command: Run, orgs: Practice) -> Run:
    """A workbench with both practice orgs connected and pulled, and the built-in reconciliation defined."""
    salesforce = ("--option", f"base_url={orgs.salesforce_url}", "--option", "login=client_credentials")
    answer(
        command(
            *("connections", "add", "sf", "--system", "salesforce", "--environment", "practice", *salesforce),
            *("--option", f"client_id={CLIENT_ID}", "--secrets", "--json"),
            stdin=json.dumps({"client_secret": CLIENT_SECRET}),
        )
    )
    answer(
        command(
            *("connections", "add", "cb", "--system", "chargebee", "--environment", "practice"),
            *("--option", f"base_url={orgs.chargebee_url}", "--option", "site=acme-practice", "--secrets", "--json"),
            stdin=json.dumps({"api_key": API_KEY}),
        )
    )
    for connection in ("sf", "cb"):  # as anybody would: tested before anything was pulled
        assert answer(command("connections", "test", connection, "--json"))["objects"]
    for connection in ("sf", "cb"):
        pulled = answer(command("pull", connection, "--json"))
        assert all(each["rows"] == each["expected"] for each in pulled["objects"] if each["expected"] is not None)
    answer(command("reconciliations", "add", "Customers", "--left", "sf", "--right", "cb", "--json"))
    return command


def test_the_whole_way_from_a_pull_to_a_report(connected: Run, tmp_path: Path) -> None:
    ran = answer(connected("run", "--json"))
    assert ran["summary"]["ties_out"]
    assert ran["summary"]["population"]["left"] == 200
    book = tmp_path / "report.xlsx"
    written = answer(connected("report", ran["run"], "--out", str(book), "--json"))
    assert written["bytes"] == book.stat().st_size
    assert len(openpyxl.load_workbook(book, read_only=True).sheetnames) > 3


def test_a_connection_says_who_answers(connected: Run) -> None:
    tested = answer(connected("connections", "test", "sf", "--json"))
    assert tested["fingerprint"].startswith("00D")
    assert "Account" in tested["objects"]


def test_refused_credentials_are_renewed(connected: Run, orgs: Practice) -> None:
    answer(
        connected(
            *("connections", "add", "typo", "--system", "chargebee", "--environment", "practice", "--json"),
            *("--option", f"base_url={orgs.chargebee_url}", "--option", "site=acme-practice", "--secrets"),
            stdin=json.dumps({"api_key": "mistyped"}),
        )
    )
    refused = connected("connections", "test", "typo")
    assert refused.returncode == 3
    assert "or with `connections renew`" in refused.stderr
    wrong = connected("connections", "renew", "typo", stdin=json.dumps({"apikey": API_KEY}))
    assert (wrong.returncode, "chargebee has no credential named 'apikey'" in wrong.stderr) == (2, True)
    answer(connected("connections", "renew", "typo", "--json", stdin=json.dumps({"api_key": API_KEY})))
    assert answer(connected("connections", "test", "typo", "--json"))["fingerprint"] == "acme-practice"


def test_another_environment_than_declared_is_told(connected: Run, orgs: Practice) -> None:
    answer(
        connected(
            *("connections", "add", "live", "--system", "chargebee", "--environment", "sandbox", "--json"),
            *("--option", f"base_url={orgs.chargebee_url}", "--option", "site=acme-practice", "--secrets"),
            stdin=json.dumps({"api_key": API_KEY}),
        )
    )
    done = connected("connections", "test", "live", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["environment"] == "practice"
    assert "live is declared as sandbox, but it answers as practice" in done.stderr


def test_an_incremental_pull_is_based_on_the_newest(connected: Run) -> None:
    pulled = answer(connected("pull", "cb", "--incremental", "--json"))
    assert pulled["kind"] == "incremental"
    assert pulled["base_id"]


def test_credentials_are_never_shown(connected: Run, orgs: Practice) -> None:
    listed = connected("connections", "list", "--json")
    assert API_KEY not in listed.stdout
    assert orgs.chargebee_url not in listed.stderr


@pytest.mark.parametrize(
    ("arguments", "exit_code", "words"),
    [
        (("pull", "nowhere"), 2, "no connection named 'nowhere'"),
        (
            ("connections", "add", "Bad Id", "--system", "files", "--environment", "practice"),
            2,
            "cannot be a connection id",
        ),
        (("changes", "show", "changes_1"), 2, "no change set"),
        (("report", "run_1", "--out", "x.xlsx"), 2, "no run"),
        (("report", "--out", "x.pdf"), 2, "no report format named 'pdf'"),
        (("--as", "nobody", "pull", "sf"), 2, "no person"),
    ],
)
def test_wrong_input_is_one_sentence_and_exit_code_two(
    connected: Run, arguments: tuple[str, ...], exit_code: int, words: str
) -> None:
    done = connected(*arguments)
    assert done.returncode == exit_code
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_dead_system_is_exit_code_three_and_nothing_is_kept(connected: Run) -> None:
    answer(
        connected(
            *("connections", "add", "dead", "--system", "chargebee", "--environment", "practice"),
            *("--option", "base_url=http://127.0.0.1:9", "--option", "site=x", "--secrets", "--json"),
            stdin=json.dumps({"api_key": "x"}),
        )
    )
    done = connected("connections", "test", "dead")
    assert done.returncode == 3
    assert "no answer" in done.stderr
