"""Dead letters that were discarded, and replays on their way."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "discards",
        sa.Column("consumer", _TEXT, primary_key=True),
        sa.Column("event_id", _TEXT, primary_key=True),
        sa.Column("why", _TEXT, nullable=False),
        sa.Column("discarded_ms", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "replays",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("command", _TEXT, nullable=False),
        sa.Column("began_ms", sa.BigInteger, nullable=False),
        sa.Column("since_ms", sa.BigInteger),
        sa.Column("until_ms", sa.BigInteger),
        sa.Column("done", sa.BigInteger, nullable=False),
        sa.Column("marks", _TEXT, nullable=False),
    )
