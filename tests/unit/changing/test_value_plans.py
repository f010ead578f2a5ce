"""Values from a file become operations on a snapshot's records: planned, refused, and pushed to a practice org."""

from __future__ import annotations

import pytest

from reconcile.changing.plans.values import ValueRequest, link_field_names, plan_values
from reconcile.errors import DefinitionError, UnknownNameError
from reconcile.systems.salesforce.ids import to_18
from tests.unit.changing.files import CB_ID, CF
from tests.unit.changing.rig import Bench, Orgs

WHY = "The ledger says so."


def account(orgs: Orgs) -> tuple[str, str]:
    """Id and city of an account that no other test changes."""
    taken, _ = orgs.take(1)[0]
    rows = orgs.rows(orgs.source.left, f"SELECT Id, BillingCity FROM Account WHERE Id = '{taken}'")
    return rows[0]


def test_each_record_is_one_operation_with_the_snapshots_values_before(orgs: Orgs) -> None:
    record_id, city = account(orgs)
    wanted = [
        ValueRequest(record_id, "BillingCity", "Elsewhere", WHY),
        ValueRequest(record_id, "BillingStreet", "1 New Road", WHY),
    ]
    plan = plan_values(orgs.source.left, "Account", wanted)
    assert len(plan.operations) == 1
    operation = plan.operations[0]
    assert (operation.target.connection_id, operation.target.record_id) == ("sf", record_id)
    assert operation.before["BillingCity"] == city
    assert operation.after == {"BillingCity": "Elsewhere", "BillingStreet": "1 New Road"}
    assert operation.fingerprint == orgs.left.fingerprint
    assert operation.modified_at is not None
    assert operation.stage == 1


def test_what_is_as_wanted_already_needs_no_operation(orgs: Orgs) -> None:
    record_id, city = account(orgs)
    assert (
        plan_values(orgs.source.left, "Account", [ValueRequest(record_id, "BillingCity", city, WHY)]).operations == ()
    )


def test_links_and_fields_that_may_not_be_written_are_left_out_and_named(orgs: Orgs) -> None:
    record_id, _ = account(orgs)
    links = link_field_names(orgs.source.left, "Account", orgs.left)
    wanted = [ValueRequest(record_id, CB_ID, "another", WHY), ValueRequest(record_id, "CreatedDate", "2020", WHY)]
    plan = plan_values(orgs.source.left, "Account", wanted, links=links)
    assert plan.operations == ()
    assert [note.split(" was left out: ")[1] for note in plan.notes] == [
        "it holds a link; change links on the Review page.",
        "the connection's user may not write it.",
    ]
    assert link_field_names(orgs.source.right, "customer", orgs.right) == {CF}


def test_values_that_their_field_cannot_hold_are_left_out_and_told(orgs: Orgs) -> None:
    record_id, _ = account(orgs)
    synced = "chargebeeapps__Sync_with_Chargebee__c"
    [[before]] = orgs.rows(orgs.source.left, f"SELECT {synced} FROM Account WHERE Id = '{record_id}'")
    wanted = [
        ValueRequest(record_id, "AnnualRevenue", "1.000,50", WHY),
        ValueRequest(record_id, "NumberOfEmployees", "12 or so", WHY),
        ValueRequest(record_id, synced, "FALSE" if before == "true" else "TRUE", WHY),
    ]
    plan = plan_values(orgs.source.left, "Account", wanted)
    assert [dict(each.after) for each in plan.operations] == [{synced: "false" if before == "true" else "true"}]
    assert plan.notes == (
        "Account.AnnualRevenue was left out of 1 records: '1.000,50' is no currency.",
        "Account.NumberOfEmployees was left out of 1 records: '12 or so' is no int.",
    )


def test_unknown_records_fields_and_two_values_are_refused(orgs: Orgs) -> None:
    record_id, _ = account(orgs)
    snapshot = orgs.source.left
    with pytest.raises(UnknownNameError):
        plan_values(snapshot, "Account", [ValueRequest("001000000000000AAA", "BillingCity", "x", WHY)])
    with pytest.raises(DefinitionError, match="no field Nonsense"):
        plan_values(snapshot, "Account", [ValueRequest(record_id, "Nonsense", "x", WHY)])
    with pytest.raises(DefinitionError):
        plan_values(snapshot, "Account", [ValueRequest(record_id, "BillingCity", city, WHY) for city in ("x", "y")])


def test_values_reach_the_org_and_are_verified(bench: Bench) -> None:
    record_id, _ = account(bench.orgs)
    made = plan_values(
        bench.orgs.source.left, "Account", [ValueRequest(record_id, "BillingCity", "Elsewhere upon Sea", WHY)]
    )
    approved = bench.approve(made)
    bench.push(approved)
    assert bench.state(approved).state == "verified"
    present = bench.present(bench.orgs.left, "Account", [record_id], ["BillingCity"])
    assert present[to_18(record_id)]["BillingCity"] == "Elsewhere upon Sea"
    bench.require_written_once(bench.operations(approved))
