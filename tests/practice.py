"""Practice orgs for tests: real processes on free ports, ended by their own pid.

Fixtures: `practice` (300 accounts, seed 7, shared by the session: read only) and `fresh_practice` (a factory).
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

ROOT = Path(__file__).resolve().parent.parent
START_TIMEOUT_S = 120
CLIENT_ID = CLIENT_SECRET = "practice"
API_KEY = "practice_key"


@dataclass(slots=True)
class Truth:
    """The generator's truth, as loaded from its file.

    Attributes:
        pairs: every (account id, customer id) of the same real customer; ids in 18-character form.
        items: everything planted: dictionaries with kind, variant, left, right.
    """

    pairs: set[tuple[str, str]]
    account_clusters: list[frozenset[str]]
    customer_clusters: list[frozenset[str]]
    items: list[dict[str, Any]]
    counts: dict[str, int]

    def of_kind(self, kind: str, variant: str | None = None) -> list[dict[str, Any]]:
        """Planted items of a kind, and of one variant if asked for."""
        return [item for item in self.items if item["kind"] == kind and variant in {None, item["variant"]}]


@dataclass(slots=True)
class Practice:
    """A running pair of practice orgs and what its keeper can do with them."""

    salesforce_url: str
    chargebee_url: str
    home: Path
    pid: int
    truth: Truth
    _keeper: requests.Session = field(default_factory=requests.Session)

    def admin(self, method: str, path: str, **more: Any) -> Any:
        """One admin request; its answer."""
        response = self._keeper.request(method, f"{self.salesforce_url}/admin/{path}", timeout=30, **more)
        if response.status_code != 200:
            raise AssertionError(f"{method} /admin/{path}: {response.status_code} {response.text}")
        return response.json()

    def faults(self, kind: str, **attributes: Any) -> int:
        """Switch a fault on (see reconcile.simulators.faults.Fault for its attributes); gives its id."""
        added: int = self.admin("POST", "faults", json={"kind": kind, **attributes})["faults"][0]["id"]
        return added

    def fault_state(self) -> list[dict[str, Any]]:
        """Faults that are on, with `fitted` and `fired`."""
        state: list[dict[str, Any]] = self.admin("GET", "faults")["faults"]
        return state

    def clear_faults(self) -> None:
        """Switch all faults off."""
        self.admin("DELETE", "faults")

    def writes(self, since: int = 0) -> list[dict[str, Any]]:
        """Record writes that took effect, after sequence number `since`."""
        writes: list[dict[str, Any]] = self.admin("GET", "writes", params={"since": since})["writes"]
        return writes

    def touch(self, system: str, object_name: str, ids: list[str], values: Mapping[str, Any] | None = None) -> None:
        """Let the background automation change records (with no values: only their stamps move)."""
        self.admin(
            "POST", "touch", json={"system": system, "object": object_name, "ids": ids, "values": dict(values or {})}
        )

    def delete(self, system: str, object_name: str, ids: list[str]) -> None:
        """Delete records behind everybody's back."""
        self.admin("POST", "delete", json={"system": system, "object": object_name, "ids": ids})

    def record(self, system: str, object_name: str, record_id: str) -> dict[str, Any] | None:
        """A record as the org stores it, deleted or not."""
        found: dict[str, Any] | None = self.admin(
            "GET", "record", params={"system": system, "object": object_name, "id": record_id}
        )["record"]
        return found

    def refresh_fingerprint(self, system: str = "salesforce") -> str:
        """Refresh the sandbox: another organisation id behind the same address; gives it."""
        return str(self.admin("POST", "fingerprint", json={"system": system})["fingerprint"])

    def end_sessions(self) -> None:
        """End every Salesforce session."""
        self.admin("DELETE", "sessions")

    def settings(self, **systems: Mapping[str, Any]) -> dict[str, Any]:
        """Change limits and rules, e.g. `settings(chargebee={"per_minute": 5})`; gives all of them."""
        shown: dict[str, Any] = self.admin(
            "POST", "settings", json={name: dict(values) for name, values in systems.items()}
        )
        return shown


@contextmanager
def running_practice(home: Path, *, accounts: int = 300, seed: int = 7) -> Iterator[Practice]:
    """Start practice orgs as a process of their own and end it afterwards."""
    errors = home / "practice.err"
    home.mkdir(parents=True, exist_ok=True)
    command = [
        sys.executable,
        "-m",
        "reconcile.simulators",
        "--home",
        str(home),
        "--accounts",
        str(accounts),
        "--seed",
        str(seed),
    ]
    with (
        errors.open("w") as error_file,
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=error_file, text=True) as process,
    ):
        try:
            line = process.stdout.readline() if process.stdout else ""
            if not line:
                raise AssertionError(f"the practice orgs did not start: {errors.read_text()}")
            where = json.loads(line)
            yield Practice(where["salesforce"], where["chargebee"], home, process.pid, load_truth(home / "truth.json"))
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def load_truth(path: Path) -> Truth:
    """The truth that the practice orgs wrote."""
    body = json.loads(path.read_text(encoding="utf-8"))
    return Truth(
        {(left, right) for left, right in body["pairs"]},
        [frozenset(cluster) for cluster in body["account_clusters"]],
        [frozenset(cluster) for cluster in body["customer_clusters"]],
        body["items"],
        body["counts"],
    )


@pytest.fixture(scope="session")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    """Practice orgs of 300 accounts, seed 7, for the whole session. Read only: no writes, no faults."""
    with running_practice(tmp_path_factory.mktemp("practice")) as shared:
        yield shared


@pytest.fixture
def fresh_practice(tmp_path: Path) -> Iterator[Callable[..., Practice]]:
    """A factory: `fresh_practice(accounts=300, seed=7)` starts practice orgs that are this test's own."""
    with ExitStack() as stack:

        def start(*, accounts: int = 300, seed: int = 7) -> Practice:
            home = Path(tempfile.mkdtemp(dir=tmp_path))
            return stack.enter_context(running_practice(home, accounts=accounts, seed=seed))

        yield start
