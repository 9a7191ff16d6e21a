"""Meetings of parts, and what others call a meeting."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("events", sa.Column("part", _TEXT))
    op.create_table(
        "descriptions",
        sa.Column("provider", _TEXT, primary_key=True),
        sa.Column("meeting_id", _TEXT, primary_key=True),
        sa.Column("system", _TEXT, nullable=False),
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("title", _TEXT),
        sa.Column("participants", sa.JSON, nullable=False),
        sa.Index("descriptions_by_id", "id"),
    )
