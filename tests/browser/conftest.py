"""A demo of its own for the browser tests, and a page in the distribution's Chromium."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.practice import ROOT

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
START_TIMEOUT_S = 900


@dataclass(frozen=True, slots=True)
class Demo:
    """A running demo: practice orgs, worker and app."""

    url: str
    home: Path
    salesforce_url: str


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running_demo(home: Path, *, accounts: int) -> Iterator[Demo]:
    """Start `python -m reconcile demo` as the README says, and stop it with Ctrl+C's signal."""
    app, salesforce, chargebee = free_port(), free_port(), free_port()
    log = home / "demo.log"
    command = [sys.executable, "-m", "reconcile", "demo", "--accounts", str(accounts)]
    ports = ["--salesforce-port", str(salesforce), "--chargebee-port", str(chargebee)]
    environment = {**os.environ, "RECONCILE_HOME": str(home / "data"), "RECONCILE_PORT": str(app)}
    with (
        log.open("w") as output,
        subprocess.Popen(
            [*command, *ports], cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT
        ) as process,
    ):
        try:
            _wait_until_ready(process, log)
            yield Demo(f"http://127.0.0.1:{app}", home / "data", f"http://127.0.0.1:{salesforce}")
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)


def _wait_until_ready(process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        text = log.read_text()
        if "Reconcile is ready" in text:
            return
        if "Error:" in text or process.poll() is not None:
            break
        time.sleep(0.3)
    pytest.fail(f"the demo did not start:\n{log.read_text()}")


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with running_demo(tmp_path_factory.mktemp("demo"), accounts=300) as running:
        yield running


@pytest.fixture
def page() -> Iterator[Page]:
    """A fresh page at the size of a laptop, downloads allowed."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        context = browser.new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True)
        opened = context.new_page()
        opened.set_default_timeout(60_000)
        yield opened
        browser.close()
