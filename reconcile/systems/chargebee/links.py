"""How Chargebee and Salesforce name each other's records.

On the Salesforce side the fields belong to Chargebee's managed package. Its namespace differs between generations of
the package, so it is found in the org's own field names. On the billing side the field is the merchant's own
(`cf_...`) and set in the connection's options as `link_field`.
"""

from __future__ import annotations

from collections.abc import Collection

from reconcile.systems.base import ChildObject, CompanionField, ExpectedDifference, KeyFormat, LinkFields, SystemLimits
from reconcile.systems.chargebee.errors import ERRORS as CHARGEBEE_ERRORS
from reconcile.systems.salesforce.errors import ERRORS as SALESFORCE_ERRORS
from reconcile.systems.salesforce.ids import PATTERN

DEFAULT_NAMESPACE = "chargebeeapps"
DEFAULT_LINK_FIELD = "cf_salesforce_account_id"

_SALESFORCE_KEY = KeyFormat(
    PATTERN, is_case_sensitive=True, note="15 characters that differ by case, or 18 with three check characters."
)
_CHARGEBEE_KEY = KeyFormat(r".{1,50}", is_case_sensitive=True, note="Up to 50 characters; upper and lower case differ.")
_SALESFORCE_LIMITS = SystemLimits(
    200, 2_000, None, "Requests are limited per 24 hours; a call carries 25 guarded or 200 unguarded rows."
)
_CHARGEBEE_LIMITS = SystemLimits(
    1, 1, 150, "150 requests a minute on test sites and the smallest plan; one customer per request."
)


def package_namespace(account_fields: Collection[str]) -> str | None:
    """The package's namespace as the org's Account fields show it, None when the package is not installed.

    >>> package_namespace(["Id", "chargebeeapps__CB_Id__c"])
    'chargebeeapps'
    """
    suffix = "__CB_Id__c"
    found = sorted(name.removesuffix(suffix) for name in account_fields if name.endswith(suffix))
    return DEFAULT_NAMESPACE if DEFAULT_NAMESPACE in found else (found[0] if found else None)


def _companions(prefix: str) -> tuple[CompanionField, ...]:
    return (
        CompanionField(f"{prefix}Is_Synced__c", "Is Synced", "boolean", linked="true", unlinked="false"),
        CompanionField(
            f"{prefix}CB_Site__c",
            "Chargebee Site",
            "reference",
            linked=None,
            unlinked=None,
            references=f"{prefix}CB_Site__c",
            references_key="Name",
        ),
    )


def _children(prefix: str) -> tuple[ChildObject, ...]:
    # The package's own CB_Id__c on these holds an internal id; the billing id is the record's Name.
    return (
        ChildObject(
            f"{prefix}CB_Subscription__c",
            "CB Subscription",
            f"{prefix}Account__c",
            "Name",
            other_object="subscription",
            other_parent_field="customer_id",
        ),
        ChildObject(
            f"{prefix}CB_Invoice__c",
            "CB Invoice",
            f"{prefix}Account__c",
            "Name",
            other_object="invoice",
            other_parent_field="customer_id",
        ),
    )


EXPECTED_DIFFERENCES = (
    ExpectedDifference(
        "BillingStreet",
        "billing_address.line1",
        "format",
        "The connector joins line 1, 2 and 3 with commas into one street.",
    ),
    ExpectedDifference("Name", "company", "timing", "The connector carries changes over at intervals, not at once."),
)


def salesforce_links(
    account_fields: Collection[str] = (), link_field: str = DEFAULT_LINK_FIELD, namespace: str | None = None
) -> LinkFields:
    """The link between Salesforce accounts (left) and Chargebee customers (right).

    Args:
        account_fields: the org's Account field names, to find the package's namespace in.
        link_field: the customer field that holds the account id.
        namespace: overrides what the fields show.
    """
    prefix = f"{namespace or package_namespace(account_fields) or DEFAULT_NAMESPACE}__"
    return LinkFields(
        left_system="salesforce",
        right_system="chargebee",
        left_object="Account",
        left_link_field=f"{prefix}CB_Id__c",
        right_object="customer",
        right_link_field=link_field,
        cardinality="1:1",
        companions=_companions(prefix),
        children=_children(prefix),
        left_key=_SALESFORCE_KEY,
        right_key=_CHARGEBEE_KEY,
        left_limits=_SALESFORCE_LIMITS,
        right_limits=_CHARGEBEE_LIMITS,
        left_errors=SALESFORCE_ERRORS,
        right_errors=CHARGEBEE_ERRORS,
        expected_differences=EXPECTED_DIFFERENCES,
        sync_note=(
            "Chargebee links one customer to one account, even across sites. When a link moves, invoices and "
            "subscriptions that were synced before stay under the old account until they are re-parented."
        ),
    )
