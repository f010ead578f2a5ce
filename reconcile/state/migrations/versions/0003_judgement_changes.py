"""When a judgement last came to stand or ceased to, so that an open queue can ask for what is new."""

import sqlalchemy as sa
from alembic import op

from reconcile.state.columns import Moment

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column and the indices that serve it."""
    op.add_column("judgements", sa.Column("changed_at", Moment, server_default="1970-01-01 00:00:00", nullable=False))
    op.create_index(
        op.f("ix_judgements_reconciliation_id_changed_at"), "judgements", ["reconciliation_id", "changed_at"]
    )
    op.create_index(op.f("ix_judgements_person_id_made_at"), "judgements", ["person_id", "made_at"])
