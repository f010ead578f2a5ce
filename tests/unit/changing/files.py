"""Small snapshot files written from rows, in the real format, for plans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from reconcile.model import (
    Connection,
    Dataset,
    FieldInfo,
    ObjectCount,
    ObjectInfo,
    Reconciliation,
    Snapshot,
    SystemName,
    utc_now,
)
from reconcile.snapshots import store
from reconcile.snapshots.sql import quoted

NS = "chargebeeapps__"
CB_ID, SITE, SYNCED, PARENT = f"{NS}CB_Id__c", f"{NS}CB_Site__c", f"{NS}Is_Synced__c", f"{NS}Account__c"
SUBSCRIPTION, INVOICE = f"{NS}CB_Subscription__c", f"{NS}CB_Invoice__c"
CF = "cf_salesforce_account_id"
ORG, SITE_NAME, SITE_ID = "00D000000000001AAA", "acme-test", "a0S000000000001AAA"
STAMP = "2026-05-01T08:00:00.000+0000"

SALESFORCE = Connection("sf", "Salesforce", "salesforce", "practice", ORG)
CHARGEBEE = Connection("cb", "Chargebee", "chargebee", "practice", SITE_NAME)

Row = Mapping[str, str | None]

RECONCILIATION = Reconciliation(
    "rec",
    1,
    "Accounts and customers",
    Dataset("sf", "Account", "Id", {"name": ("Name",)}, link_field=CB_ID),
    Dataset("cb", "customer", "id", {"name": ("company",)}, link_field=CF),
)


def account_id(number: int) -> str:
    """A valid 18-character id: its 15 characters hold no capital letters, so its ending is AAA."""
    return f"001{number:012d}AAA"


def write_snapshot_file(
    path: Path,
    connection: Connection,
    objects: Mapping[str, Sequence[Row]],
    read_only: frozenset[str] = frozenset(),
) -> Snapshot:
    """A snapshot of these rows. An object with no rows needs its columns: give one row and it is left out."""
    id_field, stamp = ("Id", "SystemModstamp") if connection.system == "salesforce" else ("id", "updated_at")
    counts = []
    with duckdb.connect(str(path)) as con:
        store.create_meta(con)
        for name, rows in objects.items():
            columns = list(dict.fromkeys([id_field, stamp, *(column for row in rows for column in row)]))
            con.execute(f"CREATE TABLE {quoted(name)} ({', '.join(quoted(column) + ' VARCHAR' for column in columns)})")
            for row in rows:
                con.execute(
                    f"INSERT INTO {quoted(name)} VALUES ({', '.join('?' for _ in columns)})",
                    [row.get(column, STAMP if column == stamp else None) for column in columns],
                )
            fields = tuple(
                FieldInfo(c, c, "string", is_updateable=c not in {id_field, stamp, *read_only}) for c in columns
            )
            counts.append(ObjectCount(name, len(rows), len(rows), "hash"))
            store.write_object(con, ObjectInfo(name, name, id_field, stamp, None, fields), counts[-1])
        snapshot = Snapshot(
            id=f"snap_{connection.id}",
            connection_id=connection.id,
            system=connection.system,
            environment=connection.environment,
            fingerprint=connection.fingerprint or "",
            path=str(path),
            kind="full",
            base_id=None,
            started_at=utc_now(),
            finished_at=utc_now(),
            objects=tuple(counts),
        )
        store.write_snapshot(con, snapshot)
    return snapshot


def linked_account(number: int, customer: str | None, **more: str | None) -> Row:
    """An account as the connector leaves it: linked to the customer, or to nobody."""
    return {
        "Id": account_id(number),
        "Name": f"Company {number}",
        "Phone": None,
        CB_ID: customer,
        SITE: SITE_ID if customer else None,
        SYNCED: "true" if customer else "false",
        **more,
    }


def customer(customer_id: str, account: str | None = None, **more: str | None) -> Row:
    """A customer that names an account, or none."""
    return {"id": customer_id, "company": f"Company of {customer_id}", "phone": None, CF: account, **more}


SYSTEMS: Mapping[SystemName, Connection] = {"salesforce": SALESFORCE, "chargebee": CHARGEBEE}
