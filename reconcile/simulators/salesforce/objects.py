"""The objects of the practice org, standard ones and those of the Chargebee package."""

from __future__ import annotations

from reconcile.simulators.generator.vocabulary import INDUSTRY_WORDS, STAGES
from reconcile.simulators.salesforce.schema import (
    Field,
    SObject,
    address,
    custom_object,
    lookup,
    owner,
    read_only,
    record_id,
    system_fields,
    text,
)

CB = "chargebeeapps__"


def _choice(
    name: str, label: str, choices: tuple[str, ...], *, is_restricted: bool = False, is_required: bool = False
) -> Field:
    """A picklist."""
    return Field(name, label, "picklist", 255, choices=choices, is_restricted=is_restricted, is_required=is_required)


def _flag(name: str, label: str) -> Field:
    """A check box."""
    return Field(name, label, "boolean")


ACCOUNT = SObject(
    "Account",
    "Account",
    "Accounts",
    "001",
    (
        record_id("Account ID"),
        *system_fields(),
        read_only("MasterRecordId", "Master Record ID", "reference", references="Account", relationship="MasterRecord"),
        text("Name", "Account Name", 255, is_required=True),
        text("LastName", "Last Name", 80),
        text("FirstName", "First Name", 40),
        text("Salutation", "Salutation", 40),
        _choice("Type", "Account Type", ("Prospect", "Customer", "Partner", "Other")),
        lookup("RecordTypeId", "Record Type ID", "RecordType", "RecordType"),
        lookup("ParentId", "Parent Account ID", "Account", "Parent"),
        *address("Billing", "Billing"),
        *address("Shipping", "Shipping"),
        Field("Phone", "Account Phone", "phone", 40),
        Field("Fax", "Account Fax", "phone", 40),
        text("AccountNumber", "Account Number", 40),
        Field("Website", "Website", "url", 255),
        _choice("Industry", "Industry", tuple(sorted({industry for _, industry in INDUSTRY_WORDS}))),
        Field("AnnualRevenue", "Annual Revenue", "currency"),
        Field("NumberOfEmployees", "Employees", "int"),
        _choice("Rating", "Account Rating", ("Hot", "Warm", "Cold"), is_restricted=True),
        text("Site", "Account Site", 80),
        Field("Description", "Account Description", "textarea", 32000),
        owner(),
        read_only("LastActivityDate", "Last Activity", "date"),
        read_only("IsPersonAccount", "Is Person Account", "boolean"),
        read_only("PersonContactId", "Contact ID", "reference", references="Contact", relationship="PersonContact"),
        Field("PersonEmail", "Email", "email", 80),
        *address("PersonMailing", "Mailing"),
        text("Legacy_Id__c", "Legacy Id", 40, is_external_id=True, is_unique=True),
        _flag("Is_Test__c", "Is Test"),
        text(f"{CB}CB_Id__c", "Chargebee Id", 100, is_external_id=True),
        lookup(f"{CB}CB_Site__c", "Chargebee Site", f"{CB}CB_Site__c", f"{CB}CB_Site__r"),
        _flag(f"{CB}Is_Synced__c", "Is Synced"),
        _flag(f"{CB}Sync_with_Chargebee__c", "Sync with Chargebee"),
        _flag(f"{CB}Is_Deprecated__c", "Is Deprecated"),
        text(f"{CB}Active_Cb_Id__c", "Active Chargebee Id", 100),
        text(f"{CB}Resource_Version__c", "Resource Version", 40),
        Field(f"{CB}Email__c", "Chargebee Email", "email", 80),
        text(f"{CB}First_Name__c", "Chargebee First Name", 150),
        text(f"{CB}Last_Name__c", "Chargebee Last Name", 150),
        lookup(f"{CB}Billing_Contact__c", "Chargebee Billing Contact", "Contact", f"{CB}Billing_Contact__r"),
        _choice(f"{CB}Auto_Collection__c", "Auto Collection", ("On", "Off"), is_restricted=True),
        Field(f"{CB}Net_Term_Days__c", "Net Term Days", "double"),
        text(f"{CB}VAT_Number__c", "VAT Number", 40),
        text(f"{CB}Locale__c", "Locale", 20),
    ),
)
CONTACT = SObject(
    "Contact",
    "Contact",
    "Contacts",
    "003",
    (
        record_id("Contact ID"),
        *system_fields(),
        read_only("MasterRecordId", "Master Record ID", "reference", references="Contact", relationship="MasterRecord"),
        lookup("AccountId", "Account ID", "Account", "Account"),
        text("LastName", "Last Name", 80, is_required=True),
        text("FirstName", "First Name", 40),
        read_only("Name", "Full Name", "string"),
        text("Title", "Title", 128),
        text("Department", "Department", 80),
        *address("Mailing", "Mailing"),
        Field("Phone", "Business Phone", "phone", 40),
        Field("MobilePhone", "Mobile Phone", "phone", 40),
        Field("Email", "Email", "email", 80),
        Field("Birthdate", "Birthdate", "date"),
        Field("Description", "Contact Description", "textarea", 32000),
        owner(),
        read_only("IsPersonAccount", "Is Person Account", "boolean"),
        text("Legacy_Id__c", "Legacy Id", 40, is_external_id=True, is_unique=True),
    ),
)
USER = SObject(
    "User",
    "User",
    "People",
    "005",
    (
        record_id("User ID"),
        *system_fields(has_deletes=False),
        text("Username", "Username", 80, is_required=True),
        text("LastName", "Last Name", 80, is_required=True),
        text("FirstName", "First Name", 40),
        read_only("Name", "Full Name", "string"),
        Field("Email", "Email", "email", 128, is_required=True),
        text("Alias", "Alias", 8, is_required=True),
        _flag("IsActive", "Active"),
    ),
    is_createable=False,
    has_deletes=False,
)
OPPORTUNITY = SObject(
    "Opportunity",
    "Opportunity",
    "Opportunities",
    "006",
    (
        record_id("Opportunity ID"),
        *system_fields(),
        lookup("AccountId", "Account ID", "Account", "Account"),
        text("Name", "Name", 120, is_required=True),
        Field("Description", "Description", "textarea", 32000),
        _choice("StageName", "Stage", STAGES, is_restricted=True, is_required=True),
        Field("Amount", "Amount", "currency"),
        Field("Probability", "Probability (%)", "percent"),
        Field("CloseDate", "Close Date", "date", is_required=True),
        read_only("IsClosed", "Closed", "boolean"),
        read_only("IsWon", "Won", "boolean"),
        owner(),
    ),
)
RECORD_TYPE = SObject(
    "RecordType",
    "Record Type",
    "Record Types",
    "012",
    (
        record_id("Record Type ID"),
        *system_fields(has_deletes=False),
        text("Name", "Name", 80),
        text("DeveloperName", "Record Type Name", 80),
        text("SobjectType", "SObject Type Name", 40),
        _flag("IsActive", "Active"),
        _flag("IsPersonType", "Is Person Type"),
    ),
    is_updateable=False,
    is_createable=False,
    has_deletes=False,
)
ORGANIZATION = SObject(
    "Organization",
    "Organization",
    "Organizations",
    "00D",
    (
        record_id("Organization ID"),
        *system_fields(has_deletes=False),
        text("Name", "Name", 80),
        text("PrimaryContact", "Primary Contact", 80),
        text("Country", "Country", 80),
        text("InstanceName", "Instance Name", 5),
        read_only("IsSandbox", "Is Sandbox", "boolean"),
        text("OrganizationType", "Edition", 40),
        read_only("TrialExpirationDate", "Trial Expiration Date", "datetime"),
        text("NamespacePrefix", "Namespace Prefix", 15),
        text("DefaultLocaleSidKey", "Locale", 40),
        text("LanguageLocaleKey", "Language", 40),
        text("TimeZoneSidKey", "Time Zone", 40),
    ),
    is_updateable=False,
    is_createable=False,
    has_deletes=False,
)
CB_SITE = custom_object(
    f"{CB}CB_Site__c", "CB Site", "CB Sites", "a0G", (text(f"{CB}Site_Domain__c", "Site Domain", 255),)
)
CB_SUBSCRIPTION = custom_object(
    f"{CB}CB_Subscription__c",
    "CB Subscription",
    "CB Subscriptions",
    "a0S",
    (
        lookup(f"{CB}Account__c", "Account", "Account", f"{CB}Account__r"),
        lookup(f"{CB}CB_Site__c", "Chargebee Site", f"{CB}CB_Site__c", f"{CB}CB_Site__r"),
        text(f"{CB}CB_Id__c", "Connector Id", 100, is_external_id=True),
        text(f"{CB}CustomerID__c", "Customer Id", 100),
        text(f"{CB}Subscription_status__c", "Subscription Status", 40),
        text(f"{CB}Subscription_Plan__c", "Subscription Plan", 100),
        Field(f"{CB}Subscription_Created_At__c", "Subscription Created At", "datetime"),
        Field(f"{CB}Subcription_Activated_At__c", "Subscription Activated At", "datetime"),
        Field(f"{CB}Subcription_Cancelled_At__c", "Subscription Cancelled At", "datetime"),
        Field(f"{CB}Current_Term_End__c", "Current Term End", "datetime"),
        Field(f"{CB}Next_billing__c", "Next Billing", "datetime"),
        Field(f"{CB}MRR__c", "MRR", "currency"),
    ),
    name_label="CB Subscription Id",
)
CB_INVOICE = custom_object(
    f"{CB}CB_Invoice__c",
    "CB Invoice",
    "CB Invoices",
    "a0V",
    (
        lookup(f"{CB}Account__c", "Account", "Account", f"{CB}Account__r"),
        lookup(f"{CB}Subscription__c", "Subscription", f"{CB}CB_Subscription__c", f"{CB}Subscription__r"),
        text(f"{CB}CB_Id__c", "Connector Id", 100, is_external_id=True),
        text(f"{CB}CB_Invoice_Id__c", "CB Invoice Id", 100),
        text(f"{CB}Status__c", "Status", 40),
        Field(f"{CB}Due_Amount__c", "Due Amount", "currency"),
        Field(f"{CB}Amount__c", "Amount", "currency"),
        Field(f"{CB}Invoice_Date__c", "Invoice Date", "date"),
        Field(f"{CB}Due_Date__c", "Due Date", "date"),
    ),
    name_label="CB Invoice Id",
)

SOBJECTS: dict[str, SObject] = {
    sobject.name.lower(): sobject
    for sobject in (
        ACCOUNT,
        CONTACT,
        USER,
        OPPORTUNITY,
        RECORD_TYPE,
        ORGANIZATION,
        CB_SITE,
        CB_SUBSCRIPTION,
        CB_INVOICE,
    )
}


def child_relationship(child: SObject, reference: Field) -> str | None:
    """The name under which `child`'s rows are reached from the parent; None where they are not."""
    standard = {
        "Contact.AccountId": "Contacts",
        "Opportunity.AccountId": "Opportunities",
        "Account.ParentId": "ChildAccounts",
    }
    if not reference.name.endswith("__c"):
        return standard.get(f"{child.name}.{reference.name}")
    return child.plural.replace("CB ", f"{CB}CB_").replace(" ", "_") + "__r"


def children_of(parent: str) -> list[tuple[str | None, SObject, Field]]:
    """Every lookup to `parent`: its relationship name, the object that holds it, the field."""
    return [
        (child_relationship(child, reference), child, reference)
        for child in SOBJECTS.values()
        for reference in child.fields
        if reference.references == parent
    ]
