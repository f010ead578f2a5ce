"""The Chargebee resources that are read: their paths, order and documented fields.

The API describes nothing of itself, so the documented fields stand here; those that a site adds (`cf_...`) are learned
from its records.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reconcile.errors import UnknownNameError
from reconcile.model import FieldInfo, ObjectInfo

_ADDRESS = ("first_name", "last_name", "email", "company", "phone", "line1", "line2", "line3", "city", "state_code",
            "state", "country", "zip", "validation_status")  # fmt: skip
WRITABLE_TOP = frozenset({
    "first_name", "last_name", "email", "phone", "company", "auto_collection", "net_term_days", "taxability", "locale",
    "preferred_currency_code", "invoice_notes", "meta_data", "exemption_details", "entity_code", "customer_type",
})  # fmt: skip
BILLING_INFO = "billing_address."
WRITABLE_BILLING = frozenset(f"{BILLING_INFO}{name}" for name in _ADDRESS) | {"vat_number"}
_CUSTOMER = ("id", "first_name", "last_name", "email", "phone", "company", "vat_number", "auto_collection",
             "net_term_days", "created_at", "updated_at", "taxability", "locale", "preferred_currency_code", "channel",
             "deleted", "resource_version", "business_entity_id", "promotional_credits", "unbilled_charges",
             "refundable_credits", "excess_payments", "meta_data")  # fmt: skip
_SUBSCRIPTION = ("id", "customer_id", "status", "plan_id", "currency_code", "mrr", "current_term_start",
                 "current_term_end", "next_billing_at", "created_at", "started_at", "activated_at", "cancelled_at",
                 "updated_at", "deleted", "resource_version")  # fmt: skip
_INVOICE = ("id", "customer_id", "subscription_id", "status", "currency_code", "total", "amount_paid", "amount_due",
            "date", "due_date", "paid_at", "voided_at", "dunning_status", "updated_at", "deleted",
            "resource_version")  # fmt: skip
_NUMBERS = frozenset({"net_term_days", "promotional_credits", "unbilled_charges", "refundable_credits",
                      "excess_payments", "resource_version", "mrr", "total", "amount_paid", "amount_due"})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Resource:
    """How one resource is listed.

    Attributes:
        order: field that fixes a record's place in the list for good. Listing by it, deleted records included, no
            record changes its place while pages are read, so none is passed over.
        created_field: None where the resource has no time of creation.
    """

    name: str
    path: str
    label: str
    order: str
    created_field: str | None
    fields: tuple[str, ...]


RESOURCES: Mapping[str, Resource] = {
    "customer": Resource(
        "customer",
        "customers",
        "Customer",
        "created_at",
        "created_at",
        (*_CUSTOMER, *(f"{BILLING_INFO}{name}" for name in _ADDRESS)),
    ),
    "subscription": Resource(
        "subscription", "subscriptions", "Subscription", "created_at", "created_at", _SUBSCRIPTION
    ),
    "invoice": Resource("invoice", "invoices", "Invoice", "date", None, _INVOICE),
}


def resource(object_name: str) -> Resource:
    """The resource of that name.

    Raises:
        UnknownNameError: none such.
    """
    if object_name not in RESOURCES:
        raise UnknownNameError("Chargebee object", object_name, tuple(RESOURCES))
    return RESOURCES[object_name]


def object_info(of: Resource, learned: Iterable[str], link_field: str) -> ObjectInfo:
    """The documented fields and those learned from the site's records, the documented first."""
    custom = {link_field} if of.name == "customer" else set()
    names = (*of.fields, *sorted((set(learned) | custom) - set(of.fields)))
    return ObjectInfo(
        name=of.name,
        label=of.label,
        id_field="id",
        modified_field="updated_at",
        created_field=of.created_field,
        fields=tuple(_field(of, name) for name in names),
    )


def _field(of: Resource, name: str) -> FieldInfo:
    return FieldInfo(
        name=name,
        label=name.replace("cf_", "").replace(".", " ").replace("_", " ").strip().capitalize(),
        type=_type(name),
        is_updateable=of.name == "customer" and is_writable(name),
        is_nullable=name != "id",
        references="customer" if name == "customer_id" else None,
    )


def _type(name: str) -> str:
    if name == "deleted":
        return "boolean"
    if name in _NUMBERS:
        return "integer"
    is_time = name.endswith("_at") or name in ("date", "due_date", "current_term_start", "current_term_end")
    return "timestamp" if is_time else "string"


def is_writable(name: str) -> bool:
    """Whether a customer's field can be written by the API."""
    return name.startswith("cf_") or name in WRITABLE_TOP or name in WRITABLE_BILLING
