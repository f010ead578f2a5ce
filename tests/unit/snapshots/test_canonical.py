"""The canonical view of a dataset, over real snapshot files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from reconcile.errors import DefinitionError
from reconcile.model import ROLES, Connection, Dataset, FieldInfo, ObjectInfo, SystemName
from reconcile.snapshots import attach_sql, canonical_sql, object_fields, open_snapshot, pull
from tests.practice import Practice
from tests.unit.snapshots.memory_source import MemorySource
from tests.unit.systems.connections import LINK, salesforce_reader

SHORT, LONG = "001M0000002qfPy", "001M0000002qfPyIAI"


def snapshot(folder: Path, system: SystemName, rows: list[dict[str, str | None]]) -> str:
    """A snapshot of one object `thing` with the rows' columns."""
    columns = tuple(rows[0])

    class Given(MemorySource):
        def describe(self, object_name: str) -> ObjectInfo:
            fields = tuple(FieldInfo(name, name, "string") for name in columns)
            return ObjectInfo(object_name, "Thing", "id", None, None, fields)

        def count_by_month(self, object_name: str) -> None:  # noqa: ARG002  # the Protocol names it
            return None

    source = Given(connection=Connection(system, system, system, "practice"))
    source.rows = {str(row["id"]): row | {"stamp": "2026-01-01T00:00:00+00:00"} for row in rows}
    return pull(source, ["thing"], folder).path


def seen(path: str, dataset: Dataset, **more: Any) -> list[dict[str, Any]]:
    """Rows of the canonical view, through an attached file, by record id."""
    with duckdb.connect() as con, open_snapshot(path) as opened:
        columns = [f.name for f in object_fields(opened, dataset.object)]
        con.execute(attach_sql(path, "left side"))
        found = con.execute(canonical_sql(dataset, "left side", columns, **more) + " ORDER BY record_id")
        names = [str(c[0]) for c in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def test_every_column_in_its_order_and_type(tmp_path: Path) -> None:
    row: dict[str, str | None] = {
        "id": "a",
        "company": " Acme ",
        "first_name": "Zoë",
        "last_name": None,
        "owner": "Ann",
        "due": "1999.6",
        "cf_test": "TRUE",
        "created_at": "1767225600",
        "updated_at": "1767225601",
        "o'dd \"name": "kept",
    }
    dataset = Dataset(
        "cb",
        "thing",
        "id",
        {"name": ("company", "first_name", "last_name"), "email": (), "given_name": ("last_name",)},
        owner_field="owner",
        amount_field="due",
        test_field="cf_test",
        extra=("o'dd \"name", "company"),
    )
    (found,) = seen(snapshot(tmp_path, "chargebee", [row]), dataset)
    assert list(found) == [
        *("record_id", "link_id", *ROLES, "owner", "parent_id", "amount_cents", "is_test", "is_person_account"),
        *("created_at", "modified_at", "extra"),
    ]
    assert found["name"] == "Acme Zoë"
    assert found["given_name"] is None
    assert (found["owner"], found["amount_cents"], found["is_test"], found["is_person_account"]) == (
        "Ann",
        2000,
        True,
        False,
    )
    assert (found["created_at"], found["modified_at"]) == ("2026-01-01T00:00:00Z", "1767225601")
    assert json.loads(found["extra"]) == {"o'dd \"name": "kept", "company": " Acme "}


@pytest.mark.parametrize(
    ("system", "other", "link", "expected"),
    [
        ("chargebee", None, SHORT, LONG),
        ("chargebee", "salesforce", SHORT, LONG),
        ("chargebee", "files", SHORT, LONG),
        ("files", None, SHORT, LONG),
        ("salesforce", None, SHORT, SHORT),
        ("salesforce", "chargebee", "Cust_A", "Cust_A"),
        ("files", "chargebee", SHORT, SHORT),
        ("chargebee", None, "  ", None),
        ("chargebee", None, "x1", "x1"),
    ],
)
def test_links_to_salesforce_are_long_and_other_links_untouched(
    tmp_path: Path, system: SystemName, other: SystemName | None, link: str, expected: str | None
) -> None:
    path = snapshot(tmp_path, system, [{"id": "a", "crm": link}])
    (found,) = seen(path, Dataset("c", "thing", "id", {}, link_field="crm"), other_system=other)
    assert found["link_id"] == expected


@pytest.mark.parametrize(("system", "expected"), [("files", LONG), ("chargebee", SHORT)])
def test_record_ids_of_an_export_are_long_and_of_billing_untouched(
    tmp_path: Path, system: SystemName, expected: str
) -> None:
    path = snapshot(tmp_path, system, [{"id": SHORT, "parent": SHORT}])
    (found,) = seen(path, Dataset("c", "thing", "id", {}, parent_field="parent"))
    assert (found["record_id"], found["parent_id"]) == (expected, expected)


def test_the_population_is_limited(tmp_path: Path) -> None:
    path = snapshot(tmp_path, "chargebee", [{"id": "a", "x": "1"}, {"id": "b", "x": "2"}, {"id": "c", "x": None}])
    assert [r["record_id"] for r in seen(path, Dataset("c", "thing", "id", {}, where="x = '1' OR x IS NULL"))] == [
        "a",
        "c",
    ]


def test_a_column_that_is_not_there(tmp_path: Path) -> None:
    path = snapshot(tmp_path, "chargebee", [{"id": "a"}])
    with pytest.raises(DefinitionError, match="vat"):
        seen(path, Dataset("c", "thing", "id", {"tax_id": ("vat",)}))


def test_accounts_of_the_practice_org(practice: Practice, tmp_path: Path) -> None:
    path = pull(salesforce_reader(practice), ["Account"], tmp_path).path
    dataset = Dataset(
        "sf",
        "Account",
        "Id",
        {"name": ("Name",), "city": ("BillingCity",)},
        link_field=LINK,
        owner_field="OwnerId",
        parent_field="ParentId",
        test_field="Is_Test__c",
        person_account_field="IsPersonAccount",
    )
    found = seen(path, dataset)
    assert len(found) == salesforce_reader(practice).count("Account")
    assert all(len(row["record_id"]) == 18 and row["created_at"].endswith("Z") for row in found)
    assert {row["is_person_account"] for row in found} == {True, False}
