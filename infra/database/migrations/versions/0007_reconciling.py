"""What comparing meetings with their providers came to, and whose turn it is to compare."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "verdicts",
        sa.Column("provider", _TEXT, primary_key=True),
        sa.Column("meeting_id", _TEXT, primary_key=True),
        sa.Column("event_type", _TEXT, primary_key=True),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("reason", _TEXT, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("handed_ms", sa.BigInteger),
    )
    op.create_table(
        "reconciliations",
        sa.Column("provider", _TEXT, primary_key=True),
        sa.Column("holder", _TEXT),
        sa.Column("held_until_ms", sa.BigInteger, nullable=False),
        sa.Column("first_ms", sa.BigInteger),
        sa.Column("begun_ms", sa.BigInteger),
        sa.Column("covered_ms", sa.BigInteger),
        sa.Column("wanted_ms", sa.BigInteger),
    )
