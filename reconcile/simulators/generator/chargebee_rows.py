"""Customers, subscriptions and invoices, as the Chargebee site holds them, and their copies in the Salesforce org."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from reconcile.simulators.generator.corruption import (
    everyday_name,
    everyday_phone,
    everyday_postcode,
    everyday_street,
    nickname,
)
from reconcile.simulators.generator.entities import mail_address, pick
from reconcile.simulators.generator.ids import make_id
from reconcile.simulators.generator.records import CustomerRecord
from reconcile.simulators.generator.salesforce_rows import ORG_USER, SITE, audit, day, stamp
from reconcile.simulators.generator.vocabulary import MAILBOXES, PLANS

Row = dict[str, Any]
DAY = 86400
CURRENCIES = {"US": "USD", "CA": "CAD", "GB": "GBP", "AU": "AUD"}
_PRICE_CENTS = {
    "starter": 4900,
    "growth": 14900,
    "team": 29900,
    "business": 79900,
    "scale": 199900,
    "enterprise": 499900,
}


def customer_row(rng: random.Random, customer: CustomerRecord, now: int) -> Row:
    """One customer as the site's API shows it; absent attributes are absent, as there."""
    entity = customer.entity
    updated = min(now, customer.created + int(rng.random() * 300 * DAY))
    given = nickname(entity.given) if rng.random() < 0.1 else entity.given
    row: Row = {
        "id": customer.id,
        "first_name": given,
        "last_name": entity.family,
        "email": mail_address(rng, entity, pick(rng, MAILBOXES) if entity.domain and rng.random() < 0.35 else None),
        "auto_collection": pick(rng, ("on", "on", "off")),
        "net_term_days": pick(rng, (0, 0, 14, 30)),
        "allow_direct_debit": False,
        "created_at": customer.created,
        "taxability": "taxable",
        "updated_at": updated,
        "pii_cleared": "active",
        "channel": "web",
        "resource_version": updated * 1000 + int(rng.random() * 1000),
        "deleted": customer.standing == "deleted",
        "object": "customer",
        "billing_address": _address(rng, customer),
        "card_status": "no_card",
        "promotional_credits": 0,
        "refundable_credits": 0,
        "excess_payments": 0,
        "unbilled_charges": 0,
        "preferred_currency_code": CURRENCIES.get(entity.country.code, "EUR"),
        "mrr": 0,
    }
    if entity.kind == "company":
        row["company"] = everyday_name(rng, entity)
    if entity.phone and rng.random() > 0.12:
        row["phone"] = everyday_phone(rng, entity)
    if entity.country.code in {"DE", "FR", "NL", "ES", "GB"} and entity.kind == "company" and rng.random() < 0.5:
        row["vat_number"] = f"{entity.country.code}{int(rng.random() * 9e8) + 100000000}"
    if customer.names_account:
        row["cf_salesforce_account_id"] = customer.names_account
    if customer.is_test:
        row["cf_test_account"] = True
    return row


def subscription_rows(rng: random.Random, customer: Row, next_number: Callable[[], int], now: int) -> list[Row]:
    """One or two subscriptions of a customer; sets the customer's `mrr` in cents."""
    rows = []
    for number in range(pick(rng, (1, 1, 1, 2))):
        plan = pick(rng, PLANS)
        status = pick(rng, ("active",) * 6 + ("non_renewing", "cancelled", "in_trial", "future"))
        quantity = 1 + int(rng.random() ** 3 * 20)
        created = customer["created_at"] + number * 30 * DAY
        monthly = _PRICE_CENTS[plan] * quantity
        rows.append(
            {
                "id": f"sub_{next_number():07d}",
                "customer_id": customer["id"],
                "plan_id": plan,
                "plan_quantity": quantity,
                "status": status,
                "billing_period": 1,
                "billing_period_unit": "month",
                "plan_unit_price": _PRICE_CENTS[plan],
                "currency_code": customer["preferred_currency_code"],
                "created_at": created,
                "started_at": created,
                "activated_at": created,
                "updated_at": min(now, created + 20 * DAY),
                "current_term_start": now - 11 * DAY,
                "current_term_end": now + 19 * DAY,
                "next_billing_at": now + 19 * DAY,
                "has_scheduled_changes": False,
                "resource_version": created * 1000,
                "deleted": customer["deleted"],
                "object": "subscription",
                "mrr": monthly,
                "due_invoices_count": 0,
                "channel": "web",
            }
        )
        if status in {"active", "non_renewing"}:
            customer["mrr"] += monthly
    return rows


def invoice_rows(rng: random.Random, subscription: Row, next_number: Callable[[], int], now: int) -> list[Row]:
    """Up to four invoices of a subscription; one in nine is overdue."""
    rows = []
    total = subscription["plan_unit_price"] * subscription["plan_quantity"]
    for number in range(pick(rng, (0, 1, 2, 2, 3, 4))):
        date = now - (30 * number + 5 + int(rng.random() * 20)) * DAY
        if date < subscription["created_at"]:
            break
        status = pick(rng, ("paid",) * 7 + ("payment_due", "not_paid"))
        paid = total if status == "paid" else 0
        row = {
            "id": str(next_number()),
            "customer_id": subscription["customer_id"],
            "subscription_id": subscription["id"],
            "recurring": True,
            "status": status,
            "price_type": "tax_exclusive",
            "date": date,
            "due_date": date + 14 * DAY,
            "net_term_days": 14,
            "exchange_rate": 1.0,
            "currency_code": subscription["currency_code"],
            "total": total,
            "amount_paid": paid,
            "amount_adjusted": 0,
            "write_off_amount": 0,
            "credits_applied": 0,
            "amount_due": total - paid,
            "updated_at": min(now, date + 3 * DAY),
            "resource_version": date * 1000,
            "deleted": subscription["deleted"],
            "object": "invoice",
            "first_invoice": number == 0,
            "channel": "web",
            "has_advance_charges": False,
            "base_currency_code": "USD",
            "generated_at": date,
            "sub_total": total,
            "tax": 0,
        }
        if paid:
            row["paid_at"] = date + DAY
        rows.append(row)
    return rows


def subscription_copy(subscription: Row, account_id: str, number: int) -> Row:
    """The package's copy of a subscription: the real id is the record name, the CB id is the connector's own."""
    created = subscription["created_at"]
    return {
        "Id": make_id("a0S", number),
        "Name": subscription["id"],
        "chargebeeapps__Account__c": account_id,
        "chargebeeapps__CB_Id__c": f"CBS{number:09d}",
        "chargebeeapps__CustomerID__c": subscription["customer_id"],
        "chargebeeapps__Subscription_status__c": subscription["status"].upper(),
        "chargebeeapps__Subscription_Plan__c": subscription["plan_id"],
        "chargebeeapps__Subscription_Created_At__c": stamp(created),
        "chargebeeapps__Subcription_Activated_At__c": stamp(created),
        "chargebeeapps__Subcription_Cancelled_At__c": stamp(created + 90 * DAY)
        if subscription["status"] == "cancelled"
        else None,
        "chargebeeapps__Current_Term_End__c": stamp(subscription["current_term_end"]),
        "chargebeeapps__Next_billing__c": stamp(subscription["next_billing_at"]),
        "chargebeeapps__MRR__c": subscription["mrr"] / 100,
        "chargebeeapps__CB_Site__c": SITE,
        "OwnerId": ORG_USER,
        **audit(created, created, ORG_USER),
    }


def invoice_copy(invoice: Row, account_id: str, subscription_copy_id: str, number: int) -> Row:
    """The package's copy of an invoice; amounts in units of currency, not in cents."""
    date = invoice["date"]
    return {
        "Id": make_id("a0V", number),
        "Name": invoice["id"],
        "chargebeeapps__Account__c": account_id,
        "chargebeeapps__CB_Id__c": f"CBI{number:09d}",
        "chargebeeapps__CB_Invoice_Id__c": invoice["id"],
        "chargebeeapps__Subscription__c": subscription_copy_id,
        "chargebeeapps__Status__c": invoice["status"].upper(),
        "chargebeeapps__Due_Amount__c": invoice["amount_due"] / 100,
        "chargebeeapps__Amount__c": invoice["total"] / 100,
        "chargebeeapps__Invoice_Date__c": day(date),
        "chargebeeapps__Due_Date__c": day(invoice["due_date"]),
        "OwnerId": ORG_USER,
        **audit(date, date, ORG_USER),
    }


def _address(rng: random.Random, customer: CustomerRecord) -> Row:
    """The billing address; attributes that nobody entered are absent."""
    entity = customer.entity
    address: Row = {"first_name": entity.given, "last_name": entity.family, "country": entity.country.code}
    if entity.street:
        address["line1"] = everyday_street(rng, entity)
        if entity.unit:
            address["line2"] = entity.unit
    if rng.random() > 0.04:
        address["city"] = entity.city.name
        address["state"] = entity.city.region
    if entity.postcode:
        address["zip"] = everyday_postcode(rng, entity)
    return {**address, "validation_status": "not_validated", "object": "billing_address"}
