"""Changing customers: what may be set, how it is checked, how it is logged."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reconcile.simulators.chargebee.errors import ChargebeeError, not_found, wrong_value
from reconcile.simulators.chargebee.site import Site
from reconcile.simulators.chargebee.store import Record

_LENGTHS = {
    "first_name": 150,
    "last_name": 150,
    "email": 70,
    "company": 250,
    "phone": 50,
    "vat_number": 20,
    "locale": 50,
    "invoice_notes": 2000,
    "preferred_currency_code": 3,
    "exemption_details": 250,
}
_CHOICES = {"auto_collection": ("on", "off"), "taxability": ("taxable", "exempt")}
_NUMBERS = frozenset({"net_term_days"})
_FLAGS = frozenset({"allow_direct_debit", "consolidated_invoicing"})
_ADDRESS_LENGTHS = {
    "first_name": 150,
    "last_name": 150,
    "email": 70,
    "company": 250,
    "phone": 50,
    "line1": 150,
    "line2": 150,
    "line3": 150,
    "city": 50,
    "state_code": 50,
    "state": 50,
    "zip": 20,
    "country": 50,
    "validation_status": 20,
}
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+\Z")
_CUSTOM = re.compile(r"cf_[a-z0-9_]+\Z")
_CUSTOM_LENGTH = 250


@dataclass(frozen=True, slots=True)
class Origin:
    """Who writes."""

    request_id: str = ""
    idempotency_key: str = ""
    method: str = "POST"
    path: str = ""
    kind: str = "api"


def live_record(site: Site, resource: str, record_id: str) -> Record:
    """A record that is not deleted.

    Raises:
        ChargebeeError: resource_not_found.
    """
    record = site.store.get(resource, record_id)
    if record is None or record.get("deleted"):
        raise not_found(record_id)
    return record


def update_customer(site: Site, customer_id: str, form: Mapping[str, str], origin: Origin) -> Record:
    """Set attributes of a customer; an empty value removes one. Gives the customer as it is now.

    Raises:
        ChargebeeError: no such customer, an attribute that cannot be set, a wrong value; then nothing is written.
    """
    with site.store.lock:
        record = live_record(site, "customer", customer_id)
        if not form:
            raise ChargebeeError(400, "invalid_request", "Request has no parameters to update")
        values = {name: _value(name, text) for name, text in form.items()}
        return _write(site, record, values, origin)


def update_billing_info(site: Site, customer_id: str, form: Mapping[str, str], origin: Origin) -> Record:
    """Replace a customer's billing address (`billing_address[line1]` ...) and set `vat_number`.

    As in the real site the address is replaced as a whole: parts that are not sent are gone.

    Raises:
        ChargebeeError: as `update_customer`.
    """
    with site.store.lock:
        record = live_record(site, "customer", customer_id)
        address: Record = {}
        values: Record = {}
        for name, text in form.items():
            match = re.fullmatch(r"billing_address\[(\w+)\]", name)
            if match:
                _check_length(name, text, _ADDRESS_LENGTHS.get(match[1]))
                if text:
                    address[match[1]] = text
            else:
                values[name] = _value(name, text)
        if address:
            country = address.get("country")
            if country and not re.fullmatch(r"[A-Z]{2}", country):
                raise wrong_value("billing_address[country]", "should be a two-letter ISO 3166 code")
            values["billing_address"] = {"validation_status": "not_validated", **address, "object": "billing_address"}
        if not values:
            raise ChargebeeError(400, "invalid_request", "Request has no parameters to update")
        return _write(site, record, values, origin)


def delete_record(site: Site, resource: str, record_id: str, origin: Origin) -> Record:
    """Delete a record: it stays, with `deleted: true`, for lists that include deleted ones."""
    with site.store.lock:
        record = live_record(site, resource, record_id)
        _meet_faults(site, origin, record_id)
        record = {**record, "deleted": True, **_stamps(record)}
        site.store.put(resource, record)
        _log(site, resource, record_id, "delete", {"deleted": [False, True]}, origin=origin)
        return record


def set_values(site: Site, resource: str, record_id: str, values: Mapping[str, Any], origin: Origin) -> Record:
    """Set values without any check: for the background automation."""
    with site.store.lock:
        record = live_record(site, resource, record_id)
        return _write(site, record, dict(values), origin, resource=resource)


def _write(site: Site, record: Record, values: Record, origin: Origin, *, resource: str = "customer") -> Record:
    """Store changed values, stamped and logged."""
    _meet_faults(site, origin, record["id"])
    changes = {name: [record.get(name), value] for name, value in values.items()}
    changed = {**record, **values}
    changed = {name: value for name, value in changed.items() if value is not None}
    changed.update(_stamps(record))
    site.store.put(resource, changed)
    _log(site, resource, record["id"], "update", changes, origin=origin)
    return changed


def _value(name: str, text: str) -> Any:
    """A form value as the attribute's type; None removes the attribute."""
    if name == "meta_data":
        return _meta_data(text)
    if name in _CHOICES and text not in _CHOICES[name]:
        raise wrong_value(name, f"should be one of {', '.join(_CHOICES[name])}")
    if name in _NUMBERS:
        if not re.fullmatch(r"\d{1,4}", text):
            raise wrong_value(name, "should be a number")
        return int(text)
    if name in _FLAGS:
        if text not in {"true", "false"}:
            raise wrong_value(name, "should be true or false")
        return text == "true"
    is_custom = _CUSTOM.fullmatch(name) is not None
    if not is_custom and name not in _LENGTHS and name not in _CHOICES:
        raise wrong_value(name, "is not a parameter of this operation")
    _check_length(name, text, _LENGTHS.get(name, _CUSTOM_LENGTH))
    if name == "email" and text and not _EMAIL.match(text):
        raise wrong_value(name, "invalid email address")
    if name == "cf_test_account" and text in {"true", "false"}:
        return text == "true"
    return text or None


def _meta_data(text: str) -> Any:
    """`meta_data` is a JSON object."""
    try:
        value = json.loads(text) if text else None
    except ValueError as error:
        raise wrong_value("meta_data", "should be a JSON object") from error
    if value is not None and not isinstance(value, dict):
        raise wrong_value("meta_data", "should be a JSON object")
    return value


def _check_length(name: str, text: str, limit: int | None) -> None:
    """Refuse unknown parameters and texts that are too long."""
    if limit is None:
        raise wrong_value(name, "is not a parameter of this operation")
    if len(text) > limit:
        raise wrong_value(name, f"should not exceed {limit} characters")


def _stamps(record: Record) -> Record:
    """When a record was changed: seconds, and a version that always grows."""
    version = max(int(time.time() * 1000), int(record["resource_version"]) + 1)
    return {"updated_at": int(time.time()), "resource_version": version}


def _meet_faults(site: Site, origin: Origin, record_id: str) -> None:
    """Refuse the write if a fault was ordered for the record."""
    fault = site.faults.for_row("chargebee", origin.method, origin.path, record_id)
    if fault is None or origin.kind != "api":
        return
    if fault.kind == "row_lock":
        raise ChargebeeError(
            409, "resource_state_transition_in_progress", "Another operation is in progress on the record", kind=""
        )
    raise ChargebeeError(400, fault.code, fault.message, kind="operation_failed")


def _log(
    site: Site, resource: str, record_id: str, action: str, changes: Mapping[str, list[Any]], *, origin: Origin
) -> None:
    """Note a write that took effect."""
    site.log.add(
        system="chargebee",
        object_name=resource,
        record_id=record_id,
        action=action,
        changes=changes,
        request_id=origin.request_id,
        idempotency_key=origin.idempotency_key,
        origin=origin.kind,
    )
