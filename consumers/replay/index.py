"""What is to be replayed, a row each, on disk: memory stays the same however much there is."""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from hashlib import blake2b
from operator import attrgetter
from types import TracebackType
from typing import Final, NamedTuple, Protocol, Self

import orjson

from schemas.dead_letter import Letter

_CACHE_KIB: Final = 16 * 1024
_ROWS_AT_ONCE: Final = 1000
_IDENTITY_BYTES: Final = 16
_FIELDS: Final = attrgetter(*(field.name for field in fields(Letter)))


class Spot(Protocol):
    """Where a record stands in the topic that was read, and when it came there."""

    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def time_ms(self) -> int: ...


class Row(NamedTuple):
    """A letter, and where the record with its body stands in the topic that was read."""

    place: int
    partition: int
    offset: int
    time_ms: int
    letter: Letter


class Index:
    """In the order in which they were added; a failure that is added again keeps its place.

    A file of SQLite's own without a name: it is gone with the process, whatever ends that. The record whose
    place is kept is the first of its failure: letters that a replay wrote anew stand behind others of their
    key that failed after them, and have the same body.
    """

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.execute("PRAGMA journal_mode = OFF").fetchall()
        self._db.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        self._db.execute("BEGIN")
        self._db.execute("CREATE TABLE identities (identity BLOB PRIMARY KEY, place INTEGER) WITHOUT ROWID")
        self._db.execute(
            "CREATE TABLE rows (place INTEGER PRIMARY KEY, consumer BLOB, partition INTEGER, offset INTEGER,"
            " time_ms INTEGER, letter BLOB)"
        )
        self._places = 0
        self._ordered = False
        self._known: Mapping[str, tuple[int, int]] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()

    def add(self, letter: Letter, at: Spot, *, counts: bool = True) -> None:
        """The newest about a failure is what it is. One that does not count only keeps its place."""
        self._known = None
        digest, place = _digest(letter), self._places + 1
        consumer, words = (_encoded(letter.consumer), _words(letter)) if counts else (None, None)
        if self._db.execute("INSERT OR IGNORE INTO identities VALUES (?, ?)", (digest, place)).rowcount:
            self._places = place
            row = (place, consumer, at.partition, at.offset, at.time_ms, words)
            self._db.execute("INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?)", row)
        else:
            self._db.execute(
                "UPDATE rows SET consumer = ?, letter = ?"
                " WHERE place = (SELECT place FROM identities WHERE identity = ?)",
                (consumer, words, digest),
            )

    def find(self, letter: Letter) -> Letter | None:
        """The newest about the same failure, if it counts."""
        found = self._db.execute(
            "SELECT letter FROM rows WHERE letter IS NOT NULL"
            " AND place = (SELECT place FROM identities WHERE identity = ?)",
            (_digest(letter),),
        ).fetchone()
        return None if found is None else _letter(found[0])

    def remove(self, rows: Sequence[Row]) -> None:
        self._known = None
        self._db.executemany("DELETE FROM rows WHERE place = ?", [(row.place,) for row in rows])

    def rows(self) -> Iterator[Sequence[Row]]:
        """All that count, some at a time; those that were given may be removed meanwhile."""
        place = 0
        while True:
            found = self._db.execute(
                "SELECT place, partition, offset, time_ms, letter FROM rows"
                " WHERE letter IS NOT NULL AND place > ? ORDER BY place LIMIT ?",
                (place, _ROWS_AT_ONCE),
            ).fetchall()
            if not found:
                return
            place = found[-1][0]
            yield [_row(row) for row in found]

    def letters(self) -> Iterator[Letter]:
        for rows in self.rows():
            for row in rows:
                yield row.letter

    def counts(self) -> dict[str, int]:
        """How many of each consumer, in the order in which each came first."""
        return {name: count for name, (count, _) in self._consumers().items()}

    def first_ms(self, consumer: str) -> int:
        """When the first of them was appended, in ms since 1970 UTC; 0 where there is none."""
        return self._consumers().get(consumer, (0, 0))[1]

    def of_partition(self, consumer: str, partition: int, after_place: int) -> Sequence[Row]:
        """The next ones of a consumer in a partition: places grow as offsets do."""
        self._order()
        found = self._db.execute(
            "SELECT place, partition, offset, time_ms, letter FROM rows"
            " WHERE consumer = ? AND partition = ? AND place > ? ORDER BY place LIMIT ?",
            (_encoded(consumer), partition, after_place, _ROWS_AT_ONCE),
        ).fetchall()
        return [_row(row) for row in found]

    def _consumers(self) -> Mapping[str, tuple[int, int]]:
        if self._known is None:
            self._order()
            found = self._db.execute(
                "SELECT consumer, count(*), min(time_ms) FROM rows WHERE consumer IS NOT NULL"
                " GROUP BY consumer ORDER BY min(place)"
            )
            self._known = {_decoded(name): (count, first) for name, count, first in found.fetchall()}
        return self._known

    def _order(self) -> None:
        """Once nothing more is added: all that is asked by consumer is answered by this alone."""
        if not self._ordered:
            self._db.execute("CREATE INDEX by_consumer ON rows (consumer, partition, place, time_ms)")
            self._ordered = True


def _row(found: tuple[int, int, int, int, bytes | str]) -> Row:
    place, partition, offset, time_ms, words = found
    return Row(place, partition, offset, time_ms, _letter(words))


def _digest(letter: Letter) -> bytes:
    return blake2b(_encoded("\x1f".join(letter.identity)), digest_size=_IDENTITY_BYTES).digest()


def _encoded(text: str) -> bytes:
    """Any text, lone surrogates too."""
    return text.encode("utf-8", "surrogatepass")


def _decoded(text: bytes) -> str:
    return text.decode("utf-8", "surrogatepass")


def _words(letter: Letter) -> bytes | str:
    try:
        return orjson.dumps(_FIELDS(letter))
    except TypeError:  # a lone surrogate: slower
        return json.dumps(_FIELDS(letter))


def _letter(words: bytes | str) -> Letter:
    try:
        return Letter(*orjson.loads(words))
    except ValueError:
        return Letter(*json.loads(words))
