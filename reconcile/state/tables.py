"""Every table of the operational database.

The migrations in `reconcile/state/migrations` make exactly these tables; a test compares the two. Ids are text. Times
are `Moment` (UTC). A column ending in `_id` that names a row here has a foreign key, except where the row may outlive
what it names (audit, journal).
"""

from __future__ import annotations

import sqlalchemy as sa

from reconcile.state.columns import BIG_KEY, VALUES, Moment

METADATA = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def _text(name: str, *, nullable: bool = False, default: str | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=nullable, server_default=default)


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean, nullable=False)


def _whole(name: str, *, default: str | None = None) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False, server_default=default)


def _reference(name: str, target: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, sa.ForeignKey(target), nullable=nullable)


def _record(side: str) -> list[sa.Column[str]]:
    """The three columns that name a record for good: connection, object, record id."""
    return [_text(f"{side}connection_id"), _text(f"{side}object"), _text(f"{side}record_id")]


# People -------------------------------------------------------------------------------------------------------------

people = sa.Table(
    "people",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    _text("name"),
    _flag("is_practice"),
    _flag("is_active"),
    sa.Column("created_at", Moment, nullable=False),
)

person_roles = sa.Table(
    "person_roles",
    METADATA,
    sa.Column("person_id", sa.Text, sa.ForeignKey("people.id"), primary_key=True),
    sa.Column("role", sa.Text, primary_key=True),
)

# Sources ------------------------------------------------------------------------------------------------------------

# `secrets` is the Fernet token of a JSON object, never the plain text.
connections = sa.Table(
    "connections",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    _text("name"),
    _text("system"),
    _text("environment"),
    _text("fingerprint", nullable=True),
    sa.Column("options", VALUES, nullable=False),
    _text("secrets", nullable=True),
    _text("quarantine_reason", nullable=True),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("retired_at", Moment),
)

snapshots = sa.Table(
    "snapshots",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    _reference("connection_id", "connections.id"),
    _text("system"),
    _text("environment"),
    _text("fingerprint"),
    _text("path"),
    _text("kind"),
    _text("base_id", nullable=True),
    sa.Column("started_at", Moment, nullable=False),
    sa.Column("finished_at", Moment, nullable=False),
    sa.Column("objects", VALUES, nullable=False),
    sa.Index(None, "connection_id", "finished_at"),
)

# Definitions and runs -----------------------------------------------------------------------------------------------

reconciliations = sa.Table(
    "reconciliations",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    _text("name"),
    sa.Column("definition", VALUES, nullable=False),
    _flag("is_current"),
    sa.Column("saved_at", Moment, nullable=False),
    _reference("saved_by", "people.id"),
    sa.Index(
        "uq_reconciliations_current",
        "id",
        unique=True,
        sqlite_where=sa.text("is_current"),
        postgresql_where=sa.text("is_current"),
    ),
)

runs = sa.Table(
    "runs",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    _text("reconciliation_id"),
    _whole("reconciliation_version"),
    _reference("left_snapshot_id", "snapshots.id"),
    _reference("right_snapshot_id", "snapshots.id"),
    _text("path"),
    sa.Column("started_at", Moment, nullable=False),
    sa.Column("finished_at", Moment, nullable=False),
    _reference("started_by", "people.id"),
    sa.ForeignKeyConstraint(
        ["reconciliation_id", "reconciliation_version"],
        ["reconciliations.id", "reconciliations.version"],
        name="fk_runs_reconciliation",
    ),
    sa.Index(None, "reconciliation_id", "finished_at"),
)

# Models of the match. The one in use (`is_current`) scores every run until a person promotes another.
match_models = sa.Table(
    "match_models",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    _text("reconciliation_id"),
    _text("version"),
    _text("origin"),
    _text("run_id"),
    sa.Column("models", VALUES, nullable=False),
    sa.Column("figures", VALUES, nullable=False),
    sa.Column("made_at", Moment, nullable=False),
    _reference("made_by", "people.id"),
    sa.Column("promoted_at", Moment),
    _reference("promoted_by", "people.id", nullable=True),
    _flag("is_current"),
    sa.Index(None, "reconciliation_id", "made_at"),
    sa.Index(
        "uq_match_models_current",
        "reconciliation_id",
        unique=True,
        sqlite_where=sa.text("is_current"),
        postgresql_where=sa.text("is_current"),
    ),
)

# Review -------------------------------------------------------------------------------------------------------------

# One row for each judged pair. What a person decides at once (reject the shown pair and pick another) shares a
# `decision_id`, so that undo takes it back as a whole. `standing_key` is the pair in a fixed order while the judgement
# stands and null once it is withdrawn: its uniqueness lets at most one judgement of a pair stand.
judgements = sa.Table(
    "judgements",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    _text("decision_id"),
    _text("reconciliation_id"),
    *_record("left_"),
    *_record("right_"),
    _text("verdict"),
    _text("evidence_hash"),
    _text("note"),
    _reference("person_id", "people.id"),
    sa.Column("made_at", Moment, nullable=False),
    sa.Column("withdrawn_at", Moment),
    _reference("withdrawn_by", "people.id", nullable=True),
    _text("withdrawn_decision_id", nullable=True),
    _text("run_id", nullable=True),
    _text("exception_id", nullable=True),
    _text("exception_kind", nullable=True),
    _text("standing_key", nullable=True),
    # When the row last came to stand or ceased to: what a queue that is already open asks for to keep up.
    sa.Column("changed_at", Moment, nullable=False, server_default="1970-01-01 00:00:00"),
    sa.UniqueConstraint("reconciliation_id", "standing_key"),
    sa.Index(None, "reconciliation_id", "changed_at"),
    sa.Index(None, "decision_id"),
    sa.Index(None, "withdrawn_decision_id"),
    sa.Index(None, "person_id", "made_at"),
    sa.Index(None, "reconciliation_id", "exception_id"),
    sa.Index(None, "reconciliation_id", "left_record_id"),
    sa.Index(None, "reconciliation_id", "right_record_id"),
)

claims = sa.Table(
    "claims",
    METADATA,
    sa.Column("subject", sa.Text, primary_key=True),
    _reference("person_id", "people.id"),
    sa.Column("claimed_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
)

# Changes ------------------------------------------------------------------------------------------------------------

# `request_key` makes a repeated "make a change set of this" (double click, resumed job) find the set it already made.
change_sets = sa.Table(
    "change_sets",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    _text("reconciliation_id", nullable=True),
    _text("run_id", nullable=True),
    _text("title"),
    _text("state"),
    _reference("author_id", "people.id"),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("changed_at", Moment, nullable=False),
    _whole("revision"),
    _reference("approver_id", "people.id", nullable=True),
    sa.Column("approved_at", Moment),
    sa.Column("policy", VALUES, nullable=False),
    _reference("reverts_id", "change_sets.id", nullable=True),
    sa.Column("link_share", sa.Float, nullable=False, server_default="0"),
    _text("request_key", nullable=True),
    # What was approved, as a hash of ids and values: a set that reads otherwise is not pushed.
    _text("approved_hash", nullable=True),
    # Which process pushes it at this moment, and until when nobody else may take over.
    _text("lease_owner", nullable=True),
    sa.Column("lease_until", Moment),
    _text("note", default=""),
    sa.UniqueConstraint("request_key"),
    sa.Index(None, "state"),
    sa.Index(None, "reconciliation_id", "created_at"),
)

operations = sa.Table(
    "operations",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    _reference("change_set_id", "change_sets.id"),
    _whole("position"),
    _whole("stage"),
    *_record(""),
    _text("fingerprint"),
    sa.Column("before", VALUES, nullable=False),
    sa.Column("after", VALUES, nullable=False),
    _text("reason"),
    _text("modified_at", nullable=True),
    _text("state"),
    _text("error_class", nullable=True),
    _text("error_code", default=""),
    _text("message", default=""),
    _text("remedy", default=""),
    sa.Column("present", VALUES),
    _whole("attempts", default="0"),
    # Ids of the requests that the operation helps to carry out: a request's later stages wait for its earlier ones.
    sa.Column("requests", VALUES),
    sa.UniqueConstraint("change_set_id", "position"),
    sa.Index(None, "change_set_id", "state", "position"),
    sa.Index(None, "connection_id", "object", "record_id"),
)

# Append-only (a trigger refuses update and delete). `event`: intent, answer, read_back, resolved.
journal = sa.Table(
    "journal",
    METADATA,
    sa.Column("seq", BIG_KEY, primary_key=True),
    _text("operation_id"),
    _text("change_set_id"),
    _whole("attempt"),
    _text("event"),
    sa.Column("request", VALUES),
    sa.Column("response", VALUES),
    sa.Column("at", Moment, nullable=False),
    sa.Index(None, "operation_id", "seq"),
    sa.Index(None, "change_set_id", "seq"),
    sqlite_autoincrement=True,
)

# Ledger -------------------------------------------------------------------------------------------------------------

# One row for each unbroken life of a link: a link that ends and comes back has two rows. `open_key` is the pair while
# the link lives and null once it has ended, so that a pair lives at most once at a time.
links = sa.Table(
    "links",
    METADATA,
    sa.Column("seq", BIG_KEY, primary_key=True),
    _text("reconciliation_id"),
    *_record("left_"),
    *_record("right_"),
    _flag("is_stored_left"),
    _flag("is_stored_right"),
    sa.Column("first_seen_at", Moment, nullable=False),
    _text("first_reason"),
    _text("first_run_id", nullable=True),
    _text("first_change_set_id", nullable=True),
    _text("first_person_id", nullable=True),
    sa.Column("ended_at", Moment),
    _text("ended_reason", nullable=True),
    _text("ended_run_id", nullable=True),
    _text("ended_change_set_id", nullable=True),
    _text("ended_person_id", nullable=True),
    _text("open_key", nullable=True),
    sa.UniqueConstraint("reconciliation_id", "open_key"),
    sa.Index(None, "reconciliation_id", "left_record_id"),
    sa.Index(None, "reconciliation_id", "right_record_id"),
    sa.Index(None, "reconciliation_id", "first_seen_at"),
    sa.Index(None, "reconciliation_id", "ended_at"),
    sqlite_autoincrement=True,
)

# Which runs the ledger has taken in, and what each brought: makes recording a run twice harmless.
ledger_runs = sa.Table(
    "ledger_runs",
    METADATA,
    _text("reconciliation_id"),
    sa.Column("run_id", sa.Text, primary_key=True),
    sa.Column("at", Moment, nullable=False),
    _whole("standing"),
    _whole("added"),
    _whole("moved"),
    _whole("returned"),
    _whole("ended"),
    sa.Index(None, "reconciliation_id", "at"),
)

# Audit and settings -------------------------------------------------------------------------------------------------

# Append-only (a trigger refuses update and delete). `hash` covers the row and `previous_hash`, so a row that was
# altered, removed or slipped in breaks the chain. `seq` has no gaps: it is counted under the lock that writes the row.
audit = sa.Table(
    "audit",
    METADATA,
    sa.Column("seq", BIG_KEY, primary_key=True, autoincrement=False),
    sa.Column("at", Moment, nullable=False),
    _text("person_id"),
    _text("action"),
    _text("subject"),
    sa.Column("detail", VALUES, nullable=False),
    _text("previous_hash"),
    _text("hash"),
    sa.UniqueConstraint("previous_hash"),
    sa.Index(None, "subject", "seq"),
    sa.Index(None, "at"),
)

settings = sa.Table(
    "settings",
    METADATA,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("value", VALUES),
    sa.Column("changed_at", Moment, nullable=False),
)
