"""A worker that is killed (kill -9) again and again while everything goes wrong: what did the orgs receive in the end?

None lost, none twice, every uncertain one resolved by reading back. The truth is the orgs' own write log.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconcile.changing import totals
from reconcile.changing.plans import plan
from reconcile.changing.requests import FieldRequest, LinkRequest, Request, UnlinkRequest
from reconcile.model import ChangeSet, Operation, Policy
from reconcile.state import change_sets
from reconcile.state.change_sets import JournalEntry
from reconcile.state.database import Database
from tests.practice import running_practice
from tests.unit.changing.rig import Bench, Orgs, make_bench

PUSHER = Path(__file__).with_name("pusher.py")
FAULTS: tuple[tuple[str, dict[str, object]], ...] = (
    ("latency", {"probability": 0.15, "seconds": 0.12}),
    ("429", {"probability": 0.05}),
    ("503", {"probability": 0.05}),
    ("dropped_before", {"probability": 0.06}),
    ("dropped_after", {"probability": 0.08}),
    ("drop_during", {"probability": 0.04}),
    ("expired_session", {"probability": 0.04, "system": "salesforce", "path": "/data/v"}),
    ("row_lock", {"probability": 0.1, "system": "salesforce"}),
)


@pytest.fixture
def doomed(request: pytest.FixtureRequest, tmp_path: Path, migrated: Path) -> Iterator[Bench]:
    accounts = int(request.getfixturevalue("requests")) * 4 * 2 + 200
    with running_practice(tmp_path / "orgs", accounts=accounts, seed=21) as practice:
        path = tmp_path / "reconcile.db"
        path.write_bytes(migrated.read_bytes())
        database = Database(f"sqlite:///{path}")
        yield make_bench(Orgs(practice), database)
        database.close()


def mixed_requests(bench: Bench, number: int) -> list[Request]:
    """Moves, unlinks and field updates, in equal parts."""
    pairs = bench.orgs.take(4 * number)
    sources, goals = pairs[:number], pairs[number : 2 * number]
    moves = [
        LinkRequest(goal, customer, moves_from=account)
        for (account, customer), (goal, _) in zip(sources, goals, strict=True)
    ]
    unlinks = [UnlinkRequest(account, customer) for account, customer in pairs[2 * number : 3 * number]]
    fields = [FieldRequest(account, customer, "Name", "company", "left") for account, customer in pairs[3 * number :]]
    bench.orgs.practice.touch("chargebee", "customer", [each.right_id for each in fields], {"company": "Elsewhere"})
    return [*moves, *unlinks, *fields]


def push_and_kill(bench: Bench, change_set: ChangeSet, *, kills: int, seed: int) -> int:
    """Start workers until the set has ended, killing the first `kills` of them at random moments. Gives the kills."""
    rng = random.Random(seed)
    killed = 0
    command = [sys.executable, str(PUSHER), str(bench.database.url), change_set.id]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as workers:
        assert workers.stdin is not None
        assert workers.stdout is not None
        for _ in range(6 * kills + 30):
            workers.stdin.write("go\n")
            workers.stdin.flush()
            worker = int(workers.stdout.readline())
            if killed < kills:
                time.sleep(rng.uniform(0.02, 1.5))
                os.kill(worker, signal.SIGKILL)  # not yet waited for, so the id is still this worker's
            killed += workers.stdout.readline() == "ended -9\n"
            if bench.state(change_set).state not in {"approved", "pushing", "paused"}:
                workers.stdin.close()
                return killed
    raise AssertionError(f"the set never ended: {bench.state(change_set)}")


def require_each_uncertain_one_was_read_back(lines: list[JournalEntry]) -> None:
    """After an answer was lost, the next thing in the operation's journal is how reading back resolved it."""
    by_operation: dict[str, list[JournalEntry]] = {}
    for each in lines:
        by_operation.setdefault(each.operation_id, []).append(each)
    for entries in by_operation.values():
        for entry, following in zip(entries, [*entries[1:], None], strict=True):
            if (entry.response or {}).get("outcome") == "lose":
                assert following is not None
                assert following.event == "resolved"
            if entry.event == "intent":
                assert following is not None
                assert following.event == "answer"


def require_nothing_lost_or_twice(bench: Bench, change_set: ChangeSet) -> list[Operation]:
    operations = bench.operations(change_set)
    with bench.database.read() as tx:
        counted = totals.count(tx, change_set.id)
        lines = change_sets.read_journal(tx, change_set.id)
    assert counted.is_tied_out
    assert {each.state for each in operations} == {"verified"}
    bench.orgs.practice.clear_faults()
    bench.require_written_once(operations)
    require_each_uncertain_one_was_read_back(lines)
    return operations


@pytest.mark.parametrize(
    ("kills", "requests", "seed"),
    [
        pytest.param(8, 4, 1, id="8 kills"),
        pytest.param(60, 20, 2, id="60 kills", marks=[pytest.mark.slow, pytest.mark.timeout(1500)]),
    ],
)
def test_kill_9_at_any_moment_with_every_fault_on(doomed: Bench, kills: int, requests: int, seed: int) -> None:
    wanted = mixed_requests(doomed, requests)
    made = plan(doomed.orgs.pull(), wanted)
    change_set = doomed.approve(made, Policy(volume_stop_share=1.0, canary_size=5))
    for n, (kind, spec) in enumerate(FAULTS):
        doomed.orgs.fault(kind, seed=100 * seed + n, **spec)
    killed = push_and_kill(doomed, change_set, kills=kills, seed=seed)
    fired = doomed.orgs.fired()
    operations = require_nothing_lost_or_twice(doomed, change_set)
    print(
        f"{len(operations)} operations, {killed} kills, {fired} faults, attempts {sum(o.attempts for o in operations)}"
    )
    assert killed >= min(kills, 3)
    assert fired > 10
