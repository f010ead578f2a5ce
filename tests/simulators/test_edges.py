"""Where real clients met a practice org that was kinder, or vaguer, than Salesforce is documented to be."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.practice import Practice
from tests.simulators.clients import Rest, token


def ask(rest: Rest, statement: str) -> Any:
    """The records of a statement, or its error."""
    body = rest("GET", "query", params={"q": statement}).json()
    return body["records"] if isinstance(body, dict) else (body[0]["errorCode"], body[0]["message"].splitlines()[-1])


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ('{"AnnualRevenue": NaN}', "JSON_PARSER_ERROR"),
        ('{"AnnualRevenue": 1e400}', "NUMBER_OUTSIDE_VALID_RANGE"),
        ('{"AnnualRevenue": "Infinity"}', "NUMBER_OUTSIDE_VALID_RANGE"),
        ('{"NumberOfEmployees": 1431655766}', "NUMBER_OUTSIDE_VALID_RANGE"),
        ('{"BillingAddress": {"city": "Bern"}}', "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ('{"Name": "half a pair \\ud800"}', "JSON_PARSER_ERROR"),
        ('{"chargebeeapps__Is_Synced__c": []}', "JSON_PARSER_ERROR"),
        ('{"Owner": {}}', "INVALID_FIELD"),
    ],
)
def test_values_that_no_answer_could_show_are_refused(rest: Rest, body: str, code: str) -> None:
    [record_id] = rest.ids(limit=1)
    refused = rest("PATCH", f"sobjects/Account/{record_id}", data=body, headers={"Content-Type": "application/json"})
    assert (refused.status_code, refused.json()[0]["errorCode"]) == (400, code)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("composite", {"compositeRequest": [None]}),
        ("composite", {"compositeRequest": [{"referenceId": "a", "httpHeaders": "x"}]}),
        ("composite/batch", {"batchRequests": [None]}),
        ("composite/sobjects/Account", {"ids": 1, "fields": ["Id"]}),
        ("composite/sobjects/Account", {"ids": ["001"], "fields": [None]}),
        ("composite/sobjects", {"records": "x"}),
    ],
)
def test_a_body_of_another_shape_is_an_error_and_no_crash(rest: Rest, path: str, body: Any) -> None:
    refused = rest("POST", path, json=body)
    assert (refused.status_code, refused.json()[0]["errorCode"]) == (400, "JSON_PARSER_ERROR")


def test_rows_without_a_type_fail_for_themselves(rest: Rest) -> None:
    rows = [{"attributes": None, "Name": "x"}, {"attributes": {"type": "Account"}, "Name": "Typed"}]
    results = rest("POST", "composite/sobjects", json={"records": rows}).json()
    assert [result["success"] for result in results] == [False, True]


def test_a_body_that_says_it_is_no_json_is_not_taken_for_one(rest: Rest) -> None:
    for media in ("text/plain", "application/x-www-form-urlencoded"):
        refused = rest("POST", "sobjects/Account", data=json.dumps({"Name": "x"}), headers={"Content-Type": media})
        assert (refused.status_code, refused.json()[0]["errorCode"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_address_and_headers_together_have_a_limit(orgs: Practice, rest: Rest) -> None:
    [record_id] = rest.ids(limit=1)
    listed = "', '".join([record_id] * 900)
    assert rest("GET", "query", params={"q": f"SELECT Id FROM Account WHERE Id IN ('{listed}')"}).status_code == 414
    assert rest("GET", "limits", headers={"X-Padding": "x" * 16_384}).status_code == 431
    assert rest("GET", "limits", headers={"Authorization": f"Bearer {token(orgs)}"}).status_code == 200


def test_head_is_a_get_without_its_body(rest: Rest) -> None:
    [record_id] = rest.ids(limit=1)
    head = rest("HEAD", f"sobjects/Account/{record_id}")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["ETag"] == rest("GET", f"sobjects/Account/{record_id}").headers["ETag"]


def test_what_is_offered_is_there(rest: Rest) -> None:
    offered = rest("GET", "").json()
    assert {rest("GET", name).status_code for name in set(offered) - {"identity", "jobs"}} <= {200, 400, 405}


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (
            "SELECT Id FROM Account WHERE Description = 'x'",
            ("INVALID_FIELD", "field 'Description' can not be filtered in a query call"),
        ),
        (
            "SELECT Id FROM Account WHERE Description IN ('x')",
            ("INVALID_FIELD", "field 'Description' can not be filtered in a query call"),
        ),
        (
            "SELECT Id FROM Account ORDER BY Description",
            ("INVALID_FIELD", "field 'Description' can not be sorted in a query call"),
        ),
        (
            "SELECT COUNT(Id) FROM Account GROUP BY Description",
            ("INVALID_FIELD", "field 'Description' can not be grouped in a query call"),
        ),
        ("SELECT Name n FROM Account", ("MALFORMED_QUERY", "only aggregate expressions use field aliasing")),
        (
            "SELECT MAX(CreatedDate) FROM Account LIMIT 1",
            ("MALFORMED_QUERY", "Non-grouped query that uses overall aggregate functions cannot also use LIMIT"),
        ),
        (
            "SELECT Id FROM Account WHERE Id NOT IN (SELECT ParentId FROM Account)",
            ("MALFORMED_QUERY", "The inner and outer selects should not be on the same object type"),
        ),
        (
            "SELECT Id FROM Account WHERE BillingAddress = 'x'",
            ("INVALID_FIELD", "field 'BillingAddress' can not be filtered in a query call"),
        ),
        (
            "SELECT Id FROM Account WHERE CreatedDate > LAST_N_DAYS:99999999",
            ("MALFORMED_QUERY", "invalid number of days, months or years: 99999999"),
        ),
    ],
)
def test_statements_that_salesforce_refuses(rest: Rest, statement: str, expected: tuple[str, str]) -> None:
    assert ask(rest, statement) == expected


def test_a_field_shown_otherwise_keeps_its_name(rest: Rest) -> None:
    [record] = ask(
        rest, "SELECT toLabel(Type), convertCurrency(AnnualRevenue), FORMAT(CreatedDate) d FROM Account LIMIT 1"
    )
    assert set(record) == {"attributes", "Type", "AnnualRevenue", "d"}


def test_a_parent_says_where_it_is_and_is_there_though_its_fields_are_empty(rest: Rest) -> None:
    parent = rest("POST", "sobjects/Account", json={"Name": "Parent without site"}).json()["id"]
    child = rest("POST", "sobjects/Account", json={"Name": "Child", "ParentId": parent}).json()["id"]
    found = {
        record["Id"]: record["Parent"]
        for record in ask(
            rest, f"SELECT Id, Parent.Site, Parent.Parent.Name FROM Account WHERE Id IN ('{parent}', '{child}')"
        )
    }
    address = f"/services/data/v67.0/sobjects/Account/{parent}"
    assert found == {
        parent: None,
        child: {"attributes": {"type": "Account", "url": address}, "Site": None, "Parent": None},
    }
    [contact] = ask(rest, "SELECT Account.Owner.Name FROM Contact WHERE AccountId != null LIMIT 1")
    owner = contact["Account"]["Owner"]
    assert rest("GET", owner["attributes"]["url"].split("v67.0/")[1]).json()["Name"] == owner["Name"]


def test_an_empty_upload_ends_its_job(rest: Rest) -> None:
    job = rest.load("", operation="update")
    assert (job["state"], job["errorMessage"]) == (
        "Failed",
        "InvalidBatch : Failed to parse CSV. The content has no header",
    )


def test_an_address_is_read_as_a_whole_but_not_in_bulk(rest: Rest) -> None:
    made = {"Name": "Addressed", "BillingCity": "Bern", "BillingPostalCode": "3000", "BillingStreet": "Gasse 1\n2. OG"}
    record_id = rest("POST", "sobjects/Account", json=made).json()["id"]
    contact = rest("POST", "sobjects/Contact", json={"LastName": "Inside", "AccountId": record_id}).json()["id"]
    bern = {"city": "Bern", "country": None, "geocodeAccuracy": None, "latitude": None, "longitude": None,
            "postalCode": "3000", "state": None, "street": "Gasse 1\n2. OG"}  # fmt: skip
    [record] = ask(rest, f"SELECT BillingAddress, ShippingAddress FROM Account WHERE Id = '{record_id}'")
    assert (record["BillingAddress"], record["ShippingAddress"]) == (bern, None)
    [inside] = ask(rest, f"SELECT MailingAddress, Account.BillingAddress FROM Contact WHERE Id = '{contact}'")
    assert (inside["MailingAddress"], inside["Account"]["BillingAddress"]) == (None, bern)
    row = rest("GET", f"sobjects/Account/{record_id}").json()
    assert (row["BillingAddress"], row["BillingCity"]) == (bern, "Bern")
    assert "BillingAddress" in ask(rest, "SELECT FIELDS(STANDARD) FROM Account LIMIT 1")[0]
    fields = {field["name"]: field for field in rest("GET", "sobjects/Account/describe").json()["fields"]}
    assert (fields["BillingAddress"]["type"], fields["BillingAddress"]["updateable"]) == ("address", False)
    assert [fields[name]["compoundFieldName"] for name in ("BillingCity", "ShippingStreet", "Phone")] == [
        "BillingAddress",
        "ShippingAddress",
        None,
    ]
    refused = rest("POST", "jobs/query", json={"operation": "query", "query": "SELECT BillingAddress FROM Account"})
    assert refused.json()[0]["message"] == "Selecting compound data not supported in Bulk Query"
