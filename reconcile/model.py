"""The value types of Reconcile: what the words of the design mean in code.

Everything here is a frozen value. Ids are text. Times are timezone-aware UTC `datetime`s. Field values of a record are
text or null, exactly as the source system gave them.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, get_args

SystemName = Literal["salesforce", "chargebee", "files"]
Environment = Literal["production", "sandbox", "practice"]
PersonRole = Literal["analyst", "approver", "administrator", "auditor"]
Side = Literal["left", "right"]
Role = Literal[
    "name",
    "domain",
    "email",
    "phone",
    "street",
    "city",
    "region",
    "postcode",
    "country",
    "tax_id",
    "given_name",
    "family_name",
    "birth_date",
    "identifier",
]
ROLES: tuple[Role, ...] = get_args(Role)
Cardinality = Literal["1:1", "n:1"]
Band = Literal["accept", "review", "ignore"]
LinkOrigin = Literal["existing", "proposed"]
ExceptionKind = Literal[
    "dangling",
    "one_sided",
    "conflicting",
    "shared",
    "contradicted",
    "ambiguous",
    "unlinked",
    "unmatched",
    "duplicate",
]
EXCEPTION_KINDS: tuple[ExceptionKind, ...] = get_args(ExceptionKind)
Verdict = Literal["same", "different", "unsure"]
DifferenceClass = Literal["format", "rounding", "timing", "missing", "real"]
ChangeSetState = Literal[
    "draft",
    "submitted",
    "approved",
    "pushing",
    "paused",
    "stopped",
    "pushed",
    "partly_failed",
    "verified",
    "reverted",
]
OperationState = Literal[
    "pending",  # not sent
    "sending",  # its intent is in the journal; the answer is not
    "uncertain",  # the answer was lost; it must be read back before anything else happens to it
    "succeeded",  # the system said yes
    "verified",  # read back, and the value is there
    "mismatched",  # read back, and the value is another
    "failed",  # the system said no
    "stale",  # the record changed since the snapshot: back to review, not written
    "skipped",  # stopped before it was sent, or already as wanted
]
ErrorClass = Literal[
    "stale",
    "not_found",
    "validation",
    "duplicate",
    "permission",
    "limit",
    "lock",
    "unavailable",
    "lost_answer",
    "other",
]


def new_id(prefix: str) -> str:
    """A new id such as `run_20261122T093000_1f3c9a2b`: sorts by time of making, unique without coordination."""
    return f"{prefix}_{utc_now():%Y%m%dT%H%M%S}_{uuid.uuid4().hex[:8]}"


def utc_now() -> datetime:
    """The present moment, timezone-aware, whole microseconds."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who acts. `is_practice` marks the people that the demo invents."""

    id: str
    name: str
    roles: frozenset[PersonRole]
    is_practice: bool = False


@dataclass(frozen=True, slots=True)
class Connection:
    """One authenticated org or site of a system. Secrets are kept apart (`reconcile.state.connections`).

    Attributes:
        id: short, fit for a folder name, e.g. `salesforce-practice`.
        fingerprint: Salesforce organisation id, billing site id; None until first connected.
        options: what is not secret: base_url, site, api_version, login ("client_credentials", ...), client_id, ...
        quarantine_reason: why it may not be written to; None when it may.
    """

    id: str
    name: str
    system: SystemName
    environment: Environment
    fingerprint: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    quarantine_reason: str | None = None


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """One field of a remote object. `type` is the source's own word for it."""

    name: str
    label: str
    type: str
    is_updateable: bool = True
    is_nullable: bool = True
    references: str | None = None
    length: int | None = None


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """One remote object: its key, the field that orders its changes, and its fields.

    Attributes:
        modified_field: None where the source has none; then every pull of it is a full pull.
        created_field: None where the source has none; then completeness is proved by the total count alone.
    """

    name: str
    label: str
    id_field: str
    modified_field: str | None
    created_field: str | None
    fields: tuple[FieldInfo, ...]


@dataclass(frozen=True, slots=True)
class ObjectCount:
    """How one object came out of a pull. `expected` is the source's own count, None where it has none."""

    object: str
    rows: int
    expected: int | None
    content_hash: str
    months: Mapping[str, tuple[int, int | None]] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        """Whether the rows received are as many as the source counts (true where it cannot count)."""
        return self.expected is None or self.rows == self.expected


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What one pull of one connection brought: an immutable DuckDB file at `path`."""

    id: str
    connection_id: str
    system: SystemName
    environment: Environment
    fingerprint: str
    path: str
    kind: Literal["full", "incremental"]
    base_id: str | None
    started_at: datetime
    finished_at: datetime
    objects: tuple[ObjectCount, ...]


@dataclass(frozen=True, slots=True)
class Dataset:
    """One side of a reconciliation: an object of a connection, and what its columns mean.

    Attributes:
        link_field: the field in which this side stores the other side's record id; None where it stores none.
        roles: role -> the fields that hold it, joined by a space in this order.
        where: a DuckDB condition on the raw columns that limits the population; empty for all.
        owner_field, parent_field, amount_field, test_field: optional raw columns with a meaning for review: the
            responsible person, the parent record of the same object, what is at stake in cents, a test-record flag.
        person_account_field: raw flag that says the record is a person account.
        extra: further raw columns to carry for people to see.
    """

    connection_id: str
    object: str
    id_field: str
    roles: Mapping[Role, tuple[str, ...]]
    link_field: str | None = None
    where: str = ""
    owner_field: str | None = None
    parent_field: str | None = None
    amount_field: str | None = None
    test_field: str | None = None
    person_account_field: str | None = None
    extra: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FieldPair:
    """Two fields that ought to agree on a linked pair, and how they are compared.

    Attributes:
        name: what people call it, e.g. "Company name".
        role: gives the role's own idea of equal (phone digits, postcode without blanks ...); None compares text.
    """

    name: str
    left_field: str
    right_field: str
    role: Role | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """What a change set of a reconciliation must satisfy.

    Attributes:
        second_person: the approver must not be the author, unless the workbench has one person only.
        volume_stop_share: refuse a set that would change more than this share (0..1) of the existing links.
        canary_size: so many records are pushed and read back before the rest.
    """

    second_person: bool = True
    volume_stop_share: float = 0.25
    canary_size: int = 25


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """A saved definition. Every edit makes a new version; a run names the version it used.

    Attributes:
        accept, review: probabilities at or above which a candidate is accepted, or shown to a person.
        seed: makes sampling inside the matcher repeatable.
    """

    id: str
    version: int
    name: str
    left: Dataset
    right: Dataset
    cardinality: Cardinality = "1:1"
    compare: tuple[FieldPair, ...] = ()
    accept: float = 0.95
    review: float = 0.10
    seed: int = 0
    policy: Policy = field(default_factory=Policy)


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of a reconciliation over two snapshots: an immutable DuckDB file at `path`."""

    id: str
    reconciliation_id: str
    reconciliation_version: int
    left_snapshot_id: str
    right_snapshot_id: str
    path: str
    started_at: datetime
    finished_at: datetime
    started_by: str


@dataclass(frozen=True, slots=True)
class RecordRef:
    """A record by what never changes: connection, object, record id."""

    connection_id: str
    object: str
    record_id: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a person said of a pair (left and right record, or two records of one side), or of a cluster's members.

    Attributes:
        evidence_hash: of the values both records showed when it was said; a later run with another hash says so.
        withdrawn_at: set when it was undone; the row stays.
    """

    id: str
    reconciliation_id: str
    left: RecordRef
    right: RecordRef
    verdict: Verdict
    evidence_hash: str
    note: str
    person_id: str
    made_at: datetime
    withdrawn_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """One intended write to one record.

    Attributes:
        position: order inside the change set, from 0; an operation waits for those of lower `stage`.
        stage: operations of one stage are independent of each other (1 clears the old link, 2 sets the new one ...).
        before: the values the writer must find, by field: the precondition. None means the field is expected empty.
        after: the values to write. None clears the field.
        modified_at: the record's own modification stamp in the snapshot, as text, where it has one.
        reason: one sentence for the person who approves.
        attempts: how often it was sent.
        requests: ids of the requests it helps to carry out; a request's later stages wait for its earlier ones.
    """

    id: str
    change_set_id: str
    position: int
    stage: int
    target: RecordRef
    fingerprint: str
    before: Mapping[str, str | None]
    after: Mapping[str, str | None]
    reason: str
    modified_at: str | None = None
    state: OperationState = "pending"
    error_class: ErrorClass | None = None
    error_code: str = ""
    message: str = ""
    remedy: str = ""
    present: Mapping[str, str | None] | None = None
    attempts: int = 0
    requests: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """An ordered set of operations and where it stands. `revision` is for compare-and-set.

    Attributes:
        link_share: share (0..1) of the existing links that the set ends or moves.
        approved_hash: of the ids and values that were approved; a set that reads otherwise is not pushed.
        note: why it was rejected, paused or stopped; empty otherwise.
    """

    id: str
    reconciliation_id: str | None
    run_id: str | None
    title: str
    state: ChangeSetState
    author_id: str
    created_at: datetime
    revision: int
    approver_id: str | None = None
    policy: Policy = field(default_factory=Policy)
    reverts_id: str | None = None
    link_share: float = 0.0
    approved_hash: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class RowResult:
    """What the system said of one written row. A value, never an exception.

    Attributes:
        is_known: False when the answer was lost, so whether the write happened is not known.
    """

    operation_id: str
    record_id: str
    is_ok: bool
    is_known: bool = True
    error_class: ErrorClass | None = None
    code: str = ""
    message: str = ""
    is_retryable: bool = False
    remedy: str = ""
    raw: str = ""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a writer can do.

    Attributes:
        conditional_write: whether a row can carry its precondition to the server in the same request.
        batch_size: records in one request.
    """

    conditional_write: bool
    batch_size: int
    idempotency_key: bool = False
    merge: bool = False
    undelete: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a long piece of work is. `total` is None while unknown; `unit` is what is counted, e.g. "records"."""

    stage: str
    done: int
    total: int | None
    unit: str = "records"
