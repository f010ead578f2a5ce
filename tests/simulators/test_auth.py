"""Signing in to the practice org, every way there is, and what a dead session looks like."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from simple_salesforce.exceptions import SalesforceAuthenticationFailed
from simple_salesforce.login import SalesforceLogin

from tests.practice import Practice
from tests.simulators.clients import Rest

USERNAME = "practice.integration@acme-practice.example"
CALLBACK = "http://127.0.0.1:9/callback"


def ask_token(practice: Practice, **form: str) -> requests.Response:
    return requests.post(f"{practice.salesforce_url}/services/oauth2/token", data=form, timeout=30)


def works(practice: Practice, token: str) -> bool:
    answer = requests.get(
        f"{practice.salesforce_url}/services/data/v67.0/limits",
        headers={"Authorization": f"Bearer {token}"},
        timeout=30,
    )
    assert answer.status_code == 200 or answer.json() == [
        {"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}
    ]
    return answer.status_code == 200


def assertion(practice: Practice, key: Any = None, **claims: Any) -> str:
    """A signed JWT for the practice client."""
    key = key or serialization.load_pem_private_key((practice.home / "practice_jwt_key.pem").read_bytes(), None)
    body = {
        "iss": "practice",
        "sub": USERNAME,
        "aud": "https://test.salesforce.com",
        "exp": int(time.time()) + 180,
        **claims,
    }

    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    text = f"{part({'alg': 'RS256'})}.{part(body)}"
    signature = base64.urlsafe_b64encode(key.sign(text.encode(), padding.PKCS1v15(), SHA256())).decode().rstrip("=")
    return f"{text}.{signature}"


def test_client_credentials_name_the_org(orgs: Practice) -> None:
    body = ask_token(orgs, grant_type="client_credentials", client_id="practice", client_secret="practice").json()
    assert "refresh_token" not in body
    assert body["instance_url"] == orgs.salesforce_url
    assert works(orgs, body["access_token"])
    org_id = body["id"].split("/")[-2]
    assert body["access_token"].startswith(org_id[:15] + "!")
    who = requests.get(body["id"], headers={"Authorization": f"Bearer {body['access_token']}"}, timeout=30).json()
    assert (who["organization_id"], who["preferred_username"]) == (org_id, USERNAME)
    wrong = ask_token(orgs, grant_type="client_credentials", client_id="practice", client_secret="x")
    assert (wrong.status_code, wrong.json()["error"]) == (400, "invalid_client")


def test_jwt_bearer_is_verified(orgs: Practice) -> None:
    grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    good = ask_token(orgs, grant_type=grant, assertion=assertion(orgs)).json()
    assert set(good) == {"access_token", "scope", "instance_url", "id", "token_type"}
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    refused = {
        "invalid assertion": assertion(orgs, stranger),
        "client identifier invalid": assertion(orgs, iss="other"),
        "audience is invalid": assertion(orgs, aud="https://example.com"),
        "assertion is expired": assertion(orgs, exp=int(time.time()) - 1),
        "user hasn't approved this consumer": assertion(orgs, sub="somebody@else"),
    }
    several = ask_token(orgs, grant_type=grant, assertion=assertion(orgs, aud=["https://test.salesforce.com"]))
    assert (several.status_code, several.json()["error_description"]) == (400, "audience is invalid")
    for description, text in refused.items():
        answer = ask_token(orgs, grant_type=grant, assertion=text)
        assert (answer.status_code, answer.json()["error_description"]) == (400, description)


def test_consent_page_code_and_refresh(orgs: Practice) -> None:
    verifier = "v" * 50
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    params = {
        "client_id": "practice",
        "response_type": "code",
        "redirect_uri": CALLBACK,
        "state": "s<1>",
        "code_challenge": challenge,
    }
    address = f"{orgs.salesforce_url}/services/oauth2/authorize"
    page = requests.get(address, params=params, timeout=30)
    assert "Allow access?" in page.text
    assert USERNAME in page.text
    hidden = re.search(r'name="request" value="([^"]*)"', page.text)
    assert hidden
    request = hidden[1].replace("&quot;", '"').replace("&lt;", "<").replace("&gt;", ">")
    denied = requests.post(address, data={"request": request, "decision": "deny"}, allow_redirects=False, timeout=30)
    assert parse_qs(urlsplit(denied.headers["location"]).query)["error"] == ["access_denied"]
    allowed = requests.post(address, data={"request": request, "decision": "allow"}, allow_redirects=False, timeout=30)
    answer = parse_qs(urlsplit(allowed.headers["location"]).query)
    assert answer["state"] == ["s<1>"]
    form = {
        "grant_type": "authorization_code",
        "client_id": "practice",
        "redirect_uri": CALLBACK,
        "code": answer["code"][0],
    }
    assert ask_token(orgs, **form, code_verifier="wrong").json()["error"] == "invalid_grant"
    again = requests.post(address, data={"request": request, "decision": "allow"}, allow_redirects=False, timeout=30)
    form["code"] = parse_qs(urlsplit(again.headers["location"]).query)["code"][0]
    token = ask_token(orgs, **form, code_verifier=verifier).json()
    assert works(orgs, token["access_token"])
    assert ask_token(orgs, **form, code_verifier=verifier).json()["error_description"] == "expired authorization code"
    fresh = ask_token(
        orgs, grant_type="refresh_token", client_id="practice", refresh_token=token["refresh_token"]
    ).json()
    assert works(orgs, fresh["access_token"])
    assert requests.get(address, params={**params, "client_id": "x"}, timeout=30).status_code == 400


def test_soap_login_and_logout(orgs: Practice) -> None:
    address = f"{orgs.salesforce_url}/services/Soap/u/"
    session_id, instance = SalesforceLogin(
        username=USERNAME,
        password="practice",
        security_token="practice",
        scratch_url=address + "59.0",
        sf_version="59.0",
    )
    assert instance == orgs.salesforce_url.removeprefix("http://")
    assert works(orgs, session_id)
    with pytest.raises(SalesforceAuthenticationFailed, match="INVALID_LOGIN"):
        SalesforceLogin(
            username=USERNAME, password="no", security_token="no", scratch_url=address + "59.0", sf_version="59.0"
        )
    with pytest.raises(SalesforceAuthenticationFailed, match="UNSUPPORTED_API_VERSION"):
        SalesforceLogin(username=USERNAME, password="practice", security_token="practice", scratch_url=address + "65.0")


def test_dead_sessions(orgs: Practice) -> None:
    rest = Rest(orgs)
    orgs.end_sessions()
    refused = rest("GET", "limits")
    assert (refused.status_code, refused.json()[0]["errorCode"]) == (401, "INVALID_SESSION_ID")
    assert requests.get(f"{orgs.salesforce_url}/services/oauth2/userinfo", timeout=30).status_code == 403


def test_a_refreshed_sandbox_is_another_org_with_the_same_records(orgs: Practice) -> None:
    before = Rest(orgs)
    [record_id] = before.ids(limit=1)
    name = orgs.refresh_fingerprint()
    assert before("GET", "limits").status_code == 401
    after = Rest(orgs)
    assert after.ids(limit=1) == [record_id]
    [organization] = after("GET", "query?q=SELECT+Id,IsSandbox+FROM+Organization").json()["records"]
    assert (organization["Id"], organization["IsSandbox"]) == (name, True)
    assert name != "00DHs0000000008MAA"
