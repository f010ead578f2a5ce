"""The reconciliations that come with Reconcile: Salesforce with Chargebee, and any two tables by what they hold."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from reconcile.errors import DefinitionError
from reconcile.matching.roles import columns_by_role, detect_roles, id_column
from reconcile.model import Cardinality, Dataset, FieldPair, Reconciliation, Role, Snapshot
from reconcile.snapshots import open_snapshot, snapshot_objects
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


def file_reconciliation(
    left: Snapshot,
    right: Snapshot,
    *,
    name: str = "Two files",
    left_object: str | None = None,
    right_object: str | None = None,
    cardinality: Cardinality = "1:1",
) -> Reconciliation:
    """Two tables that store no links: what their columns mean is read from their headers and values.

    Args:
        left: snapshot of the left table.
        right: snapshot of the right table; may be the same snapshot.
        name: what people will call it.
        left_object: name of the object; may be left out where the snapshot holds one only.
        right_object: as `left_object`.
        cardinality: "n:1" where many right records may be the same left one.

    Raises:
        DefinitionError: an object is not there or not named, has no column that names its records, or the two tables
            have no kind of column in common.
    """
    datasets = _table(left, left_object), _table(right, right_object)
    shared: list[Role] = [role for role in datasets[0].roles if role in datasets[1].roles]
    if not shared:
        raise DefinitionError(
            name,
            "the two tables have no kind of column in common",
            remedy="Rename the columns so that names, addresses or phones can be recognised, or say what they are.",
        )
    return Reconciliation(
        id=f"{left.connection_id}-{right.connection_id}",
        version=1,
        name=name,
        left=datasets[0],
        right=datasets[1],
        cardinality=cardinality,
        compare=tuple(_compared_role(role, *datasets) for role in shared),
    )


def _table(snapshot: Snapshot, wanted: str | None) -> Dataset:
    with closing(open_snapshot(Path(snapshot.path))) as con:
        known = {info.name: info for info in snapshot_objects(con)}
        chosen = wanted or (next(iter(known)) if len(known) == 1 else "")
        if chosen not in known:
            raise DefinitionError(
                f"Snapshot {snapshot.id}",
                f"it holds no object {wanted!r}" if wanted else "it holds several objects",
                remedy=f"Say which: {', '.join(known)}.",
            )
        guesses = detect_roles(con, chosen)
    key = known[chosen].id_field or id_column(guesses)
    if not key:
        raise DefinitionError(
            f"{snapshot.connection_id}, {chosen}",
            "no column has another value in every row, so its records cannot be told apart",
            remedy="Add a column with an id.",
        )
    roles = columns_by_role({column: guess for column, guess in guesses.items() if column != key})
    return Dataset(snapshot.connection_id, chosen, key, roles)


def _compared_role(role: Role, left: Dataset, right: Dataset) -> FieldPair:
    name = role.replace("_", " ").capitalize()
    return FieldPair(name, " + ".join(left.roles[role]), " + ".join(right.roles[role]), role)
