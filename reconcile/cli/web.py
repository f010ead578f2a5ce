"""The app as a process: its address and its command line."""

from __future__ import annotations

import ipaddress
import socket
import time
from pathlib import Path

import requests

import reconcile
from reconcile.errors import InputError
from reconcile.settings import Settings

_APP = Path(reconcile.__file__).resolve().parent.parent / "app.py"
_PORTS_TRIED = 20


def check_address(settings: Settings) -> None:
    """Refuse to listen where others could reach an app that has no sign-in.

    Raises:
        InputError: the address is not a loopback address and no identity provider is configured.
    """
    if _is_loopback(settings.host) or _has_identity_provider():
        return
    raise InputError(
        f"Reconcile would listen on {settings.host} without any sign-in.",
        remedy="Configure an identity provider in .streamlit/secrets.toml, or leave RECONCILE_HOST at 127.0.0.1.",
    )


def free_port(settings: Settings) -> int:
    """The port asked for, or the next free one above it.

    Raises:
        InputError: that port and the ones above it are all taken.
    """
    for port in range(settings.port, settings.port + _PORTS_TRIED):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((settings.host, port))
            except OSError:
                continue
            return port
    raise InputError(
        f"Ports {settings.port} to {settings.port + _PORTS_TRIED - 1} are all in use.",
        remedy="Set RECONCILE_PORT to a free one.",
    )


def check_free(port: int, option: str) -> None:
    """Refuse a loopback port that something listens on already; 0 is any free one.

    Raises:
        InputError: it is taken; `option` chooses another.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise InputError(
                f"Port {port} of this machine cannot be used ({error.strerror}).",
                remedy=f"Is Reconcile running already? Stop it, or choose another port with {option}.",
            ) from error


def app_arguments(settings: Settings, port: int) -> tuple[str, ...]:
    """What `streamlit` is told in order to serve the app."""
    return (
        *("run", str(_APP)),
        *("--server.address", settings.host, "--server.port", str(port), "--server.headless", "true"),
    )


def wait_until_up(address: str, timeout_s: float = 60.0) -> None:
    """Return when the app answers.

    Raises:
        InputError: it did not within `timeout_s` seconds.
    """
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        try:
            if requests.get(f"{address}/_stcore/health", timeout=2).ok:
                return
        except requests.RequestException:
            time.sleep(0.2)
    raise InputError(f"The app did not answer at {address} within {timeout_s:.0f} s.")


def wait_for_port(port: int, timeout_s: float = 120.0) -> None:
    """Return when something listens on the loopback port.

    Raises:
        InputError: nothing did within `timeout_s` seconds.
    """
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise InputError(f"Nothing answers on port {port} of this machine.", remedy="Is the port taken by another program?")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _has_identity_provider() -> bool:
    secrets = _APP.parent / ".streamlit" / "secrets.toml"
    return secrets.is_file() and "[auth" in secrets.read_text(encoding="utf-8")
