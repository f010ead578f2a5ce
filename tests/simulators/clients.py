"""Clients for the practice orgs: simple-salesforce on plain http, and small helpers where it has nothing."""

from __future__ import annotations

import time
from typing import Any
from xml.etree import ElementTree as ET

import requests
from requests.adapters import HTTPAdapter
from simple_salesforce.api import Salesforce

from tests.practice import API_KEY, CLIENT_ID, CLIENT_SECRET, Practice

VERSION = "67.0"


class PlainHttp(HTTPAdapter):
    """simple-salesforce always says https; to the one practice origin it goes over http."""

    def send(self, request: requests.PreparedRequest, **more: Any) -> requests.Response:  # type: ignore[override]
        if request.url and request.url.startswith("https://127.0.0.1"):
            request.url = "http" + request.url[5:]
        more["timeout"] = more.get("timeout") or (5, 60)
        return super().send(request, **more)


def token(practice: Practice) -> str:
    """A fresh access token by client credentials."""
    answer = requests.post(
        f"{practice.salesforce_url}/services/oauth2/token",
        data={"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET},
        timeout=30,
    )
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


def sign_in(practice: Practice) -> Any:
    """simple-salesforce, signed in; of no type, because its own annotations leave out half of what it does."""
    origin = practice.salesforce_url.replace("http:", "https:")
    session = requests.Session()
    session.mount(origin, PlainHttp())
    return Salesforce(session_id=token(practice), instance_url=origin, session=session, version=VERSION)


class Rest:
    """Plain requests to the org's REST API, for what simple-salesforce lacks: statuses, headers, raw bodies."""

    def __init__(self, practice: Practice, version: str = VERSION) -> None:
        self.base = f"{practice.salesforce_url}/services/data/v{version}"
        self.http = requests.Session()
        self.http.headers["Authorization"] = f"Bearer {token(practice)}"

    def __call__(self, method: str, path: str, **more: Any) -> requests.Response:
        return self.http.request(method, f"{self.base}/{path}", timeout=60, **more)

    def ids(self, where: str = "IsPersonAccount = false", limit: int = 10) -> list[str]:
        """Ids of some accounts."""
        answer = self("GET", "query", params={"q": f"SELECT Id FROM Account WHERE {where} ORDER BY Id LIMIT {limit}"})
        return [record["Id"] for record in answer.json()["records"]]

    def finished(self, kind: str, job_id: str) -> dict[str, Any]:
        """A bulk job once it is over."""
        for _ in range(600):
            job: dict[str, Any] = self("GET", f"jobs/{kind}/{job_id}").json()
            if job["state"] in {"JobComplete", "Failed", "Aborted"}:
                return job
            time.sleep(0.02)
        raise AssertionError(f"job {job_id} is still {job['state']}")

    def load(
        self, csv: str | bytes, operation: str = "update", object_name: str = "Account", **more: Any
    ) -> dict[str, Any]:
        """Run an ingest job to its end."""
        job = self("POST", "jobs/ingest", json={"operation": operation, "object": object_name, **more}).json()
        body = csv.encode() if isinstance(csv, str) else csv
        assert (
            self("PUT", f"jobs/ingest/{job['id']}/batches", data=body, headers={"Content-Type": "text/csv"}).status_code
            == 201
        )
        self("PATCH", f"jobs/ingest/{job['id']}", json={"state": "UploadComplete"})
        return self.finished("ingest", job["id"])


def chargebee(practice: Practice, method: str, path: str, **more: Any) -> requests.Response:
    """One request to the site's API."""
    return requests.request(method, f"{practice.chargebee_url}/api/v2/{path}", auth=(API_KEY, ""), timeout=30, **more)


def soap(practice: Practice, inner: str) -> ET.Element:
    """One SOAP call with a fresh session; the call's answer, its namespaces taken off."""
    envelope = (
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
        'xmlns="urn:partner.soap.sforce.com">'
        f"<soapenv:Header><SessionHeader><sessionId>{token(practice)}</sessionId></SessionHeader></soapenv:Header>"
        f"<soapenv:Body>{inner}</soapenv:Body></soapenv:Envelope>"
    )
    answer = requests.post(
        f"{practice.salesforce_url}/services/Soap/u/{VERSION}",
        data=envelope.encode(),
        headers={"Content-Type": "text/xml", "SOAPAction": '""'},
        timeout=30,
    )
    assert answer.status_code == 200, answer.text
    root = ET.fromstring(answer.content)  # noqa: S314  # from our own practice org
    for element in root.iter():
        element.tag = element.tag.rsplit("}", 1)[-1]
    body = root.find("Body")
    assert body is not None
    return body[0]
