"""Holding, stopping, canary, lease and the right org: what keeps a push from doing harm."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import pytest
import sqlalchemy as sa

from reconcile.changing import lifecycle
from reconcile.changing.lease import hold_lease
from reconcile.changing.pace import Wish
from reconcile.changing.plans import plan
from reconcile.changing.preflight import preflight
from reconcile.changing.push import push
from reconcile.changing.requests import FieldRequest, LinkRequest, UnlinkRequest
from reconcile.errors import ClaimedError, NotAllowedError, QuarantinedError, StateError
from reconcile.model import ChangeSet, Operation, Policy, RowResult
from reconcile.state import change_sets, connections, people, tables
from reconcile.state.tables import operations
from reconcile.systems import Writer
from tests.practice import running_practice
from tests.unit.changing.people import ANALYST, APPROVER, AUDITOR
from tests.unit.changing.rig import QUICK, Bench, Orgs, reader_with_secrets, with_secrets

SMALL = Policy(volume_stop_share=1.0, canary_size=2)


def unlinks(bench: Bench, number: int, policy: Policy = SMALL) -> ChangeSet:
    return bench.approve_requests(*(UnlinkRequest(*pair) for pair in bench.orgs.take(number)), policy=policy)


class Wishes:
    """A control that goes on for a while and then has its wish."""

    def __init__(self, wish: Wish, after: int) -> None:
        self.wish, self.left = wish, after

    def __call__(self) -> Wish:
        self.left -= 1
        return "go on" if self.left >= 0 else self.wish


def test_a_person_pauses_between_two_batches_and_the_rest_follows_when_resumed(bench: Bench) -> None:
    change_set = unlinks(bench, 4)
    asked = 0

    def control() -> Wish:
        nonlocal asked
        asked += 1
        if asked == 2:
            bench.do(lifecycle.pause, change_set)
        return "go on"

    report = bench.push(change_set, control=control)
    assert (report.state, report.counts["verified"]) == ("paused", 2)
    assert report.counts["pending"] == 6
    bench.do(lifecycle.resume, change_set)
    assert bench.push(change_set).state == "verified"
    bench.require_written_once(bench.operations(change_set))


@pytest.mark.parametrize("how", ["person", "worker"])
def test_a_stopped_push_leaves_the_rest_unsent_and_can_be_taken_back(bench: Bench, how: str) -> None:
    change_set = unlinks(bench, 4)
    wishes = Wishes("stop", 1)

    def control() -> Wish:
        wish = wishes()
        if wish == "stop" and how == "person":
            bench.do(lifecycle.stop, change_set)
            return "go on"
        return wish

    report = bench.push(change_set, control=control)
    assert (report.state, dict(report.counts)) == ("stopped", {"verified": 2, "skipped": 6})
    assert report.totals.is_tied_out
    bench.require_written_once([each for each in bench.operations(change_set) if each.state == "verified"])
    assert dict(bench.push(change_set).counts) == {"verified": 2, "skipped": 6}
    with pytest.raises(StateError):
        bench.do(lifecycle.resume, change_set)


def test_a_worker_that_must_leave_lets_another_one_go_on(bench: Bench) -> None:
    change_set = unlinks(bench, 3)
    assert bench.push(change_set, control=Wishes("leave", 1)).state == "pushing"
    assert bench.push(change_set).state == "verified"
    bench.require_written_once(bench.operations(change_set))


def test_the_first_records_are_tried_and_read_back_before_the_rest(bench: Bench) -> None:
    change_set = unlinks(bench, 8)
    bench.orgs.fault("partial_failure", system="salesforce", code="FIELD_CUSTOM_VALIDATION_EXCEPTION")
    report = bench.push(change_set)
    assert (report.state, report.counts["failed"]) == ("paused", 2)
    assert "Of the first 2 records of Account, 2 failed" in report.note
    assert report.counts["pending"] == 6
    assert {name for name, _ in bench.written(bench.operations(change_set))} == {"customer"}


def test_only_what_is_approved_is_pushed_and_only_by_who_may(bench: Bench) -> None:
    change_set = unlinks(bench, 1)
    with bench.database.begin() as tx:
        drafted = lifecycle.create(
            tx, ANALYST, "Draft", plan(bench.orgs.source, [UnlinkRequest(*bench.orgs.take(1)[0])])
        )
    with pytest.raises(StateError, match="is draft"):
        bench.push(drafted)
    with pytest.raises(NotAllowedError):
        bench_push_as_auditor(bench, change_set)
    with bench.database.begin() as tx:
        changed = sa.update(operations).where(operations.c.change_set_id == change_set.id)
        tx.execute(changed.values(after={"Name": "Something else"}))
    with pytest.raises(StateError, match="not what was approved"):
        bench.push(change_set)
    assert not bench.written(bench.operations(change_set))


def bench_push_as_auditor(bench: Bench, change_set: ChangeSet) -> None:
    push(bench.database, change_set.id, AUDITOR, with_secrets)


@pytest.mark.parametrize("how", ["demoted", "deactivated"])
def test_what_was_approved_by_somebody_who_may_no_longer_approve_is_not_started(bench: Bench, how: str) -> None:
    change_set = unlinks(bench, 1)
    with bench.database.begin() as tx:
        if how == "demoted":
            people.set_roles(tx, APPROVER.id, {"auditor"})
        else:
            people.set_active(tx, APPROVER.id, is_active=False)
    with pytest.raises(StateError, match="may no longer approve"):
        bench.push(change_set)
    assert bench.state(change_set).state == "approved"
    assert not bench.written(bench.operations(change_set))


def test_two_workers_never_push_one_set_at_once(bench: Bench) -> None:
    change_set = unlinks(bench, 2)
    with hold_lease(bench.database, change_set.id, 30), pytest.raises(ClaimedError):
        bench.push(change_set)
    outcomes: list[str] = []

    def run() -> None:
        try:
            outcomes.append(bench.push(change_set).state)
        except (ClaimedError, StateError) as error:
            outcomes.append(type(error).__name__)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("verified") == 1
    bench.require_written_once(bench.operations(change_set))


def test_a_process_whose_push_another_one_took_over_sends_nothing_more_of_its_batch(bench: Bench) -> None:
    """It was suspended in the middle of a batch, and its lease ran out."""
    change_set = unlinks(bench, 8, replace(SMALL, canary_size=25))
    bench.orgs.fault("latency", system="chargebee", path="/customers/", seconds=0.25)
    outcomes: list[str] = []

    def run() -> None:
        try:
            outcomes.append(bench.push(change_set, pace=replace(QUICK, lease_s=1.0)).state)
        except StateError as error:
            outcomes.append(type(error).__name__)

    suspended = threading.Thread(target=run)
    suspended.start()
    wait_until(lambda: bench.written(bench.operations(change_set)))
    with bench.database.begin() as tx:
        change_sets.take_lease(
            tx, change_set.id, "elsewhere/1/2/3", 30, dead_owner=change_sets.lease_owner(tx, change_set.id)
        )
        lifecycle.stop(tx, ANALYST, change_set.id)
    time.sleep(0.7)  # the lease of one second that is kept alive by a third of it
    written = bench.written(bench.operations(change_set))
    suspended.join()
    assert outcomes == ["ConflictError"]
    assert bench.written(bench.operations(change_set)) == written
    assert sum(written.values()) < 8


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_set_that_ends_too_many_links_is_refused(bench: Bench) -> None:
    change_set = unlinks(bench, 2, Policy(volume_stop_share=0.001))
    with pytest.raises(NotAllowedError, match="policy stops at"):
        bench.push(change_set)
    assert bench.state(change_set).state == "approved"
    assert not bench.written(bench.operations(change_set))


def test_preflight_says_where_how_much_and_what_cannot_be_undone(bench: Bench) -> None:
    change_set = unlinks(bench, 2)
    report = preflight(bench.database, change_set.id, APPROVER, with_secrets, open_reader=reader_with_secrets)
    assert report.is_passed
    said = {each.code: each for each in report.findings}
    assert {"where", "volume", "calls", "undoing"} <= set(said)
    assert "2 of the existing links" in said["volume"].sentence
    assert "cannot be undone" in said["undoing"].sentence


def test_preflight_warns_of_another_environment_than_declared(bench: Bench) -> None:
    change_set = unlinks(bench, 1)

    def declared(environment: str) -> list[str]:
        with bench.database.begin() as tx:
            tx.execute(
                sa.update(tables.connections).where(tables.connections.c.id == "sf").values(environment=environment)
            )
        report = preflight(bench.database, change_set.id, APPROVER, with_secrets, open_reader=reader_with_secrets)
        assert report.is_passed
        return [each.sentence for each in report.findings if each.code == "environment"]

    try:
        (warned,) = declared("sandbox")
        assert warned.startswith("Practice org is declared as sandbox, but it answers as practice.")
    finally:
        assert declared("practice") == []


def test_preflight_stops_what_would_use_up_the_requests_of_the_day(bench: Bench) -> None:
    settings = bench.orgs.practice.admin("GET", "settings")["salesforce"]
    change_set = unlinks(bench, 2)
    try:
        for spare, severity in ((1_000, "information"), (8, "warning"), (4, "stop")):
            used = bench.orgs.practice.admin("GET", "settings")["salesforce"]["used_calls"]
            limit = {"daily_limit": used + spare}
            bench.orgs.practice.admin("POST", "settings", json={"salesforce": limit})
            report = preflight(bench.database, change_set.id, APPROVER, with_secrets)
            (found,) = [each for each in report.findings if each.code == "calls" and "Practice org" in each.sentence]
            assert found.severity == severity, found
            assert "left today" in found.sentence
    finally:
        bench.orgs.practice.admin("POST", "settings", json={"salesforce": {"daily_limit": settings["daily_limit"]}})


def test_preflight_stops_what_the_user_may_not_write(bench: Bench) -> None:
    account, customer = bench.orgs.take_named_differently()
    change_set = bench.approve_requests(FieldRequest(account, customer, "Name", "company", "right"))
    with bench.database.begin() as tx:
        changed = sa.update(operations).where(operations.c.change_set_id == change_set.id)
        tx.execute(changed.values(after={"CreatedDate": "2026-01-01T00:00:00Z", "Nonsense__c": "1"}))
    report = preflight(bench.database, change_set.id, APPROVER, with_secrets, open_reader=reader_with_secrets)
    assert not report.is_passed
    assert sorted(each.sentence for each in report.findings if each.severity == "stop") == [
        "Account has no field Nonsense__c that the user can see.",
        "The connection's user may not write Account.CreatedDate.",
    ]


@pytest.fixture(scope="module")
def own_orgs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orgs]:
    """Orgs that may become other orgs."""
    with running_practice(tmp_path_factory.mktemp("own"), accounts=200, seed=12) as practice:
        yield Orgs(practice)


@pytest.mark.parametrize("moment", ["before", "between", "between, and who answers was asked a moment ago"])
def test_another_org_behind_the_address_is_quarantined_and_not_written_to(
    own_orgs: Orgs, bench: Bench, moment: str
) -> None:
    own_orgs.__post_init__()  # as it is now: the test before this one refreshed it
    with bench.database.begin() as tx:
        for connection in (own_orgs.left, own_orgs.right):
            tx.execute(sa.delete(tables.connections).where(tables.connections.c.id == connection.id))
            connections.add(tx, connection)
    bench = Bench(own_orgs, bench.database, own_orgs.last_write())
    change_set = unlinks(bench, 4)
    impatient = replace(QUICK, recheck_s=0.0)
    if moment == "before":
        own_orgs.practice.refresh_fingerprint()
        with pytest.raises(QuarantinedError, match="nothing may be written"):
            bench.push(change_set, pace=impatient)
        assert bench.state(change_set).state == "approved"
        assert not bench.written(bench.operations(change_set))
    else:
        wishes = Wishes("go on", 1)

        def control() -> Wish:
            if wishes.left == 0:
                own_orgs.practice.refresh_fingerprint()
            return wishes()

        with pytest.raises(QuarantinedError):
            bench.push(change_set, pace=impatient if moment == "between" else QUICK, control=control)
        assert bench.state(change_set).state == "paused"
        assert {name for name, _ in bench.written(bench.operations(change_set))} == {"customer"}
    with bench.database.read() as tx:
        assert connections.get(tx, "sf").quarantine_reason is not None
        assert connections.get(tx, "cb").quarantine_reason is None


def test_a_step_whose_earlier_step_failed_is_not_sent(bench: Bench) -> None:
    orgs = bench.orgs
    (old, customer), (new, other) = orgs.take(2)
    change_set = bench.approve(plan(orgs.source, [LinkRequest(new, customer, moves_from=old)]))
    bench.orgs.fault("partial_failure", system="salesforce", records=old)
    report = bench.push(change_set)
    assert report.state == "partly_failed"
    found = {(each.stage, each.target.record_id): each for each in bench.operations(change_set)}
    assert found[0, old].state == "failed"
    assert {each.error_code for (stage, _), each in found.items() if stage > 0} == {lifecycle.EARLIER_STEP}
    assert bench.written(list(found.values())).keys() <= {("customer", other)}
    orgs.practice.clear_faults()
    bench.do(lifecycle.retry, change_set)
    assert bench.push(change_set).state == "verified"
    bench.require_written_once(bench.operations(change_set))


def test_a_push_that_breaks_off_is_paused_with_the_reason_and_goes_on_without_repeating(bench: Bench) -> None:
    change_set = unlinks(bench, 3)

    class Breaking:
        """The real writer, whose program breaks after the first write of accounts took effect."""

        def __init__(self, inner: Writer) -> None:
            self.inner = inner

        def __getattr__(self, name: str) -> object:
            return getattr(self.inner, name)

        def write(self, object_name: str, sent: Sequence[Operation]) -> list[RowResult]:
            results = self.inner.write(object_name, sent)
            if object_name == "Account":
                raise ZeroDivisionError("a fault in the program")
            return results

    with pytest.raises(ZeroDivisionError):
        push(bench.database, change_set.id, ANALYST, lambda c: Breaking(with_secrets(c)), pace=QUICK)  # type: ignore[arg-type, return-value]  # stands in for the Writer it wraps
    assert bench.state(change_set).state == "paused"
    assert "a fault in the program" in bench.state(change_set).note
    assert {each.state for each in bench.operations(change_set)} == {"verified", "sending", "pending"}
    bench.do(lifecycle.resume, change_set)
    assert bench.push(change_set).state == "verified"
    bench.require_written_once(bench.operations(change_set))


def test_an_intent_is_committed_before_anything_is_sent(bench: Bench) -> None:
    change_set = unlinks(bench, 1)
    seen: list[tuple[str, int]] = []

    class Watching:
        """The real writer; on its way out it looks into the journal as another process would."""

        def __init__(self, inner: object) -> None:
            self.inner = inner

        def __getattr__(self, name: str) -> object:
            return getattr(self.inner, name)

        def write(self, object_name: str, sent: list[object]) -> object:
            with bench.database.read() as tx:
                states = change_sets.count_operations(tx, change_set.id)
                lines = change_sets.read_journal(tx, change_set.id)
            seen.append((object_name, states["sending"]))
            assert {each.id for each in sent} <= {each.operation_id for each in lines if each.event == "intent"}  # type: ignore[attr-defined]  # operations
            return self.inner.write(object_name, sent)  # type: ignore[attr-defined]  # a Writer

    push(bench.database, change_set.id, ANALYST, lambda c: Watching(with_secrets(c)))  # type: ignore[arg-type, return-value]  # stands in for the Writer it wraps
    assert sorted(seen) == [("Account", 1), ("customer", 1)]
