"""The group that holds every command, and how errors end a command."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from reconcile.cli.session import Session
from reconcile.cli.stopping import end_if_stopped, heed_signals
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

# Command -> its module under reconcile.cli, and its line in the list of commands.
_COMMANDS: Mapping[str, tuple[str, str]] = {
    "demo": ("processes", "Run everything with two practice orgs and data to work on."),
    "serve": ("processes", "Run the app and its worker."),
    "worker": ("processes", "Execute jobs: pulls, runs, pushes."),
    "simulate": ("processes", "Serve the practice orgs alone."),
    "faults": ("faults", "Let things go wrong in running practice orgs."),
    "connections": ("connections", "The orgs, sites and files this workbench is connected to."),
    "pull": ("pulls", "Pull a connection into a new snapshot."),
    "reconciliations": ("reconciliations", "Saved definitions: two sources, mapping, thresholds."),
    "run": ("runs", "Match, compare and count a reconciliation."),
    "models": ("models", "Models of the match: list, show, compare, propose, promote, export."),
    "changes": ("changes", "Change sets: submit, approve, push, pause, revert."),
    "report": ("reports", "What a run found and what was done about it, as a file."),
    "link": ("matching", "Link the records of two files; needs no workbench."),
    "dedupe": ("matching", "Find duplicates in a file; needs no workbench."),
    "explain": ("matching", "Say why two records match or do not; needs no workbench."),
    "compare": ("compare", "Compare two tables; needs no workbench."),
}


class _LazyGroup(click.Group):
    """Imports a command's module when it is asked for: a command that needs no database starts without loading one."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as above
        if cmd_name not in _COMMANDS:
            return None
        module: Any = import_module(f"reconcile.cli.{_COMMANDS[cmd_name][0]}")
        commands: tuple[click.Command, ...] = module.commands
        return next(command for command in commands if command.name == cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - as above
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in _COMMANDS.items()])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("--as", "person_id", metavar="PERSON", help="Act as this practice person instead of yourself.")
@click.pass_context
def cli(context: click.Context, person_id: str | None) -> None:
    """Bring Salesforce and a billing system back into agreement.

    Exit codes: 0 done; 1 done, something to look at; 2 wrong input; 3 the other system; 4 not allowed; 5 storage.
    """
    context.obj = Session(person_id)


def main() -> None:
    """Run the command line; a deliberate error becomes one sentence on standard error and an exit code."""
    heed_signals()
    try:
        cli(prog_name="python -m reconcile")
    except ReconcileError as error:
        end_if_stopped()
        click.echo(f"Error: {error}", err=True)
        sys.exit(exit_code_of(error))
    except Exception:
        end_if_stopped()
        raise


def exit_code_of(error: ReconcileError) -> int:
    """The exit code that stands for the error's kind."""
    return next((code for kind, code in _EXIT_CODES if isinstance(error, kind)), 2)
