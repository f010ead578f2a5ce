"""Every fault of the practice orgs while a set is pushed: each write takes effect once, or is known not to have."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from reconcile.changing import lifecycle
from reconcile.changing.push import PushReport
from reconcile.changing.requests import UnlinkRequest
from reconcile.changing.verify import verify
from reconcile.errors import RemoteError
from reconcile.model import ChangeSet
from reconcile.state import connections
from tests.unit.changing.files import CF
from tests.unit.changing.people import ANALYST
from tests.unit.changing.rig import CHARGEBEE_WRITES, QUICK, SALESFORCE_WRITES, Bench, with_secrets


def some_unlinks(bench: Bench, number: int = 3) -> ChangeSet:
    return bench.approve_requests(*(UnlinkRequest(*pair) for pair in bench.orgs.take(number)))


@pytest.mark.parametrize("place", [SALESFORCE_WRITES, CHARGEBEE_WRITES], ids=["salesforce", "chargebee"])
@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("latency", {"count": 2}),
        ("429", {"count": 2}),
        ("503", {"count": 2}),
        ("dropped_before", {"count": 2}),
        ("dropped_after", {"count": 2}),
        ("drop_during", {"count": 2}),
        ("web_page", {"count": 2}),
        ("garbled", {"count": 2}),
        ("expired_session", {"count": 1}),
    ],
)
def test_a_passing_fault_of_writes_loses_and_repeats_nothing(
    bench: Bench, place: dict[str, str], kind: str, more: dict[str, Any]
) -> None:
    change_set = some_unlinks(bench)
    bench.orgs.fault(kind, **place, **more)
    report = bench.push(change_set)
    assert 1 <= bench.orgs.fired() <= more["count"]  # a call that took effect is not made again to be harmed again
    assert (report.state, dict(report.counts)) == ("verified", {"verified": 6})
    assert report.totals.is_tied_out
    bench.require_written_once(bench.operations(change_set))


@pytest.mark.parametrize("kind", ["503", "dropped_before", "429", "expired_session", "web_page", "garbled"])
def test_a_passing_fault_of_reads_is_waited_for(bench: Bench, kind: str) -> None:
    change_set = some_unlinks(bench, 2)
    bench.orgs.fault(kind, path="/data/v|/api/v2/", probability=0.3, seed=5, count=6)
    report = push_until_it_ends(bench, change_set)
    bench.orgs.practice.clear_faults()
    assert (report.state, report.totals.is_tied_out) == ("verified", True)
    bench.require_written_once(bench.operations(change_set))


@pytest.mark.parametrize("kind", ["dropped_after", "drop_during", "web_page", "garbled"])
def test_a_lost_answer_is_resolved_by_reading_back_and_not_by_sending_again(bench: Bench, kind: str) -> None:
    change_set = some_unlinks(bench, 2)
    bench.orgs.fault(kind, **SALESFORCE_WRITES, count=1)
    assert bench.push(change_set).state == "verified"
    lost = [each for each in bench.operations(change_set) if each.target.connection_id == "sf"]
    assert {each.attempts for each in lost} == {1}
    for operation in lost:
        lines = [each for each in bench.journal(change_set) if each.operation_id == operation.id]
        outcomes = [(each.event, (each.response or {}).get("outcome")) for each in lines]
        assert outcomes == [("intent", None), ("answer", "lose"), ("resolved", "accept"), ("read_back", "confirm")]
        assert (lines[2].response or {})["standing"] == "ours"


def test_a_lost_request_that_never_arrived_is_sent_again_after_reading_back(bench: Bench) -> None:
    change_set = some_unlinks(bench, 2)
    bench.orgs.fault("dropped_before", **SALESFORCE_WRITES, count=1)
    assert bench.push(change_set).state == "verified"
    sent = [each for each in bench.operations(change_set) if each.target.connection_id == "sf"]
    assert {each.attempts for each in sent} == {2}
    outcomes = [
        (each.response or {}).get("outcome") for each in bench.journal(change_set) if each.operation_id == sent[0].id
    ]
    assert outcomes == [None, "lose", "postpone", None, "accept", "confirm"]
    bench.require_written_once(bench.operations(change_set))


def test_a_customer_that_changes_while_the_site_asks_to_wait_is_not_overwritten(bench: Bench) -> None:
    """The site takes no precondition: what was read before the wait says nothing after it."""
    change_set = some_unlinks(bench, 1)
    customer = next(each for each in bench.operations(change_set) if each.target.connection_id == "cb")
    bench.orgs.fault("429", **CHARGEBEE_WRITES, retry_after=7, count=1)
    elsewhere = threading.Timer(2.5, bench.orgs.touch, (customer, {CF: "001elsewhere"}))
    elsewhere.start()
    report = bench.push(change_set)
    elsewhere.join()
    assert report.state == "partly_failed"
    (found,) = [each for each in bench.operations(change_set) if each.id == customer.id]
    assert (found.state, dict(found.present or {})[CF]) == ("stale", "001elsewhere")
    assert not bench.written([customer])


def test_a_locked_row_is_tried_again_and_its_neighbours_are_not(bench: Bench) -> None:
    change_set = some_unlinks(bench, 3)
    locked = next(each for each in bench.operations(change_set) if each.target.connection_id == "sf")
    bench.orgs.fault("row_lock", system="salesforce", records=locked.target.record_id, count=2)
    assert bench.push(change_set).state == "verified"
    attempts = {each.id: each.attempts for each in bench.operations(change_set)}
    assert attempts.pop(locked.id) == 3
    assert set(attempts.values()) == {1}
    bench.require_written_once(bench.operations(change_set))


def test_a_row_that_stays_locked_fails_alone_and_can_be_tried_again(bench: Bench) -> None:
    change_set = some_unlinks(bench, 3)
    locked = next(each for each in bench.operations(change_set) if each.target.connection_id == "sf")
    bench.orgs.fault("row_lock", system="salesforce", records=locked.target.record_id)
    report = bench.push(change_set)
    assert (report.state, dict(report.counts)) == ("partly_failed", {"verified": 5, "failed": 1})
    assert report.totals.is_tied_out
    failed = next(each for each in bench.operations(change_set) if each.state == "failed")
    assert (failed.id, failed.error_class, failed.attempts) == (locked.id, "lock", QUICK.attempts)
    bench.orgs.practice.clear_faults()
    bench.do(lifecycle.retry, change_set)
    assert bench.push(change_set).state == "verified"
    bench.require_written_once(bench.operations(change_set))


def test_a_refused_row_fails_with_the_system_s_own_words_and_is_not_repeated(bench: Bench) -> None:
    change_set = some_unlinks(bench, 3)
    refused = next(each for each in bench.operations(change_set) if each.target.connection_id == "sf")
    bench.orgs.fault(
        "partial_failure", system="salesforce", records=refused.target.record_id, message="Close the books first."
    )
    report = bench.push(change_set)
    assert (report.state, dict(report.counts)) == ("partly_failed", {"verified": 5, "failed": 1})
    failed = next(each for each in bench.operations(change_set) if each.state == "failed")
    assert (failed.id, failed.attempts, failed.error_class) == (refused.id, 1, "validation")
    assert (failed.error_code, failed.message) == ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "Close the books first.")
    assert failed.remedy
    written = [each for each in bench.operations(change_set) if each.state == "verified"]
    bench.require_written_once(written)
    assert bench.written([failed]) == Counter()


@pytest.mark.parametrize("system", ["salesforce", "chargebee"])
def test_a_system_that_stays_away_pauses_the_set_with_the_reason_and_nothing_is_lost(bench: Bench, system: str) -> None:
    change_set = some_unlinks(bench, 2)
    place = SALESFORCE_WRITES if system == "salesforce" else CHARGEBEE_WRITES
    bench.orgs.fault("429", **place)
    report = bench.push(change_set)
    assert (report.state, report.totals.is_tied_out) == ("paused", True)
    assert "limit" in report.note
    bench.orgs.practice.clear_faults()
    assert bench.push(change_set).state == "paused"  # a worker that comes along does not resume what a person must
    bench.do(lifecycle.resume, change_set)
    assert bench.push(change_set).state == "verified"
    bench.require_written_once(bench.operations(change_set))


@pytest.mark.parametrize("place", [SALESFORCE_WRITES, CHARGEBEE_WRITES], ids=["salesforce", "chargebee"])
def test_a_request_that_arrives_after_it_was_given_up_does_not_take_effect_twice(
    bench: Bench, place: dict[str, str]
) -> None:
    """The client gives up before the request is worked on; it is read back as not written and sent again meanwhile."""
    with bench.database.begin() as tx:
        for connection in (bench.orgs.left, bench.orgs.right):
            connections.set_options(tx, connection.id, {**connection.options, "read_timeout_s": "0.5"})
    change_set = some_unlinks(bench, 1)
    bench.orgs.fault("latency", **place, seconds=1.6, count=1)
    report = bench.push(change_set)
    assert (report.state, report.totals.is_tied_out) == ("verified", True)
    assert sum(each.attempts for each in bench.operations(change_set)) == 3
    time.sleep(1.7)  # until the first request has been worked on as well
    bench.require_written_once(bench.operations(change_set))


def test_what_cannot_be_read_back_stays_uncertain_until_it_can(bench: Bench) -> None:
    change_set = some_unlinks(bench, 3)
    bench.orgs.fault("dropped_after", **SALESFORCE_WRITES, count=1)
    bench.orgs.fault("503", system="salesforce", path="/composite/sobjects/", skip=1)
    report = bench.push(change_set, pace=replace(QUICK, attempts=2))
    assert (report.state, dict(report.counts)) == ("paused", {"verified": 3, "uncertain": 3})
    assert (report.totals.sent, report.totals.succeeded, report.totals.uncertain) == (6, 3, 3)
    assert report.totals.is_tied_out
    bench.orgs.practice.clear_faults()
    bench.do(lifecycle.stop, change_set)
    report = bench.push(change_set)  # a stopped set sends nothing, but settles what is open
    assert (report.state, dict(report.counts)) == ("stopped", {"verified": 6})
    bench.require_written_once(bench.operations(change_set))


def test_what_is_written_and_cannot_be_read_back_ends_as_pushed_and_is_verified_later(bench: Bench) -> None:
    change_set = some_unlinks(bench, 2)
    bench.orgs.fault("503", system="salesforce", path="/composite/sobjects/", skip=1)
    report = bench.push(change_set, pace=replace(QUICK, attempts=2))
    assert (report.state, dict(report.counts)) == ("pushed", {"verified": 2, "succeeded": 2})
    assert report.totals.is_tied_out
    bench.orgs.practice.clear_faults()
    counted = verify(bench.database, change_set.id, ANALYST, with_secrets, pace=QUICK)
    assert dict(counted.counts) == {"verified": 4}
    assert bench.state(change_set).state == "verified"
    bench.require_written_once(bench.operations(change_set))


def test_everything_at_once(bench: Bench) -> None:
    change_set = some_unlinks(bench, 7)
    for n, kind in enumerate(("latency", "429", "503", "dropped_before", "dropped_after", "drop_during")):
        bench.orgs.fault(kind, probability=0.12, seed=n, count=15, seconds=0.05)
    bench.orgs.fault("expired_session", path="/data/v", system="salesforce", probability=0.1, seed=9, count=4)
    bench.orgs.fault("row_lock", system="salesforce", probability=0.2, seed=8, count=10)
    report = push_until_it_ends(bench, change_set)
    assert bench.orgs.fired() > 5
    bench.orgs.practice.clear_faults()
    assert (report.state, dict(report.counts), report.totals.is_tied_out) == ("verified", {"verified": 14}, True)
    bench.require_written_once(bench.operations(change_set))


def push_until_it_ends(bench: Bench, change_set: ChangeSet) -> PushReport:
    for _ in range(12):
        try:
            report = bench.push(change_set)
        except RemoteError:  # preflight could not ask: nothing was started
            assert bench.state(change_set).state == "approved"
            continue
        if report.state != "paused":
            break
        bench.do(lifecycle.resume, change_set)
    return report
