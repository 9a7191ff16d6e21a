"""The tables as they are now. `migrations/` brings older ones here; a test holds the two together.

Columns that end in `_ms` are the clock of the log and the runner, in milliseconds since 1970 UTC; a `Moment`
is the sender's, or ours where an artifact says when it was stored.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Float,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    insert,
)

from infra.database.columns import Moment, OutsideText, OutsideTexts, PlainText

CURRENT_VERSION: Final = "0008"
"""The newest of `migrations/versions/`."""

METADATA: Final = MetaData()

_Large: Final = BigInteger().with_variant(Integer, "sqlite")
"""64 bits: SQLite's integers have them anyway, and only one of that very name numbers its rows by itself."""


def _meeting_key() -> tuple[Column[str], Column[str]]:
    return Column("provider", OutsideText, primary_key=True), Column(
        "meeting_id", OutsideText, primary_key=True
    )


meetings: Final = Table(
    "meetings",
    METADATA,
    *_meeting_key(),
    Column("state", String(16), nullable=False),
    Column("error", OutsideText),
    Column("message", OutsideText),
    Column("joined_at", Moment),
    Column("ended_at", Moment),
    Column("duration_seconds", Float),
    Column("participants", OutsideTexts, nullable=False),
    Column("first_event_ms", BigInteger, nullable=False),
    Column("last_event_ms", BigInteger, nullable=False),
    Index("meetings_by_id", "meeting_id"),
    Index("meetings_by_time", "last_event_ms"),
)

events: Final = Table(
    "events",
    METADATA,
    *_meeting_key(),
    Column("event_id", OutsideText, primary_key=True),
    Column("type", OutsideText, nullable=False),
    Column("received_ms", BigInteger, nullable=False),
    Column("at", Moment),
    Column("says", String(16)),
    Column("detail", OutsideText, nullable=False),
    Column("error", OutsideText),
    Column("message", OutsideText),
    Column("joined_at", Moment),
    Column("ended_at", Moment),
    Column("duration_seconds", Float),
    Column("participants", OutsideTexts, nullable=False),
    Column("part", OutsideText),
)
"""What was said of a meeting. One row an event, however often it was delivered."""

descriptions: Final = Table(
    "descriptions",
    METADATA,
    *_meeting_key(),
    Column("system", OutsideText, nullable=False),
    Column("id", OutsideText, nullable=False),
    Column("title", OutsideText),
    Column("participants", OutsideTexts, nullable=False),
    Index("descriptions_by_id", "id"),
)

artifacts: Final = Table(
    "artifacts",
    METADATA,
    *_meeting_key(),
    Column("name", OutsideText, primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("media_type", OutsideText, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("verified", String(16), nullable=False),
    Column("source_event", OutsideText, nullable=False),
    Column("stored_at", Moment, nullable=False),
    Column("source", String(64)),
    Column("etag", OutsideText),
)
"""`source` and `etag` say which file of which link it is, as in `downloads`; null where that is not known."""

downloads: Final = Table(
    "downloads",
    METADATA,
    *_meeting_key(),
    Column("kind", String(32), primary_key=True),
    Column("source", String(64), primary_key=True),
    Column("name", OutsideText, nullable=False),
    Column("media_type", OutsideText, nullable=False),
    Column("upload_id", OutsideText, nullable=False),
    Column("etag", OutsideText),
    Column("modified", OutsideText),
    Column("size", BigInteger),
    Column("saved", BigInteger, nullable=False),
    Column("whole", Boolean, nullable=False),
    Column("event_id", OutsideText, nullable=False),
    Column("started_ms", BigInteger, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
)
"""The files that are being copied: what whoever goes on with one must know."""

forgotten: Final = Table(
    "forgotten",
    METADATA,
    *_meeting_key(),
    Column("forgotten_ms", BigInteger, nullable=False),
)

transcripts: Final = Table(
    "transcripts",
    METADATA,
    *_meeting_key(),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("language", OutsideText),
    Column("duration_seconds", Float),
    Column("speakers", OutsideTexts, nullable=False),
    Column("words", Integer, nullable=False),
    Column("source_event", OutsideText, nullable=False),
    Column("shape", OutsideText, nullable=False),
    Column("content_sha256", String(64), nullable=False),
    Column("sha256", String(64), nullable=False),
)

segments: Final = Table(
    "segments",
    METADATA,
    Column("id", _Large, primary_key=True),
    Column("provider", OutsideText, nullable=False),
    Column("meeting_id", OutsideText, nullable=False),
    Column("position", Integer, nullable=False),
    Column("speaker", OutsideText),
    Column("start", Float),
    Column("end", Float),
    Column("text", OutsideText, nullable=False),
    Column("words", PlainText, nullable=False, server_default=""),
    Index("segments_by_meeting", "provider", "meeting_id", "position", unique=True),
)
"""The newest transcript of each meeting, for search. `words` are the speaker's and those of `text`, as
`words.indexed` has them."""

_FULL_TEXT: Final = {
    "sqlite": (
        "CREATE VIRTUAL TABLE segments_words USING fts5("
        "words, content='segments', content_rowid='id', tokenize='ascii', prefix='1 2 3')",
        "CREATE TRIGGER segments_added AFTER INSERT ON segments BEGIN "
        "INSERT INTO segments_words (rowid, words) VALUES (new.id, new.words); END",
        "CREATE TRIGGER segments_removed AFTER DELETE ON segments BEGIN "
        "INSERT INTO segments_words (segments_words, rowid, words) VALUES ('delete', old.id, old.words); END",
    ),
    "postgresql": (
        "ALTER TABLE segments ADD COLUMN lexemes tsvector"
        " GENERATED ALWAYS AS (array_to_tsvector(array_remove(string_to_array(words, ' '), ''))) STORED",
        "CREATE INDEX segments_words ON segments USING gin (lexemes)",
    ),
}
"""SQLite's index holds no words of its own; triggers keep it in step. `ascii` splits at spaces only.
Words by their first letters are an index of their own: without it one letter took seconds.

PostgreSQL's words are taken as they are, and without their places, of which it would keep few.
"""

retranscriptions: Final = Table(
    "retranscriptions",
    METADATA,
    *_meeting_key(),
    Column("request", OutsideText, primary_key=True),
    Column("cause", OutsideText, nullable=False),
    Column("reason", String(16), nullable=False),
    Column("event_type", OutsideText, nullable=False),
    Column("transcriber", OutsideText),
    Column("language", OutsideText),
    Column("stage", String(16), nullable=False),
    Column("calls", Integer, nullable=False),
    Column("made", String(64)),
    Column("failures", Integer),
    Column("version", Integer),
    Column("requested_ms", BigInteger, nullable=False),
    Column("called_ms", BigInteger),
    Column("asked_ms", BigInteger),
    Column("ended_ms", BigInteger),
    Column("message", OutsideText, nullable=False),
    Index("retranscriptions_by_time", "requested_ms"),
)
"""What was decided is here before it is done: whoever dies in between does it neither twice nor never."""

outcomes: Final = Table(
    "outcomes",
    METADATA,
    Column("consumer", String(64), primary_key=True),
    Column("event_id", OutsideText, primary_key=True),
    Column("succeeded_ms", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

discards: Final = Table(
    "discards",
    METADATA,
    Column("consumer", OutsideText, primary_key=True),
    Column("event_id", OutsideText, primary_key=True),
    Column("why", OutsideText, nullable=False),
    Column("discarded_ms", BigInteger, nullable=False),
)
"""Dead letters that a person has closed: nobody tries them again."""

replays: Final = Table(
    "replays",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("command", OutsideText, nullable=False),
    Column("began_ms", BigInteger, nullable=False),
    Column("since_ms", BigInteger),
    Column("until_ms", BigInteger),
    Column("done", BigInteger, nullable=False),
    Column("marks", PlainText, nullable=False),
)
"""Those that have begun and not ended."""

failures: Final = Table(
    "failures",
    METADATA,
    Column("consumer", OutsideText, primary_key=True),
    Column("event_id", OutsideText, primary_key=True),
    Column("event_type", OutsideText, nullable=False),
    Column("provider", OutsideText, nullable=False),
    Column("meeting_id", OutsideText, nullable=False),
    Column("kind", OutsideText, nullable=False),
    Column("error", OutsideText, nullable=False),
    Column("attempts", _Large, nullable=False),
    Column("failed_ms", BigInteger, nullable=False),
    Column("partition", _Large, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Index("failures_by_meeting", "provider", "meeting_id"),
)
"""What a consumer could not do: the newest dead letter of each event."""

verdicts: Final = Table(
    "verdicts",
    METADATA,
    *_meeting_key(),
    Column("event_type", OutsideText, primary_key=True),
    Column("verdict", String(16), nullable=False),
    Column("reason", OutsideText, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("handed_ms", BigInteger),
)
"""What comparing a meeting with its provider came to, for each event by which that tells of its end."""

reconciliations: Final = Table(
    "reconciliations",
    METADATA,
    Column("provider", OutsideText, primary_key=True),
    Column("holder", OutsideText),
    Column("held_until_ms", BigInteger, nullable=False),
    Column("first_ms", BigInteger),
    Column("begun_ms", BigInteger),
    Column("covered_ms", BigInteger),
    Column("wanted_ms", BigInteger),
)
"""Whose turn it is with each provider, how far back all is compared, and when somebody last asked for it."""

versions: Final = Table(
    "alembic_version",
    METADATA,
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)


def create_tables(connection: Connection) -> None:
    """All at once in an empty database, as the migrations would: those need Alembic, slow to load."""
    METADATA.create_all(connection, checkfirst=False)
    for statement in _FULL_TEXT[connection.dialect.name]:
        connection.exec_driver_sql(statement)
    connection.execute(insert(versions).values(version_num=CURRENT_VERSION))
