"""Requests to one Chargebee site, and its records as flat text.

The vendor's SDK repeats a limited request for ever, ignores how long it is asked to wait, and switches certificate
checks off for the whole process when it is pointed at a local address; so this is our own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests

from reconcile.errors import DefinitionError, RefusedError, SignInError
from reconcile.model import Connection
from reconcile.systems.chargebee.errors import rule_for
from reconcile.systems.http import HttpSession, is_loopback, read_json

PAGE_ROWS = 100
DEFAULT_PER_MINUTE = 150.0
_KEPT_WHOLE = frozenset({"meta_data"})  # the merchant's own JSON: its keys are values, not columns


@dataclass(frozen=True, slots=True)
class Posted:
    """What a POST came to. `is_replayed`: the site knew its idempotency key and repeated its earlier answer."""

    is_replayed: bool
    error: RefusedError | None


class ChargebeeClient:
    """Sends requests with the site's API key."""

    def __init__(self, connection: Connection, secrets: Mapping[str, str]) -> None:
        if not secrets.get("api_key"):
            raise DefinitionError(connection.name, "the secret api_key is missing")
        self.name = connection.name
        self.site = connection.options.get("site", "")
        self.base_url = _base_url(connection)
        self.is_practice = is_loopback(self.base_url) or connection.options.get("environment") == "practice"
        self.per_minute = _per_minute(connection, self.base_url)
        self.session = HttpSession(connection, self.base_url, per_minute=self.per_minute)
        self.session.auth = (secrets["api_key"], "")

    def get(self, path: str, parameters: Mapping[str, str] | None = None) -> dict[str, Any]:
        """GET below `/api/v2/`.

        Raises:
            RefusedError: an answer that says no. SignInError: the key is refused.
            RateLimitedError, UnreachableError: as the session says.
        """
        return self._answer(self.session.get(self._url(path), params=parameters, allow_redirects=False))

    def post(self, path: str, form: Mapping[str, str], headers: Mapping[str, str]) -> Posted:
        """POST a form below `/api/v2/`; a refusal is given back. Raises as `get`; a lost answer may have applied."""
        response = self.session.post(self._url(path), data=dict(form), headers=dict(headers), allow_redirects=False)
        is_replayed = response.headers.get("chargebee-idempotency-replayed") == "true"
        try:
            self._answer(response)
        except RefusedError as error:
            return Posted(is_replayed, error)
        return Posted(is_replayed, None)

    def listed(self, path: str, name: str, parameters: Mapping[str, str]) -> Iterator[list[dict[str, Any]]]:
        """Pages of the resource `name`, followed to the last by the site's opaque offset.

        Raises:
            RefusedError: besides refusals, a page that names its own offset as the next (it would never end).
        """
        offset: str | None = None
        while True:
            asked = {**parameters, "limit": str(PAGE_ROWS)} | ({"offset": offset} if offset else {})
            answer = self.get(path, asked)
            yield [item[name] for item in answer["list"]]
            following = answer.get("next_offset")
            if not following:
                return
            if following == offset:
                raise RefusedError(self.name, 200, "", f"the list of {path} names the same page as its next")
            offset = str(following)

    def _url(self, path: str) -> str:
        return f"{self.base_url}/api/v2/{path}"

    def _answer(self, response: requests.Response) -> dict[str, Any]:
        """The document of a success. One that cannot be read says nothing of whether a POST took effect."""
        if response.ok:
            return read_json(self.name, response, dict, may_have_applied=response.request.method == "POST")
        error = _error_in(response)
        code = str(error.get("api_error_code") or "")
        message = str(error.get("message") or response.reason or "no JSON in the answer")
        if response.status_code == 401:
            raise SignInError(self.name, message)
        remedy = rule_for(code, response.status_code).remedy
        raise RefusedError(self.name, response.status_code, code, message, remedy=remedy)


def _error_in(response: requests.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except requests.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}


def _base_url(connection: Connection) -> str:
    site = connection.options.get("site", "")
    text = (connection.options.get("base_url") or (f"https://{site}.chargebee.com" if site else "")).rstrip("/")
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise DefinitionError(connection.name, "neither site nor base_url is given", remedy="Give the site's name.")
    if parts.scheme == "http" and not is_loopback(text):
        raise DefinitionError(connection.name, f"{text} would send the API key in clear", remedy="Use https.")
    return f"{parts.scheme}://{parts.netloc}"


def _per_minute(connection: Connection, base_url: str) -> float | None:
    text = connection.options.get("requests_per_minute")
    if text is None:
        return None if is_loopback(base_url) else DEFAULT_PER_MINUTE
    try:
        return float(text)
    except ValueError:
        problem = f"option requests_per_minute is {text!r}, which is no number"
        raise DefinitionError(connection.name, problem) from None


def flattened(record: Mapping[str, Any], prefix: str = "") -> dict[str, str | None]:
    """A record as flat text: nested objects by dots, lists and `meta_data` as JSON, no value as null.

    >>> flattened({"id": "a", "billing_address": {"line1": "x", "validation_status": None}, "deleted": False})
    {'id': 'a', 'billing_address.line1': 'x', 'billing_address.validation_status': None, 'deleted': 'false'}
    """
    flat: dict[str, str | None] = {}
    for name, value in record.items():
        if isinstance(value, Mapping) and name not in _KEPT_WHOLE:
            if prefix or name != "object":
                flat.update(flattened(value, f"{prefix}{name}."))
        elif name != "object":  # says the type of each nested resource; no value of the customer
            flat[prefix + name] = _text(value)
    return flat


def _text(value: object) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, dict)):
        return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return str(value)
