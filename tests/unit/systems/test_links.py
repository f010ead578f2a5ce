"""What Chargebee and Salesforce declare of their link, and the guard on fingerprints."""

from __future__ import annotations

import re
from typing import get_args

import pytest

from reconcile.errors import QuarantinedError, UnknownNameError
from reconcile.model import Connection, ErrorClass
from reconcile.systems import ErrorRule, check_fingerprint, check_is_same, link_fields
from reconcile.systems.chargebee import errors as chargebee_errors
from reconcile.systems.chargebee.links import package_namespace
from reconcile.systems.salesforce import errors as salesforce_errors

SALESFORCE = Connection("sf", "Salesforce", "salesforce", "practice", fingerprint="00D000000000001AAA")
CHARGEBEE = Connection("cb", "Chargebee", "chargebee", "practice", options={"link_field": "cf_crm_id"})


def test_the_link_between_salesforce_and_chargebee() -> None:
    links = link_fields(SALESFORCE, CHARGEBEE, ["Id", "chargebeeapps__CB_Id__c"])
    assert (links.left_link_field, links.right_link_field) == ("chargebeeapps__CB_Id__c", "cf_crm_id")
    assert links.left_linked("cust_1", "a0X000000000001AAA") == {
        "chargebeeapps__CB_Id__c": "cust_1",
        "chargebeeapps__Is_Synced__c": "true",
        "chargebeeapps__CB_Site__c": "a0X000000000001AAA",
    }
    assert links.left_unlinked() == {
        "chargebeeapps__CB_Id__c": None,
        "chargebeeapps__Is_Synced__c": "false",
        "chargebeeapps__CB_Site__c": None,
    }
    assert [(c.object, c.parent_field) for c in links.children] == [
        ("chargebeeapps__CB_Subscription__c", "chargebeeapps__Account__c"),
        ("chargebeeapps__CB_Invoice__c", "chargebeeapps__Account__c"),
    ]
    assert re.fullmatch(links.left_key.pattern, "001M000000qfPySIAU")


def test_another_generation_of_the_package_has_another_namespace() -> None:
    links = link_fields(SALESFORCE, CHARGEBEE, ["cbold__CB_Id__c", "Name"])
    assert links.left_link_field == "cbold__CB_Id__c"
    assert package_namespace(["Name"]) is None


def test_systems_without_a_declared_link() -> None:
    with pytest.raises(UnknownNameError):
        link_fields(CHARGEBEE, SALESFORCE)


@pytest.mark.parametrize("table", [salesforce_errors.ERRORS, chargebee_errors.ERRORS])
def test_every_code_has_a_class_and_a_remedy(table: dict[str, ErrorRule]) -> None:
    assert all(rule.error_class in get_args(ErrorClass) and rule.remedy for rule in table.values())
    assert all(rule.error_class in ("limit", "lock", "unavailable", "permission", "other")
               for rule in table.values() if rule.is_retryable)  # fmt: skip


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("", 412, "stale"),
        ("WHATEVER", 412, "stale"),
        ("UNABLE_TO_LOCK_ROW", 400, "lock"),
        ("NEW_CODE", 503, "unavailable"),
        ("NEW_CODE", 400, "other"),
        ("", 404, "not_found"),
    ],
)
def test_salesforce_codes(code: str, status: int, expected: str) -> None:
    assert salesforce_errors.rule_for(code, status).error_class == expected


def test_a_connection_that_answers_as_another_org_is_quarantined() -> None:
    check_fingerprint(SALESFORCE, "00D000000000001AAA")
    with pytest.raises(QuarantinedError) as caught:
        check_fingerprint(SALESFORCE, "00D000000000002AAA")
    assert (caught.value.expected, caught.value.found) == ("00D000000000001AAA", "00D000000000002AAA")


def test_a_connection_that_never_connected_or_is_quarantined_is_not_written_to() -> None:
    with pytest.raises(QuarantinedError):
        check_fingerprint(CHARGEBEE, "acme")
    quarantined = Connection("q", "Q", "salesforce", "sandbox", fingerprint="x", quarantine_reason="refreshed")
    with pytest.raises(QuarantinedError):
        check_fingerprint(quarantined, "x")


def test_whoever_only_looks_may_look_before_the_first_pull_but_not_at_another_org() -> None:
    check_is_same(CHARGEBEE, "acme")
    with pytest.raises(QuarantinedError):
        check_is_same(SALESFORCE, "00D000000000002AAA")
