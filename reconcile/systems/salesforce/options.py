"""What a Salesforce connection's options say, read and checked once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args
from urllib.parse import urlsplit

from reconcile.errors import DefinitionError
from reconcile.model import Connection
from reconcile.systems.http import is_loopback

Login = Literal["client_credentials", "jwt", "authorization_code", "soap", "session"]
LOGINS: tuple[Login, ...] = get_args(Login)
API_VERSION = "66.0"
NEEDED_SECRETS: Mapping[Login, tuple[str, ...]] = {
    "client_credentials": ("client_secret",),
    "jwt": ("private_key",),
    "authorization_code": ("refresh_token",),
    "soap": ("password",),
    "session": ("session_id",),
}
_NEEDED_OPTIONS: Mapping[Login, tuple[str, ...]] = {
    "client_credentials": ("client_id",),
    "jwt": ("client_id", "username"),
    "authorization_code": ("client_id",),
    "soap": ("username",),
    "session": (),
}


@dataclass(frozen=True, slots=True)
class SalesforceOptions:
    """The checked options.

    Attributes:
        base_url: origin of the login host or of the practice org, without a slash at the end.
        login_domain: the word before `.salesforce.com` that simple-salesforce asks for.
        guarded_up_to: writes of up to so many rows carry their precondition to the server.
        bulk_from: from so many rows a write goes through Bulk API 2.0, and a read too.
    """

    base_url: str
    login: Login
    login_domain: str
    client_id: str
    username: str
    api_version: str
    is_practice: bool
    guarded_up_to: int
    bulk_write_from: int
    bulk_read_from: int


def salesforce_options(connection: Connection) -> SalesforceOptions:
    """Read and check the options of `connection`.

    Raises:
        DefinitionError: an unknown way to sign in, an address that is no address or would send secrets in clear, or an
            option that the way to sign in needs is missing.
    """
    options = connection.options
    login = options.get("login") or "client_credentials"
    if login not in LOGINS:
        raise DefinitionError(connection.name, f"unknown login {login!r}", remedy=f"Use one of {', '.join(LOGINS)}.")
    missing = [name for name in _NEEDED_OPTIONS[login] if not options.get(name)]
    if missing:
        raise DefinitionError(connection.name, f"the login {login} needs {' and '.join(missing)}")
    base_url = _base_url(connection)
    return SalesforceOptions(
        base_url=base_url,
        login=login,
        login_domain=_login_domain(base_url, login),
        client_id=options.get("client_id", ""),
        username=options.get("username", ""),
        api_version=_api_version(connection),
        is_practice=is_loopback(base_url) or options.get("environment") == "practice",
        guarded_up_to=_number(connection, "guarded_up_to", 500),
        bulk_write_from=_number(connection, "bulk_write_from", 50_000),
        bulk_read_from=_number(connection, "bulk_read_from", 2_000),
    )


def _base_url(connection: Connection) -> str:
    text = (connection.options.get("base_url") or "login").strip().rstrip("/")
    if "://" not in text:
        text = f"https://{text}" if "." in text else f"https://{text}.salesforce.com"
    parts = urlsplit(text)
    if not parts.hostname or parts.scheme not in ("http", "https"):
        raise DefinitionError(connection.name, f"{text!r} is not an address", remedy="Give https://<my domain>.")
    if parts.scheme == "http" and not is_loopback(text):
        raise DefinitionError(connection.name, f"{text} would send secrets in clear", remedy="Use https.")
    return f"{parts.scheme}://{parts.netloc}"


def _login_domain(base_url: str, login: Login) -> str:
    if is_loopback(base_url):
        return "practice" if login == "client_credentials" else "login"
    return (urlsplit(base_url).hostname or "").removesuffix(".salesforce.com")


def _api_version(connection: Connection) -> str:
    text = (connection.options.get("api_version") or API_VERSION).removeprefix("v")
    major, _, minor = text.partition(".")
    if not major.isdigit() or minor not in ("", "0") or int(major) < 51:
        raise DefinitionError(connection.name, f"{text!r} is not a supported API version", remedy="Use 51.0 or later.")
    return f"{major}.0"


def _number(connection: Connection, name: str, default: int) -> int:
    text = connection.options.get(name) or str(default)
    if not text.isdigit():
        raise DefinitionError(connection.name, f"option {name} is {text!r}, which is not a whole number")
    return int(text)
