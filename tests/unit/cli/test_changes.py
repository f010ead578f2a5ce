"""Every step of a change set from the terminal, by the people who may take it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from reconcile.changing import lifecycle
from reconcile.cli.main import cli
from reconcile.errors import NotAllowedError, ReconcileError
from reconcile.model import ChangeSet, ChangeSetState, OperationState
from reconcile.settings import load_settings
from reconcile.state import change_sets, people
from reconcile.workbench import Workbench
from tests.unit.changing.people import operation, plan_of


@pytest.fixture
def workbench(tmp_path: Path) -> Workbench:
    return Workbench.open(load_settings({"RECONCILE_HOME": str(tmp_path)}))


def made(workbench: Workbench, state: ChangeSetState, operations: OperationState = "pending") -> ChangeSet:
    """A set of the practice analyst that stands so."""
    with workbench.database.begin() as tx:
        analyst, *_ = people.ensure_practice_people(tx)
        drafted = lifecycle.create(tx, analyst, "Links of May", plan_of(operation(0), operation(1)))
        change_sets.move_all(tx, drafted.id, "pending", operations)
        return change_sets.update(tx, drafted, action="prepared", state=state)


def run(workbench: Workbench, *arguments: str) -> Any:
    """What the command prints as JSON. Its errors are raised."""
    done = CliRunner().invoke(cli, [*arguments, "--json"], env={"RECONCILE_HOME": str(workbench.settings.home)})
    if isinstance(done.exception, ReconcileError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return json.loads(done.output)


@pytest.mark.parametrize(
    ("before", "person", "step", "after"),
    [
        ("draft", "practice-analyst", "submit", "submitted"),
        ("submitted", "practice-approver", "approve", "approved"),
        ("submitted", "practice-approver", "reject", "draft"),
        ("approved", "practice-analyst", "reject", "draft"),
        ("pushing", "practice-administrator", "pause", "paused"),
        ("pushing", "practice-analyst", "stop", "stopped"),
        ("paused", "practice-analyst", "stop", "stopped"),
    ],
)
def test_a_step_from_the_terminal(
    workbench: Workbench, before: ChangeSetState, person: str, step: str, after: ChangeSetState
) -> None:
    change_set = made(workbench, before)
    assert run(workbench, "--as", person, "changes", step, change_set.id) == {
        "change_set": change_set.id,
        "state": after,
    }
    with workbench.database.read() as tx:
        assert change_sets.get(tx, change_set.id).state == after


def test_what_was_pushed_is_drafted_to_be_taken_back(workbench: Workbench) -> None:
    change_set = made(workbench, "verified", "verified")
    drafted = run(workbench, "changes", "revert", change_set.id)
    assert (drafted["title"], drafted["state"]) == ("Revert of Links of May", "draft")


def test_a_deactivated_person_takes_no_step(workbench: Workbench) -> None:
    change_set = made(workbench, "submitted")
    with workbench.database.begin() as tx:
        people.set_active(tx, "practice-approver", is_active=False)
    with pytest.raises(NotAllowedError, match="deactivated"):
        run(workbench, "--as", "practice-approver", "changes", "approve", change_set.id)
    with workbench.database.read() as tx:
        assert change_sets.get(tx, change_set.id).state == "submitted"
