"""What is checked before the first write of a change set, and what a person is told before they approve it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from reconcile.changing.pace import Pace
from reconcile.changing.plans.combine import count_ended_links
from reconcile.changing.remotes import OpenWriter, Remotes
from reconcile.errors import NotAllowedError, StateError
from reconcile.model import ChangeSet, Connection, Operation, Person
from reconcile.state import change_sets, connections
from reconcile.state.database import Database
from reconcile.systems import KnowsRequestsLeft, Reader

OpenReader = Callable[[Connection], Reader]
Severity = Literal["stop", "warning", "information"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that preflight found. `stop` keeps the set from being pushed; `code` is for programs."""

    severity: Severity
    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class PreflightReport:
    """What was checked of a set, and what was found."""

    change_set_id: str
    findings: tuple[Finding, ...]

    @property
    def is_passed(self) -> bool:
        """Whether nothing stands in the way."""
        return all(each.severity != "stop" for each in self.findings)


def preflight(
    database: Database,
    change_set_id: str,
    actor: Person,
    open_writer: OpenWriter,
    *,
    open_reader: OpenReader | None = None,
    pace: Pace | None = None,
) -> PreflightReport:
    """Check a set against the systems as they are now. Writes nothing there; a wrong org is quarantined here.

    With `open_reader` it is also asked which fields the connection's user may write.

    Raises:
        QuarantinedError: a connection leads to another org than the operations were planned for.
        RemoteError: a system does not answer, or refuses.
        UnknownNameError: no such change set.
    """
    with database.read() as tx:
        change_set = change_sets.get(tx, change_set_id)
        operations = change_sets.operations(tx, change_set_id)
    remotes = Remotes(database, actor, open_writer, pace or Pace())
    return inspect(remotes, change_set, operations, open_reader=open_reader)


def inspect(
    remotes: Remotes,
    change_set: ChangeSet,
    operations: Sequence[Operation],
    *,
    open_reader: OpenReader | None = None,
) -> PreflightReport:
    """What `preflight` does, with connections that are open already.

    Raises:
        QuarantinedError, RemoteError: as for `preflight`.
    """
    remotes.check(operations)
    with remotes.database.read() as tx:
        known = {each.target.connection_id: connections.get(tx, each.target.connection_id) for each in operations}
    findings = [
        *_where(known.values(), operations),
        *_emptiness(operations),
        *_duplicates(operations),
        *_volume(change_set, operations),
        *_calls(remotes, operations),
        *_undoing(operations),
    ]
    if open_reader is not None:
        findings.extend(_environments(open_reader, known.values()))
        findings.extend(_fields(open_reader, known, operations))
    order: dict[Severity, int] = {"stop": 0, "warning": 1, "information": 2}
    return PreflightReport(change_set.id, tuple(sorted(findings, key=lambda each: order[each.severity])))


def require_passed(actor: Person, change_set: ChangeSet, report: PreflightReport) -> None:
    """Let a set pass that nothing stands in the way of.

    Raises:
        NotAllowedError: the policy's volume stop.
        StateError: anything else that stops it.
    """
    stops = [each for each in report.findings if each.severity == "stop"]
    if not stops:
        return
    if stops[0].code == "volume":
        raise NotAllowedError(actor.name, f"push {change_set.title!r}", stops[0].sentence.rstrip("."))
    remedy = " ".join(each.sentence for each in stops)
    raise StateError(f"Change set {change_set.title!r}", "not fit to be pushed", "pushed", remedy=remedy)


def _where(known: Iterable[Connection], operations: Sequence[Operation]) -> Iterator[Finding]:
    counted = Counter(each.target.connection_id for each in operations)
    for connection in known:
        place = f"{connection.name} ({connection.environment.upper()}, {connection.fingerprint})"
        severity: Severity = "warning" if connection.environment == "production" else "information"
        yield Finding(severity, "where", f"{counted[connection.id]} records of {place} will be written.")


def _environments(open_reader: OpenReader, known: Iterable[Connection]) -> Iterator[Finding]:
    """What answers may be another kind of place than it was declared as: a production org taken for a sandbox."""
    for connection in known:
        found = open_reader(connection).environment()
        if found != connection.environment:
            declared = f"{connection.name} is declared as {connection.environment}, but it answers as {found}."
            yield Finding("warning", "environment", f"{declared} Look twice before anything is written there.")


def _emptiness(operations: Sequence[Operation]) -> Iterator[Finding]:
    if not operations:
        yield Finding("stop", "empty", "The set holds no operations.")


def _duplicates(operations: Sequence[Operation]) -> Iterator[Finding]:
    counted = Counter((each.target, each.stage) for each in operations)
    for (target, _), number in counted.items():
        if number > 1:
            yield Finding(
                "stop", "duplicate", f"{target.object} {target.record_id} is to be written {number} times at once."
            )


def _volume(change_set: ChangeSet, operations: Sequence[Operation]) -> Iterator[Finding]:
    ended, share = count_ended_links(operations), change_set.link_share
    if change_set.reverts_id is not None:
        return
    bound = change_set.policy.volume_stop_share
    if share > bound:
        sentence = f"It ends or moves {ended} links, {share:.0%} of all; the policy stops at {bound:.0%}."
        yield Finding("stop", "volume", sentence)
    elif ended:
        yield Finding("information", "volume", f"It ends or moves {ended} of the existing links ({share:.1%}).")


def _calls(remotes: Remotes, operations: Sequence[Operation]) -> Iterator[Finding]:
    """What it costs: each batch is read, written and read back."""
    groups = Counter((each.target.connection_id, each.target.object) for each in operations)
    needed: Counter[str] = Counter()
    for (connection_id, object_name), number in groups.items():
        size = remotes.writer(connection_id).capabilities(object_name).batch_size
        needed[connection_id] += 3 * -(-number // size)
    for connection_id, requests in needed.items():
        writer = remotes.writer(connection_id)
        left = writer.requests_left() if isinstance(writer, KnowsRequestsLeft) else None
        said = f"{writer.connection.name}: about {requests:,} requests"
        if left is None:
            yield Finding("information", "calls", f"{said}.")
        elif requests > left:
            yield Finding("stop", "calls", f"{said}, but only {left:,} are left today.")
        else:
            severity: Severity = "warning" if 2 * requests > left else "information"
            yield Finding(severity, "calls", f"{said}; {left:,} are left today.")


def _undoing(operations: Sequence[Operation]) -> Iterator[Finding]:
    fields = sum(len(each.after) for each in operations)
    if fields:
        yield Finding(
            "information",
            "undoing",
            f"Each of the {fields} field writes can be reverted while the value is still ours. What the other systems "
            "do because of a write (flows, mails, a connector's next sync) cannot be undone from here.",
        )


def _fields(
    open_reader: OpenReader, known: Mapping[str, Connection], operations: Sequence[Operation]
) -> Iterator[Finding]:
    written: dict[tuple[str, str], set[str]] = {}
    for each in operations:
        written.setdefault((each.target.connection_id, each.target.object), set()).update(each.after)
    readers = {connection_id: open_reader(known[connection_id]) for connection_id, _ in written}
    for (connection_id, object_name), fields in written.items():
        described = {each.name: each for each in readers[connection_id].describe(object_name).fields}
        for name in sorted(fields):
            if name not in described:
                yield Finding("stop", "field", f"{object_name} has no field {name} that the user can see.")
            elif not described[name].is_updateable:
                yield Finding("stop", "field", f"The connection's user may not write {object_name}.{name}.")
