"""faults: let things go wrong in running practice orgs, and see how often they did."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import click
import requests

from reconcile.cli.session import as_json, show
from reconcile.errors import InputError, RefusedError, UnreachableError
from reconcile.simulators.faults import KINDS, SYNONYMS

_TIMEOUT_S = 30
_ORGS = "practice orgs"
_COLUMNS = ("id", "kind", "system", "method", "path", "records", "probability", "skip", "count", "fitted", "fired")

_at_url = click.option(
    "--url", default="http://127.0.0.1:8610", show_default=True, help="Either address of the running practice orgs."
)


@click.group("faults")
def group() -> None:
    """Faults of the practice orgs: what goes wrong there on purpose, where and how often."""


@group.command("list")
@_at_url
@as_json
def list_(url: str, is_json: bool) -> None:
    """List the faults that are on, with how many requests fitted and how many were hit."""
    _show(_ask(url, "GET"), is_json=is_json)


_ATTRIBUTES: tuple[Callable[..., Any], ...] = (
    click.option("--system", type=click.Choice(["salesforce", "chargebee"]), help="Only there; default both."),
    click.option("--path", metavar="REGEX", help="Only requests whose path and query contain this."),
    click.option("--method", help="Only requests with this HTTP method."),
    click.option("--probability", type=click.FloatRange(0, 1), help="Of each request or row that fits; default 1."),
    click.option("--count", type=click.IntRange(1), help="Spent after so many hits; default never."),
    click.option("--skip", type=click.IntRange(0), help="Let so many that fit pass first; default 0."),
    click.option("--seed", type=int, help="Of the probability; default 0."),
    click.option("--seconds", type=click.FloatRange(0), help="Of latency; default 0.5."),
    click.option("--retry-after", type=click.FloatRange(0), help="Seconds, in the answer's header; default 1."),
    click.option("--records", metavar="REGEX", help="Only rows whose record id contains this (row faults)."),
    click.option("--code", help="Error code of a partial failure."),
    click.option("--message", help="Error message of a partial failure."),
)


def _with_attributes(command: Callable[..., None]) -> Callable[..., None]:
    """All attributes of a fault as options; what is not given is left to the practice orgs."""
    for option in reversed(_ATTRIBUTES):
        command = option(command)
    return command


@group.command(epilog=f"KIND is one of: {', '.join(KINDS)}.")
@click.argument("kind", type=click.Choice([*KINDS, *SYNONYMS]), metavar="KIND")
@_with_attributes
@_at_url
@as_json
def add(kind: str, url: str, is_json: bool, **attributes: Any) -> None:
    """Switch a fault on."""
    given = {name: value for name, value in attributes.items() if value is not None}
    _show(_ask(url, "POST", json={"kind": kind, **given}), is_json=is_json)


@group.command()
@click.option("--id", "fault_id", type=int, help="Only this one.")
@_at_url
@as_json
def clear(fault_id: int | None, url: str, is_json: bool) -> None:
    """Switch all faults off, or one; lists those that are left."""
    _show(_ask(url, "DELETE", params={} if fault_id is None else {"id": str(fault_id)}), is_json=is_json)


def _show(faults: list[Mapping[str, Any]], *, is_json: bool) -> None:
    if is_json or faults:
        show(faults, is_json=is_json, columns=_COLUMNS)
    else:
        click.echo("No fault is on.")


def _ask(url: str, method: str, **more: Any) -> list[Mapping[str, Any]]:
    """The faults that the practice orgs answer with.

    Raises:
        InputError: an address that is not of this machine, or an attribute that the practice orgs refuse.
        UnreachableError: nothing answers there.
        RefusedError: something else than practice orgs answers there.
    """
    if urlsplit(url).hostname not in {"127.0.0.1", "localhost", "::1"}:
        raise InputError(f"{url} is not on this machine.", remedy="Practice orgs are at an address like the default.")
    address = f"{url.rstrip('/')}/admin/faults"
    try:
        answer = requests.request(method, address, timeout=_TIMEOUT_S, **more)
    except requests.RequestException as error:
        raise UnreachableError(
            _ORGS, method, address, type(error).__name__, may_have_applied=method != "GET"
        ) from error
    return _faults_in(answer)


def _faults_in(answer: requests.Response) -> list[Mapping[str, Any]]:
    """The faults of an answer; see `_ask` for its errors."""
    try:
        body = answer.json()
    except requests.JSONDecodeError:
        body = {}
    if answer.status_code == requests.codes.bad_request and isinstance(body, dict) and "error" in body:
        raise InputError(f"The practice orgs refuse this fault: {body['error']}.")
    if not isinstance(body, dict) or not isinstance(body.get("faults"), list):
        raise RefusedError(
            _ORGS,
            answer.status_code,
            answer.reason,
            f"what answers at {answer.url} is no practice org.",
            remedy="Give the address of one with --url.",
        )
    faults: list[Mapping[str, Any]] = body["faults"]
    return faults


commands: tuple[click.Command, ...] = (group,)
