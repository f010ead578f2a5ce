"""What the demo adds to a workbench: practice people and connections, a reconciliation, a first run."""

from __future__ import annotations

import time

from reconcile import audit, jobs
from reconcile.cli.web import wait_for_port
from reconcile.errors import ReconcileError, UnknownNameError
from reconcile.model import Connection, Person
from reconcile.runs.definitions import CHARGEBEE_ID, chargebee_reconciliation
from reconcile.state import connections, people, reconciliations, runs
from reconcile.workbench import Workbench

SALESFORCE = "salesforce-practice"
CHARGEBEE = "chargebee-practice"
_FIRST_PULL_S = 600.0


def prepare_demo(workbench: Workbench, *, salesforce_port: int, chargebee_port: int) -> None:
    """Make whatever of the demo is missing, and pull and run once if there is no run yet. Can be repeated.

    Raises:
        InputError: a practice org does not answer.
    """
    for port in (salesforce_port, chargebee_port):
        wait_for_port(port)
    with workbench.database.begin() as tx:
        actor = people.ensure_laptop_person(tx)
        people.ensure_practice_people(tx)
    prepare_connections(workbench, actor, salesforce_port, chargebee_port)
    with workbench.database.read() as tx:
        has_run = runs.latest(tx, CHARGEBEE_ID) is not None
    if not has_run:
        _pull_and_run(workbench, actor, CHARGEBEE_ID)


def prepare_connections(workbench: Workbench, actor: Person, salesforce_port: int, chargebee_port: int) -> None:
    """The two practice orgs as connections, and their reconciliation, where they are missing."""
    _ensure_connection(
        workbench,
        actor,
        Connection(
            SALESFORCE,
            "Practice Salesforce org",
            "salesforce",
            "practice",
            options={
                "base_url": f"http://127.0.0.1:{salesforce_port}",
                "login": "client_credentials",
                "client_id": "practice",
            },
        ),
        {"client_secret": "practice"},
    )
    _ensure_connection(
        workbench,
        actor,
        Connection(
            CHARGEBEE,
            "Practice Chargebee site",
            "chargebee",
            "practice",
            options={"base_url": f"http://127.0.0.1:{chargebee_port}", "site": "acme-practice"},
        ),
        {"api_key": "practice_key"},
    )
    definition = chargebee_reconciliation(SALESFORCE, CHARGEBEE)
    with workbench.database.begin() as tx:
        if not any(known.id == definition.id for known in reconciliations.list_current(tx)):
            reconciliations.save(tx, actor, definition)


def _ensure_connection(workbench: Workbench, actor: Person, wanted: Connection, secrets: dict[str, str]) -> None:
    with workbench.database.begin() as tx:
        try:
            known = connections.get(tx, wanted.id)
        except UnknownNameError:
            connections.add(tx, wanted)
            connections.store_secrets(tx, wanted.id, secrets, workbench.settings)
            audit.record(tx, actor, "add connection", wanted.id, {"environment": wanted.environment})
            return
        if dict(known.options) != dict(wanted.options):
            connections.set_options(tx, wanted.id, wanted.options)


def _pull_and_run(workbench: Workbench, actor: Person, reconciliation_id: str) -> None:
    pulls = [jobs.enqueue_pull(workbench, actor, connection_id) for connection_id in (SALESFORCE, CHARGEBEE)]
    for job_id in (*pulls,):
        _wait(workbench, job_id)
    _wait(workbench, jobs.enqueue_run(workbench, actor, reconciliation_id))


def _wait(workbench: Workbench, job_id: str) -> None:
    deadline = time.monotonic() + _FIRST_PULL_S
    while time.monotonic() < deadline:
        job = jobs.get_job(workbench, job_id)
        if job.state == "failed":
            raise ReconcileError(f"The first {job.kind} of {job.subject} failed: {job.error}")
        if not job.is_active:
            return
        time.sleep(0.3)
