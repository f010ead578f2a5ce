"""The first tables."""

import sqlalchemy as sa
from alembic import op

from reconcile.state.append_only import forbid_changes
from reconcile.state.columns import BIG_KEY, VALUES, Moment

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make all tables."""
    op.create_table(
        "audit",
        sa.Column("seq", BIG_KEY, autoincrement=False, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("detail", VALUES, nullable=False),
        sa.Column("previous_hash", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit")),
        sa.UniqueConstraint("previous_hash", name=op.f("uq_audit_previous_hash")),
    )
    op.create_index(op.f("ix_audit_at"), "audit", ["at"], unique=False)
    op.create_index(op.f("ix_audit_subject_seq"), "audit", ["subject", "seq"], unique=False)
    op.create_table(
        "connections",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=True),
        sa.Column("options", VALUES, nullable=False),
        sa.Column("secrets", sa.Text(), nullable=True),
        sa.Column("quarantine_reason", sa.Text(), nullable=True),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("retired_at", Moment, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connections")),
    )
    op.create_table(
        "journal",
        sa.Column("seq", BIG_KEY, nullable=False),
        sa.Column("operation_id", sa.Text(), nullable=False),
        sa.Column("change_set_id", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("request", VALUES, nullable=True),
        sa.Column("response", VALUES, nullable=True),
        sa.Column("at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_journal")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_journal_change_set_id_seq"), "journal", ["change_set_id", "seq"], unique=False)
    op.create_index(op.f("ix_journal_operation_id_seq"), "journal", ["operation_id", "seq"], unique=False)
    op.create_table(
        "ledger_runs",
        sa.Column("reconciliation_id", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("standing", sa.Integer(), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("moved", sa.Integer(), nullable=False),
        sa.Column("returned", sa.Integer(), nullable=False),
        sa.Column("ended", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_ledger_runs")),
    )
    op.create_index(
        op.f("ix_ledger_runs_reconciliation_id_at"), "ledger_runs", ["reconciliation_id", "at"], unique=False
    )
    op.create_table(
        "links",
        sa.Column("seq", BIG_KEY, nullable=False),
        sa.Column("reconciliation_id", sa.Text(), nullable=False),
        sa.Column("left_connection_id", sa.Text(), nullable=False),
        sa.Column("left_object", sa.Text(), nullable=False),
        sa.Column("left_record_id", sa.Text(), nullable=False),
        sa.Column("right_connection_id", sa.Text(), nullable=False),
        sa.Column("right_object", sa.Text(), nullable=False),
        sa.Column("right_record_id", sa.Text(), nullable=False),
        sa.Column("is_stored_left", sa.Boolean(), nullable=False),
        sa.Column("is_stored_right", sa.Boolean(), nullable=False),
        sa.Column("first_seen_at", Moment, nullable=False),
        sa.Column("first_reason", sa.Text(), nullable=False),
        sa.Column("first_run_id", sa.Text(), nullable=True),
        sa.Column("first_change_set_id", sa.Text(), nullable=True),
        sa.Column("first_person_id", sa.Text(), nullable=True),
        sa.Column("ended_at", Moment, nullable=True),
        sa.Column("ended_reason", sa.Text(), nullable=True),
        sa.Column("ended_run_id", sa.Text(), nullable=True),
        sa.Column("ended_change_set_id", sa.Text(), nullable=True),
        sa.Column("ended_person_id", sa.Text(), nullable=True),
        sa.Column("open_key", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_links")),
        sa.UniqueConstraint("reconciliation_id", "open_key", name=op.f("uq_links_reconciliation_id_open_key")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_links_reconciliation_id_ended_at"), "links", ["reconciliation_id", "ended_at"], unique=False
    )
    op.create_index(
        op.f("ix_links_reconciliation_id_first_seen_at"), "links", ["reconciliation_id", "first_seen_at"], unique=False
    )
    op.create_index(
        op.f("ix_links_reconciliation_id_left_record_id"),
        "links",
        ["reconciliation_id", "left_record_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_links_reconciliation_id_right_record_id"),
        "links",
        ["reconciliation_id", "right_record_id"],
        unique=False,
    )
    op.create_table(
        "people",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_practice", sa.Boolean(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
    )
    op.create_table(
        "settings",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", VALUES, nullable=True),
        sa.Column("changed_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_settings")),
    )
    op.create_table(
        "change_sets",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("reconciliation_id", sa.Text(), nullable=True),
        sa.Column("run_id", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("author_id", sa.Text(), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("changed_at", Moment, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("approver_id", sa.Text(), nullable=True),
        sa.Column("approved_at", Moment, nullable=True),
        sa.Column("policy", VALUES, nullable=False),
        sa.Column("reverts_id", sa.Text(), nullable=True),
        sa.Column("link_share", sa.Float(), server_default="0", nullable=False),
        sa.Column("request_key", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["approver_id"], ["people.id"], name=op.f("fk_change_sets_approver_id")),
        sa.ForeignKeyConstraint(["author_id"], ["people.id"], name=op.f("fk_change_sets_author_id")),
        sa.ForeignKeyConstraint(["reverts_id"], ["change_sets.id"], name=op.f("fk_change_sets_reverts_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change_sets")),
        sa.UniqueConstraint("request_key", name=op.f("uq_change_sets_request_key")),
    )
    op.create_index(
        op.f("ix_change_sets_reconciliation_id_created_at"),
        "change_sets",
        ["reconciliation_id", "created_at"],
        unique=False,
    )
    op.create_index(op.f("ix_change_sets_state"), "change_sets", ["state"], unique=False)
    op.create_table(
        "claims",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("claimed_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_claims_person_id")),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_claims")),
    )
    op.create_table(
        "judgements",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("decision_id", sa.Text(), nullable=False),
        sa.Column("reconciliation_id", sa.Text(), nullable=False),
        sa.Column("left_connection_id", sa.Text(), nullable=False),
        sa.Column("left_object", sa.Text(), nullable=False),
        sa.Column("left_record_id", sa.Text(), nullable=False),
        sa.Column("right_connection_id", sa.Text(), nullable=False),
        sa.Column("right_object", sa.Text(), nullable=False),
        sa.Column("right_record_id", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("evidence_hash", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("made_at", Moment, nullable=False),
        sa.Column("withdrawn_at", Moment, nullable=True),
        sa.Column("withdrawn_by", sa.Text(), nullable=True),
        sa.Column("withdrawn_decision_id", sa.Text(), nullable=True),
        sa.Column("run_id", sa.Text(), nullable=True),
        sa.Column("exception_id", sa.Text(), nullable=True),
        sa.Column("exception_kind", sa.Text(), nullable=True),
        sa.Column("standing_key", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_judgements_person_id")),
        sa.ForeignKeyConstraint(["withdrawn_by"], ["people.id"], name=op.f("fk_judgements_withdrawn_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_judgements")),
        sa.UniqueConstraint(
            "reconciliation_id", "standing_key", name=op.f("uq_judgements_reconciliation_id_standing_key")
        ),
    )
    op.create_index(op.f("ix_judgements_decision_id"), "judgements", ["decision_id"], unique=False)
    op.create_index(
        op.f("ix_judgements_reconciliation_id_exception_id"),
        "judgements",
        ["reconciliation_id", "exception_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_judgements_reconciliation_id_left_record_id"),
        "judgements",
        ["reconciliation_id", "left_record_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_judgements_reconciliation_id_right_record_id"),
        "judgements",
        ["reconciliation_id", "right_record_id"],
        unique=False,
    )
    op.create_index(op.f("ix_judgements_withdrawn_decision_id"), "judgements", ["withdrawn_decision_id"], unique=False)
    op.create_table(
        "person_roles",
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_person_roles_person_id")),
        sa.PrimaryKeyConstraint("person_id", "role", name=op.f("pk_person_roles")),
    )
    op.create_table(
        "reconciliations",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("definition", VALUES, nullable=False),
        sa.Column("is_current", sa.Boolean(), nullable=False),
        sa.Column("saved_at", Moment, nullable=False),
        sa.Column("saved_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["saved_by"], ["people.id"], name=op.f("fk_reconciliations_saved_by")),
        sa.PrimaryKeyConstraint("id", "version", name=op.f("pk_reconciliations")),
    )
    op.create_index(
        "uq_reconciliations_current",
        "reconciliations",
        ["id"],
        unique=True,
        sqlite_where=sa.text("is_current"),
        postgresql_where=sa.text("is_current"),
    )
    op.create_table(
        "snapshots",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("base_id", sa.Text(), nullable=True),
        sa.Column("started_at", Moment, nullable=False),
        sa.Column("finished_at", Moment, nullable=False),
        sa.Column("objects", VALUES, nullable=False),
        sa.ForeignKeyConstraint(["connection_id"], ["connections.id"], name=op.f("fk_snapshots_connection_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_snapshots")),
    )
    op.create_index(
        op.f("ix_snapshots_connection_id_finished_at"), "snapshots", ["connection_id", "finished_at"], unique=False
    )
    op.create_table(
        "operations",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("change_set_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("before", VALUES, nullable=False),
        sa.Column("after", VALUES, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("modified_at", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("error_class", sa.Text(), nullable=True),
        sa.Column("error_code", sa.Text(), server_default="", nullable=False),
        sa.Column("message", sa.Text(), server_default="", nullable=False),
        sa.Column("remedy", sa.Text(), server_default="", nullable=False),
        sa.Column("present", VALUES, nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["change_set_id"], ["change_sets.id"], name=op.f("fk_operations_change_set_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operations")),
        sa.UniqueConstraint("change_set_id", "position", name=op.f("uq_operations_change_set_id_position")),
    )
    op.create_index(
        op.f("ix_operations_change_set_id_state_position"),
        "operations",
        ["change_set_id", "state", "position"],
        unique=False,
    )
    op.create_index(
        op.f("ix_operations_connection_id_object_record_id"),
        "operations",
        ["connection_id", "object", "record_id"],
        unique=False,
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("reconciliation_id", sa.Text(), nullable=False),
        sa.Column("reconciliation_version", sa.Integer(), nullable=False),
        sa.Column("left_snapshot_id", sa.Text(), nullable=False),
        sa.Column("right_snapshot_id", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("started_at", Moment, nullable=False),
        sa.Column("finished_at", Moment, nullable=False),
        sa.Column("started_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["left_snapshot_id"], ["snapshots.id"], name=op.f("fk_runs_left_snapshot_id")),
        sa.ForeignKeyConstraint(
            ["reconciliation_id", "reconciliation_version"],
            ["reconciliations.id", "reconciliations.version"],
            name="fk_runs_reconciliation",
        ),
        sa.ForeignKeyConstraint(["right_snapshot_id"], ["snapshots.id"], name=op.f("fk_runs_right_snapshot_id")),
        sa.ForeignKeyConstraint(["started_by"], ["people.id"], name=op.f("fk_runs_started_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
    )
    op.create_index(
        op.f("ix_runs_reconciliation_id_finished_at"), "runs", ["reconciliation_id", "finished_at"], unique=False
    )
    forbid_changes(op.get_bind(), ("journal", "audit"))
