"""`python -m reconcile models` as a person uses it, and `link --model`: the real commands, a real workbench folder."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner

from reconcile.cli.main import cli, exit_code_of
from reconcile.errors import ReconcileError
from reconcile.state import audit, match_models, people
from tests.command_line import Run, answer, commands_in
from tests.unit.learning.test_learning import ASKED, Rig


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Rig:
    made = Rig(tmp_path_factory.mktemp("models"))
    made.workbench.database.write(people.ensure_practice_people)
    return made


@pytest.fixture(scope="module")
def command(rig: Rig) -> Run:
    """A command within this process: starting one takes longer than most of them do."""
    runner = CliRunner(env={"RECONCILE_HOME": str(rig.workbench.settings.home)})

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        found = runner.invoke(cli, list(arguments))
        if isinstance(found.exception, ReconcileError):
            return subprocess.CompletedProcess(arguments, exit_code_of(found.exception), "", str(found.exception))
        return subprocess.CompletedProcess(arguments, found.exit_code, found.stdout, found.stderr)

    return run


@pytest.fixture(scope="module")
def process(rig: Rig) -> Run:
    return commands_in(rig.workbench.settings.home)


def refusal(done: subprocess.CompletedProcess[str], exit_code: int) -> str:
    assert done.returncode == exit_code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def source(rig: Rig, side: str) -> str:
    return str(Path(rig.workbench.settings.home) / f"{side}.csv")


@pytest.fixture(scope="module")
def proposed(rig: Rig, process: Run) -> Any:
    rig.judge(ASKED)
    return answer(process("models", "propose", "--json"))


def test_the_model_in_use_is_listed(rig: Rig, command: Run) -> None:
    (row,) = [each for each in answer(command("models", "list", "--json")) if each["state"] == "in use"]
    assert (row["learned_from"], row["run"]) == ("data", rig.first.id)
    assert row["version"] in command("models", "list").stdout


def test_a_proposal_says_what_it_would_change_and_changes_nothing(rig: Rig, command: Run, proposed: Any) -> None:
    assert (proposed["state"], proposed["learned_from"], proposed["judged"]) == ("proposed", "judgements", ASKED)
    assert proposed["figures"]["told_right_after"] > proposed["figures"]["told_right_before"]
    with rig.workbench.database.read() as tx:
        current = match_models.current(tx, rig.definition.id)
    assert current is not None
    assert current.version != proposed["version"]
    shown = command("models", "show", proposed["version"]).stdout
    assert f"Of {ASKED} judged pairs" in shown
    assert "same domain" in shown or "domain" in shown


def test_two_models_are_compared(command: Run, proposed: Any) -> None:
    found = answer(command("models", "compare", proposed["id"], "--json"))
    assert (found["before"]["state"], found["after"]["id"]) == ("in use", proposed["id"])
    wanted = ("judged", "unchanged", "told_right_after")
    assert [found["figures"][name] for name in wanted] == [proposed["figures"][name] for name in wanted]
    assert any(each["before"] != each["after"] for each in found["weights"])
    with_itself = answer(command("models", "compare", proposed["id"], proposed["id"], "--json"))
    assert [with_itself["figures"][name] for name in ("moved", "split", "merged")] == [0, 0, 0]
    assert all(each["before"] == each["after"] for each in with_itself["weights"])


def test_only_an_administrator_promotes(rig: Rig, command: Run, process: Run, proposed: Any) -> None:
    refused = process("--as", "practice-analyst", "models", "promote", proposed["version"])
    assert "may not edit reconciliations" in refusal(refused, 4)
    promoted = answer(command("--as", "practice-administrator", "models", "promote", proposed["version"], "--json"))
    assert (promoted["state"], promoted["promoted_by"]) == ("in use", "practice-administrator")
    with rig.workbench.database.read() as tx:
        written = [row for row in audit.list_rows(tx, subject=rig.definition.id) if row.action == "promote match model"]
    assert written[0].person_id == "practice-administrator"
    states = [each["state"] for each in answer(command("models", "list", "--json"))]
    assert states == ["in use", "used before"]


def test_an_exported_model_scores_files(rig: Rig, command: Run, proposed: Any, tmp_path: Path) -> None:
    file, links = tmp_path / "model.json", str(tmp_path / "links.parquet")
    answer(command("models", "export", proposed["id"], "--out", str(file), "--json"))
    again = tmp_path / "again.json"
    arguments = ("link", source(rig, "left"), source(rig, "right"), "--out", links, "--json")
    found = answer(command(*arguments, "--model", str(file), "--save-model", str(again)))
    assert file.read_text() == again.read_text()
    assert found["written"] == duckdb.execute("SELECT count(*) FROM read_parquet(?)", [links]).fetchall()[0][0] > 300
    learned = answer(command(*arguments))
    assert learned["model"] != found["model"]


@pytest.mark.parametrize(
    ("arguments", "exit_code", "words"),
    [
        (("models", "show", "model_0"), 2, "There is no model named 'model_0'"),
        (("models", "list", "nowhere"), 2, "There is no reconciliation named 'nowhere'"),
        (("models", "compare", "nothing"), 2, "There is no model named 'nothing'"),
    ],
)
def test_what_is_not_there(command: Run, arguments: tuple[str, ...], exit_code: int, words: str) -> None:
    assert words in refusal(command(*arguments), exit_code)


def test_a_model_that_does_not_fit_is_refused(rig: Rig, command: Run, proposed: Any, tmp_path: Path) -> None:
    left, right = source(rig, "left"), source(rig, "right")
    out = ("--out", str(tmp_path / "out.csv"))
    link, dedupe = ("link", left, right, *out), ("dedupe", left, *out)
    file = tmp_path / "model.json"
    missing = refusal(command(*link, "--model", str(file)), 2)
    assert f"Cannot read {file}: No such file or directory" in missing
    file.write_text("name,weight\n")
    assert f"Cannot read {file}: This is no stored model" in refusal(command(*link, "--model", str(file)), 2)
    answer(command("models", "export", proposed["id"], "--out", str(file), "--json"))
    assert "learned for links between two sides" in refusal(command(*dedupe, "--model", str(file)), 2)
    other_roles = refusal(command(*link, "--map", "phone=", "--model", str(file)), 2)
    assert "The model compares" in other_roles
    assert "Learn a new model for these roles" in other_roles
    nowhere = str(tmp_path / "nowhere" / "model.json")
    assert "There is no folder" in refusal(command(*link, "--save-model", nowhere), 2)
    assert not (tmp_path / "out.csv").exists()


def test_duplicates_are_scored_by_a_stored_model(rig: Rig, command: Run, tmp_path: Path) -> None:
    first, second = (str(tmp_path / name) for name in ("first.csv", "second.csv"))
    model = str(tmp_path / "model.json")
    learned = answer(command("dedupe", source(rig, "left"), "--out", first, "--save-model", model, "--json"))
    scored = answer(command("dedupe", source(rig, "left"), "--out", second, "--model", model, "--json"))
    assert learned["model"] == scored["model"]
    assert Path(first).read_text() == Path(second).read_text()
