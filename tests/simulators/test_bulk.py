"""Bulk API 2.0, both ways: through simple-salesforce, and by plain requests for what it hides."""

from __future__ import annotations

import csv
import gzip
import io
from typing import Any

import pytest

from tests.practice import Practice
from tests.simulators.clients import Rest, sign_in


def table(text: str) -> list[dict[str, str]]:
    """A CSV answer as rows."""
    return list(csv.DictReader(io.StringIO(text, newline="")))


def start(rest: Rest, statement: str, **more: Any) -> str:
    """A finished query job."""
    job = rest("POST", "jobs/query", json={"operation": "query", "query": statement, **more}).json()
    assert job["state"] == "UploadComplete"
    assert rest.finished("query", job["id"])["state"] == "JobComplete"
    return str(job["id"])


def test_simple_salesforce_reads_and_writes_in_bulk(orgs: Practice, rest: Rest) -> None:
    salesforce = sign_in(orgs)
    ids = rest.ids(limit=5)
    done = salesforce.bulk2.Account.update(records=[{"Id": i, "Site": "bulk"} for i in ids], wait=0.05)
    assert (done[0]["numberRecordsProcessed"], done[0]["numberRecordsFailed"]) == (5, 0)
    pages = list(
        salesforce.bulk2.Account.query("SELECT Id, Site FROM Account WHERE Site = 'bulk'", max_records=2, wait=0.05)
    )
    assert len(pages) == 3
    assert {row["Id"] for page in pages for row in table(page)} == set(ids)


def test_pages_can_be_read_again_and_end_with_the_word_null(rest: Rest) -> None:
    job_id = start(rest, "SELECT Id, Name, IsPersonAccount, Description FROM Account")
    path, locators, ids = f"jobs/query/{job_id}/results?maxRecords=100", [], []
    locator = ""
    while locator != "null":
        page = rest("GET", path + (f"&locator={locator}" if locator else ""))
        page.encoding = "utf-8"
        rows = table(page.text)
        assert page.text.startswith('"Id","Name","IsPersonAccount","Description"\n')
        assert int(page.headers["Sforce-NumberOfRecords"]) == len(rows) <= 100
        ids += [row["Id"] for row in rows]
        locator = page.headers["Sforce-Locator"]
        locators.append(locator)
    assert len(ids) == len(set(ids)) == rest("GET", "query?q=SELECT+count()+FROM+Account").json()["totalSize"]
    assert ids != sorted(ids)
    again = rest("GET", f"{path}&locator={locators[0]}").text
    assert [row["Id"] for row in table(again)] == ids[100:200]
    whole = rest("GET", f"jobs/query/{job_id}/results")
    assert whole.headers["Sforce-Locator"] == "null"
    pages = rest("GET", f"jobs/query/{job_id}/resultPages?maxRecords=30").json()
    assert len(pages["resultPages"]) == 5
    assert pages["done"] is False
    assert rest("DELETE", f"jobs/query/{job_id}").status_code == 204
    assert rest("GET", f"jobs/query/{job_id}").status_code == 404


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("SELECT COUNT(Id) FROM Account", "FEATURENOTENABLED"),
        ("SELECT Id, (SELECT Id FROM Contacts) FROM Account", "FEATURENOTENABLED"),
        ("SELECT Id FROM Account OFFSET 1", "FEATURENOTENABLED"),
        ("SELECT Nope FROM Account", "INVALID_FIELD"),
        ("SELECT Id FROM Nope", "INVALID_TYPE"),
        ("", "MALFORMED_QUERY"),
    ],
)
def test_queries_that_bulk_refuses(rest: Rest, statement: str, code: str) -> None:
    answer = rest("POST", "jobs/query", json={"operation": "query", "query": statement})
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, code)


def test_results_too_early_and_another_version(rest: Rest, orgs: Practice) -> None:
    orgs.settings(salesforce={"job_delay_s": 0.5})
    job = rest("POST", "jobs/query", json={"operation": "query", "query": "SELECT Id FROM Account"}).json()
    early = rest("GET", f"jobs/query/{job['id']}/results")
    assert (early.status_code, early.json()[0]["errorCode"]) == (412, "JOB_NOT_COMPLETE")
    assert Rest(orgs, "66.0")("GET", f"jobs/query/{job['id']}").status_code == 409
    assert rest("PATCH", f"jobs/query/{job['id']}", json={"state": "Aborted"}).json()["state"] == "Aborted"
    orgs.settings(salesforce={"job_delay_s": 0.02})
    assert rest.finished("query", job["id"])["state"] == "Aborted"
    refused = rest("PATCH", f"jobs/query/{job['id']}", json={"state": "Aborted"})
    assert refused.json()[0]["errorCode"] == "INVALIDJOBSTATE"


def test_empty_cells_leave_and_na_clears(rest: Rest, orgs: Practice) -> None:
    first, second = rest.ids(limit=2)
    for record_id in (first, second):
        rest("PATCH", f"sobjects/Account/{record_id}", json={"Site": "keep", "Fax": "clear"})
    job = rest.load(f'Id,Site,Fax,Description\n{first},,#N/A,"Zoë\n""said"""\n{second},new,,\n')
    assert (job["state"], job["numberRecordsProcessed"], job["numberRecordsFailed"]) == ("JobComplete", 2, 0)
    rows = {i: rest("GET", f"sobjects/Account/{i}?fields=Site,Fax,Description").json() for i in (first, second)}
    assert (rows[first]["Site"], rows[first]["Fax"], rows[first]["Description"]) == ("keep", None, 'Zoë\n"said"')
    assert (rows[second]["Site"], rows[second]["Fax"]) == ("new", "clear")
    assert {write["request_id"] for write in orgs.writes()[-2:]} == {job["id"]}


def test_three_results_add_up(rest: Rest) -> None:
    ids = rest.ids(limit=20)
    lines = "".join(f"{record_id},{'x' * (90 if number % 4 == 0 else 5)}\n" for number, record_id in enumerate(ids))
    job = rest.load(f"Id,Site\n{lines}")
    good, bad, rest_of_them = (
        table(rest("GET", f"jobs/ingest/{job['id']}/{name}").text)
        for name in ("successfulResults", "failedResults", "unprocessedRecords")
    )
    assert (len(good), len(bad), len(rest_of_them)) == (15, 5, 0)
    assert {row["sf__Id"] for row in good} | {row["Id"] for row in bad} == set(ids)
    assert [row["Id"] for row in good] != [record_id for record_id in ids if record_id in {row["Id"] for row in good}]
    assert all(row["sf__Error"].startswith("STRING_TOO_LONG:Account Site: data value too large") for row in bad)
    assert all(row["sf__Error"].endswith(":Site --") for row in bad)


@pytest.mark.parametrize(
    ("csv_text", "more", "message"),
    [
        (
            "Id,Site\r\n001,x\r\n",
            {},
            "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is LF",
        ),
        (
            "Id,Nope\n001,x\n",
            {},
            "InvalidBatch : InvalidBatch : Field name not found : Nope. Batch will not be retried.",
        ),
        (
            "\ufeffId,Site\n001,x\n",
            {},
            "InvalidBatch : InvalidBatch : Field name not found : \ufeffId. Batch will not be retried.",
        ),
        ("Id,Site\n001,x\n", {"operation": "delete"}, "Field name not found : Site"),
    ],
)
def test_uploads_that_fail_as_a_whole(rest: Rest, csv_text: str, more: dict[str, Any], message: str) -> None:
    job = rest.load(csv_text, **more)
    assert job["state"] == "Failed"
    assert message in job["errorMessage"]


def test_upload_once_chunked_or_packed(rest: Rest) -> None:
    [record_id] = rest.ids(limit=1)
    job = rest(
        "POST",
        "jobs/ingest",
        json={"operation": "update", "object": "Account", "columnDelimiter": "TAB", "lineEnding": "CRLF"},
    ).json()
    assert job["contentUrl"] == f"services/data/v67.0/jobs/ingest/{job['id']}/batches"
    body = gzip.compress(f"Id\tSite\r\n{record_id}\tpacked\r\n".encode())
    path = f"jobs/ingest/{job['id']}/batches"
    headers = {"Content-Type": "text/csv", "Content-Encoding": "gzip"}
    assert rest("PUT", path, data=iter([body[:10], body[10:]]), headers=headers).status_code == 201
    assert rest("PUT", path, data=body, headers=headers).status_code == 400
    rest("PATCH", f"jobs/ingest/{job['id']}", json={"state": "UploadComplete"})
    assert rest.finished("ingest", job["id"])["state"] == "JobComplete"
    assert rest("GET", f"sobjects/Account/{record_id}?fields=Site").json()["Site"] == "packed"


def test_an_aborted_job_writes_nothing_and_returns_the_rows(rest: Rest, orgs: Practice) -> None:
    [record_id] = rest.ids(limit=1)
    since = len(orgs.writes())
    job = rest("POST", "jobs/ingest", json={"operation": "update", "object": "Account"}).json()
    rest("PUT", f"jobs/ingest/{job['id']}/batches", data=f"Id,Site\n{record_id},never\n")
    assert rest("DELETE", f"jobs/ingest/{job['id']}").json()[0]["errorCode"] == "API_ERROR"
    assert rest("PATCH", f"jobs/ingest/{job['id']}", json={"state": "Aborted"}).json()["state"] == "Aborted"
    left = table(rest("GET", f"jobs/ingest/{job['id']}/unprocessedrecords").text)
    assert [row["Id"] for row in left] == [record_id]
    assert orgs.writes(since) == []
    assert rest("DELETE", f"jobs/ingest/{job['id']}").status_code == 204


def test_insert_upsert_and_delete(rest: Rest) -> None:
    made = rest.load("Name,Legacy_Id__c\nOne,B-1\nTwo,B-2\n", "insert")
    assert made["numberRecordsFailed"] == 0
    changed = rest.load("Legacy_Id__c,Name\nB-2,Two again\nB-3,Three\n", "upsert", externalIdFieldName="Legacy_Id__c")
    good = table(rest("GET", f"jobs/ingest/{changed['id']}/successfulResults").text)
    assert {row["Legacy_Id__c"]: row["sf__Created"] for row in good} == {"B-2": "false", "B-3": "true"}
    ids = rest.ids("Legacy_Id__c LIKE 'B-%'")
    gone = rest.load("Id\n" + "".join(f"{record_id}\n" for record_id in ids), "delete")
    assert gone["numberRecordsProcessed"] == 3
    assert rest.ids("Legacy_Id__c LIKE 'B-%'") == []


def test_long_results_are_packed_for_clients_that_take_gzip(rest: Rest) -> None:
    job = rest("POST", "jobs/query", json={"operation": "query", "query": "SELECT Id, Name, Phone FROM Account"}).json()
    rest.finished("query", job["id"])
    path = f"jobs/query/{job['id']}/results"
    packed, plain = (rest("GET", path, headers={"Accept-Encoding": coding}) for coding in ("gzip", "identity"))
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert packed.content == plain.content
    assert len(plain.content) == int(plain.headers["Content-Length"])
    short = rest("GET", path, params={"maxRecords": 3}, headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in short.headers
    assert len(short.content.splitlines()) == 4
