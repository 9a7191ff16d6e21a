"""Meetings, their events and artifacts, transcripts with full text, outcomes and failures."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_LARGE = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    _create_meetings()
    _create_transcripts()
    _create_bookkeeping()


def _meeting_key() -> tuple[sa.Column[str], sa.Column[str]]:
    return (
        sa.Column("provider", _TEXT, primary_key=True),
        sa.Column("meeting_id", _TEXT, primary_key=True),
    )


def _create_meetings() -> None:
    moment = sa.DateTime(timezone=True)
    said = (
        ("error", _TEXT),
        ("message", _TEXT),
        ("joined_at", moment),
        ("ended_at", moment),
        ("duration_seconds", sa.Float),
    )
    op.create_table(
        "meetings",
        *_meeting_key(),
        sa.Column("state", sa.String(16), nullable=False),
        *(sa.Column(name, type_) for name, type_ in said),
        sa.Column("participants", sa.JSON, nullable=False),
        sa.Column("first_event_ms", sa.BigInteger, nullable=False),
        sa.Column("last_event_ms", sa.BigInteger, nullable=False),
    )
    op.create_index("meetings_by_id", "meetings", ["meeting_id"])
    op.create_index("meetings_by_time", "meetings", ["last_event_ms"])
    op.create_table(
        "events",
        *_meeting_key(),
        sa.Column("event_id", _TEXT, primary_key=True),
        sa.Column("type", _TEXT, nullable=False),
        sa.Column("received_ms", sa.BigInteger, nullable=False),
        sa.Column("at", moment),
        sa.Column("says", sa.String(16)),
        sa.Column("detail", _TEXT, nullable=False),
        *(sa.Column(name, type_) for name, type_ in said),
        sa.Column("participants", sa.JSON, nullable=False),
    )
    op.create_table(
        "artifacts",
        *_meeting_key(),
        sa.Column("name", _TEXT, primary_key=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("media_type", _TEXT, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("verified", sa.String(16), nullable=False),
        sa.Column("source_event", _TEXT, nullable=False),
        sa.Column("stored_at", moment, nullable=False),
    )


def _create_transcripts() -> None:
    op.create_table(
        "transcripts",
        *_meeting_key(),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("language", _TEXT),
        sa.Column("duration_seconds", sa.Float),
        sa.Column("speakers", sa.JSON, nullable=False),
        sa.Column("words", sa.Integer, nullable=False),
        sa.Column("source_event", _TEXT, nullable=False),
        sa.Column("shape", _TEXT, nullable=False),
        sa.Column("content_sha256", sa.String(64), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
    )
    op.create_table(
        "segments",
        sa.Column("id", _LARGE, primary_key=True),
        sa.Column("provider", _TEXT, nullable=False),
        sa.Column("meeting_id", _TEXT, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("speaker", _TEXT),
        sa.Column("start", sa.Float),
        sa.Column("end", sa.Float),
        sa.Column("text", _TEXT, nullable=False),
    )
    op.create_index("segments_by_meeting", "segments", ["provider", "meeting_id", "position"], unique=True)
    if op.get_bind().dialect.name == "sqlite":
        _create_full_text()


def _create_full_text() -> None:
    # The index holds no text of its own, only words; triggers keep it in step with the table.
    op.execute(
        "CREATE VIRTUAL TABLE segments_words USING fts5("
        "text, content='segments', content_rowid='id', tokenize='unicode61 remove_diacritics 2')"
    )
    op.execute(
        "CREATE TRIGGER segments_added AFTER INSERT ON segments BEGIN "
        "INSERT INTO segments_words (rowid, text) VALUES (new.id, new.text); END"
    )
    op.execute(
        "CREATE TRIGGER segments_removed AFTER DELETE ON segments BEGIN "
        "INSERT INTO segments_words (segments_words, rowid, text) VALUES ('delete', old.id, old.text); END"
    )


def _create_bookkeeping() -> None:
    op.create_table(
        "outcomes",
        sa.Column("consumer", sa.String(64), primary_key=True),
        sa.Column("event_id", _TEXT, primary_key=True),
        sa.Column("succeeded_ms", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "failures",
        sa.Column("consumer", _TEXT, primary_key=True),
        sa.Column("event_id", _TEXT, primary_key=True),
        sa.Column("event_type", _TEXT, nullable=False),
        sa.Column("provider", _TEXT, nullable=False),
        sa.Column("meeting_id", _TEXT, nullable=False),
        sa.Column("kind", _TEXT, nullable=False),
        sa.Column("error", _TEXT, nullable=False),
        sa.Column("attempts", _LARGE, nullable=False),
        sa.Column("failed_ms", sa.BigInteger, nullable=False),
        sa.Column("partition", _LARGE, nullable=False),
        sa.Column("offset", sa.BigInteger, nullable=False),
    )
    op.create_index("failures_by_meeting", "failures", ["provider", "meeting_id"])
