"""Single rows, collections, composite: through simple-salesforce where it can, plain requests where it cannot."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from simple_salesforce.exceptions import (
    SalesforceGeneralError,
    SalesforceMalformedRequest,
    SalesforceMoreThanOneRecord,
    SalesforceResourceNotFound,
)

from tests.practice import Practice
from tests.simulators.clients import Rest, sign_in


@pytest.fixture(scope="module")
def salesforce(orgs: Practice) -> Any:
    return sign_in(orgs)


def test_a_row_through_its_life(salesforce: Any, orgs: Practice) -> None:
    since = len(orgs.writes())
    made = salesforce.Account.create({"Name": "  Life GmbH  ", "BillingCountry": "Germany", "NumberOfEmployees": 3})
    assert made["success"] is True
    row = salesforce.Account.get(made["id"])
    assert (row["Name"], row["NumberOfEmployees"], row["IsDeleted"]) == ("Life GmbH", 3, False)
    assert salesforce.Account.update(made["id"][:15], {"NumberOfEmployees": None, "name": "Life AG"}) == 204
    assert salesforce.Account.get(made["id"])["NumberOfEmployees"] is None
    assert salesforce.Account.delete(made["id"]) == 204
    with pytest.raises(SalesforceResourceNotFound, match="ENTITY_IS_DELETED"):
        salesforce.Account.get(made["id"])
    writes = orgs.writes(since)
    assert [write["action"] for write in writes] == ["create", "update", "delete"]
    assert writes[1]["changes"] == {"NumberOfEmployees": [3, None], "Name": ["Life GmbH", "Life AG"]}


@pytest.mark.parametrize(
    ("values", "code", "message"),
    [
        ({}, "REQUIRED_FIELD_MISSING", "Required fields are missing: [Name]"),
        ({"Name": "x" * 256}, "STRING_TOO_LONG", f"Account Name: data value too large: {'x' * 256} (max length=255)"),
        ({"Name": "x", "Nope": 1}, "INVALID_FIELD", "No such column 'Nope' on sobject of type Account"),
        (
            {"Name": "x", "Rating": "Tepid"},
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            "bad value for restricted picklist field: Tepid",
        ),
        (
            {"Name": "x", "PersonEmail": "no address"},
            "INVALID_EMAIL_ADDRESS",
            "Email: invalid email address: no address",
        ),
        (
            {"Name": "x", "ParentId": "003000000000001AAA"},
            "MALFORMED_ID",
            "id value of incorrect type: 003000000000001AAA",
        ),
        (
            {"Name": "x", "ParentId": "001000000000001AAA"},
            "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
            "cross-reference id",
        ),
        ({"Name": "x", "CreatedDate": "2020-01-01T00:00:00Z"}, "INVALID_FIELD_FOR_INSERT_UPDATE", "CreatedDate"),
        (
            {"Name": "x", "Id": "001000000000001AAA"},
            "INVALID_FIELD",
            "The Id field should not be specified in the sobject data.",
        ),
        ({"Name": "x", "NumberOfEmployees": "many"}, "JSON_PARSER_ERROR", "Cannot deserialize instance of int"),
        (
            {"Name": "x", "BillingCountry": "US", "BillingPostalCode": "1"},
            "FIELD_CUSTOM_VALIDATION_EXCEPTION",
            "postal code",
        ),
    ],
)
def test_what_is_refused_says_why(
    salesforce: Any, orgs: Practice, values: dict[str, Any], code: str, message: str
) -> None:
    before = len(orgs.writes())
    with pytest.raises(SalesforceMalformedRequest) as caught:
        salesforce.Account.create(values)
    content: Any = caught.value.content
    assert content[0]["errorCode"] == code
    assert message in content[0]["message"]
    assert len(orgs.writes()) == before


def test_unknown_objects_and_ids(salesforce: Any) -> None:
    with pytest.raises(SalesforceResourceNotFound, match="The requested resource does not exist"):
        salesforce.Nonsense__c.describe()
    with pytest.raises(SalesforceResourceNotFound, match="NOT_FOUND"):
        salesforce.Account.get("001Hs0000099999AAA"[:15])
    with pytest.raises(SalesforceMalformedRequest, match="id value of incorrect type"):
        salesforce.Account.get("001Hs0000099999ZZZ")


def test_a_condition_protects_what_changed_since(rest: Rest) -> None:
    [record_id] = rest.ids(limit=1)
    read = rest("GET", f"sobjects/Account/{record_id}")
    stamp, tag = read.headers["Last-Modified"], read.headers["ETag"]
    path, guard = f"sobjects/Account/{record_id}", {"If-Unmodified-Since": stamp}
    assert rest("PATCH", path, json={"Site": "one"}, headers=guard).status_code == 204
    refused = rest("PATCH", path, json={"Site": "two"}, headers=guard)
    assert refused.status_code == 412
    assert rest("PATCH", path, json={"Site": "two"}, headers={"If-Match": tag}).status_code == 412
    assert rest("PATCH", path, json={"Site": "x"}, headers={"If-Unmodified-Since": "yesterday"}).status_code == 400
    now = rest("GET", f"{path}?fields=Site,LastModifiedDate,SystemModstamp")
    assert now.json()["Site"] == "one"
    assert now.json()["SystemModstamp"] == now.json()["LastModifiedDate"] > "2026-10-26"
    same_second = {"If-Unmodified-Since": now.headers["Last-Modified"]}
    assert rest("PATCH", path, json={"Site": "three"}, headers=same_second).status_code == 204


def test_the_background_automation_moves_the_stamp(rest: Rest, orgs: Practice) -> None:
    [record_id] = rest.ids(limit=1)
    orgs.touch("salesforce", "Account", [record_id], {"Description": "from a flow"})
    assert rest("GET", f"sobjects/Account/{record_id}?fields=Description").json()["Description"] == "from a flow"
    assert orgs.writes()[-1]["origin"] == "automation"


def test_a_contact_and_the_automation_of_simple_salesforce_errors(salesforce: Any) -> None:
    record_id = salesforce.Contact.create({"LastName": "Guarded"})["id"]
    with pytest.raises(SalesforceGeneralError) as caught:
        salesforce.Contact.update(
            record_id, {"Title": "x"}, headers={"If-Unmodified-Since": "Thu, 01 Jan 2015 00:00:00 GMT"}
        )
    assert caught.value.status == 412


def test_upsert_by_external_id(salesforce: Any, rest: Rest) -> None:
    assert salesforce.Account.upsert("Legacy_Id__c/U-1", {"Name": "Upserted"}) == 201
    assert salesforce.Account.upsert("Legacy_Id__c/u-1", {"Name": "Upserted again"}) == 200
    assert salesforce.Account.get_by_custom_id("Legacy_Id__c", "U-1")["Name"] == "Upserted again"
    assert rest("PATCH", "sobjects/Account/Legacy_Id__c/none?updateOnly=true", json={"Name": "x"}).status_code == 404
    for _ in range(2):
        salesforce.Account.create({"Name": "Twice", "chargebeeapps__CB_Id__c": "same"})
    with pytest.raises(SalesforceMoreThanOneRecord):
        salesforce.Account.upsert("chargebeeapps__CB_Id__c/same", {"Name": "Which?"})
    with pytest.raises(SalesforceMalformedRequest, match="duplicate value found: Legacy_Id__c"):
        salesforce.Account.create({"Name": "Another", "Legacy_Id__c": "U-1"})


def test_duplicate_rules_alert_and_can_be_overridden(rest: Rest) -> None:
    values = {"Name": "Doubled Ltd", "BillingPostalCode": "N1 1AA"}
    first = rest("POST", "sobjects/Account", json=values).json()["id"]
    refused = rest("POST", "sobjects/Account", json=values)
    [error] = refused.json()
    assert (refused.status_code, error["errorCode"]) == (400, "DUPLICATES_DETECTED")
    [match] = error["duplicateResut"]["matchResults"][0]["matchRecords"]
    assert match["record"]["Id"] == first
    allowed = rest("POST", "sobjects/Account", json=values, headers={"Sforce-Duplicate-Rule-Header": "allowSave=true"})
    assert allowed.status_code == 201


def test_collections_answer_by_position(rest: Rest, orgs: Practice) -> None:
    first, second, third = rest.ids(limit=3)
    since = len(orgs.writes())
    records = [
        {"attributes": {"type": "Account"}, "id": first, "Site": "HQ"},
        {"attributes": {"type": "Account"}, "Id": second, "Rating": "Tepid"},
        {"attributes": {"type": "Account"}, "id": "001Hs0000099999ZZZ", "Site": "HQ"},
        {"attributes": {"type": "Account"}, "id": third, "Site": None},
    ]
    results = rest("PATCH", "composite/sobjects", json={"records": records}).json()
    assert [result["success"] for result in results] == [True, False, False, True]
    assert [result["errors"][0]["statusCode"] for result in results[1:3]] == [
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        "MALFORMED_ID",
    ]
    assert [write["record_id"] for write in orgs.writes(since)] == [first, third]
    undone = rest("PATCH", "composite/sobjects", json={"allOrNone": True, "records": records}).json()
    assert [result["errors"][0]["statusCode"] for result in undone] == [
        "ALL_OR_NONE_OPERATION_ROLLED_BACK",
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        "MALFORMED_ID",
        "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    ]
    assert len(orgs.writes(since)) == 2
    read = rest(
        "POST",
        "composite/sobjects/Account",
        json={"ids": [third, "001Hs0000099999AAA", first], "fields": ["Id", "Site"]},
    )
    assert [record and record["Site"] for record in read.json()] == [None, None, "HQ"]
    assert read.json()[1] is None


def test_collections_have_limits(rest: Rest) -> None:
    row = {"attributes": {"type": "Account"}, "Name": "x"}
    assert rest("POST", "composite/sobjects", json={"records": [row] * 201}).status_code == 400
    mixed = [{"attributes": {"type": kind}, "Name": "x"} for _ in range(6) for kind in ("Account", "Opportunity")]
    assert rest("POST", "composite/sobjects", json={"records": mixed}).json()[0]["errorCode"] == "LIMIT_EXCEEDED"
    assert rest("POST", "composite/sobjects", json={"records": "x"}).status_code == 400


def test_collections_delete_and_upsert(rest: Rest) -> None:
    rows = [{"attributes": {"type": "Account"}, "Name": f"C{n}", "Legacy_Id__c": f"C-{n}"} for n in range(3)]
    made = rest("PATCH", "composite/sobjects/Account/Legacy_Id__c", json={"records": rows}).json()
    assert [result["created"] for result in made] == [True] * 3
    again = rest("PATCH", "composite/sobjects/Account/Legacy_Id__c", json={"records": rows[:2]}).json()
    assert [result["created"] for result in again] == [False] * 2
    ids = ",".join(result["id"] for result in made)
    gone = rest("DELETE", f"composite/sobjects?ids={ids},{made[0]['id']}").json()
    assert [result["success"] for result in gone] == [True, True, True, False]
    assert gone[3]["errors"][0]["statusCode"] == "ENTITY_IS_DELETED"


def _composite(rest: Rest, requests: list[dict[str, Any]], *, all_or_none: bool) -> list[dict[str, Any]]:
    for number, request in enumerate(requests):
        request.setdefault("referenceId", f"r{number}")
        request["url"] = f"/services/data/v67.0/{request['url']}"
    answer = rest("POST", "composite", json={"allOrNone": all_or_none, "compositeRequest": requests})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["compositeResponse"])


def test_composite_guards_each_row_and_passes_references(rest: Rest) -> None:
    fresh, stale = rest.ids(limit=2)
    stamp = rest("GET", f"sobjects/Account/{fresh}").headers["Last-Modified"]
    answers = _composite(
        rest,
        [
            {
                "method": "PATCH",
                "url": f"sobjects/Account/{fresh}",
                "body": {"Fax": "1"},
                "httpHeaders": {"If-Unmodified-Since": stamp},
            },
            {
                "method": "PATCH",
                "url": f"sobjects/Account/{stale}",
                "body": {"Fax": "1"},
                "httpHeaders": {"If-Unmodified-Since": "Thu, 01 Jan 2015 00:00:00 GMT"},
            },
            {"method": "POST", "url": "sobjects/Account", "body": {"Name": "Parent"}, "referenceId": "p"},
            {
                "method": "POST",
                "url": "sobjects/Contact",
                "body": {"LastName": "Child", "AccountId": "@{p.id}"},
                "referenceId": "c",
            },
            {"method": "GET", "url": "query?q=SELECT+AccountId+FROM+Contact+WHERE+Id='@{c.id}'", "referenceId": "q"},
            {"method": "GET", "url": "sobjects/Account/@{nothing.id}"},
        ],
        all_or_none=False,
    )
    assert [answer["httpStatusCode"] for answer in answers] == [204, 412, 201, 201, 200, 400]
    assert answers[4]["body"]["records"][0]["AccountId"] == answers[2]["body"]["id"]


def test_composite_all_or_none_undoes_everything(rest: Rest, orgs: Practice) -> None:
    since = len(orgs.writes())
    answers = _composite(
        rest,
        [
            {"method": "POST", "url": "sobjects/Account", "body": {"Name": "Rolled back"}},
            {"method": "POST", "url": "sobjects/Account", "body": {}},
        ],
        all_or_none=True,
    )
    assert [answer["httpStatusCode"] for answer in answers] == [400, 400]
    assert answers[0]["body"][0]["errorCode"] == "PROCESSING_HALTED"
    assert orgs.writes(since) == []
    assert rest("GET", "query?q=SELECT+count()+FROM+Account+WHERE+Name='Rolled+back'").json()["totalSize"] == 0


def test_batch_requests_are_independent(rest: Rest) -> None:
    [record_id] = rest.ids(limit=1)
    answer = rest(
        "POST",
        "composite/batch",
        json={
            "batchRequests": [
                {"method": "GET", "url": f"v67.0/sobjects/Account/{record_id}?fields=Id"},
                {"method": "PATCH", "url": f"v67.0/sobjects/Account/{record_id}", "richInput": {"Rating": "Tepid"}},
                {"method": "PATCH", "url": f"v67.0/sobjects/Account/{record_id}", "richInput": {"Rating": "Hot"}},
            ]
        },
    ).json()
    assert answer["hasErrors"] is True
    assert [result["statusCode"] for result in answer["results"]] == [200, 400, 204]


def test_person_accounts_have_a_twin(salesforce: Any) -> None:
    made = salesforce.Account.create({"LastName": "Muster", "FirstName": "Max", "PersonEmail": "max@example.com"})
    row = salesforce.Account.get(made["id"])
    assert (row["IsPersonAccount"], row["Name"]) == (True, "Max Muster")
    salesforce.Account.update(made["id"], {"LastName": "Mustermann", "PersonEmail": "m@example.com"})
    twin = salesforce.Contact.get(row["PersonContactId"])
    assert (twin["LastName"], twin["Email"], twin["AccountId"]) == ("Mustermann", "m@example.com", made["id"])
    with pytest.raises(SalesforceMalformedRequest, match="INVALID_FIELD_FOR_INSERT_UPDATE"):
        salesforce.Account.update(made["id"], {"Name": "Other"})
    salesforce.Account.delete(made["id"])
    with pytest.raises(SalesforceResourceNotFound):
        salesforce.Contact.get(row["PersonContactId"])


def test_what_changed_and_what_went(salesforce: Any) -> None:
    record_id = salesforce.Account.create({"Name": "Short-lived"})["id"]
    salesforce.Account.delete(record_id)
    now = datetime.now(UTC)
    time.sleep(0.01)
    gone = salesforce.Account.deleted(now - timedelta(hours=1), now + timedelta(minutes=2))
    assert record_id in {row["id"] for row in gone["deletedRecords"]}
    changed = salesforce.Account.updated(now - timedelta(hours=1), now + timedelta(minutes=2))
    assert record_id not in changed["ids"]
    with pytest.raises(SalesforceMalformedRequest, match="INVALID_REPLICATION_DATE"):
        salesforce.Account.deleted(now, now)


def test_what_the_org_says_of_itself(salesforce: Any, rest: Rest, orgs: Practice) -> None:
    fields = {field["name"]: field for field in salesforce.Account.describe()["fields"]}
    assert fields["chargebeeapps__CB_Site__c"]["referenceTo"] == ["chargebeeapps__CB_Site__c"]
    assert fields["SystemModstamp"]["updateable"] is False
    counts = rest("GET", "limits/recordCount?sObjects=Account,Nope,RecordType").json()["sObjects"]
    assert {count["name"] for count in counts} == {"Account", "RecordType"}
    assert salesforce.is_sandbox() is True
    salesforce.limits()
    used = salesforce.api_usage["api-usage"].used
    assert used > 0
    orgs.settings(salesforce={"daily_limit": 1})
    assert rest("GET", "limits").json()[0] == {
        "message": "TotalRequests Limit exceeded.",
        "errorCode": "REQUEST_LIMIT_EXCEEDED",
    }
    orgs.settings(salesforce={"daily_limit": 15_000_000})
