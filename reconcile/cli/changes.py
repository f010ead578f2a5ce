"""changes: list, show, submit, approve, push, pause, resume, stop and revert change sets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import click

from reconcile import jobs
from reconcile.changing import lifecycle
from reconcile.changing.revert import draft_revert
from reconcile.cli.following import follow
from reconcile.cli.session import Session, as_json, show
from reconcile.model import ChangeSet, OperationState
from reconcile.state import change_sets

_TROUBLE: tuple[OperationState, ...] = ("failed", "stale", "mismatched", "uncertain")


@click.group("changes")
def group() -> None:
    """Change sets: what is to be written, who approved it, and how it went."""


@group.command("list")
@as_json
@click.pass_obj
def list_(session: Session, is_json: bool) -> None:
    """List the change sets, newest first."""
    with session.workbench.database.read() as tx:
        found = change_sets.list_change_sets(tx)
    rows = [
        {"id": each.id, "title": each.title, "state": each.state, "author": each.author_id, "created": each.created_at}
        for each in found
    ]
    show(rows, is_json=is_json)


@group.command("show")
@click.argument("change_set_id")
@as_json
@click.pass_obj
def show_(session: Session, change_set_id: str, is_json: bool) -> None:
    """Show a change set and each of its operations."""
    with session.workbench.database.read() as tx:
        found = change_sets.get(tx, change_set_id)
        operations = change_sets.operations(tx, change_set_id)
    if is_json:
        show({"change_set": found, "operations": operations}, is_json=True)
        return
    show({"id": found.id, "title": found.title, "state": found.state, "author": found.author_id}, is_json=False)
    rows = [
        {
            "stage": each.stage,
            "record": f"{each.target.object} {each.target.record_id}",
            "before": dict(each.before),
            "after": dict(each.after),
            "state": each.state,
            "message": each.message,
        }
        for each in operations
    ]
    show(rows, is_json=False)


@group.command()
@click.argument("change_set_id")
@as_json
@click.pass_obj
def push(session: Session, change_set_id: str, is_json: bool) -> None:
    """Push an approved change set and follow it. Exit code 1 when not every operation was verified."""
    job = follow(session.workbench, jobs.enqueue_push(session.workbench, session.actor, change_set_id))
    with session.workbench.database.read() as tx:
        found = change_sets.get(tx, change_set_id)
        states = Counter(each.state for each in change_sets.operations(tx, change_set_id))
    show({"change_set": found.id, "state": found.state, "operations": dict(states), "job": job.id}, is_json=is_json)
    if any(states[state] for state in _TROUBLE):
        raise SystemExit(1)


@group.command()
@click.argument("change_set_id")
@as_json
@click.pass_obj
def revert(session: Session, change_set_id: str, is_json: bool) -> None:
    """Draft a change set that undoes a pushed one where the values are still ours."""
    actor = session.actor  # who acts is looked up in a transaction of its own
    with session.workbench.database.begin() as tx:
        drafted = draft_revert(tx, actor, change_set_id)
    show({"change_set": drafted.id, "title": drafted.title, "state": drafted.state}, is_json=is_json)


Step = Callable[..., ChangeSet]


def _step_command(name: str, sentence: str, step: Step) -> click.Command:
    """A command that moves one change set along one step."""

    @click.command(name, help=sentence)
    @click.argument("change_set_id")
    @as_json
    @click.pass_obj
    def command(session: Session, change_set_id: str, is_json: bool) -> None:
        actor = session.actor  # who acts is looked up in a transaction of its own
        with session.workbench.database.begin() as tx:
            moved = step(tx, actor, change_set_id, change_sets.get(tx, change_set_id).revision)
        show({"change_set": moved.id, "state": moved.state}, is_json=is_json)

    return command


for _name, _sentence, _step in (
    ("submit", "Submit a draft for approval.", lifecycle.submit),
    ("approve", "Approve a submitted change set.", lifecycle.approve),
    ("reject", "Send a submitted change set back to its author.", lifecycle.reject),
    ("pause", "Pause a push after the batch under way.", lifecycle.pause),
    ("stop", "Stop a push for good after the batch under way.", lifecycle.stop),
):
    group.add_command(_step_command(_name, _sentence, _step))
group.add_command(click.Command("resume", params=push.params, callback=push.callback, help="Go on with a paused push."))

commands: tuple[click.Command, ...] = (group,)
