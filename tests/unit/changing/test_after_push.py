"""Stale records, reverts and reading back on demand."""

from __future__ import annotations

import pytest

from reconcile.changing import lifecycle
from reconcile.changing.plans import plan
from reconcile.changing.requests import FieldRequest, LinkRequest, UnlinkRequest
from reconcile.changing.revert import draft_revert, not_revertible
from reconcile.changing.stale import refresh, side_by_side
from reconcile.changing.verify import verify
from reconcile.errors import StateError
from reconcile.model import ChangeSet, Operation
from reconcile.state import change_sets
from tests.unit.changing.files import CB_ID, CF, SITE, SYNCED
from tests.unit.changing.people import ANALYST, APPROVER
from tests.unit.changing.rig import QUICK, Bench, with_secrets


def approve(bench: Bench, drafted: ChangeSet) -> ChangeSet:
    with bench.database.begin() as tx:
        submitted = lifecycle.submit(tx, ANALYST, drafted.id, drafted.revision)
        return lifecycle.approve(tx, APPROVER, drafted.id, submitted.revision)


def of_account(bench: Bench, change_set: ChangeSet, stage: int | None = None) -> Operation:
    return next(
        each for each in bench.operations(change_set) if each.target.object == "Account" and stage in {None, each.stage}
    )


def test_a_record_touched_meanwhile_is_not_overwritten_but_shown_side_by_side(bench: Bench) -> None:
    change_set = bench.approve_requests(*(UnlinkRequest(*pair) for pair in bench.orgs.take(3)))
    touched = of_account(bench, change_set)
    bench.orgs.touch(touched, {CB_ID: "somebody_else"})
    report = bench.push(change_set)
    assert (report.state, dict(report.counts)) == ("partly_failed", {"verified": 5, "stale": 1})
    assert report.totals.is_tied_out
    stale = of_account(bench, change_set)
    assert (stale.state, stale.error_class) == ("stale", "stale")
    first = side_by_side(stale)[0]
    assert (first.field, first.snapshot, first.present, first.proposed) == (
        CB_ID, touched.before[CB_ID], "somebody_else", None,
    )  # fmt: skip
    assert first.is_changed
    assert not bench.written([stale])
    assert bench.present(bench.orgs.left, "Account", [stale.target.record_id], [CB_ID]) == {
        stale.target.record_id: {CB_ID: "somebody_else"}
    }


def test_a_touch_of_other_fields_does_not_hold_a_write_up(bench: Bench) -> None:
    change_set = bench.approve_requests(UnlinkRequest(*bench.orgs.take(1)[0]))
    bench.orgs.touch(of_account(bench, change_set), {"Phone": "+1 555 0100"})
    assert bench.push(change_set).state == "verified"


def test_a_stale_operation_planned_anew_is_a_draft_of_its_own(bench: Bench) -> None:
    change_set = bench.approve_requests(UnlinkRequest(*bench.orgs.take(1)[0]))
    bench.orgs.touch(of_account(bench, change_set), {CB_ID: "somebody_else"})
    assert bench.push(change_set).state == "partly_failed"
    stale = of_account(bench, change_set)
    renewed = refresh(bench.database, ANALYST, with_secrets, [stale.id])
    assert bench.state(change_set).state == "verified"  # what was open in it was dropped
    assert renewed.state == "draft"
    assert of_account(bench, renewed).before[CB_ID] == "somebody_else"
    assert bench.push(approve(bench, renewed)).state == "verified"
    assert bench.present(bench.orgs.left, "Account", [stale.target.record_id], [CB_ID]) == {
        stale.target.record_id: {CB_ID: None}
    }
    with pytest.raises(StateError):
        refresh(bench.database, ANALYST, with_secrets, [stale.id])


def test_a_record_that_is_gone_fails_and_the_rest_goes_on(bench: Bench) -> None:
    change_set = bench.approve_requests(*(UnlinkRequest(*pair) for pair in bench.orgs.take(2)))
    gone = of_account(bench, change_set)
    bench.orgs.delete(gone)
    report = bench.push(change_set)
    assert (report.state, dict(report.counts)) == ("partly_failed", {"verified": 3, "failed": 1})
    failed = of_account(bench, change_set)
    assert (failed.error_class, failed.error_code) == ("not_found", "record_gone")


def test_what_is_already_as_wanted_is_not_written_again(bench: Bench) -> None:
    change_set = bench.approve_requests(UnlinkRequest(*bench.orgs.take(1)[0]))
    account = of_account(bench, change_set)
    bench.orgs.touch(account, {CB_ID: None, SITE: None, SYNCED: False})
    report = bench.push(change_set)
    assert (report.state, dict(report.counts)) == ("verified", {"verified": 1, "skipped": 1})
    assert of_account(bench, change_set).error_code == lifecycle.ALREADY_DONE
    assert report.totals.is_tied_out
    assert not bench.written([account])


def test_a_remap_is_taken_back_whole(bench: Bench) -> None:
    orgs = bench.orgs
    (old, customer), (new, other) = orgs.take(2)
    change_set = bench.approve(plan(orgs.source, [LinkRequest(new, customer, moves_from=old)]))
    assert bench.push(change_set).state == "verified"
    forth = bench.operations(change_set)
    with bench.database.begin() as tx:
        drafted = draft_revert(tx, ANALYST, change_set.id)
        assert draft_revert(tx, ANALYST, change_set.id).id == drafted.id
    assert bench.push(approve(bench, drafted)).state == "verified"
    assert bench.state(change_set).state == "reverted"
    back = bench.operations(drafted)
    assert len(back) == len(forth)
    assert {(each.target.record_id, *sorted(each.after)) for each in back} == {
        (each.target.record_id, *sorted(each.after)) for each in forth
    }
    accounts = bench.present(orgs.left, "Account", [old, new], [CB_ID, SYNCED])
    assert accounts == {old: {CB_ID: customer, SYNCED: "true"}, new: {CB_ID: other, SYNCED: "true"}}
    customers = bench.present(orgs.right, "customer", [customer, other], [CF])
    assert customers == {customer: {CF: old}, other: {CF: new}}
    with pytest.raises(StateError, match="is reverted"), bench.database.begin() as tx:
        draft_revert(tx, ANALYST, change_set.id)


def test_what_somebody_changed_since_is_found_on_reading_back_and_left_out_of_a_revert(bench: Bench) -> None:
    change_set = bench.approve_requests(*(UnlinkRequest(*pair) for pair in bench.orgs.take(2)))
    assert bench.push(change_set).state == "verified"
    changed = of_account(bench, change_set)
    bench.orgs.touch(changed, {CB_ID: "newer"})
    counted = verify(bench.database, change_set.id, ANALYST, with_secrets, pace=QUICK)
    assert dict(counted.counts) == {"verified": 3, "mismatched": 1}
    assert bench.state(change_set).state == "partly_failed"
    with bench.database.begin() as tx:
        drafted = draft_revert(tx, ANALYST, change_set.id)
        kept = not_revertible(change_sets.operations(tx, change_set.id))
    assert [(each.operation.id, "not overwritten" in each.reason) for each in kept] == [(changed.id, True)]
    assert changed.target not in {each.target for each in bench.operations(drafted)}
    assert drafted.note.startswith("1 operations cannot be taken back")
    bench.orgs.touch(changed, {CB_ID: None})
    verify(bench.database, change_set.id, ANALYST, with_secrets, pace=QUICK)
    assert bench.state(change_set).state == "verified"


def test_a_revert_does_not_overwrite_what_changed_after_it_was_drafted(bench: Bench) -> None:
    change_set = bench.approve_requests(UnlinkRequest(*bench.orgs.take(1)[0]))
    assert bench.push(change_set).state == "verified"
    with bench.database.begin() as tx:
        drafted = draft_revert(tx, ANALYST, change_set.id)
    bench.orgs.touch(of_account(bench, change_set), {CB_ID: "newer"})
    report = bench.push(approve(bench, drafted))
    assert (report.state, report.counts["stale"]) == ("partly_failed", 1)
    assert bench.state(change_set).state == "verified"
    record_id = of_account(bench, change_set).target.record_id
    assert bench.present(bench.orgs.left, "Account", [record_id], [CB_ID])[record_id] == {CB_ID: "newer"}


def test_two_fields_of_one_record_are_reverted_together(bench: Bench) -> None:
    account, customer = bench.orgs.take(1)[0]
    bench.orgs.practice.touch("chargebee", "customer", [customer], {"company": "Anders GmbH", "phone": "+49 30 1"})
    requests = [
        FieldRequest(account, customer, "Name", "company", "right"),
        FieldRequest(account, customer, "Phone", "phone", "right"),
    ]
    before = bench.present(bench.orgs.left, "Account", [account], ["Name", "Phone"])
    change_set = bench.approve(plan(bench.orgs.pull(), requests))
    assert len(bench.operations(change_set)) == 1
    assert bench.push(change_set).state == "verified"
    assert bench.present(bench.orgs.left, "Account", [account], ["Name", "Phone"])[account] == {
        "Name": "Anders GmbH", "Phone": "+49 30 1",
    }  # fmt: skip
    with bench.database.begin() as tx:
        drafted = draft_revert(tx, ANALYST, change_set.id)
    assert bench.push(approve(bench, drafted)).state == "verified"
    assert bench.present(bench.orgs.left, "Account", [account], ["Name", "Phone"]) == before
