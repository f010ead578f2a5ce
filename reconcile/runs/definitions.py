"""The reconciliations that come with Reconcile."""

from __future__ import annotations

from reconcile.model import Dataset, FieldPair, Reconciliation
from reconcile.systems.base import LinkFields
from reconcile.systems.chargebee.links import salesforce_links

CHARGEBEE_ID = "salesforce-chargebee"
"""Id of the built-in reconciliation, where a workbench has one of its kind."""

_ADDRESS_LINES = ("billing_address.line1", "billing_address.line2", "billing_address.line3")

_COMPARED: tuple[FieldPair, ...] = (
    FieldPair("Company name", "Name", "company", "name"),
    FieldPair("Phone", "Phone", "phone", "phone"),
    FieldPair("Street", "BillingStreet", " + ".join(_ADDRESS_LINES), "street"),
    FieldPair("City", "BillingCity", "billing_address.city", "city"),
    FieldPair("State", "BillingState", "billing_address.state", "region"),
    FieldPair("Postcode", "BillingPostalCode", "billing_address.zip", "postcode"),
    FieldPair("Country", "BillingCountry", "billing_address.country", "country"),
)


def chargebee_reconciliation(
    left_connection_id: str, right_connection_id: str, links: LinkFields | None = None
) -> Reconciliation:
    """Salesforce accounts (left) with Chargebee customers (right): one customer for one account.

    Args:
        left_connection_id: of the Salesforce org.
        right_connection_id: of the Chargebee site.
        links: the link fields as `systems.link_fields` finds them in the org; the package's usual names when absent.
    """
    fields = links or salesforce_links()
    return Reconciliation(
        id=CHARGEBEE_ID,
        version=1,
        name="Salesforce accounts and Chargebee customers",
        left=_accounts(left_connection_id, fields),
        right=_customers(right_connection_id, fields),
        cardinality=fields.cardinality,
        compare=_compared(fields),
    )


def _accounts(connection_id: str, links: LinkFields) -> Dataset:
    prefix = links.left_link_field.removesuffix("CB_Id__c")
    return Dataset(
        connection_id=connection_id,
        object=links.left_object,
        id_field="Id",
        link_field=links.left_link_field,
        roles={
            "name": ("Name",),
            "domain": ("Website",),
            "email": (f"{prefix}Email__c",),
            "phone": ("Phone",),
            "street": ("BillingStreet",),
            "city": ("BillingCity",),
            "region": ("BillingState",),
            "postcode": ("BillingPostalCode",),
            "country": ("BillingCountry",),
            "given_name": (f"{prefix}First_Name__c",),
            "family_name": (f"{prefix}Last_Name__c",),
        },
        owner_field="OwnerId",
        parent_field="ParentId",
        test_field="Is_Test__c",
        person_account_field="IsPersonAccount",
        extra=("Type", "Industry", "AccountNumber", *links.left_fields()[1:]),
    )


def _customers(connection_id: str, links: LinkFields) -> Dataset:
    return Dataset(
        connection_id=connection_id,
        object=links.right_object,
        id_field="id",
        link_field=links.right_link_field,
        roles={
            "name": ("company",),
            "email": ("email",),
            "phone": ("phone",),
            "street": _ADDRESS_LINES,
            "city": ("billing_address.city",),
            "region": ("billing_address.state",),
            "postcode": ("billing_address.zip",),
            "country": ("billing_address.country",),
            "given_name": ("first_name",),
            "family_name": ("last_name",),
        },
        amount_field="mrr",
        test_field="cf_test_account",
        extra=("preferred_currency_code", "auto_collection", "net_term_days"),
    )


def _compared(links: LinkFields) -> tuple[FieldPair, ...]:
    prefix = links.left_link_field.removesuffix("CB_Id__c")
    return (
        *_COMPARED,
        FieldPair("E-mail", f"{prefix}Email__c", "email", "email"),
        FieldPair("First name", f"{prefix}First_Name__c", "first_name", "given_name"),
        FieldPair("Last name", f"{prefix}Last_Name__c", "last_name", "family_name"),
    )
