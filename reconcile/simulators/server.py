"""Serving both practice orgs over HTTP on loopback, in one process."""

from __future__ import annotations

import asyncio
import gc
import json
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import uvicorn
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from reconcile.simulators.admin import Keeper
from reconcile.simulators.chargebee.app import chargebee_app
from reconcile.simulators.chargebee.app import refuse as refuse_chargebee
from reconcile.simulators.chargebee.site import Site
from reconcile.simulators.chargebee.store import SiteStore
from reconcile.simulators.faults import FaultMiddleware, Injector
from reconcile.simulators.generator import VERSION, Truth, draw
from reconcile.simulators.salesforce.app import refuse as refuse_salesforce
from reconcile.simulators.salesforce.app import salesforce_app
from reconcile.simulators.salesforce.org import Org
from reconcile.simulators.salesforce.store import Store
from reconcile.simulators.saving import Saver
from reconcile.simulators.writes import WriteLog

HOST = "127.0.0.1"
TRUTH_FILE, KEY_FILE = "truth.json", "practice_jwt_key.pem"
GRACE_S = 5  # for requests under way when the process is told to stop


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the practice orgs are served."""

    salesforce: int
    chargebee: int

    @property
    def salesforce_url(self) -> str:
        """The org's address."""
        return f"http://{HOST}:{self.salesforce}"

    @property
    def chargebee_url(self) -> str:
        """The site's address; its API is below `/api/v2`."""
        return f"http://{HOST}:{self.chargebee}"


class _Server(uvicorn.Server):
    """Leaves signals to us: both servers stop together, and what was changed is saved before the process ends."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


class _Protocol(H11Protocol):
    """HTTP/1.1 that lets the application reach its own connection, to break it on purpose."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        inner = self.app

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            scope["reconcile.transport"] = self.transport
            await inner(scope, receive, send)

        self.app = app


def serve(
    home: Path,
    *,
    salesforce_port: int,
    chargebee_port: int,
    accounts: int,
    seed: int,
    children: bool = True,
    ready: Callable[[Ports], None] | None = None,
) -> None:
    """Serve a practice org and site until the process is told to stop (SIGTERM or SIGINT).

    What clients change is saved in `home` (see `saving`), and is there again at the next start with the same accounts,
    seed and children. Into `home` also go the truth (`truth.json`) and the private key that signs JWT bearer assertions
    (`practice_jwt_key.pem`); a key that is there already stays.

    Args:
        home: folder for the changes, the truth and the key; made if it is not there.
        salesforce_port: 0 for any free one.
        chargebee_port: 0 for any free one.
        accounts: live Salesforce accounts, at least 200.
        seed: of the generated data.
        children: also contacts, opportunities, subscriptions and invoices; without them a large world starts sooner.
        ready: called with the ports once both accept connections.

    Raises:
        ValueError: fewer than 200 accounts.
        OSError: a port that is taken.
    """
    sockets = [_bind(salesforce_port), _bind(chargebee_port)]
    ports = Ports(*(each.getsockname()[1] for each in sockets))
    applications, saver = _build(home, ports, accounts, seed, children=children)
    announce_ports = (lambda: ready(ports)) if ready else (lambda: None)
    asyncio.run(_run(list(zip(applications, sockets, strict=True)), saver, announce_ports))
    saver.save()  # after every request and job has ended


def announce(ports: Ports) -> None:
    """Say on standard output, as one line of JSON, where the practice orgs are."""
    line = {"salesforce": ports.salesforce_url, "chargebee": ports.chargebee_url, "ports": asdict(ports)}
    print(json.dumps(line), flush=True)  # noqa: T201  # the line that whoever started the process waits for


def _build(
    home: Path, ports: Ports, accounts: int, seed: int, *, children: bool
) -> tuple[tuple[ASGIApp, ASGIApp], Saver]:
    """Both applications, filled, with the changes of the last run; and who saves those of this one."""
    log, faults = WriteLog(), Injector()
    org, site = Org(Store(), log, faults), Site(SiteStore(), log, faults)
    fill(org, site, accounts, seed, children=children).write(home / TRUTH_FILE)
    world = {"generator": VERSION, "accounts": accounts, "seed": seed, "children": children}
    saver = Saver(org, site, home / state_file_name(accounts, seed, children=children), world)
    saver.restore()
    org.address = ports.salesforce_url
    org.public_key = _key(home / KEY_FILE)
    keeper = Keeper(org, site, faults, log)
    salesforce = FaultMiddleware(
        salesforce_app(org, keeper.routes()),
        injector=faults,
        system="salesforce",
        refuse=partial(refuse_salesforce, org),
    )
    chargebee = FaultMiddleware(
        chargebee_app(site, keeper.routes()),
        injector=faults,
        system="chargebee",
        refuse=partial(refuse_chargebee, site),
    )
    return (salesforce, chargebee), saver


def state_file_name(accounts: int, seed: int, *, children: bool = True) -> str:
    """The file in the home folder that holds what was changed in this world."""
    return f"changes_{accounts}_{seed}{'' if children else '_no_children'}.jsonl"


def fill(org: Org, site: Site, accounts: int, seed: int, *, children: bool = True) -> Truth:
    """Load a generated world into an empty org and site, portion by portion; gives the truth."""
    truth, portions = draw(accounts, seed, children=children)
    gc.disable()  # millions of objects live for a moment each; looking for cycles among them only costs time
    for system, table, rows in portions:
        (org.store if system == "salesforce" else site.store).load(table, rows)
    org.store.index()
    site.store.index()
    gc.enable()
    return truth


def _key(path: Path) -> rsa.RSAPublicKey:
    """The public half of the key in the file, for the org to know; a new pair where there is no usable file."""
    with suppress(OSError, ValueError):
        known = serialization.load_pem_private_key(path.read_bytes(), None)
        if isinstance(known, rsa.RSAPrivateKey):
            return known.public_key()
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    path.chmod(0o600)
    return key.public_key()


def _bind(port: int) -> socket.socket:
    """A listening socket on loopback."""
    # asyncio turns Nagle off only on sockets that say they are TCP; left on, every answer waits some 40 ms.
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((HOST, port))
    return bound


async def _run(applications: list[tuple[ASGIApp, socket.socket]], saver: Saver, ready: Callable[[], None]) -> None:
    """Serve until the process is told to stop or one of the servers ends, then stop both."""
    servers = [(_Server(_config(app)), bound) for app, bound in applications]

    def stop() -> None:
        for server, _ in servers:
            server.force_exit = server.should_exit  # asked a second time: wait for nobody
            server.should_exit = True

    _on_stop_signals(stop)
    tasks = [asyncio.create_task(server.serve(sockets=[bound])) for server, bound in servers]
    while not all(server.started for server, _ in servers) and not any(task.done() for task in tasks):
        await asyncio.sleep(0.005)
    saving = asyncio.create_task(saver.save_regularly())
    ready()
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    saving.cancel()
    for server, _ in servers:
        server.should_exit = True
    await asyncio.gather(*tasks)


def _config(app: ASGIApp) -> uvicorn.Config:
    """How one application is served."""
    return uvicorn.Config(
        app,
        http=_Protocol,
        log_level="warning",
        access_log=False,
        lifespan="off",
        timeout_keep_alive=75,
        timeout_graceful_shutdown=GRACE_S,
    )


def _on_stop_signals(stop: Callable[[], None]) -> None:
    """Call `stop` on SIGTERM and SIGINT; signals reach the main thread only."""
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop)
