"""Chargebee's own Python client, unmodified, against the practice site."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from chargebee import Chargebee, InvalidRequestError  # type: ignore[import-untyped]  # it comes without types

from tests.practice import API_KEY, Practice


@pytest.fixture
def client(fresh_practice: Callable[..., Practice], monkeypatch: pytest.MonkeyPatch) -> Any:
    practice = fresh_practice()
    monkeypatch.setattr(Chargebee, "verify_ca_certs", False)  # the client's own switch for addresses without TLS
    made = Chargebee(API_KEY, "acme-practice", protocol="http")
    made.env.api_endpoint = f"{practice.chargebee_url}/api/v2"
    return made


def test_it_lists_reads_updates_and_is_refused(client: Any) -> None:
    found, offset = [], None
    while True:
        page = client.Customer.list({"limit": 100, **({"offset": offset} if offset else {})})
        found += [entry.customer for entry in page.list]
        offset = page.next_offset
        if not offset:
            break
    assert len({customer.id for customer in found}) == len(found) > 200

    first = found[0]
    assert client.Customer.retrieve(first.id).customer.company == first.company
    changes = {"company": "Another Company", "cf_salesforce_account_id": "001A00000000001AAA"}
    assert client.Customer.update(first.id, changes).customer.company == "Another Company"
    moved = client.Customer.update_billing_info(first.id, {"billing_address": {"line1": "1 Rue", "city": "Paris"}})
    assert moved.customer.billing_address.city == "Paris"

    subscribed = client.Subscription.list({"limit": 5}).list
    assert all(entry.customer.id == entry.subscription.customer_id for entry in subscribed)
    assert len(client.Invoice.list({"limit": 5}).list) == 5

    with pytest.raises(InvalidRequestError) as refused:
        client.Customer.retrieve("nobody")
    assert refused.value.api_error_code == "resource_not_found"
    with pytest.raises(InvalidRequestError) as refused:
        client.Customer.update(first.id, {"nonsense": "x"})
    assert refused.value.api_error_code == "param_wrong_value"


def test_the_same_idempotency_key_writes_once(client: Any) -> None:
    customer = client.Customer.list({"limit": 1}).list[0].customer
    headers = {"chargebee-idempotency-key": "one"}
    first = client.Customer.update(customer.id, {"company": "Once"}, headers=headers).customer
    again = client.Customer.update(customer.id, {"company": "Once"}, headers=headers).customer
    assert again.resource_version == first.resource_version
