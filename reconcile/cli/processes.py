"""serve, worker, demo and simulate: the commands that keep running."""

from __future__ import annotations

import signal
from pathlib import Path
from threading import Event

import click

from reconcile import simulators
from reconcile.cli.demo import prepare_demo
from reconcile.cli.session import Session
from reconcile.cli.supervisor import Child, supervise
from reconcile.cli.web import app_arguments, check_address, check_free, free_port, wait_until_up
from reconcile.jobs.worker import serve as serve_jobs
from reconcile.settings import load_settings
from reconcile.simulators import FEWEST_ACCOUNTS
from reconcile.workbench import Workbench


@click.command()
@click.pass_obj
def worker(session: Session) -> None:
    """Execute jobs (pulls, runs, pushes) until stopped."""
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    serve_jobs(session.workbench, stop)


@click.command()
def serve() -> None:
    """Run the app and its worker until stopped."""
    workbench = Workbench.open()
    settings = workbench.settings
    check_address(settings)
    port = free_port(settings)
    click.echo(f"Starting Reconcile at http://{settings.host}:{port} ...", err=True)
    supervise([Child.of_reconcile("worker"), Child.of_module("app", "streamlit", *app_arguments(settings, port))])


@click.command()
@click.option(
    "--accounts",
    type=click.IntRange(min=FEWEST_ACCOUNTS),
    default=2000,
    show_default=True,
    help="Salesforce accounts of the practice org.",
)
@click.option("--seed", default=7, show_default=True, help="The same seed gives the same practice data.")
@click.option("--salesforce-port", default=8610, show_default=True)
@click.option("--chargebee-port", default=8611, show_default=True)
def demo(accounts: int, seed: int, salesforce_port: int, chargebee_port: int) -> None:
    """Run everything with two practice orgs and data to work on: nothing else needs to be installed or connected."""
    workbench = Workbench.open()
    settings = workbench.settings
    check_address(settings)
    port = free_port(settings)
    check_free(salesforce_port, "--salesforce-port")
    check_free(chargebee_port, "--chargebee-port")
    simulate_arguments = (
        *("simulate", "--home", str(settings.home / "practice"), "--accounts", str(accounts), "--seed", str(seed)),
        *("--salesforce-port", str(salesforce_port), "--chargebee-port", str(chargebee_port)),
    )
    click.echo("Starting the practice orgs, the worker and the app ...", err=True)
    supervise(
        [
            Child.of_reconcile(*simulate_arguments),
            Child.of_reconcile("worker"),
            Child.of_module("app", "streamlit", *app_arguments(settings, port)),
        ],
        when_up=lambda: _announce_demo(workbench, salesforce_port, chargebee_port, port),
    )


@click.command()
@click.option("--salesforce-port", default=8610, show_default=True)
@click.option("--chargebee-port", default=8611, show_default=True)
@click.option("--accounts", type=click.IntRange(min=FEWEST_ACCOUNTS), default=2000, show_default=True)
@click.option("--seed", default=7, show_default=True)
@click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help="Where the truth is written, and what was changed in the orgs, for the next start.",
)
@click.option("--children/--no-children", default=True, help="Also contacts, opportunities, subscriptions, invoices.")
def simulate(
    salesforce_port: int, chargebee_port: int, accounts: int, seed: int, home: Path | None, *, children: bool
) -> None:
    """Serve a practice Salesforce org and a practice Chargebee site over HTTP on the loopback address.

    Sign in to Salesforce with client id and secret "practice" (login client_credentials), to Chargebee with the API key
    "practice_key" of the site "acme-practice".
    """
    check_free(salesforce_port, "--salesforce-port")
    check_free(chargebee_port, "--chargebee-port")
    simulators.serve(
        home or load_settings().home / "practice",
        salesforce_port=salesforce_port,
        chargebee_port=chargebee_port,
        accounts=accounts,
        seed=seed,
        children=children,
        ready=lambda ports: click.echo(
            f"Practice orgs: Salesforce http://127.0.0.1:{ports.salesforce}, Chargebee http://127.0.0.1:{ports.chargebee}"
        ),
    )


def _announce_demo(workbench: Workbench, salesforce_port: int, chargebee_port: int, port: int) -> None:
    prepare_demo(workbench, salesforce_port=salesforce_port, chargebee_port=chargebee_port)
    address = f"http://{workbench.settings.host}:{port}"
    wait_until_up(address)
    click.echo(f"\n  Reconcile is ready: {address}\n  Stop it with Ctrl+C.\n", err=True)


commands: tuple[click.Command, ...] = (demo, serve, worker, simulate)
