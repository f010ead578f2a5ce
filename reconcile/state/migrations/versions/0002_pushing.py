"""What pushing needs to know of a change set: what was approved, who pushes it, which operations go together."""

import sqlalchemy as sa
from alembic import op

from reconcile.state.columns import VALUES, Moment

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; sets made before this have no approval hash and must be approved anew."""
    op.add_column("change_sets", sa.Column("approved_hash", sa.Text(), nullable=True))
    op.add_column("change_sets", sa.Column("lease_owner", sa.Text(), nullable=True))
    op.add_column("change_sets", sa.Column("lease_until", Moment, nullable=True))
    op.add_column("change_sets", sa.Column("note", sa.Text(), server_default="", nullable=False))
    op.add_column("operations", sa.Column("requests", VALUES, nullable=True))
