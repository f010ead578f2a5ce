"""The group that holds every command, and how errors end a command."""

from __future__ import annotations

import sys

import click

from reconcile.cli import changes, connections, matching, processes, pulls, reconciliations, reports, runs
from reconcile.cli.session import Session
from reconcile.errors import (
    InputError,
    NotAllowedError,
    QuarantinedError,
    ReconcileError,
    RemoteError,
    StateError,
    StorageError,
)

_EXIT_CODES: tuple[tuple[type[ReconcileError], int], ...] = (
    (InputError, 2),
    (RemoteError, 3),
    (NotAllowedError, 4),
    (QuarantinedError, 4),
    (StateError, 4),
    (StorageError, 5),
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("--as", "person_id", metavar="PERSON", help="Act as this practice person instead of yourself.")
@click.pass_context
def cli(context: click.Context, person_id: str | None) -> None:
    """Bring Salesforce and a billing system back into agreement.

    Exit codes: 0 done; 1 done, something to look at; 2 wrong input; 3 the other system; 4 not allowed; 5 storage.
    """
    context.obj = Session(person_id)


for _module in (processes, connections, pulls, reconciliations, runs, changes, reports, matching):
    for _command in _module.commands:
        cli.add_command(_command)


def main() -> None:
    """Run the command line; a deliberate error becomes one sentence on standard error and an exit code."""
    try:
        cli(prog_name="python -m reconcile")
    except ReconcileError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(exit_code_of(error))


def exit_code_of(error: ReconcileError) -> int:
    """The exit code that stands for the error's kind."""
    return next((code for kind, code in _EXIT_CODES if isinstance(error, kind)), 2)
