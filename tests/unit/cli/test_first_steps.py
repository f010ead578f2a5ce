"""What the command line says to somebody who has nothing yet, or mistypes what a connection is made of."""

from __future__ import annotations

import ast
import re
import socket
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reconcile.cli.main import cli
from reconcile.errors import StorageError
from reconcile.systems.accepted import OPTIONS, SECRETS
from tests.practice import ROOT

HERE = ("--environment", "practice")
SALESFORCE = ("connections", "add", "sf", "--system", "salesforce", *HERE)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECONCILE_HOME", str(tmp_path))
    monkeypatch.delenv("RECONCILE_DATABASE", raising=False)


def said(*arguments: str, stdin: str = "") -> Result:
    return CliRunner().invoke(cli, arguments, input=stdin)


@pytest.mark.parametrize(
    ("arguments", "stdin", "words"),
    [
        (("run",), "", "There is no reconciliation yet. Define one: `reconciliations add`."),
        (("models", "list"), "", "There is no reconciliation yet."),
        (("--as", "nobody", "connections", "list"), "", "There is no person named 'nobody'."),
        (("report", "--out", "x.xlsx"), "", "There is no run yet. Make one"),
        ((*SALESFORCE, "--option", "baseurl=http://127.0.0.1:9"), "", "salesforce has no option named 'baseurl'"),
        ((*SALESFORCE, "--secrets"), '{"clientsecret": "x"}', "salesforce has no credential named 'clientsecret'"),
        ((*SALESFORCE, "--secrets"), "client_secret=x", 'column 1 (char 0). Give, for example'),
        (("connections", "add", "f", "--system", "files", *HERE, "--secrets"), '{"api_key": "x"}', "It takes none."),
    ],
)  # fmt: skip
def test_it_says_what_is_wrong_and_what_to_do(arguments: tuple[str, ...], stdin: str, words: str) -> None:
    done = said(*arguments, stdin=stdin)
    assert words in str(done.exception)
    assert said("connections", "list", "--json").stdout.strip() == "[]"


def test_a_home_that_cannot_be_made_is_storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("RECONCILE_HOME", str(tmp_path / "file" / "home"))
    refused = said("connections", "list").exception
    assert isinstance(refused, StorageError)
    assert "cannot be made (Not a directory). Set RECONCILE_HOME to a folder" in str(refused)


@pytest.mark.parametrize("command", ["demo", "simulate"])
def test_a_port_that_is_taken_is_refused_before_anything_starts(command: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        refused = str(said(command, "--salesforce-port", "0", "--chargebee-port", port).exception)
    assert refused.startswith(f"Port {port} of this machine cannot be used (Address already in use).")
    assert refused.endswith("or choose another port with --chargebee-port.")


def test_a_source_that_was_not_pulled_is_named(tmp_path: Path) -> None:
    (tmp_path / "crm.csv").write_text("id,name\n1,Acme\n")
    assert (
        said("connections", "add", "crm", "--system", "files", *HERE, "--option", f"path={tmp_path / 'crm.csv'}")
    ).exit_code == 0
    done = said("reconciliations", "add", "Files", "--left", "crm", "--right", "crm")
    assert str(done.exception) == "Connection crm is not pulled yet; it cannot be mapped. Pull it first."


def test_every_option_and_credential_that_the_systems_ask_for_is_accepted() -> None:
    asked: dict[str, set[str]] = {"options": set(), "secrets": set()}
    for path in (ROOT / "reconcile").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            found = re.match(r"[\w.]*\b_?(options|secrets)(?:\.get\(|\[)'([a-z_]+)'", ast.unparse(node))
            if found and {"systems", "changing", "jobs"} & set(path.parts):
                asked[found[1]].add(found[2])
    assert asked["options"] >= {"base_url", "site", "path", "link_field"}
    assert asked["secrets"] >= {"client_secret", "api_key"}
    assert asked["options"] <= frozenset().union(*OPTIONS.values())
    assert asked["secrets"] <= frozenset().union(*SECRETS.values())
