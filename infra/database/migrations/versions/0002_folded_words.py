"""The words that search compares stand beside the text, folded by us: so they are alike on every database."""

import sqlalchemy as sa
from alembic import op

from infra.database.words import spaced, words_of

revision = "0002"
down_revision = "0001"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_ROWS_AT_ONCE = 1000

_segments = sa.table("segments", sa.column("id"), sa.column("text"), sa.column("words"))


def upgrade() -> None:
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    if on_sqlite:
        for statement in ("DROP TRIGGER segments_added", "DROP TRIGGER segments_removed"):
            op.execute(statement)
        op.execute("DROP TABLE segments_words")
    op.add_column("segments", sa.Column("words", _TEXT, nullable=False, server_default=""))
    _fill()
    if on_sqlite:
        _index_on_sqlite()
    else:
        _index_on_postgresql()


def _fill() -> None:
    connection, last = op.get_bind(), 0
    some = sa.select(_segments.c.id, _segments.c.text).order_by(_segments.c.id).limit(_ROWS_AT_ONCE)
    fill = (
        sa.update(_segments).where(_segments.c.id == sa.bindparam("row")).values(words=sa.bindparam("folded"))
    )
    while rows := connection.execute(some.where(_segments.c.id > last)).all():
        connection.execute(fill, [{"row": row, "folded": spaced(words_of(text))} for row, text in rows])
        last = rows[-1].id


def _index_on_sqlite() -> None:
    op.execute(
        "CREATE VIRTUAL TABLE segments_words USING fts5("
        "words, content='segments', content_rowid='id', tokenize='ascii')"
    )
    op.execute("INSERT INTO segments_words (segments_words) VALUES ('rebuild')")
    op.execute(
        "CREATE TRIGGER segments_added AFTER INSERT ON segments BEGIN "
        "INSERT INTO segments_words (rowid, words) VALUES (new.id, new.words); END"
    )
    op.execute(
        "CREATE TRIGGER segments_removed AFTER DELETE ON segments BEGIN "
        "INSERT INTO segments_words (segments_words, rowid, words) VALUES ('delete', old.id, old.words); END"
    )


def _index_on_postgresql() -> None:
    op.execute(
        "ALTER TABLE segments ADD COLUMN lexemes tsvector"
        " GENERATED ALWAYS AS (array_to_tsvector(array_remove(string_to_array(words, ' '), ''))) STORED"
    )
    op.execute("CREATE INDEX segments_words ON segments USING gin (lexemes)")
