"""Transcripts that were asked for once more, and what became of that."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "retranscriptions",
        sa.Column("provider", _TEXT, primary_key=True),
        sa.Column("meeting_id", _TEXT, primary_key=True),
        sa.Column("request", _TEXT, primary_key=True),
        sa.Column("cause", _TEXT, nullable=False),
        sa.Column("reason", sa.String(16), nullable=False),
        sa.Column("event_type", _TEXT, nullable=False),
        sa.Column("transcriber", _TEXT),
        sa.Column("language", _TEXT),
        sa.Column("stage", sa.String(16), nullable=False),
        sa.Column("calls", sa.Integer, nullable=False),
        sa.Column("made", sa.String(64)),
        sa.Column("failures", sa.Integer),
        sa.Column("version", sa.Integer),
        sa.Column("requested_ms", sa.BigInteger, nullable=False),
        sa.Column("called_ms", sa.BigInteger),
        sa.Column("asked_ms", sa.BigInteger),
        sa.Column("ended_ms", sa.BigInteger),
        sa.Column("message", _TEXT, nullable=False),
        sa.Index("retranscriptions_by_time", "requested_ms"),
    )
