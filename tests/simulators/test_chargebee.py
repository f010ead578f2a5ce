"""The practice Chargebee site over plain HTTP: lists, updates, keys, limits, refusals."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import requests

from tests.practice import Practice
from tests.simulators.clients import chargebee


def pages(practice: Practice, path: str, **params: str) -> list[dict[str, object]]:
    """All records of a list."""
    records: list[dict[str, object]] = []
    while True:
        body = chargebee(practice, "GET", path, params={"limit": "100", **params}).json()
        records += [item[path.removesuffix("s")] for item in body["list"]]
        if "next_offset" not in body:
            return records
        params["offset"] = body["next_offset"]


@pytest.mark.parametrize("path", ["customers", "subscriptions", "invoices"])
def test_lists_bring_every_record_once_oldest_first(orgs: Practice, path: str) -> None:
    records = pages(orgs, path)
    ids = [record["id"] for record in records]
    assert len(ids) == len(set(ids)) > 100
    moments = [int(str(record["date" if path == "invoices" else "created_at"])) for record in records]
    assert moments == sorted(moments)
    assert not any(record["deleted"] for record in records)


def test_page_sizes(orgs: Practice) -> None:
    assert len(chargebee(orgs, "GET", "customers").json()["list"]) == 10
    for limit in ("0", "101", "x"):
        refused = chargebee(orgs, "GET", "customers", params={"limit": limit})
        assert (refused.status_code, refused.json()["api_error_code"], refused.json()["param"]) == (
            400,
            "param_wrong_value",
            "limit",
        )
    assert chargebee(orgs, "GET", "customers", params={"offset": "nonsense"}).status_code == 400


def test_deleted_customers_only_when_asked_for(orgs: Practice) -> None:
    gone = {item["right"][0] for item in orgs.truth.of_kind("dangling", "deleted_customer")}
    with_deleted = pages(orgs, "customers", include_deleted="true")
    assert {record["id"] for record in with_deleted if record["deleted"]} == gone
    assert chargebee(orgs, "GET", f"customers/{min(gone)}").json()["api_error_code"] == "resource_not_found"


def test_filters_and_order(orgs: Practice) -> None:
    everyone = pages(orgs, "customers")
    middle = int(str(sorted(int(str(record["updated_at"])) for record in everyone)[len(everyone) // 2]))
    later = pages(orgs, "customers", **{"updated_at[after]": str(middle), "sort_by[desc]": "updated_at"})
    assert {record["id"] for record in later} == {r["id"] for r in everyone if int(str(r["updated_at"])) > middle}
    moments = [int(str(record["updated_at"])) for record in later]
    assert moments == sorted(moments, reverse=True)
    company = str(next(record["company"] for record in everyone if record.get("company")))
    assert company in {record["company"] for record in pages(orgs, "customers", **{"company[is]": company})}
    customer = str(everyone[0]["id"])
    assert {r["customer_id"] for r in pages(orgs, "subscriptions", **{"customer_id[is]": customer})} == {customer}
    assert [r["id"] for r in pages(orgs, "customers", **{"id[in]": f'["{customer}"]'})] == [customer]
    assert pages(orgs, "customers", **{"id[is]": customer.swapcase()}) == []
    refused = chargebee(orgs, "GET", "customers", params={"cf_salesforce_account_id[is]": "x"})
    assert refused.status_code == 400


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("id[in]", "1"),
        ("company[not_in]", "null"),
        ("email[in]", "NaN"),
        ("updated_at[after]", "9" * 20),
        ("updated_at[on]", "today"),
        ("created_at[between]", "[1]"),
        ("created_at[between]", f"[1, {'9' * 20}]"),
    ],
)
def test_filters_of_another_form_are_refused(orgs: Practice, name: str, value: str) -> None:
    refused = chargebee(orgs, "GET", "customers", params={name: value})
    assert (refused.status_code, refused.json()["api_error_code"]) == (400, "param_wrong_value")


def test_an_update_sets_removes_and_stamps(orgs: Practice) -> None:
    before = chargebee(orgs, "GET", "customers").json()["list"][1]["customer"]
    path = f"customers/{before['id']}"
    after = chargebee(
        orgs, "POST", path, data={"cf_salesforce_account_id": "001Hs0000000001", "company": "Neu & Söhne", "phone": ""}
    ).json()["customer"]
    assert (after["cf_salesforce_account_id"], after["company"]) == ("001Hs0000000001", "Neu & Söhne")
    assert "phone" not in after
    assert after["updated_at"] > before["updated_at"]
    assert after["resource_version"] > before["resource_version"]
    assert chargebee(orgs, "GET", path).json()["customer"] == after
    cleared = chargebee(orgs, "POST", path, data={"cf_salesforce_account_id": ""}).json()["customer"]
    assert "cf_salesforce_account_id" not in cleared
    write = orgs.writes()[-1]
    assert (write["system"], write["record_id"]) == ("chargebee", before["id"])
    assert write["changes"] == {"cf_salesforce_account_id": ["001Hs0000000001", None]}


@pytest.mark.parametrize(
    ("form", "param"),
    [
        ({"nonsense": "1"}, "nonsense"),
        ({"company": "x" * 251}, "company"),
        ({"email": "no address"}, "email"),
        ({"auto_collection": "perhaps"}, "auto_collection"),
        ({"meta_data": "{"}, "meta_data"),
        ({"net_term_days": "soon"}, "net_term_days"),
    ],
)
def test_wrong_values_are_refused_whole(orgs: Practice, form: dict[str, str], param: str) -> None:
    customer = chargebee(orgs, "GET", "customers").json()["list"][0]["customer"]["id"]
    since = len(orgs.writes())
    refused = chargebee(orgs, "POST", f"customers/{customer}", data={"first_name": "Not written", **form})
    assert (refused.status_code, refused.json()["param"]) == (400, param)
    assert {"message", "type", "api_error_code", "param", "error_cause_id"} <= set(refused.json())
    assert orgs.writes(since) == []


def test_billing_info_replaces_the_whole_address(orgs: Practice) -> None:
    customer = chargebee(orgs, "GET", "customers").json()["list"][2]["customer"]["id"]
    form = {"billing_address[line1]": "1 New Road", "billing_address[country]": "GB", "vat_number": "GB123456789"}
    after = chargebee(orgs, "POST", f"customers/{customer}/update_billing_info", data=form).json()["customer"]
    assert after["billing_address"]["line1"] == "1 New Road"
    assert "city" not in after["billing_address"]
    assert after["vat_number"] == "GB123456789"
    wrong = chargebee(
        orgs, "POST", f"customers/{customer}/update_billing_info", data={"billing_address[country]": "England"}
    )
    assert wrong.json()["param"] == "billing_address[country]"


def test_an_idempotency_key_writes_once(orgs: Practice) -> None:
    customer = chargebee(orgs, "GET", "customers").json()["list"][3]["customer"]["id"]
    since, headers = len(orgs.writes()), {"chargebee-idempotency-key": "key-1"}
    answers = [
        chargebee(orgs, "POST", f"customers/{customer}", data={"company": "Once"}, headers=headers) for _ in range(3)
    ]
    assert [answer.headers.get("chargebee-idempotency-replayed") for answer in answers] == [None, "true", "true"]
    assert len({answer.text for answer in answers}) == 1
    [write] = orgs.writes(since)
    assert write["idempotency_key"] == "key-1"
    other = chargebee(orgs, "POST", f"customers/{customer}", data={"company": "Other"}, headers=headers)
    assert other.status_code == 400
    assert len(orgs.writes(since)) == 1


def test_a_key_whose_answer_was_lost_is_replayed(orgs: Practice) -> None:
    customer = chargebee(orgs, "GET", "customers").json()["list"][4]["customer"]["id"]
    since, headers = len(orgs.writes()), {"chargebee-idempotency-key": "key-lost"}
    orgs.faults("drop_after", system="chargebee", method="POST", count=1)
    with pytest.raises(requests.ConnectionError):
        chargebee(orgs, "POST", f"customers/{customer}", data={"company": "Lost answer"}, headers=headers)
    again = chargebee(orgs, "POST", f"customers/{customer}", data={"company": "Lost answer"}, headers=headers)
    assert again.headers["chargebee-idempotency-replayed"] == "true"
    assert len(orgs.writes(since)) == 1


def test_who_the_site_is_and_who_may_ask(orgs: Practice) -> None:
    [configuration] = chargebee(orgs, "GET", "configurations").json()["configurations"]
    assert configuration["domain"] == "acme-practice"
    refused = requests.get(f"{orgs.chargebee_url}/api/v2/customers", auth=("wrong", ""), timeout=10)
    assert (refused.status_code, refused.json()["api_error_code"]) == (401, "api_authentication_failed")
    assert orgs.refresh_fingerprint("chargebee") == "acme-practice-2"
    assert chargebee(orgs, "GET", "configurations").json()["configurations"][0]["domain"] == "acme-practice-2"


def test_the_limit_of_a_minute(fresh_practice: Callable[..., Practice]) -> None:
    practice = fresh_practice(accounts=200)
    practice.settings(chargebee={"per_minute": 3})
    answers = [chargebee(practice, "GET", "customers") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert 1 <= int(answers[3].headers["Retry-After"]) <= 60
    assert answers[3].json()["api_error_code"] == "api_request_limit_exceeded"
