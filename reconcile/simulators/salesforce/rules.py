"""The org's own rules: required fields, a validation rule, unique values, references that exist, duplicate rules."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from reconcile.simulators.salesforce.errors import SalesforceError
from reconcile.simulators.salesforce.objects import SOBJECTS
from reconcile.simulators.salesforce.org import Org
from reconcile.simulators.salesforce.schema import SObject

_US_ZIP = re.compile(r"\d{5}(-\d{4})?\Z")
_MATCH_FIELDS = {"Account": ("Name", "BillingPostalCode"), "Contact": ("Email",)}
_ALERT = "You're creating a duplicate record. We recommend you use an existing record instead."
_BLOCK = "Use one of these records?"


def check_required(sobject: SObject, row: Mapping[str, Any]) -> None:
    """Refuse a row without its required fields. A person account has its name in two parts.

    Raises:
        SalesforceError: REQUIRED_FIELD_MISSING.
    """
    is_person = sobject.name == "Account" and (
        row.get("IsPersonAccount") or (row.get("LastName") and not row.get("Name"))
    )
    required = ["LastName"] if is_person else [field.name for field in sobject.fields if field.is_required]
    missing = [name for name in required if row.get(name) is None]
    if missing:
        raise SalesforceError(
            "REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(missing)}]", fields=missing
        )


def check_validation(sobject: SObject, row: Mapping[str, Any]) -> None:
    """The org's validation rule: postcodes in the United States have five digits, or five and four.

    Raises:
        SalesforceError: FIELD_CUSTOM_VALIDATION_EXCEPTION.
    """
    if sobject.name != "Account" or row.get("BillingCountry") not in {"United States", "US", "USA"}:
        return
    postcode = row.get("BillingPostalCode")
    if postcode and not _US_ZIP.match(postcode):
        raise SalesforceError(
            "FIELD_CUSTOM_VALIDATION_EXCEPTION",
            "A postal code in the United States has 5 digits, or 5 and 4: 12345 or 12345-6789.",
            fields=["BillingPostalCode"],
        )


def check_references(org: Org, sobject: SObject, values: Mapping[str, Any]) -> None:
    """Every id that is written must be of a live row.

    Raises:
        SalesforceError: INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY or ENTITY_IS_DELETED.
    """
    for name, value in values.items():
        field = sobject.by_name[name.lower()]
        if field.references is None or value is None:
            continue
        target = SOBJECTS[field.references.lower()]
        found = org.store.get_many(target, [value]).get(value)
        if found is None:
            message = f"insufficient access rights on cross-reference id: {value[:15]}"
            raise SalesforceError("INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", message)
        if found.get("IsDeleted"):
            raise SalesforceError("ENTITY_IS_DELETED", "entity is deleted")


def check_unique(org: Org, sobject: SObject, values: Mapping[str, Any], record_id: str | None) -> None:
    """No two live rows share a unique value.

    Raises:
        SalesforceError: DUPLICATE_VALUE, with the other row's 15-character id.
    """
    for name, value in values.items():
        field = sobject.by_name[name.lower()]
        if not field.is_unique or value is None:
            continue
        others = [other for other in org.store.find(sobject, field, value) if other != record_id]
        if others:
            message = f"duplicate value found: {name} duplicates value on record with id: {others[0][:15]}"
            raise SalesforceError("DUPLICATE_VALUE", message, fields=[])


def check_duplicates(
    org: Org,
    sobject: SObject,
    row: Mapping[str, Any],
    changed: set[str],
    record_id: str | None,
    *,
    version: str,
    options: str,
) -> None:
    """The object's duplicate rule, when a field that it looks at is written.

    Args:
        org: the practice org.
        sobject: the object.
        row: the row as it would be.
        changed: names of the fields that are written.
        record_id: None for a new row.
        version: of the API, for addresses.
        options: the request's `Sforce-Duplicate-Rule-Header`.

    Raises:
        SalesforceError: DUPLICATES_DETECTED, with the matches.
    """
    action = org.duplicate_rules.get(sobject.name, "off")
    fields = _MATCH_FIELDS.get(sobject.name, ())
    if action == "off" or not changed & set(fields) or any(not row.get(name) for name in fields):
        return
    if action == "alert" and re.search(r"allowSave\s*=\s*true", options, re.IGNORECASE):
        return
    sql = " AND ".join(f'"{name}" = ? COLLATE NOCASE' for name in fields)
    found = org.store.rows(
        f'SELECT Id FROM "{sobject.name}" WHERE {sql} AND IsDeleted = 0 AND Id <> ? LIMIT 5',
        [*(row[name] for name in fields), record_id or ""],
    )
    if found:
        raise _duplicates(sobject, [ids[0] for ids in found], action == "alert", version)


def _duplicates(sobject: SObject, ids: list[str], is_alert: bool, version: str) -> SalesforceError:  # one caller
    """The refusal, with Salesforce's own misspelt key."""
    message = _ALERT if is_alert else _BLOCK
    records = [
        {
            "additionalInformation": [],
            "fieldDiffs": [],
            "matchConfidence": 100.0,
            "record": {
                "attributes": {
                    "type": sobject.name,
                    "url": f"/services/data/v{version}/sobjects/{sobject.name}/{record_id}",
                },
                "Id": record_id,
            },
        }
        for record_id in ids
    ]
    result = {
        "allowSave": is_alert,
        "duplicateRule": f"Standard_{sobject.name}_Duplicate_Rule",
        "duplicateRuleEntityType": sobject.name,
        "errorMessage": message,
        "matchResults": [
            {
                "entityType": sobject.name,
                "errors": [],
                "matchEngine": "FuzzyMatchEngine",
                "matchRecords": records,
                "rule": f"Standard_{sobject.name}_Match_Rule_v1_1",
                "size": len(ids),
                "success": True,
            }
        ],
    }
    return SalesforceError("DUPLICATES_DETECTED", message, extra={"duplicateResut": result})
