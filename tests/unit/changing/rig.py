"""Practice orgs as real processes, a workbench's database beside them, and what a push needs of both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from reconcile.changing import lifecycle
from reconcile.changing.pace import Pace
from reconcile.changing.plans import Plan, PlanSource, plan, plan_source
from reconcile.changing.push import PushReport, push
from reconcile.changing.requests import Request
from reconcile.model import ChangeSet, Connection, Operation, Policy, Snapshot
from reconcile.snapshots import open_snapshot, pull
from reconcile.state import change_sets, connections
from reconcile.state.database import Database
from reconcile.systems import Reader, Writer, open_reader, open_writer
from tests.practice import Practice
from tests.unit.changing.files import CB_ID, CF, INVOICE, NS, RECONCILIATION, SUBSCRIPTION
from tests.unit.changing.people import ANALYST, APPROVER, add_people

SECRETS: Mapping[str, Mapping[str, str]] = {
    "salesforce": {"client_secret": "practice"},
    "chargebee": {"api_key": "practice_key"},
}
LEFT_OBJECTS = ("Account", SUBSCRIPTION, INVOICE, f"{NS}CB_Site__c")
RIGHT_OBJECTS = ("customer", "subscription", "invoice")
QUICK = Pace(attempts=6, back_off_s=0.05, longest_back_off_s=0.4, grace_s=0.2, lease_s=20.0)
SALESFORCE_WRITES = {"system": "salesforce", "method": "POST", "path": "/composite$"}
CHARGEBEE_WRITES = {"system": "chargebee", "method": "POST", "path": "/customers/"}


def with_secrets(connection: Connection) -> Writer:
    return open_writer(connection, SECRETS[connection.system])


def reader_with_secrets(connection: Connection) -> Reader:
    return open_reader(connection, SECRETS[connection.system])


@dataclass
class Orgs:
    """A running practice org and site, their snapshots of the first moment, and pairs that no test has used yet."""

    practice: Practice
    left: Connection = field(init=False)
    right: Connection = field(init=False)
    source: PlanSource = field(init=False)
    linked: Iterator[tuple[str, str]] = field(init=False)

    def __post_init__(self) -> None:
        options = {"base_url": self.practice.salesforce_url, "login": "client_credentials", "client_id": "practice"}
        left = Connection("sf", "Practice org", "salesforce", "practice", None, options)
        site = {"base_url": self.practice.chargebee_url, "site": "acme-practice"}
        right = Connection("cb", "Practice site", "chargebee", "practice", None, site)
        self.left = replace(left, fingerprint=reader_with_secrets(left).fingerprint())
        self.right = replace(right, fingerprint=reader_with_secrets(right).fingerprint())
        self.source = self.pull()
        self.linked = iter(self._linked_pairs())

    def pull(self) -> PlanSource:
        """Snapshots of this moment, and the plans' source from them."""
        left = pull(reader_with_secrets(self.left), LEFT_OBJECTS, self.practice.home / "sf")
        right = pull(reader_with_secrets(self.right), RIGHT_OBJECTS, self.practice.home / "cb")
        return plan_source(RECONCILIATION, left, right, self.left, self.right)

    def take(self, number: int) -> list[tuple[str, str]]:
        """Pairs that both systems link to each other and that nobody took before."""
        return [next(self.linked) for _ in range(number)]

    def take_named_differently(self) -> tuple[str, str]:
        """A pair as `take` gives it, whose customer has a name that no account has."""
        names = {name for (name,) in self.rows(self.source.left, "SELECT lower(Name) FROM Account")}
        companies = dict(self.rows(self.source.right, "SELECT id, lower(company) FROM customer"))
        return next((account, customer) for account, customer in self.linked if companies[customer] not in names)

    def rows(self, snapshot: Snapshot, query: str) -> list[tuple[Any, ...]]:
        with open_snapshot(snapshot.path) as con:
            return con.execute(query).fetchall()

    def _linked_pairs(self) -> list[tuple[str, str]]:
        # An account whose name another has cannot be given that name again: the org's duplicate rule refuses it.
        own_name = "lower(Name) IN (SELECT lower(Name) FROM Account GROUP BY 1 HAVING count(*) = 1)"
        where = f"{CB_ID} IS NOT NULL AND IsPersonAccount = 'false' AND {own_name}"
        accounts = self.rows(self.source.left, f"SELECT Id, {CB_ID} FROM Account WHERE {where} ORDER BY Id")
        customers = dict(self.rows(self.source.right, f"SELECT id, {CF} FROM customer WHERE company IS NOT NULL"))
        held = Counter(customer for _, customer in accounts)
        return [(a, c) for a, c in accounts if customers.get(c) == a and held[c] == 1]

    def fault(self, kind: str, **spec: Any) -> None:
        """Switch a fault on, quick to pass by."""
        self.practice.faults(kind, **{"retry_after": 0.05, "seconds": 0.2, **spec})

    def fired(self) -> int:
        """How often faults struck."""
        return sum(int(each["fired"]) for each in self.practice.fault_state())

    def writes(self, since: int = 0) -> list[dict[str, Any]]:
        """Writes of clients that took effect."""
        return [each for each in self.practice.writes(since) if each["origin"] == "api"]

    def last_write(self) -> int:
        return max((int(each["sequence"]) for each in self.practice.writes()), default=0)

    def touch(self, operation: Operation, values: Mapping[str, Any]) -> None:
        """Somebody else writes to an operation's record."""
        self.practice.touch(_system(operation), operation.target.object, [operation.target.record_id], values)

    def delete(self, operation: Operation) -> None:
        """Somebody else deletes an operation's record."""
        self.practice.delete(_system(operation), operation.target.object, [operation.target.record_id])


def _system(operation: Operation) -> str:
    return "salesforce" if operation.target.connection_id == "sf" else "chargebee"


@dataclass
class Bench:
    """The practice orgs and one workbench's database."""

    orgs: Orgs
    database: Database
    started_after: int

    def approve(self, made: Plan, policy: Policy | None = None, title: str = "Links of May") -> ChangeSet:
        """The plan as an approved change set, written by one person and approved by another."""
        with self.database.begin() as tx:
            drafted = lifecycle.create(tx, ANALYST, title, made, policy=policy or Policy(volume_stop_share=1.0))
            submitted = lifecycle.submit(tx, ANALYST, drafted.id, drafted.revision)
            return lifecycle.approve(tx, APPROVER, drafted.id, submitted.revision)

    def approve_requests(self, *wanted: Request, policy: Policy | None = None) -> ChangeSet:
        return self.approve(plan(self.orgs.source, wanted), policy)

    def push(self, change_set: ChangeSet, pace: Pace = QUICK, **more: Any) -> PushReport:
        return push(self.database, change_set.id, ANALYST, with_secrets, pace=pace, **more)

    def operations(self, change_set: ChangeSet) -> list[Operation]:
        with self.database.read() as tx:
            return change_sets.operations(tx, change_set.id)

    def state(self, change_set: ChangeSet) -> ChangeSet:
        with self.database.read() as tx:
            return change_sets.get(tx, change_set.id)

    def do(self, act: Callable[..., ChangeSet], change_set: ChangeSet) -> ChangeSet:
        with self.database.begin() as tx:
            return act(tx, ANALYST, change_set.id)

    def journal(self, change_set: ChangeSet) -> list[change_sets.JournalEntry]:
        with self.database.read() as tx:
            return change_sets.read_journal(tx, change_set.id)

    def written(self, operations: Sequence[Operation]) -> Counter[tuple[str, str]]:
        """How often the orgs wrote each of the operations' records since the bench was set up."""
        ids = {each.target.record_id for each in operations}
        log = self.orgs.writes(self.started_after)
        return Counter((each["object"], each["record_id"]) for each in log if each["record_id"] in ids)

    def present(self, connection: Connection, object_name: str, ids: Sequence[str], fields: Sequence[str]) -> Any:
        return with_secrets(connection).read(object_name, ids, fields)

    def require_written_once(self, operations: Sequence[Operation]) -> None:
        """Each operation took effect in the orgs exactly once: none lost, none twice; and its values are there."""
        expected = Counter((each.target.object, each.target.record_id) for each in operations)
        assert self.written(operations) == expected
        final: dict[tuple[str, str, str], dict[str, str | None]] = {}
        for each in operations:
            target = each.target
            final.setdefault((target.connection_id, target.object, target.record_id), {}).update(each.after)
        for (connection_id, object_name, record_id), values in final.items():
            connection = self.orgs.left if connection_id == "sf" else self.orgs.right
            found = self.present(connection, object_name, [record_id], list(values))[record_id]
            assert found == values


def make_bench(orgs: Orgs, database: Database) -> Bench:
    """People and both connections in an empty database; the orgs without faults."""
    add_people(database)
    with database.begin() as tx:
        connections.add(tx, orgs.left)
        connections.add(tx, orgs.right)
    orgs.practice.clear_faults()
    return Bench(orgs, database, orgs.last_write())
