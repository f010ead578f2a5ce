"""Faults happen where, when and as often as ordered; the write log tells whether the write took effect."""

from __future__ import annotations

import time

import pytest
import requests

from tests.practice import Practice
from tests.simulators.clients import Rest, chargebee


def test_a_connection_dropped_before_the_write(rest: Rest, orgs: Practice) -> None:
    [record_id] = rest.ids(limit=1)
    since = len(orgs.writes())
    orgs.faults("drop_before", path=f"sobjects/Account/{record_id}", method="PATCH", count=1)
    with pytest.raises(requests.ConnectionError):
        rest("PATCH", f"sobjects/Account/{record_id}", json={"Site": "lost"})
    assert orgs.writes(since) == []
    assert rest("PATCH", f"sobjects/Account/{record_id}", json={"Site": "found"}).status_code == 204


def test_a_connection_dropped_after_the_write(rest: Rest, orgs: Practice) -> None:
    [record_id] = rest.ids(limit=1)
    since = len(orgs.writes())
    orgs.faults("drop_after", path="composite/sobjects", count=1)
    records = [{"attributes": {"type": "Account"}, "id": record_id, "Site": "took effect"}]
    with pytest.raises(requests.ConnectionError):
        rest("PATCH", "composite/sobjects", json={"records": records})
    [write] = orgs.writes(since)
    assert write["changes"]["Site"][1] == "took effect"


def test_an_answer_that_breaks_off(rest: Rest, orgs: Practice) -> None:
    orgs.faults("drop_during", path="query", count=1)
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        rest("GET", "query?q=SELECT+Id,Name+FROM+Account")
    assert rest("GET", "query?q=SELECT+Id,Name+FROM+Account").status_code == 200


@pytest.mark.parametrize(
    ("kind", "system", "status", "code"),
    [
        ("429", "salesforce", 403, "REQUEST_LIMIT_EXCEEDED"),
        ("503", "salesforce", 503, "SERVER_UNAVAILABLE"),
        ("expired_session", "salesforce", 401, "INVALID_SESSION_ID"),
        ("too_many_requests", "chargebee", 429, "api_request_limit_exceeded"),
        ("unavailable", "chargebee", 503, "internal_temporary_error"),
        ("expired_session", "chargebee", 401, "api_authentication_failed"),
    ],
)
def test_refusals_in_each_systems_own_words(orgs: Practice, kind: str, system: str, status: int, code: str) -> None:
    rest = Rest(orgs)
    orgs.faults(kind, system=system, count=1, retry_after=3)
    answer = rest("GET", "limits") if system == "salesforce" else chargebee(orgs, "GET", "customers")
    body = answer.json()
    assert (answer.status_code, body[0]["errorCode"] if system == "salesforce" else body["api_error_code"]) == (
        status,
        code,
    )
    assert (answer.headers.get("Retry-After") == "3") == (kind != "expired_session")
    again = rest("GET", "limits") if system == "salesforce" else chargebee(orgs, "GET", "customers")
    assert again.status_code == (401 if (kind, system) == ("expired_session", "salesforce") else 200)


def test_row_locks_and_partial_failures_hit_single_rows(rest: Rest, orgs: Practice) -> None:
    ids = rest.ids(limit=6)
    orgs.faults("row_lock", records=ids[1], count=1)
    orgs.faults("partial_failure", records=ids[4], code="CANNOT_EXECUTE_FLOW_TRIGGER", message="flow says no")
    records = [{"attributes": {"type": "Account"}, "id": record_id, "Site": "rows"} for record_id in ids]
    results = rest("PATCH", "composite/sobjects", json={"records": records}).json()
    assert [result["success"] for result in results] == [True, False, True, True, False, True]
    assert results[1]["errors"][0]["statusCode"] == "UNABLE_TO_LOCK_ROW"
    assert results[4]["errors"][0] == {
        "statusCode": "CANNOT_EXECUTE_FLOW_TRIGGER",
        "message": "flow says no",
        "fields": [],
    }
    assert rest("PATCH", f"sobjects/Account/{ids[1]}", json={"Site": "now"}).status_code == 204
    job = rest.load("Id,Site\n" + "".join(f"{record_id},bulk\n" for record_id in ids))
    assert (job["numberRecordsProcessed"], job["numberRecordsFailed"]) == (6, 1)


def test_chargebee_rows_can_be_locked(orgs: Practice) -> None:
    customer = chargebee(orgs, "GET", "customers").json()["list"][0]["customer"]["id"]
    orgs.faults("row_lock", system="chargebee", count=1)
    assert chargebee(orgs, "POST", f"customers/{customer}", data={"company": "x"}).status_code == 409
    assert chargebee(orgs, "POST", f"customers/{customer}", data={"company": "x"}).status_code == 200


def test_skip_count_probability_and_seed(rest: Rest, orgs: Practice) -> None:
    orgs.faults("unavailable", path="limits$", skip=2, count=2)
    assert [rest("GET", "limits").status_code for _ in range(6)] == [200, 200, 503, 503, 200, 200]
    orgs.clear_faults()
    patterns = []
    for _ in range(2):
        orgs.faults("unavailable", path="limits$", probability=0.5, seed=9)
        patterns.append([rest("GET", "limits").status_code for _ in range(20)])
        orgs.clear_faults()
    assert patterns[0] == patterns[1]
    assert set(patterns[0]) == {200, 503}


def test_latency(rest: Rest, orgs: Practice) -> None:
    orgs.faults("latency", path="limits$", seconds=0.3, count=1)
    began = time.monotonic()
    assert rest("GET", "limits").status_code == 200
    assert time.monotonic() - began >= 0.3


@pytest.mark.parametrize(
    "spec", [{"kind": "nonsense"}, {"kind": "latency", "wait": 1}, {"kind": "latency", "path": "("}]
)
def test_wrong_orders_are_refused(orgs: Practice, spec: dict[str, object]) -> None:
    answer = requests.post(f"{orgs.salesforce_url}/admin/faults", json=spec, timeout=10)
    assert answer.status_code == 400
    assert orgs.fault_state() == []
