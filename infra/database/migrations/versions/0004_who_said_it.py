"""Who said it stands before the words; signs without spaces are words; SQLite knows beginnings of words."""

import sqlalchemy as sa
from alembic import op

from infra.database.words import indexed

revision = "0004"
down_revision = "0003"

_ROWS_AT_ONCE = 1000

_segments = sa.table("segments", sa.column("id"), sa.column("speaker"), sa.column("text"), sa.column("words"))


def upgrade() -> None:
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    if on_sqlite:
        op.execute("DROP TRIGGER segments_added")
        op.execute("DROP TRIGGER segments_removed")
        op.execute("DROP TABLE segments_words")
    _fill()
    if on_sqlite:
        _index_on_sqlite()


def _fill() -> None:
    connection, last = op.get_bind(), 0
    some = sa.select(_segments.c.id, _segments.c.speaker, _segments.c.text).order_by(_segments.c.id)
    fill = sa.update(_segments).where(_segments.c.id == sa.bindparam("row")).values(words=sa.bindparam("all"))
    while rows := connection.execute(some.where(_segments.c.id > last).limit(_ROWS_AT_ONCE)).all():
        words = [{"row": row.id, "all": indexed(row.speaker, row.text)} for row in rows]
        connection.execute(fill, words)
        last = rows[-1].id


def _index_on_sqlite() -> None:
    op.execute(
        "CREATE VIRTUAL TABLE segments_words USING fts5("
        "words, content='segments', content_rowid='id', tokenize='ascii', prefix='1 2 3')"
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
