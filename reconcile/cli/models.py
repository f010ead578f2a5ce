"""models: what scores the runs, what people's judgements would make of it, and who put it in use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from reconcile import jobs, learning
from reconcile.cli.following import follow
from reconcile.cli.matching import FILE
from reconcile.cli.model_files import write_model
from reconcile.cli.runs import chosen_reconciliation
from reconcile.cli.session import Session, as_json, progress_bar, show
from reconcile.errors import UnknownNameError
from reconcile.matching.models import WeightChange, compare_weights, level_weights
from reconcile.state import match_models
from reconcile.state.match_models import StoredModel

MODEL = "MODEL is an id or a version, as `models list` shows them."
_SAME_BITS = 0.05  # as near as the table shows them


@click.group("models")
def group() -> None:
    """What scores the runs. A run uses the model in use; judgements make a new one, which an administrator promotes."""


@group.command("list")
@click.argument("reconciliation", required=False)
@as_json
@click.pass_obj
def list_(session: Session, reconciliation: str | None, is_json: bool) -> None:
    """List the models of a RECONCILIATION (default: the only one), newest first."""
    chosen = chosen_reconciliation(session, reconciliation)
    with session.workbench.database.read() as tx:
        found = match_models.list_models(tx, chosen)
    show([_row(each) for each in found], is_json=is_json)


@group.command("show", epilog=MODEL)
@click.argument("model")
@as_json
@click.pass_obj
def show_(session: Session, model: str, is_json: bool) -> None:
    """Show a model: where it comes from, what it changed when it was proposed, and what each agreement weighs."""
    found = _find(session, model)
    weights = [asdict(each) for each in level_weights(learning.link_part(found))]
    if is_json:
        show({**_row(found), "figures": found.figures, "parts": sorted(found.models), "weights": weights}, is_json=True)
        return
    show(_row(found), is_json=False)
    _show_effect(found.figures, "the run that it was proposed from")
    click.echo()
    show([{**each, "bits": f"{each['weight']:+.1f}"} for each in weights], is_json=False, columns=_LEVEL_COLUMNS)


_LEVEL_COLUMNS = ("role", "level", "bits", "label")


@group.command(epilog=MODEL)
@click.argument("model")
@click.argument("other", required=False)
@as_json
@click.pass_obj
def compare(session: Session, model: str, other: str | None, is_json: bool) -> None:
    """Compare MODEL with OTHER (default: the one in use): weights, and what the newest run's links would become."""
    after = _find(session, model)
    before = _find(session, other) if other else _in_use(session, after.reconciliation_id)
    weights = compare_weights(learning.link_part(before), learning.link_part(after))
    with progress_bar() as report:
        figures = learning.compare_models(session.workbench, before, after, report)
    if is_json:
        both = {"before": _row(before), "after": _row(after)}
        show({**both, "figures": figures, "weights": [asdict(each) for each in weights]}, is_json=True)
        return
    click.echo(f"{before.version} before, {after.version} after")
    _show_effect(figures, "the newest run")
    click.echo()
    show([_change_row(each) for each in weights if _is_other(each)], is_json=False)


@group.command()
@click.argument("reconciliation", required=False)
@as_json
@click.pass_obj
def propose(session: Session, reconciliation: str | None, is_json: bool) -> None:
    """Learn a model from the newest run of a RECONCILIATION and all judgements that stand.

    Nothing changes for anybody until it is promoted.
    """
    chosen = chosen_reconciliation(session, reconciliation)
    job = follow(session.workbench, jobs.enqueue_learn(session.workbench, session.actor, chosen))
    made = _find(session, (job.result or {})["model"])
    show({**_row(made), "figures": made.figures} if is_json else _row(made), is_json=is_json)
    if not is_json:
        _show_effect(made.figures, "the newest run")
        click.echo(f"To use it: python -m reconcile models promote {made.version}")


@group.command(epilog=MODEL)
@click.argument("model")
@as_json
@click.pass_obj
def promote(session: Session, model: str, is_json: bool) -> None:
    """Let a model score every run from now on; an earlier one too, to go back."""
    show(_row(learning.promote(session.workbench, session.actor, _find(session, model).id)), is_json=is_json)


@group.command(epilog=MODEL)
@click.argument("model")
@click.option("--out", type=FILE, required=True, help="File to write, for `link --model` or `dedupe --model`.")
@click.option(
    "--part",
    type=click.Choice(["link", "left", "right"]),
    default="link",
    show_default=True,
    help="What scores links, or duplicates of a side.",
)
@as_json
@click.pass_obj
def export(session: Session, model: str, out: Path, part: str, is_json: bool) -> None:
    """Write a model to a file."""
    found = _find(session, model)
    if part not in found.models:
        raise UnknownNameError("part of the model", part, tuple(found.models))
    write_model(out, found.models[part])
    show({"model": found.id, "part": part, "file": str(out)}, is_json=is_json)


def _find(session: Session, name: str) -> StoredModel:
    with session.workbench.database.read() as tx:
        return match_models.find(tx, name)


def _in_use(session: Session, reconciliation_id: str) -> StoredModel:
    with session.workbench.database.read() as tx:
        found = match_models.current(tx, reconciliation_id)
    if found is None:
        raise UnknownNameError("model", "the one in use")
    return found


def _row(model: StoredModel) -> dict[str, object]:
    return {
        "id": model.id,
        "version": model.version,
        "state": "in use" if model.is_current else "used before" if model.promoted_at else "proposed",
        "learned_from": model.origin,
        "judged": model.figures.get("judged"),
        "run": model.run_id,
        "made": model.made_at,
        "by": model.made_by,
        "promoted": model.promoted_at,
        "promoted_by": model.promoted_by,
    }


def _show_effect(figures: Mapping[str, Any], where: str) -> None:
    """What a model changes, in a few lines; nothing for the first one."""
    if not figures:
        return
    click.echo(
        f"\nOn {where}: {figures['unchanged']:,} accepted links stay, {figures['moved']:,} move to another record, "
        f"{figures['split']:,} are given up, {figures['merged']:,} are new."
    )
    if not figures["judged"]:
        return
    told = figures["told_right_before"], figures["told_right_after"]
    click.echo(f"Of {figures['judged']:,} judged pairs {told[0]:,} were told right before, {told[1]:,} after.")
    for name in ("before", "after"):
        quality = figures[f"quality_{name}"]
        shares = (f"{each} {_interval(quality, each)}" for each in ("precision", "recall"))
        click.echo(f"  {name:6}  {', '.join(shares)} (95 % intervals, as the judgements have it)")


def _interval(quality: Mapping[str, float], name: str) -> str:
    return f"{quality[name]:.1%} ({quality[f'{name}_low']:.1%} to {quality[f'{name}_high']:.1%})"


def _is_other(change: WeightChange) -> bool:
    if change.before is None or change.after is None:
        return True
    return abs(change.after - change.before) >= _SAME_BITS


def _change_row(change: WeightChange) -> dict[str, object]:
    bits = {
        name: None if value is None else f"{value:+.1f}"
        for name, value in (("before", change.before), ("after", change.after))
    }
    return {"role": change.role, "level": change.level, **bits, "label": change.label}


commands: tuple[click.Command, ...] = (group,)
