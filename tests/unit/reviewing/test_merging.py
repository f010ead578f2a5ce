"""What survivorship is told of the members of a cluster: billing customers served, what hangs on them, their owners."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from reconcile.matching.survivorship import preview_merge
from reconcile.reviewing import OpenRun, open_run
from reconcile.reviewing.merging import merge_members
from tests.run_files import RunFile

FIELDS = 'CREATE TABLE _fields (object VARCHAR, name VARCHAR, label VARCHAR, "references" VARCHAR)'


def salesforce(path: Path) -> str:
    """Two contacts hang on L1, one on L2, and the contact that the person account L3 is; nobody looks after L2."""
    con = duckdb.connect(str(path))
    con.execute(FIELDS)
    con.execute("""INSERT INTO _fields VALUES ('Contact', 'AccountId', 'Account', 'Account'),
        ('Account', 'ParentId', 'Parent', 'Account'), ('Account', 'MasterRecordId', 'Master', 'Account'),
        ('Account', 'Type', 'Kind of account', NULL), ('Gone', 'AccountId', 'Account', 'Account')""")
    con.execute("""CREATE TABLE "Contact" AS SELECT * FROM (VALUES ('C1', 'L1', 'false'), ('C2', 'L1', 'false'),
        ('C3', 'L2', 'false'), ('C4', 'L3', 'true')) v("Id", "AccountId", "IsPersonAccount")""")
    con.execute("""CREATE TABLE "Account" AS SELECT * FROM (VALUES ('L1', NULL, NULL), ('L9', 'L2', 'L1'))
        v("Id", "ParentId", "MasterRecordId")""")
    con.execute("""CREATE TABLE "User" AS SELECT * FROM (VALUES ('U1', 'Ada', 'true'), ('U2', 'Bob', 'false'))
        v("Id", "Name", "IsActive")""")
    con.close()
    return str(path)


def billing(path: Path) -> str:
    con = duckdb.connect(str(path))
    con.execute(FIELDS)
    con.execute("INSERT INTO _fields VALUES ('subscription', 'customer_id', 'Customer', 'customer')")
    con.execute("""CREATE TABLE subscription AS SELECT * FROM (VALUES ('R2', 'non_renewing'), ('R3', 'cancelled'))
        v(customer_id, status)""")
    con.close()
    return str(path)


@pytest.fixture
def opened(tmp_path: Path) -> OpenRun:
    file = RunFile(tmp_path / "runs")
    file.snapshots = {"left": salesforce(tmp_path / "left.duckdb"), "right": billing(tmp_path / "right.duckdb")}
    extra = '{"Type": "Customer", "Name": "told as a role already"}'
    file.left("L1", name="Acme", owner="U1", created_at="2020-01-01", extra=extra)
    file.left("L2", name="Acme Inc", owner="U2", created_at="2019-01-01")
    file.left("L3", name="Acme Ltd", is_person_account=True)
    file.right("R1", name="Acme", amount_cents=500)
    file.right("R2", name="Acme two", amount_cents=0)
    file.right("R3", name="Acme three", amount_cents=0)
    for left_id, right_id in (("L1", "R1"), ("L2", "R2"), ("L3", "R3")):
        file.link(left_id, right_id, "one_sided", stored_right=True)
    file.exception("duplicate", side="left", members=("L1", "L2", "L3"))
    return open_run(file.write())


def test_accounts_serve_the_live_customers_that_they_are_linked_to(opened: OpenRun) -> None:
    found = merge_members(opened, "left", ["L3", "L2", "L1"])
    assert [(member.record_id, member.billing_ids, member.children) for member in found.members] == [
        ("L1", ("R1",), 2),
        ("L2", ("R2",), 2),
        ("L3", (), 0),
    ]
    assert found.hanging.children["L2"] == {"Contact": 1, "Account": 1}
    assert [member.is_owner_active for member in found.members] == [True, False, True]
    assert found.hanging.owner_names == {"U1": "Ada", "U2": "Bob"}
    assert found.labels["Type"] == "Kind of account"
    assert found.names["R2"] == "Acme two"
    assert dict(found.members[0].values) == {"name": "Acme", "Type": "Customer"}
    made = preview_merge(found.members)
    assert (made.master_id, made.master_reason) == ("L1", "most complete")
    assert "R1, R2" in made.blocks[0]
    assert preview_merge(found.members, dropped=frozenset({"L2"})).blocks == ()


def test_billing_customers_are_live_by_themselves(opened: OpenRun) -> None:
    found = merge_members(opened, "right", ["R1", "R2", "R3"])
    assert [(member.record_id, member.is_live_billing) for member in found.members] == [
        ("R1", True), ("R2", True), ("R3", False),
    ]  # fmt: skip


def test_without_its_snapshot_a_record_has_nothing_that_hangs_on_it(opened: OpenRun, tmp_path: Path) -> None:
    for name in ("left", "right"):
        (tmp_path / f"{name}.duckdb").unlink()
    found = merge_members(opened, "left", ["L1", "L2"])
    assert [(member.billing_ids, member.children) for member in found.members] == [(("R1",), 0), ((), 0)]
