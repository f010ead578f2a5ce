"""Accounts, contacts, owners, opportunities and the Chargebee package's rows, as rows of the Salesforce org."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from reconcile.simulators.generator.corruption import everyday_name
from reconcile.simulators.generator.entities import Entity, mail_address, pick, slug
from reconcile.simulators.generator.ids import make_id
from reconcile.simulators.generator.records import AccountRecord
from reconcile.simulators.generator.vocabulary import STAGES, TITLES

Row = dict[str, Any]
ORG_USER = make_id("005", 1)
SITE = make_id("a0G", 1)
BUSINESS_TYPE, PERSON_TYPE = make_id("012", 1), make_id("012", 2)
_OWNERS = (
    ("Practice", "Integration", True),
    ("Ana", "Silva", True),
    ("Ben", "Carter", True),
    ("Chloe", "Dubois", True),
    ("David", "Okafor", True),
    ("Eva", "Lindgren", True),
    ("Farid", "Rahimi", True),
    ("Gina", "Romano", True),
    ("Hugo", "Weber", True),
    ("Ivy", "Chen", False),
    ("Jack", "Murphy", False),
    ("Kira", "Novak", True),
)
_OWNER_IDS = tuple(make_id("005", number) for number in range(1, len(_OWNERS) + 1))


@lru_cache(maxsize=8192)
def _date(days: int) -> str:
    """The date so many days after 1970-01-01; few different ones, asked for very often."""
    return (date(1970, 1, 1) + timedelta(days=days)).isoformat()


@lru_cache(maxsize=86400)
def _clock(rest: int) -> str:
    """The time of day so many seconds after midnight."""
    return f"T{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}.000+0000"


def stamp(seconds: int) -> str:
    """Epoch seconds as Salesforce writes a moment."""
    return _date(seconds // 86400) + _clock(seconds % 86400)


def day(seconds: int) -> str:
    """Epoch seconds as a date."""
    return _date(seconds // 86400)


def audit(created: int, modified: int, owner: str) -> Row:
    """The fields that Salesforce keeps of who made and changed a row, and when."""
    changed = stamp(modified)
    return {
        "CreatedDate": changed if created == modified else stamp(created),
        "CreatedById": owner,
        "LastModifiedDate": changed,
        "LastModifiedById": owner,
        "SystemModstamp": changed,
        "IsDeleted": 0,
    }


def user_rows(started: int) -> list[Row]:
    """The owners; the first one is the integration user, two have left."""
    return [
        {
            "Id": make_id("005", number),
            "Username": f"{slug(given)}.{slug(family)}@acme-practice.example",
            "FirstName": given,
            "LastName": family,
            "Name": f"{given} {family}",
            "IsActive": int(is_active),
            "Email": f"{slug(given)}.{slug(family)}@acme-practice.example",
            "Alias": f"{slug(given)[:4]}{number}",
            **audit(started, started, ORG_USER),
        }
        for number, (given, family, is_active) in enumerate(_OWNERS, start=1)
    ]


def account_row(rng: random.Random, account: AccountRecord, number: int, now: int) -> Row:
    """One account as the org holds it."""
    entity = account.entity
    owner = pick(rng, _OWNER_IDS)
    modified = min(now, account.created + int(rng.random() * 200 * 86400))
    street = f"{entity.street_line}\n{entity.unit}" if entity.unit else entity.street_line.strip()
    row = {
        "Id": account.id,
        "Name": shown_name(rng, entity),
        "AccountNumber": f"CD{100000 + number}",
        "Type": pick(rng, ("Customer", "Customer", "Prospect", "Partner", "Other")),
        "Industry": entity.industry or None,
        "Phone": _text(_salesforce_phone(rng, entity)),
        "Website": _website(rng, entity),
        "BillingStreet": _text(street),
        "BillingCity": entity.city.name,
        "BillingState": entity.city.region,
        "BillingPostalCode": _text(entity.postcode),
        "BillingCountry": entity.country.name,
        "NumberOfEmployees": int(10 ** (rng.random() * 4)) or None,
        "AnnualRevenue": round(10 ** (4 + rng.random() * 4), 2),
        "ParentId": account.parent.id if account.parent else None,
        "OwnerId": owner,
        "RecordTypeId": BUSINESS_TYPE,
        "IsPersonAccount": 0,
        "Is_Test__c": int(account.is_test),
        "MasterRecordId": account.master.id if account.master else None,
        "chargebeeapps__CB_Id__c": account.names_customer,
        "chargebeeapps__Is_Synced__c": int(bool(account.names_customer)),
        "chargebeeapps__CB_Site__c": SITE if account.names_customer else None,
        "chargebeeapps__Sync_with_Chargebee__c": int(bool(account.names_customer)),
        "chargebeeapps__Email__c": mail_address(rng, entity) if rng.random() < 0.9 else None,
        "chargebeeapps__First_Name__c": entity.given,
        "chargebeeapps__Last_Name__c": entity.family,
        **audit(account.created, modified, owner),
    }
    row["IsDeleted"] = int(account.standing != "live")
    if entity.kind == "person":
        _make_person(row, entity, number)
    return row


def contact_rows(
    rng: random.Random, accounts: Iterable[AccountRecord], now: int, *, first_account: int, first_number: int
) -> list[Row]:
    """The twin contact of every person account, and up to two people at most companies.

    Args:
        rng: draws the people.
        accounts: whose contacts are made.
        now: no contact is younger, epoch seconds.
        first_account: number of the first of these accounts in the whole world; twins are numbered by it.
        first_number: contacts made so far.
    """
    rows: list[Row] = []
    for at, account in enumerate(accounts):
        if account.standing != "live":
            continue
        if account.entity.kind == "person":
            rows.append(_twin(account, first_account + at))
            continue
        for place in range(pick(rng, (0, 1, 1, 2))):
            rows.append(_contact(rng, account, first_number + len(rows), now, place))
    return rows


def opportunity_rows(
    rng: random.Random, accounts: Iterable[AccountRecord], now: int, *, first_number: int
) -> list[Row]:
    """Up to two deals at a bit more than half of the live accounts."""
    rows: list[Row] = []
    for account in accounts:
        if account.standing != "live":
            continue
        for _ in range(pick(rng, (0, 0, 1, 1, 2))):
            created = account.created + int(rng.random() * max(1, now - account.created))
            stage = pick(rng, STAGES)
            rows.append(
                {
                    "Id": make_id("006", first_number + len(rows) + 1),
                    "AccountId": account.id,
                    "StageName": stage,
                    "Name": f"{account.entity.core[:90]} - {pick(rng, ('New', 'Renewal', 'Upsell'))}",
                    "Amount": float(int(10 ** (3 + rng.random() * 2))),
                    "CloseDate": day(created + 60 * 86400),
                    "Probability": 100.0 if stage == "Closed Won" else 0.0 if stage == "Closed Lost" else 50.0,
                    "IsClosed": int(stage.startswith("Closed")),
                    "IsWon": int(stage == "Closed Won"),
                    "OwnerId": pick(rng, _OWNER_IDS),
                    **audit(created, created, ORG_USER),
                }
            )
    return rows


def organization_row(org_id: str, started: int) -> Row:
    """The one row that says which org this is."""
    return {
        "Id": org_id,
        "Name": "Acme Practice",
        "InstanceName": "PRC1",
        "IsSandbox": 1,
        "OrganizationType": "Developer Edition",
        "TrialExpirationDate": None,
        "NamespacePrefix": None,
        "PrimaryContact": "Practice Integration",
        "Country": "US",
        "DefaultLocaleSidKey": "en_US",
        "LanguageLocaleKey": "en_US",
        "TimeZoneSidKey": "Etc/UTC",
        **audit(started, started, ORG_USER),
    }


def record_type_rows(started: int) -> list[Row]:
    """Business and person accounts."""
    return [
        {
            "Id": record_id,
            "Name": name,
            "DeveloperName": developer_name,
            "SobjectType": "Account",
            "IsActive": 1,
            "IsPersonType": int(record_id == PERSON_TYPE),
            **audit(started, started, ORG_USER),
        }
        for record_id, name, developer_name in (
            (BUSINESS_TYPE, "Business Account", "Business_Account"),
            (PERSON_TYPE, "Person Account", "PersonAccount"),
        )
    ]


def site_row(started: int, site: str) -> Row:
    """The Chargebee site as the package knows it."""
    return {
        "Id": SITE,
        "Name": site,
        "chargebeeapps__Site_Domain__c": f"{site}.chargebee.com",
        "OwnerId": ORG_USER,
        **audit(started, started, ORG_USER),
    }


def twin_contact_id(number: int) -> str:
    """The id of the contact that belongs to the `number`-th account, a person account."""
    return make_id("003", 36**4 + number)


def _make_person(row: Row, entity: Entity, number: int) -> None:
    """Turn a business account row into a person account row."""
    row.update(
        {
            "IsPersonAccount": 1,
            "RecordTypeId": PERSON_TYPE,
            "FirstName": entity.given,
            "LastName": entity.family,
            "Name": f"{entity.given} {entity.family}",
            "PersonEmail": row["chargebeeapps__Email__c"],
            "Website": None,
            "PersonContactId": twin_contact_id(number),
            "NumberOfEmployees": None,
            "AnnualRevenue": None,
            "PersonMailingStreet": row["BillingStreet"],
            "PersonMailingCity": row["BillingCity"],
            "PersonMailingPostalCode": row["BillingPostalCode"],
            "PersonMailingCountry": row["BillingCountry"],
        }
    )


def _twin(account: AccountRecord, number: int) -> Row:
    """The contact side of a person account."""
    entity = account.entity
    return {
        "Id": twin_contact_id(number),
        "AccountId": account.id,
        "FirstName": entity.given,
        "LastName": entity.family,
        "Name": f"{entity.given} {entity.family}",
        "IsPersonAccount": 1,
        "OwnerId": ORG_USER,
        **audit(account.created, account.created, ORG_USER),
    }


def _contact(rng: random.Random, account: AccountRecord, number: int, now: int, place: int) -> Row:
    """A person at a company; the first one is the one that the entity names."""
    entity = account.entity
    given = entity.given if place == 0 else pick(rng, entity.country.given)
    family = entity.family if place == 0 else pick(rng, entity.country.family)
    local = f"{slug(given)}.{slug(family)}"
    created = min(now, account.created + int(rng.random() * 30 * 86400))
    return {
        "Id": make_id("003", 2 * 36**4 + number),
        "AccountId": account.id,
        "FirstName": given,
        "LastName": family,
        "Name": f"{given} {family}",
        "Title": pick(rng, TITLES),
        "Phone": _text(_salesforce_phone(rng, entity)),
        "IsPersonAccount": 0,
        "Email": f"{local}@{entity.domain}" if entity.domain else f"{local}{number}@gmail.com",
        "MailingStreet": _text(entity.street_line.strip()),
        "MailingCity": entity.city.name,
        "MailingState": entity.city.region,
        "MailingPostalCode": _text(entity.postcode),
        "MailingCountry": entity.country.name,
        "OwnerId": ORG_USER,
        **audit(created, created, ORG_USER),
    }


def _website(rng: random.Random, entity: Entity) -> str | None:
    """The web address, in one of the forms people paste; missing one time in eight."""
    if not entity.domain or rng.random() < 0.12:
        return None
    return pick(rng, ("https://www.{}", "www.{}", "{}", "http://{}/", "https://{}/contact")).format(entity.domain)


def _salesforce_phone(rng: random.Random, entity: Entity) -> str:
    """The number as this org's users mostly enter it; missing one time in ten."""
    if not entity.phone or rng.random() < 0.1:
        return ""
    digits = entity.phone
    if entity.country.dial == "1":
        return f"({digits[:3]}) {digits[3:6]}-{digits[6:]}"
    area = len(entity.city.area)
    return f"+{entity.country.dial} {digits[:area]} {digits[area:]}"


def _text(value: str) -> str | None:
    """Text, or null where there is none."""
    return value or None


def shown_name(rng: random.Random, entity: Entity) -> str:
    """The name as this org shows it: proper nine times in ten."""
    return entity.name if rng.random() < 0.9 else everyday_name(rng, entity)
