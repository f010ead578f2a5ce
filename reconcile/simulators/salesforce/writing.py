"""The one way in which rows are written, whatever the API: checked, stamped, logged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reconcile.simulators.generator.ids import normalise_id
from reconcile.simulators.generator.salesforce_rows import BUSINESS_TYPE, ORG_USER, PERSON_TYPE
from reconcile.simulators.salesforce.errors import SalesforceError, is_deleted, malformed_id, not_found
from reconcile.simulators.salesforce.objects import SOBJECTS
from reconcile.simulators.salesforce.org import Call, Org
from reconcile.simulators.salesforce.rules import (
    check_duplicates,
    check_references,
    check_required,
    check_unique,
    check_validation,
)
from reconcile.simulators.salesforce.schema import SObject
from reconcile.simulators.salesforce.store import Row, now_text
from reconcile.simulators.salesforce.values import checked

_LOCKED = "unable to obtain exclusive access to this record or 1 records: {}"


@dataclass(frozen=True, slots=True)
class Origin:
    """Who writes, for the log, the faults and the duplicate rules."""

    request_id: str = ""
    idempotency_key: str = ""
    method: str = ""
    path: str = ""
    version: str = "67.0"
    duplicate_options: str = ""
    user_id: str = ORG_USER
    kind: str = "api"


def origin_of(call: Call) -> Origin:
    """The origin of a REST request's writes."""
    return Origin(
        request_id=call.request_id,
        idempotency_key=call.headers.get("idempotency-key", ""),
        method=call.method,
        path=call.full_path,
        version=call.version,
        duplicate_options=call.headers.get("sforce-duplicate-rule-header", ""),
        user_id=call.user_id,
    )


def live_row(org: Org, sobject: SObject, record_id: str) -> Row:
    """The row of an id in either form.

    Raises:
        SalesforceError: NOT_FOUND or ENTITY_IS_DELETED, or MALFORMED_ID for what is no id.
    """
    full = normalise_id(record_id)
    if full is None or full[:3] != sobject.prefix:
        raise malformed_id(f"{sobject.label} ID", record_id)
    row = org.store.get(sobject, full)
    if row is None:
        raise not_found()
    if row.get("IsDeleted"):
        raise is_deleted()
    return row


def create(org: Org, sobject: SObject, values: Mapping[str, Any], origin: Origin) -> str:
    """Insert a row; gives its id.

    Raises:
        SalesforceError: whatever speaks against it; then nothing is written.
    """
    if not sobject.is_createable:
        raise SalesforceError(
            "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", f"entity type {sobject.name} does not support create"
        )
    if any(name.lower() == "id" for name in values):
        raise SalesforceError(
            "INVALID_FIELD", "The Id field should not be specified in the sobject data.", fields=["Id"]
        )
    clean = _clean(sobject, values, is_new=True)
    _meet_faults(org, origin, "")
    row: Row = {field.name: 0 if field.type == "boolean" else None for field in sobject.fields}
    row.update(clean)
    _derive(sobject, row)
    now = now_text()
    row.update(CreatedDate=now, CreatedById=origin.user_id, **stamps(origin, now))
    if "OwnerId" in row and row["OwnerId"] is None:
        row["OwnerId"] = origin.user_id
    _check(org, sobject, row, clean, None, origin=origin)
    with org.transaction():
        record_id = org.store.insert(sobject, row)
        log_write(
            org, sobject, record_id, "create", {name: [None, value] for name, value in clean.items()}, origin=origin
        )
        if row.get("IsPersonAccount") and sobject.name == "Account":
            _make_twin(org, record_id, row, origin)
    return record_id


def update(org: Org, sobject: SObject, record_id: str, values: Mapping[str, Any], origin: Origin) -> str:
    """Change some fields of a row; gives its 18-character id. A change to the same value moves its stamps all the same.

    Raises:
        SalesforceError: whatever speaks against it; then nothing is written.
    """
    row = live_row(org, sobject, record_id)
    if not sobject.is_updateable:
        raise SalesforceError(
            "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", f"entity type {sobject.name} does not support update"
        )
    clean = _clean(sobject, values, is_new=False)
    if row.get("IsPersonAccount") and "Name" in clean:
        raise read_only_fields(["Name"])
    _meet_faults(org, origin, row["Id"])
    before = {name: row[name] for name in clean}
    row.update(clean)
    derived = _derive(sobject, row)
    _check(org, sobject, row, clean, row["Id"], origin=origin)
    changes = {name: [before[name], value] for name, value in clean.items()}
    with org.transaction():
        org.store.update(sobject, row["Id"], {**clean, **derived, **stamps(origin, now_text())})
        log_write(org, sobject, row["Id"], "update", changes, origin=origin)
        if row.get("PersonContactId"):
            _update_twin(org, row, clean, origin)
    return str(row["Id"])


def delete(org: Org, sobject: SObject, record_id: str, origin: Origin) -> str:
    """Put a row into the recycle bin; gives its 18-character id. A person account takes its contact along.

    Raises:
        SalesforceError: no such row, already deleted, or an object whose rows cannot be deleted.
    """
    row = live_row(org, sobject, record_id)
    if not sobject.has_deletes or not sobject.is_updateable:
        raise SalesforceError(
            "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", f"entity type {sobject.name} does not support delete"
        )
    if sobject.name == "Contact" and row["IsPersonAccount"] and origin.kind == "api":
        raise SalesforceError("DELETE_FAILED", "cannot delete person contact")
    _meet_faults(org, origin, row["Id"])
    with org.transaction():
        org.store.update(sobject, row["Id"], {"IsDeleted": 1, **stamps(origin, now_text())})
        log_write(org, sobject, row["Id"], "delete", {}, origin=origin)
        if row.get("PersonContactId"):
            contact = live_object("Contact")
            org.store.update(contact, row["PersonContactId"], {"IsDeleted": 1, **stamps(origin, now_text())})
    return str(row["Id"])


def live_object(name: str) -> SObject:
    """An object by its exact name."""
    return SOBJECTS[name.lower()]


def read_only_fields(names: list[str]) -> SalesforceError:
    """Fields that nobody but Salesforce may set."""
    message = (
        f"Unable to create/update fields: {', '.join(names)}. Please check the security settings of this field and "
        "verify that it is read/write for your profile or permission set."
    )
    return SalesforceError("INVALID_FIELD_FOR_INSERT_UPDATE", message, fields=names)


def _clean(sobject: SObject, values: Mapping[str, Any], *, is_new: bool) -> Row:
    """Values by their proper field names, checked one by one."""
    clean: Row = {}
    refused = []
    for name, value in values.items():
        field = sobject.by_name.get(name.lower()) or sobject.compounds.get(name.lower())
        if field is None:
            raise SalesforceError(
                "INVALID_FIELD", f"No such column '{name}' on sobject of type {sobject.name}", fields=[name]
            )
        if not (field.is_createable if is_new else field.is_updateable):
            refused.append(field.name)
        else:
            clean[field.name] = checked(field, value)
    if refused:
        raise read_only_fields(refused)
    return clean


def _derive(sobject: SObject, row: Row) -> Row:
    """Set the fields of `row` that follow from others, and give them: full names, kind of account, a deal's outcome."""
    derived: Row = {}
    if sobject.name == "Account":
        if row.get("RecordTypeId") == PERSON_TYPE or (row.get("LastName") and not row.get("Name")):
            derived = {"IsPersonAccount": 1, "RecordTypeId": PERSON_TYPE}
        else:
            derived = {"IsPersonAccount": 0, "RecordTypeId": row.get("RecordTypeId") or BUSINESS_TYPE}
    if sobject.name in {"Contact", "User"} or derived.get("IsPersonAccount"):
        derived["Name"] = " ".join(part for part in (row.get("FirstName"), row.get("LastName")) if part) or None
    if sobject.name == "Opportunity":
        stage = str(row.get("StageName") or "")
        derived = {"IsClosed": int(stage.startswith("Closed")), "IsWon": int(stage == "Closed Won")}
    row.update(derived)
    return derived


def _check(org: Org, sobject: SObject, row: Row, clean: Row, record_id: str | None, *, origin: Origin) -> None:
    """All rules, in Salesforce's order: required, validation, references, unique values, duplicates."""
    check_required(sobject, row)
    check_validation(sobject, row)
    check_references(org, sobject, clean)
    check_unique(org, sobject, clean, record_id)
    check_duplicates(org, sobject, row, set(clean), record_id, version=origin.version, options=origin.duplicate_options)


def _meet_faults(org: Org, origin: Origin, record_id: str) -> None:
    """Refuse the row if a fault was ordered for it."""
    fault = org.faults.for_row("salesforce", origin.method, origin.path, record_id)
    if fault is None or origin.kind != "api":
        return
    if fault.kind == "row_lock":
        raise SalesforceError("UNABLE_TO_LOCK_ROW", _LOCKED.format(record_id))
    raise SalesforceError(fault.code, fault.message)


def stamps(origin: Origin, now: str) -> Row:
    """Who changed a row, and when."""
    return {"LastModifiedDate": now, "LastModifiedById": origin.user_id, "SystemModstamp": now}


def log_write(
    org: Org, sobject: SObject, record_id: str, action: str, changes: dict[str, list[Any]], *, origin: Origin
) -> None:
    """Note a write that took effect."""
    org.log.add(
        system="salesforce",
        object_name=sobject.name,
        record_id=record_id,
        action=action,
        changes=changes,
        request_id=origin.request_id,
        idempotency_key=origin.idempotency_key,
        origin=origin.kind,
    )


def _make_twin(org: Org, account_id: str, row: Row, origin: Origin) -> None:
    """The contact that every person account has."""
    contact = live_object("Contact")
    now = now_text()
    twin = {
        "AccountId": account_id,
        "FirstName": row["FirstName"],
        "LastName": row["LastName"],
        "Name": row["Name"],
        "Email": row["PersonEmail"],
        "IsPersonAccount": 1,
        "OwnerId": row["OwnerId"],
        "IsDeleted": 0,
        "CreatedDate": now,
        "CreatedById": origin.user_id,
        **stamps(origin, now),
    }
    twin_id = org.store.insert(contact, twin)
    org.store.update(live_object("Account"), account_id, {"PersonContactId": twin_id})


def _update_twin(org: Org, account: Row, changed: Row, origin: Origin) -> None:
    """The contact of a person account follows its names and its e-mail."""
    if not {"FirstName", "LastName", "PersonEmail"} & set(changed):
        return
    values = {"FirstName": account["FirstName"], "LastName": account["LastName"], "Name": account["Name"]}
    values["Email"] = account["PersonEmail"]
    org.store.update(live_object("Contact"), account["PersonContactId"], {**values, **stamps(origin, now_text())})
