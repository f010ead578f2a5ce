"""Signing in to Salesforce: five ways, each a bounded number of times.

Client credentials, JWT bearer and SOAP go through simple-salesforce. It knows no refresh token and repeats a refused
sign-in without end, so the authorization-code way and the bound are ours. (An account that signs in 3,600 times in an
hour is locked out for an hour.)
"""

from __future__ import annotations

import base64
import hashlib
import secrets as random_secrets
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests
from jwt import PyJWTError
from simple_salesforce.exceptions import SalesforceAuthenticationFailed
from simple_salesforce.login import SalesforceLogin

from reconcile.errors import DefinitionError, SignInError
from reconcile.model import Connection
from reconcile.systems.http import REPEATABLE, HttpSession, is_loopback
from reconcile.systems.salesforce.options import NEEDED_SECRETS, SalesforceOptions

SIGN_INS = 60
SIGN_INS_WITHIN_S = 600.0
_LAST_SOAP_LOGIN_VERSION = 64.0  # login() is not offered in later editions of the API


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session: its id (a bearer token) and the origin that it works at."""

    session_id: str
    instance_url: str

    def __repr__(self) -> str:
        return f"SignedIn(instance_url={self.instance_url!r})"  # the token stays out of logs and tracebacks


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """What the browser is sent to, and what must be kept to finish: `state` and `verifier` (PKCE)."""

    url: str
    state: str
    verifier: str


class SignIn:
    """Signs one connection in, at most `SIGN_INS` times within `SIGN_INS_WITHIN_S` seconds."""

    def __init__(
        self, connection: Connection, options: SalesforceOptions, secrets: Mapping[str, str], session: HttpSession
    ) -> None:
        missing = [name for name in NEEDED_SECRETS[options.login] if not secrets.get(name)]
        if missing:
            raise DefinitionError(connection.name, f"the login {options.login} needs the secret {missing[0]}")
        self._name, self._options, self._secrets, self._session = connection.name, options, secrets, session
        self._instance_url = connection.options.get("instance_url") or options.base_url
        self._at: deque[float] = deque(maxlen=SIGN_INS)
        if is_loopback(options.base_url):
            session.send_to(f"https://{options.login_domain}.salesforce.com", options.base_url)

    def __call__(self, *, is_renewal: bool = False) -> SignedIn:
        """Sign in.

        Raises:
            SignInError: refused, or asked for too often, or the session was given from outside and has ended.
        """
        if self._options.login == "session":
            if is_renewal:
                raise SignInError(self._name, "the session has ended and was given without a way to renew it")
            return SignedIn(self._secrets["session_id"], self._instance_url)
        now = time.monotonic()
        if len(self._at) == SIGN_INS and now - self._at[0] < SIGN_INS_WITHIN_S:
            raise SignInError(self._name, f"{SIGN_INS} sessions ended within {SIGN_INS_WITHIN_S / 60:.0f} minutes")
        self._at.append(now)
        if self._options.login == "authorization_code":
            form = {"grant_type": "refresh_token", "refresh_token": self._secrets["refresh_token"]}
            signed_in, _ = request_token(self._name, self._options, self._session, form, self._secrets)
            return signed_in
        return self._through_simple_salesforce()

    def _through_simple_salesforce(self) -> SignedIn:
        session = _repeatable(self._session)
        try:
            session_id, instance = SalesforceLogin(
                session=session, domain=self._options.login_domain, **self._credentials()
            )
        except SalesforceAuthenticationFailed as error:
            raise SignInError(self._name, f"{error.code}: {error.auth_message}") from None
        except (ValueError, PyJWTError) as error:  # a private key that is none
            raise SignInError(self._name, f"the private key cannot be used ({type(error).__name__})") from None
        return SignedIn(session_id, _origin_of(instance, self._options))

    def _credentials(self) -> dict[str, Any]:
        options, secrets = self._options, self._secrets
        if options.login == "client_credentials":
            return {"consumer_key": options.client_id, "consumer_secret": secrets["client_secret"]}
        if options.login == "jwt":
            return {
                "consumer_key": options.client_id,
                "username": options.username,
                "privatekey": secrets["private_key"],
            }
        return {
            "username": options.username,
            "password": secrets["password"],
            "security_token": secrets.get("security_token", ""),
            "sf_version": str(min(float(options.api_version), _LAST_SOAP_LOGIN_VERSION)),
        }


def _origin_of(instance: str, options: SalesforceOptions) -> str:
    # simple-salesforce keeps only host and port. A practice org answers in http, and on this machine only.
    scheme = "http" if is_loopback(f"http://{instance}") and options.base_url.startswith("http://") else "https"
    return f"{scheme}://{instance}"


def _repeatable(session: HttpSession) -> requests.Session:
    """A session over the same adapter whose POSTs may be repeated: signing in twice does no harm."""
    twin = requests.Session()
    twin.trust_env = False
    twin.proxies, twin.verify, twin.adapters = session.proxies, session.verify, session.adapters
    twin.headers[REPEATABLE] = "1"
    return twin


def request_token(
    name: str, options: SalesforceOptions, session: HttpSession, form: Mapping[str, str], secrets: Mapping[str, str]
) -> tuple[SignedIn, dict[str, str]]:
    """Ask the token endpoint. Returns the session and the whole answer (refresh_token, id, ...).

    Raises:
        SignInError: refused, or the answer is not what the endpoint gives.
    """
    data = {**form, "client_id": options.client_id}
    if secrets.get("client_secret"):
        data["client_secret"] = secrets["client_secret"]
    headers = {REPEATABLE: "1"} if form["grant_type"] == "refresh_token" else {}
    response = session.post(f"{options.base_url}/services/oauth2/token", data=data, headers=headers)
    try:
        answer = response.json()
    except requests.JSONDecodeError:
        raise SignInError(name, f"the token endpoint answered {response.status_code} with no JSON") from None
    if not isinstance(answer, dict):
        raise SignInError(name, f"the token endpoint answered {response.status_code}: {str(answer)[:300]}")
    if response.status_code != 200 or "access_token" not in answer:
        reason = f"{answer.get('error', response.status_code)}: {answer.get('error_description', '')}"
        raise SignInError(name, reason)
    instance_url = str(answer.get("instance_url") or options.base_url).rstrip("/")
    if urlsplit(instance_url).scheme != "https" and not is_loopback(instance_url):
        raise SignInError(name, f"the token is for {instance_url}, which is not encrypted")
    return SignedIn(str(answer["access_token"]), instance_url), {k: str(v) for k, v in answer.items()}


def authorization_request(options: SalesforceOptions, redirect_uri: str) -> AuthorizationRequest:
    """Where to send the browser of the person who consents. `state` must come back unchanged."""
    state, verifier = random_secrets.token_urlsafe(24), random_secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    query = {
        "response_type": "code",
        "client_id": options.client_id,
        "redirect_uri": redirect_uri,
        "scope": "api refresh_token id",
        "state": state,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    return AuthorizationRequest(f"{options.base_url}/services/oauth2/authorize?{urlencode(query)}", state, verifier)


def redeem_code(
    connection: Connection,
    options: SalesforceOptions,
    code: str,
    redirect_uri: str,
    *,
    verifier: str,
    secrets: Mapping[str, str],
) -> dict[str, str]:
    """Exchange the code that came back for the secrets to keep: {"refresh_token": ...}.

    Raises:
        SignInError: the code was refused, or no refresh token was granted.
    """
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "code_verifier": verifier,
    }
    session = HttpSession(connection, options.base_url)
    _, answer = request_token(connection.name, options, session, form, secrets)
    if "refresh_token" not in answer:
        raise SignInError(connection.name, "no refresh token was granted; the app needs the scope refresh_token")
    return {"refresh_token": answer["refresh_token"]}
