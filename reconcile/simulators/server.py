"""Serving both practice orgs over HTTP on loopback, in one process."""

from __future__ import annotations

import asyncio
import gc
import json
import socket
from collections.abc import Callable
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
from reconcile.simulators.generator import Truth, draw
from reconcile.simulators.salesforce.app import refuse as refuse_salesforce
from reconcile.simulators.salesforce.app import salesforce_app
from reconcile.simulators.salesforce.org import Org
from reconcile.simulators.salesforce.store import Store
from reconcile.simulators.writes import WriteLog

HOST = "127.0.0.1"
TRUTH_FILE, KEY_FILE = "truth.json", "practice_jwt_key.pem"


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
    ready: Callable[[Ports], None] | None = None,
) -> None:
    """Serve a fresh practice org and site until the process is told to stop.

    Nothing of what clients change survives. Into `home` go the truth (`truth.json`) and the private key that signs JWT
    bearer assertions (`practice_jwt_key.pem`).

    Args:
        home: folder for the truth and the key; made if it is not there.
        salesforce_port: 0 for any free one.
        chargebee_port: 0 for any free one.
        accounts: live Salesforce accounts, at least 200.
        seed: of the generated data.
        ready: called with the ports once both accept connections.

    Raises:
        ValueError: fewer than 200 accounts.
        OSError: a port that is taken.
    """
    sockets = [_bind(salesforce_port), _bind(chargebee_port)]
    ports = Ports(*(each.getsockname()[1] for each in sockets))
    applications = _build(home, ports, accounts, seed)
    asyncio.run(_run(list(zip(applications, sockets, strict=True)), lambda: ready(ports) if ready else None))


def announce(ports: Ports) -> None:
    """Say on standard output, as one line of JSON, where the practice orgs are."""
    line = {"salesforce": ports.salesforce_url, "chargebee": ports.chargebee_url, "ports": asdict(ports)}
    print(json.dumps(line), flush=True)  # noqa: T201  # the line that whoever started the process waits for


def _build(home: Path, ports: Ports, accounts: int, seed: int) -> tuple[ASGIApp, ASGIApp]:
    """Both applications, filled."""
    log, faults = WriteLog(), Injector()
    org, site = Org(Store(), log, faults), Site(SiteStore(), log, faults)
    fill(org, site, accounts, seed).write(home / TRUTH_FILE)
    org.address = ports.salesforce_url
    org.public_key = _make_key(home / KEY_FILE)
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
    return salesforce, chargebee


def fill(org: Org, site: Site, accounts: int, seed: int) -> Truth:
    """Load a generated world into an empty org and site, portion by portion; gives the truth."""
    truth, portions = draw(accounts, seed)
    gc.disable()  # millions of objects live for a moment each; looking for cycles among them only costs time
    for system, table, rows in portions:
        (org.store if system == "salesforce" else site.store).load(table, rows)
    org.store.index()
    site.store.index()
    gc.enable()
    return truth


def _make_key(path: Path) -> rsa.RSAPublicKey:
    """A new key pair: the private half into a file, the public half registered with the org."""
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


async def _run(applications: list[tuple[ASGIApp, socket.socket]], ready: Callable[[], None]) -> None:
    """Serve until the first server is told to stop, then stop the other."""
    servers = [
        (
            uvicorn.Server(
                uvicorn.Config(
                    app, http=_Protocol, log_level="warning", access_log=False, lifespan="off", timeout_keep_alive=75
                )
            ),
            bound,
        )
        for app, bound in applications
    ]
    tasks = [asyncio.create_task(server.serve(sockets=[bound])) for server, bound in servers]
    while not all(server.started for server, _ in servers) and not any(task.done() for task in tasks):
        await asyncio.sleep(0.005)
    ready()
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for server, _ in servers:
        server.should_exit = True
    await asyncio.gather(*tasks)
