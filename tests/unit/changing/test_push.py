"""Each kind of plan, from the snapshots of practice orgs to values that were read back from them."""

from __future__ import annotations

import pytest

from reconcile.changing import lifecycle
from reconcile.changing.plans import plan
from reconcile.changing.requests import FieldRequest, LinkRequest, UnlinkRequest
from reconcile.changing.revert import draft_revert
from reconcile.ledger import history_of_record
from reconcile.model import Person, Progress
from reconcile.state import reconciliations
from reconcile.state.database import Database
from tests.unit.changing.files import CB_ID, CF, INVOICE, PARENT, RECONCILIATION, SITE, SUBSCRIPTION, SYNCED
from tests.unit.changing.people import ANALYST, APPROVER
from tests.unit.changing.rig import Bench, Orgs, make_bench

KEEPER = Person("ann", "Ann", frozenset({"administrator"}))


def test_an_unlink_and_a_new_link_are_pushed_and_read_back(orgs: Orgs, database: Database) -> None:
    bench = make_bench(orgs, database)
    ((account, customer),) = orgs.take(1)
    unlink = bench.approve_requests(UnlinkRequest(account, customer))
    report = bench.push(unlink)
    assert (report.state, dict(report.counts), report.note) == ("verified", {"verified": 2}, "")
    assert report.totals.is_tied_out
    bench.require_written_once(bench.operations(unlink))
    found = bench.present(orgs.left, "Account", [account], [CB_ID, SITE, SYNCED])[account]
    assert found == {CB_ID: None, SITE: None, SYNCED: "false"}

    again = Bench(orgs, database, orgs.last_write())
    link = again.approve(plan(orgs.pull(), [LinkRequest(account, customer)]))
    assert again.push(link).state == "verified"
    again.require_written_once(again.operations(link))
    assert again.present(orgs.right, "customer", [customer], [CF])[customer] == {CF: account}
    found = again.present(orgs.left, "Account", [account], [CB_ID, SYNCED])[account]
    assert found == {CB_ID: customer, SYNCED: "true"}


def test_a_remap_clears_sets_and_brings_every_child_along(bench: Bench) -> None:
    orgs = bench.orgs
    (old, customer), (new, other) = orgs.take(2)
    made = plan(orgs.source, [LinkRequest(new, customer, moves_from=old)])
    change_set = bench.approve(made)
    report = bench.push(change_set)
    assert report.state == "verified"
    assert report.totals.is_tied_out
    operations = bench.operations(change_set)
    assert {each.state for each in operations} == {"verified"}
    bench.require_written_once(operations)
    after = orgs.pull()
    accounts = dict(orgs.rows(after.left, f'SELECT Id, {CB_ID} FROM "Account"'))
    assert (accounts[old], accounts[new]) == (None, customer)
    customers = dict(orgs.rows(after.right, f"SELECT id, {CF} FROM customer"))
    assert (customers[customer], customers[other]) == (new, None)
    for child, billing in ((SUBSCRIPTION, "subscription"), (INVOICE, "invoice")):
        owners = dict(orgs.rows(after.right, f"SELECT id, customer_id FROM {billing}"))
        rows = orgs.rows(after.left, f'SELECT Name, {PARENT} FROM "{child}"')
        assert all(parent == new for name, parent in rows if owners.get(name) == customer)
        assert not any(parent == old for _, parent in rows)


@pytest.mark.parametrize("take", ["left", "right"])
def test_a_field_is_taken_from_either_side(bench: Bench, take: str) -> None:
    ((account, customer),) = bench.orgs.take(1)
    name = bench.orgs.rows(bench.orgs.source.left, f"SELECT Name FROM \"Account\" WHERE Id = '{account}'")[0][0]
    company = bench.orgs.rows(bench.orgs.source.right, f"SELECT company FROM customer WHERE id = '{customer}'")[0][0]
    source = bench.orgs.source
    if name == company:  # then there would be nothing to write
        bench.orgs.practice.touch("chargebee", "customer", [customer], {"company": f"{company} Ltd"})
        source, company = bench.orgs.pull(), f"{company} Ltd"
    change_set = bench.approve(plan(source, [FieldRequest(account, customer, "Name", "company", take)]))  # type: ignore[arg-type]  # parametrised text
    assert bench.push(change_set).state == "verified"
    bench.require_written_once(bench.operations(change_set))
    assert bench.present(bench.orgs.left, "Account", [account], ["Name"])[account] == {
        "Name": name if take == "left" else company
    }


def test_the_ledger_hears_of_every_link_that_was_verified_to_have_moved(bench: Bench) -> None:
    (old, customer), (new, _) = bench.orgs.take(2)
    with bench.database.begin() as tx:
        reconciliations.save(tx, KEEPER, RECONCILIATION)
        made = plan(bench.orgs.source, [LinkRequest(new, customer, moves_from=old)])
        drafted = lifecycle.create(tx, ANALYST, "Move", made, reconciliation_id=RECONCILIATION.id)
        submitted = lifecycle.submit(tx, ANALYST, drafted.id, drafted.revision)
        change_set = lifecycle.approve(tx, APPROVER, drafted.id, submitted.revision)
    assert bench.push(change_set).state == "verified"
    with bench.database.read() as tx:
        [begun] = [p for p in history_of_record(tx, RECONCILIATION.id, customer) if p.ended is None]
    assert (begun.left.record_id, begun.right.record_id) == (new, customer)
    assert (begun.is_stored_left, begun.is_stored_right) == (True, True)
    assert begun.began.change_set_id == change_set.id
    with bench.database.begin() as tx:
        reverting = draft_revert(tx, ANALYST, change_set.id)
        submitted = lifecycle.submit(tx, ANALYST, reverting.id, reverting.revision)
        lifecycle.approve(tx, APPROVER, reverting.id, submitted.revision)
    assert bench.push(reverting).state == "verified"
    with bench.database.read() as tx:
        periods = history_of_record(tx, RECONCILIATION.id, customer)
    assert {(p.left.record_id, p.ended is None) for p in periods} == {(new, False), (old, True)}


def test_progress_is_told_and_the_journal_holds_each_intent_before_its_answer(bench: Bench) -> None:
    heard: list[Progress] = []
    change_set = bench.approve_requests(*(UnlinkRequest(*pair) for pair in bench.orgs.take(12)))
    report = bench.push(change_set, progress=heard.append)
    assert report.state == "verified"
    assert [each.done for each in heard] == sorted(each.done for each in heard)
    assert (heard[-1].done, heard[-1].total) == (24, 24)
    for operation in bench.operations(change_set):
        events = [each.event for each in bench.journal(change_set) if each.operation_id == operation.id]
        assert events == ["intent", "answer", "read_back"]
    assert (report.totals.sent, report.totals.succeeded, report.totals.intents) == (24, 24, 24)
    bench.require_written_once(bench.operations(change_set))
