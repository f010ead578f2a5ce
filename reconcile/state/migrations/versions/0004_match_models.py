"""The models of the match: proposed, promoted by a person, and kept."""

import sqlalchemy as sa
from alembic import op

from reconcile.state.columns import VALUES, Moment

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table and what keeps it to one model in use for each reconciliation."""
    op.create_table(
        "match_models",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("reconciliation_id", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("models", VALUES, nullable=False),
        sa.Column("figures", VALUES, nullable=False),
        sa.Column("made_at", Moment, nullable=False),
        sa.Column("made_by", sa.Text, nullable=False),
        sa.Column("promoted_at", Moment),
        sa.Column("promoted_by", sa.Text),
        sa.Column("is_current", sa.Boolean, nullable=False),
        sa.ForeignKeyConstraint(["made_by"], ["people.id"], name=op.f("fk_match_models_made_by")),
        sa.ForeignKeyConstraint(["promoted_by"], ["people.id"], name=op.f("fk_match_models_promoted_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_match_models")),
    )
    op.create_index(op.f("ix_match_models_reconciliation_id_made_at"), "match_models", ["reconciliation_id", "made_at"])
    op.create_index(
        "uq_match_models_current",
        "match_models",
        ["reconciliation_id"],
        unique=True,
        sqlite_where=sa.text("is_current"),
        postgresql_where=sa.text("is_current"),
    )
