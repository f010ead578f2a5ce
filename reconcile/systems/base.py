"""What every system offers: a Reader, where it can be written to a Writer, and the declarations of its own kind.

Declarations (frozen values that planning and screens read, never the network): which fields link two systems, how
many records may share a link, what hangs on a linked record, what a row's error code means, what the system limits,
and which differences between two systems are to be expected.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

from reconcile.errors import QuarantinedError
from reconcile.model import (
    Capabilities,
    Cardinality,
    Connection,
    DifferenceClass,
    Environment,
    ErrorClass,
    ObjectInfo,
    Operation,
    RowResult,
    SystemName,
)

if TYPE_CHECKING:  # half a second that a command which reads no remote system does not have to wait
    import pyarrow as pa


class Reader(Protocol):
    """Reads one connection. Every value is text or null; memory is bounded whatever the size of an object."""

    connection: Connection

    def fingerprint(self) -> str:
        """The organisation or site that answers now, asked of the remote."""
        ...

    def environment(self) -> Environment:
        """Whether production, a sandbox or a practice org answers."""
        ...

    def objects(self) -> tuple[str, ...]:
        """Names of the objects that can be pulled."""
        ...

    def describe(self, object_name: str) -> ObjectInfo:
        """The object's key, change stamp and fields.

        Raises:
            UnknownNameError: no such object.
        """
        ...

    def count(self, object_name: str) -> int | None:
        """The source's own count of the live records, None where it cannot count."""
        ...

    def count_by_month(self, object_name: str) -> Mapping[str, int] | None:
        """Live records per month of creation (UTC), as "2026-03" -> rows; None where the source cannot count so."""
        ...

    def changes(self, object_name: str, fields: Sequence[str], since: datetime | None) -> Iterator[pa.RecordBatch]:
        """Live records changed at or after `since` (all when None): `fields` as string columns, in that order.

        A record may come more than once; the last one counts.
        """
        ...

    def deleted(self, object_name: str, since: datetime) -> Iterator[str]:
        """Ids of the records deleted at or after `since`. May name records that were never seen."""
        ...


@runtime_checkable
class KnowsFates(Protocol):
    """A reader of a system that remembers deleted records for a while."""

    def fates_of_deleted(self, object_name: str) -> Iterator[tuple[str, str | None]]:
        """Ids of the records it still remembers as deleted, each with the record it was merged into, if it was."""
        ...


@runtime_checkable
class LearnsFields(Protocol):
    """A reader of a system that does not describe itself: fields are learned from records and from earlier pulls."""

    def learn(self, object_name: str, fields: Collection[str]) -> None:
        """Take these fields for fields of the object from now on."""
        ...


class Writer(Protocol):
    """Writes approved operations to one connection. Failures of single rows are values, not exceptions."""

    connection: Connection

    def fingerprint(self) -> str:
        """The organisation or site that answers now, asked of the remote."""
        ...

    def capabilities(self, object_name: str) -> Capabilities:
        """What a write to this object can carry."""
        ...

    def read(
        self, object_name: str, ids: Sequence[str], fields: Sequence[str]
    ) -> dict[str, dict[str, str | None] | None]:
        """Present values by id as asked for; None for a record that is gone."""
        ...

    def write(self, object_name: str, operations: Sequence[Operation]) -> list[RowResult]:
        """Write, each operation only if its `before` still holds: one result per operation, in the same order."""
        ...


@runtime_checkable
class KnowsRequestsLeft(Protocol):
    """A writer whose system counts the requests of a day and says how many are left."""

    def requests_left(self) -> int | None:
        """Requests that may still be made today; None where the system does not tell this user."""
        ...


@runtime_checkable
class Guarded(Protocol):
    """A writer that can be kept from sending at the last moment."""

    def guard(self, before_write: Callable[[], None]) -> None:
        """Have this called right before each request that writes; whatever it raises keeps the request here."""
        ...


@dataclass(frozen=True, slots=True)
class ErrorRule:
    """What an error code of a row means: its class, whether the same write may be sent again, and what to do."""

    error_class: ErrorClass
    is_retryable: bool
    remedy: str


@dataclass(frozen=True, slots=True)
class KeyFormat:
    """What a record id of the system looks like. `pattern` is a regular expression for the whole id."""

    pattern: str
    is_case_sensitive: bool
    note: str


@dataclass(frozen=True, slots=True)
class SystemLimits:
    """What the system permits; a screen shows it and the writer stays below it.

    Attributes:
        records_per_write: in one request. `records_per_read`: ids in one read-back request.
        requests_per_minute: None where the limit is per day or unknown.
    """

    records_per_write: int
    records_per_read: int
    requests_per_minute: int | None
    note: str


@dataclass(frozen=True, slots=True)
class CompanionField:
    """A field that is written together with the link field.

    Attributes:
        linked: the value on a linked record. None: the id of the record of `references` that names the other
            system's site, found by `references_key` = the other connection's fingerprint.
        unlinked: the value on a record without link; None clears the field.
    """

    name: str
    label: str
    type: Literal["boolean", "reference", "string"]
    linked: str | None
    unlinked: str | None
    references: str | None = None
    references_key: str | None = None


@dataclass(frozen=True, slots=True)
class ChildObject:
    """Records that hang on a linked record and stay behind when the link moves, so that they must be re-parented.

    Attributes:
        parent_field: lookup to the linked record.
        key_field: field that holds the other system's id of the child.
        other_object: the object of the other system that the child mirrors; `other_parent_field` names its owner
            there, so a child belongs under the record that is linked to that owner.
    """

    object: str
    label: str
    parent_field: str
    key_field: str
    other_object: str
    other_parent_field: str


@dataclass(frozen=True, slots=True)
class ExpectedDifference:
    """A disagreement that comes from how the systems work, not from a fault."""

    left_field: str
    right_field: str
    difference_class: DifferenceClass
    why: str


@dataclass(frozen=True, slots=True)
class LinkFields:
    """How records of two systems say that they are the same customer.

    Attributes:
        left_link_field: field of `left_object` that holds the id of the `right_object` record.
        right_link_field: field of `right_object` that holds the id of the `left_object` record.
        companions: left fields that are set and cleared with `left_link_field`.
        children: left objects to re-parent after the link moved.
        cardinality: "1:1", or "n:1" where many right records may share one left record.
    """

    left_system: SystemName
    right_system: SystemName
    left_object: str
    left_link_field: str
    right_object: str
    right_link_field: str
    cardinality: Cardinality
    companions: tuple[CompanionField, ...]
    children: tuple[ChildObject, ...]
    left_key: KeyFormat
    right_key: KeyFormat
    left_limits: SystemLimits
    right_limits: SystemLimits
    left_errors: Mapping[str, ErrorRule]
    right_errors: Mapping[str, ErrorRule]
    expected_differences: tuple[ExpectedDifference, ...]
    sync_note: str = ""

    def left_linked(self, right_id: str, site_record_id: str | None) -> dict[str, str | None]:
        """Left values of a record that is linked to `right_id`."""
        companions = {c.name: site_record_id if c.linked is None else c.linked for c in self.companions}
        return {self.left_link_field: right_id, **companions}

    def left_unlinked(self) -> dict[str, str | None]:
        """Left values of a record that is linked to nothing."""
        return {self.left_link_field: None, **{c.name: c.unlinked for c in self.companions}}

    def left_fields(self) -> tuple[str, ...]:
        """Every left field that a link writes, the link field first."""
        return (self.left_link_field, *(c.name for c in self.companions))


def check_fingerprint(connection: Connection, found: str) -> None:
    """Refuse to go on when another organisation answers than the connection was made for, or it is quarantined.

    Whoever opens a connection for writing calls this with what the remote says of itself. A connection that was never
    connected has no fingerprint yet and cannot be written to.

    Raises:
        QuarantinedError: with what was expected and what was found.
    """
    if connection.fingerprint is None or connection.fingerprint != found:
        raise QuarantinedError(connection.name, connection.fingerprint or "no organisation yet", found)
    if connection.quarantine_reason is not None:
        raise QuarantinedError(connection.name, connection.fingerprint, f"{found} ({connection.quarantine_reason})")


def check_is_same(connection: Connection, found: str) -> None:
    """As `check_fingerprint`, for those who only look: a connection that was never pulled may answer as anybody yet.

    Raises:
        QuarantinedError: with what was expected and what was found.
    """
    if connection.fingerprint is not None:
        check_fingerprint(connection, found)
