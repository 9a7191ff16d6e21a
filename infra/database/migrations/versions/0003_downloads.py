"""The journal of downloads, where each artifact came from, and the meetings that were forgotten."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("artifacts", sa.Column("source", sa.String(64)))
    op.add_column("artifacts", sa.Column("etag", _TEXT))
    op.create_table(
        "downloads",
        *_meeting_key(),
        sa.Column("kind", sa.String(32), primary_key=True),
        sa.Column("source", sa.String(64), primary_key=True),
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("media_type", _TEXT, nullable=False),
        sa.Column("upload_id", _TEXT, nullable=False),
        sa.Column("etag", _TEXT),
        sa.Column("modified", _TEXT),
        sa.Column("size", sa.BigInteger),
        sa.Column("saved", sa.BigInteger, nullable=False),
        sa.Column("whole", sa.Boolean, nullable=False),
        sa.Column("event_id", _TEXT, nullable=False),
        sa.Column("started_ms", sa.BigInteger, nullable=False),
        sa.Column("updated_ms", sa.BigInteger, nullable=False),
    )
    op.create_table("forgotten", *_meeting_key(), sa.Column("forgotten_ms", sa.BigInteger, nullable=False))


def _meeting_key() -> tuple[sa.Column[str], sa.Column[str]]:
    return (
        sa.Column("provider", _TEXT, primary_key=True),
        sa.Column("meeting_id", _TEXT, primary_key=True),
    )
