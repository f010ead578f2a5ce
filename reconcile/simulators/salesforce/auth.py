"""Signing in: the OAuth grants, the consent page, who am I."""

from __future__ import annotations

import base64
import html
import json
import secrets
import time
from typing import Any
from urllib.parse import parse_qsl, urlencode

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256, Hash
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from reconcile.simulators.generator.salesforce_rows import ORG_USER
from reconcile.simulators.salesforce.org import Org

CLIENT_ID, CLIENT_SECRET = "practice", "practice"
PASSWORD, SECURITY_TOKEN = "practice", "practice"
AUDIENCES = frozenset({"https://login.salesforce.com", "https://test.salesforce.com"})
CODE_LIFE_S = 600
_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Allow access?</title><style>
body{{font:16px system-ui;margin:10vh auto;max-width:30rem;padding:0 1rem;color:#222;background:#f3f3f3}}
main{{background:#fff;border:1px solid #ddd;border-radius:8px;padding:1.5rem}}
button{{font:inherit;padding:.5rem 1.2rem;margin-right:.5rem}}
</style></head><body><main><h1>Allow access?</h1>
<p><strong>{client}</strong> asks to reach the practice org <strong>{org}</strong> as <strong>{user}</strong>:</p>
<ul>{scopes}</ul><form method="post" action="/services/oauth2/authorize">
<input type="hidden" name="request" value="{request}">
<button name="decision" value="allow">Allow</button><button name="decision" value="deny">Deny</button>
</form></main></body></html>"""


class Refused(Exception):  # noqa: N818  # named for what OAuth says: an error with a description
    """An OAuth error: `{error, error_description}`."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(f"{error}: {description}")
        self.error, self.description = error, description


def username(org: Org) -> str:
    """The integration user's name."""
    return str(org.store.rows('SELECT Username FROM "User" WHERE Id = ?', (ORG_USER,))[0][0])


async def token(request: Request) -> Response:
    """`POST /services/oauth2/token`: every grant."""
    org: Org = request.app.state.org
    form = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
    form.update(_basic(request))
    try:
        body = _grant(org, form)
    except Refused as refused:
        return JSONResponse({"error": refused.error, "error_description": refused.description}, 400)
    return JSONResponse(body, headers={"Cache-Control": "no-store"})


async def authorize(request: Request) -> Response:
    """`GET /services/oauth2/authorize`: the consent page."""
    org: Org = request.app.state.org
    params = dict(request.query_params)
    problem = _bad_request(params)
    if problem:
        return HTMLResponse(f"<h1>OAuth error</h1><p>{html.escape(problem)}</p>", 400)
    scopes = "".join(f"<li>{html.escape(scope)}</li>" for scope in params.get("scope", "api refresh_token").split())
    page = _PAGE.format(
        client=html.escape(params["client_id"]),
        org=html.escape(org.org_id),
        user=html.escape(username(org)),
        scopes=scopes,
        request=html.escape(json.dumps(params), quote=True),
    )
    return HTMLResponse(page)


async def decide(request: Request) -> Response:
    """`POST /services/oauth2/authorize`: allowed or denied; back to the client with a code or an error."""
    org: Org = request.app.state.org
    form = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
    params = json.loads(form.get("request") or "{}")
    problem = _bad_request(params)
    if problem:
        return HTMLResponse(f"<h1>OAuth error</h1><p>{html.escape(problem)}</p>", 400)
    answer = {"state": params["state"]} if params.get("state") else {}
    if form.get("decision") == "allow":
        code = secrets.token_urlsafe(24)
        org.codes[code] = {**params, "made": str(time.monotonic())}
        answer["code"] = code
    else:
        answer.update(error="access_denied", error_description="end-user denied authorization")
    joint = "&" if "?" in params["redirect_uri"] else "?"
    return RedirectResponse(f"{params['redirect_uri']}{joint}{urlencode(answer)}", 302)


async def userinfo(request: Request) -> Response:
    """`GET /services/oauth2/userinfo` and the identity address."""
    org: Org = request.app.state.org
    bearer = request.headers.get("authorization", "").removeprefix("Bearer ").strip() or request.query_params.get(
        "oauth_token", ""
    )
    session = org.session(bearer)
    if session is None:
        return Response("Bad_OAuth_Token", 403)
    return JSONResponse(identity(org, session.user_id))


async def revoke(request: Request) -> Response:
    """`POST /services/oauth2/revoke`."""
    org: Org = request.app.state.org
    form = dict(parse_qsl((await request.body()).decode()))
    given = form.get("token") or request.query_params.get("token", "")
    known = org.sessions.pop(given, None) or org.refresh_tokens.pop(given, None)
    return Response(status_code=200 if known else 400)


def identity(org: Org, user_id: str) -> dict[str, Any]:
    """Who a session belongs to, and in which org."""
    row = org.store.rows('SELECT Username, Name, Email, FirstName, LastName FROM "User" WHERE Id = ?', (user_id,))[0]
    rest = f"{org.address}/services/data/v{{version}}/"
    return {
        "id": identity_url(org, user_id),
        "sub": identity_url(org, user_id),
        "asserted_user": True,
        "user_id": user_id,
        "organization_id": org.org_id,
        "username": row[0],
        "preferred_username": row[0],
        "nickname": row[3],
        "name": row[1],
        "display_name": row[1],
        "email": row[2],
        "email_verified": True,
        "given_name": row[3],
        "family_name": row[4],
        "zoneinfo": "Etc/UTC",
        "user_type": "STANDARD",
        "language": "en_US",
        "locale": "en_US",
        "utcOffset": 0,
        "active": True,
        "urls": {
            "rest": rest,
            "sobjects": f"{rest}sobjects/",
            "query": f"{rest}query/",
            "recent": f"{rest}recent/",
            "enterprise": f"{org.address}/services/Soap/c/{{version}}/{org.org_id}",
            "partner": f"{org.address}/services/Soap/u/{{version}}/{org.org_id}",
            "custom_domain": org.address,
        },
    }


def identity_url(org: Org, user_id: str) -> str:
    """The address that names org and user."""
    return f"{org.address}/id/{org.org_id}/{user_id}"


def _basic(request: Request) -> dict[str, str]:
    """Client id and secret from a Basic header."""
    header = request.headers.get("authorization", "")
    if not header.startswith("Basic "):
        return {}
    try:
        client_id, _, secret = base64.b64decode(header[6:]).decode().partition(":")
    except ValueError:
        return {}
    return {"client_id": client_id, "client_secret": secret}


def _grant(org: Org, form: dict[str, str]) -> dict[str, Any]:
    """The token for one grant.

    Raises:
        Refused: with OAuth's error code.
    """
    kind = form.get("grant_type", "")
    if kind == "client_credentials":
        _check_client(form)
        return _token(org, ORG_USER, is_full=True)
    if kind == "password":
        _check_client(form)
        if form.get("username") != username(org) or form.get("password") not in {PASSWORD, PASSWORD + SECURITY_TOKEN}:
            raise Refused("invalid_grant", "authentication failure")
        return _token(org, ORG_USER, is_full=True)
    if kind == "urn:ietf:params:oauth:grant-type:jwt-bearer":
        _check_assertion(org, form.get("assertion", ""))
        return _token(org, ORG_USER, is_full=False)
    if kind == "authorization_code":
        return _exchange_code(org, form)
    if kind == "refresh_token":
        _check_client(form, needs_secret=False)
        user_id = org.refresh_tokens.get(form.get("refresh_token", ""))
        if user_id is None:
            raise Refused("invalid_grant", "expired access/refresh token")
        return _token(org, user_id, is_full=True)
    raise Refused("unsupported_grant_type", "grant type not supported")


def _check_client(form: dict[str, str], *, needs_secret: bool = True) -> None:
    """The connected client must be the practice one."""
    if form.get("client_id") != CLIENT_ID:
        raise Refused("invalid_client_id", "client identifier invalid")
    secret = form.get("client_secret")
    if (needs_secret or secret) and secret != CLIENT_SECRET:
        raise Refused("invalid_client", "invalid client credentials")


def _exchange_code(org: Org, form: dict[str, str]) -> dict[str, Any]:
    """The token for a code of the consent page; each code once, with its own redirect address and PKCE verifier."""
    asked = org.codes.pop(form.get("code", ""), None)
    if asked is None or time.monotonic() - float(asked["made"]) > CODE_LIFE_S:
        raise Refused("invalid_grant", "expired authorization code")
    _check_client(form, needs_secret="code_challenge" not in asked)
    if form.get("redirect_uri") != asked["redirect_uri"]:
        raise Refused("redirect_uri_mismatch", "redirect_uri must match configuration")
    if "code_challenge" in asked and _challenge(form.get("code_verifier", "")) != asked["code_challenge"]:
        raise Refused("invalid_grant", "invalid code verifier")
    body = _token(org, ORG_USER, is_full=True)
    refresh = "5Aep" + secrets.token_urlsafe(40)
    org.refresh_tokens[refresh] = ORG_USER
    return {**body, "refresh_token": refresh, "scope": asked.get("scope", "api refresh_token")}


def _challenge(verifier: str) -> str:
    """The S256 challenge of a PKCE verifier."""
    digest = Hash(SHA256())
    digest.update(verifier.encode())
    return base64.urlsafe_b64encode(digest.finalize()).decode().rstrip("=")


def _check_assertion(org: Org, assertion: str) -> None:
    """A JWT signed with the registered key, for this client and user, not expired.

    Raises:
        Refused: with the description Salesforce gives.
    """
    try:
        head, body, signature = assertion.split(".")
        header, claims = json.loads(_unbase64(head)), json.loads(_unbase64(body))
        org.public_key.verify(_unbase64(signature), f"{head}.{body}".encode(), padding.PKCS1v15(), SHA256())
        expires = float(claims["exp"])
    except (ValueError, KeyError, TypeError, InvalidSignature) as error:
        raise Refused("invalid_grant", "invalid assertion") from error
    if header.get("alg") != "RS256":
        raise Refused("invalid_grant", "invalid assertion")
    if claims.get("iss") != CLIENT_ID:
        raise Refused("invalid_client_id", "client identifier invalid")
    if str(claims.get("aud")) not in AUDIENCES | {org.address}:
        raise Refused("invalid_grant", "audience is invalid")
    if not time.time() < expires <= time.time() + 330:
        raise Refused(
            "invalid_grant", "assertion is expired" if expires <= time.time() else "expired authorization code"
        )
    if claims.get("sub") != username(org):
        raise Refused("invalid_grant", "user hasn't approved this consumer")


def _unbase64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _token(org: Org, user_id: str, *, is_full: bool) -> dict[str, Any]:
    """A fresh access token with what comes along."""
    session = org.open_session(user_id)
    body = {
        "access_token": session.token,
        "scope": "api",
        "instance_url": org.address,
        "id": identity_url(org, user_id),
        "token_type": "Bearer",
    }
    if not is_full:
        return body
    issued = str(int(time.time() * 1000))
    digest = Hash(SHA256())
    digest.update(f"{body['id']}{issued}".encode())
    return {
        **body,
        "signature": base64.b64encode(digest.finalize()).decode(),
        "issued_at": issued,
        "api_instance_url": "https://api.salesforce.com",
    }


def _bad_request(params: dict[str, str]) -> str:
    """What is wrong with a request for consent; empty for nothing."""
    if params.get("client_id") != CLIENT_ID:
        return "invalid_client_id: client identifier invalid"
    if params.get("response_type") != "code":
        return "unsupported_response_type: only code is supported"
    if not params.get("redirect_uri", "").startswith(("http://127.0.0.1", "http://localhost", "https://")):
        return "redirect_uri_mismatch: redirect_uri must match configuration"
    if params.get("code_challenge") and params.get("code_challenge_method", "S256") != "S256":
        return "invalid_request: code_challenge_method must be S256"
    return ""
