"""Connections to practice orgs, and operations on their records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconcile.model import Connection, Operation, RecordRef
from reconcile.systems.chargebee.reader import ChargebeeReader
from reconcile.systems.chargebee.writer import ChargebeeWriter
from reconcile.systems.salesforce.reader import SalesforceReader
from reconcile.systems.salesforce.writer import SalesforceWriter
from tests.practice import API_KEY, CLIENT_ID, CLIENT_SECRET, Practice

LINK = "chargebeeapps__CB_Id__c"


def salesforce(practice: Practice, **options: str) -> Connection:
    given = {"base_url": practice.salesforce_url, "client_id": CLIENT_ID, "retry_backoff_s": "0.02", **options}
    return Connection("sf", "Practice Salesforce", "salesforce", "practice", options=given)


def chargebee(practice: Practice, **options: str) -> Connection:
    given = {"base_url": practice.chargebee_url, "site": "acme-practice", "retry_backoff_s": "0.02", **options}
    return Connection("cb", "Practice Chargebee", "chargebee", "practice", options=given)


def salesforce_reader(practice: Practice, **options: str) -> SalesforceReader:
    return SalesforceReader(salesforce(practice, **options), {"client_secret": CLIENT_SECRET})


def salesforce_writer(practice: Practice, **options: str) -> SalesforceWriter:
    return SalesforceWriter(salesforce(practice, **options), {"client_secret": CLIENT_SECRET})


def chargebee_reader(practice: Practice, **options: str) -> ChargebeeReader:
    return ChargebeeReader(chargebee(practice, **options), {"api_key": API_KEY})


def chargebee_writer(practice: Practice, **options: str) -> ChargebeeWriter:
    return ChargebeeWriter(chargebee(practice, **options), {"api_key": API_KEY})


def operation(
    number: int, object_name: str, record_id: str, before: Mapping[str, str | None], after: Mapping[str, str | None]
) -> Operation:
    return Operation(
        id=f"op_{object_name}_{number}",
        change_set_id="cs",
        position=number,
        stage=1,
        target=RecordRef("c", object_name, record_id),
        fingerprint="f",
        before=before,
        after=after,
        reason="test",
    )


def rows_of(batches: Any) -> list[dict[str, str | None]]:
    return [row for batch in batches for row in batch.to_pylist()]


def some(
    reader: SalesforceReader | ChargebeeReader, object_name: str, fields: list[str], number: int
) -> list[dict[str, Any]]:
    """The first records by id."""
    found = rows_of(reader.changes(object_name, fields, None))
    return sorted(found, key=lambda row: str(row[fields[0]]))[:number]
