"""The file in which records wait while the main log is away. Any number of processes may use it at once."""

import asyncio
import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import Final

import structlog

from infra.errors import LogUnavailable
from infra.eventlog.spool import tables
from infra.eventlog.spool.flag import NEARLY_DRAINED, NOTHING_SPOOLED, SPOOLED, SpoolFlag
from infra.eventlog.sqlite import tables as sqlite_tables
from infra.eventlog.sqlite.file import ConnectionThread
from schemas.envelope import Record

log = structlog.get_logger()

_RESERVE_BYTES: Final = 40 * 1024 * 1024
"""SQLite cannot delete rows on a full disk: this much is given up then, and taken again afterwards.

It must have room for what is still in the write-ahead log: 4 MiB, and a commit of one record.
"""

_PAUSE_SECONDS: Final = 0.3
_PAUSE_LOOKS: Final = 100


class SpoolFile:
    """A queue on disk: records in the order of their commits, each until it was handed over.

    The flag is raised in the transaction that adds records and lowered in one that finds none left. Both hold
    SQLite's write lock, so in no process is it down while a record waits whose append has returned.
    """

    def __init__(self, path: Path, *, reserve_bytes: int = _RESERVE_BYTES) -> None:
        self._path = path
        self._reserve_path = path.with_name(f"{path.name}.reserve")
        self._reserve_bytes = reserve_bytes
        self._writer = ConnectionThread(path, mode="rwc", prepare=tables.prepare, what="spool")
        self._reader = ConnectionThread(path, mode="rw", prepare=sqlite_tables.log_id, what="spool")
        self._read_from = 0
        self._place = (0, 0)  # offsets mean something only in the file they come from
        self._prepared = False
        self.flag = SpoolFlag(path.with_name(f"{path.name}.flag"))
        self.leftovers = False
        """True while the disk is too full to remove what was handed over."""

    def open(self) -> None:
        """At once, and safe to repeat. Raises `LogUnavailable`."""
        if self.flag.is_open:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self.flag.open()
        except OSError as exc:
            raise LogUnavailable(f"the spool {self._path} cannot be made: {exc}") from exc
        if self._path.exists() and _holds_something(self._path):
            self.flag.byte[0] = SPOOLED  # a power cut may have lowered it

    async def prepare(self) -> None:
        """Once: what was set aside waits again, for what the main log takes may have been changed since.

        Does what it can: on a full disk the spool can be read.
        """
        if self._prepared:
            return
        self.open()
        with suppress(LogUnavailable):
            again = await self._writer.run(self._take_up_again)
            if again:
                log.info("spool_taken_up_again", records=again)
            await asyncio.to_thread(self._reserve)
            self._prepared = True

    async def probe(self) -> None:
        """Return if records can be added. Raises `LogUnavailable`."""
        self.open()
        await self._writer.run(_touch)

    async def add(self, rows: Sequence[tables.Row], needed: Callable[[], bool]) -> bool:
        """True when they are durable, false when nothing is `needed` any more by the time it is their turn.

        Raises `LogUnavailable`.
        """
        await self._pause()
        return await self._writer.run(partial(self._add, rows=rows, needed=needed))

    async def read(self, max_records: int) -> list[Record]:
        """What is to be handed over next."""
        self._read_from, records = await self._reader.run(partial(self._read, max_records=max_records))
        return records

    async def handed_over(self, up_to: int) -> None:
        """This record and all before it are not read again by this process; removed, if the disk allows."""
        self._place = self._read_from, up_to
        await self._tidy()

    def hold_back(self) -> None:
        """Let those who want to add wait a moment: what is read next is probably the last."""
        self.flag.byte[0] = NEARLY_DRAINED

    async def lower_flag(self) -> bool:
        """True when nothing is left. Raises `LogUnavailable`."""
        return await self._writer.run(self._lower_flag)

    async def settle(self) -> None:
        """After draining: let others lead, when what was handed over could be removed."""
        await self._tidy()
        if not self.leftovers:
            with suppress(LogUnavailable):
                await self._writer.run(tables.give_space_back)
            await asyncio.to_thread(self._reserve)
            self.flag.follow()

    async def set_aside(self, record: Record, reason: str) -> None:
        """Keep it out of the way of the others. Raises `LogUnavailable`."""
        row = tables.row(record.topic, record.time_ms, record.key, record.headers, record.value)
        await self._writer.run(partial(tables.set_aside, row=row, reason=reason))

    async def content(self) -> tables.Content:
        return await self._reader.run(
            lambda connection: tables.content(connection, self._position(connection))
        )

    async def close(self) -> None:
        await self._reader.close()
        await self._writer.close()
        self.flag.close()

    async def _pause(self) -> None:
        """So that draining can come to an end although records keep coming."""
        for _ in range(_PAUSE_LOOKS):
            if self.flag.byte[0] != NEARLY_DRAINED:
                return
            await asyncio.sleep(_PAUSE_SECONDS / _PAUSE_LOOKS)

    async def _tidy(self) -> None:
        def remove(connection: sqlite3.Connection) -> None:
            tables.remove(connection, up_to=self._position(connection))

        try:
            try:
                await self._writer.run(remove)
            except LogUnavailable:
                await asyncio.to_thread(self._reserve_path.unlink, missing_ok=True)
                await self._writer.run(tables.empty_log)
                await self._writer.run(remove)
        except (LogUnavailable, OSError) as exc:
            if not self.leftovers:
                log.warning("spool_not_tidied", reason=str(exc))
            self.leftovers = True
        else:
            self.leftovers = False

    def _take_up_again(self, connection: sqlite3.Connection) -> int:
        connection.execute("BEGIN IMMEDIATE")
        count = tables.take_up_again(connection)
        if count:
            self.flag.byte[0] = SPOOLED
        connection.execute("COMMIT")
        return count

    def _read(self, connection: sqlite3.Connection, max_records: int) -> tuple[int, list[Record]]:
        records = tables.read(connection, self._position(connection), max_records)
        return sqlite_tables.log_id(connection), records

    def _add(
        self, connection: sqlite3.Connection, rows: Sequence[tables.Row], needed: Callable[[], bool]
    ) -> bool:
        connection.execute("BEGIN IMMEDIATE")
        if not needed():
            connection.execute("ROLLBACK")
            return False
        self.flag.byte[0] = SPOOLED
        tables.insert(connection, rows)
        connection.execute("COMMIT")
        return True

    def _lower_flag(self, connection: sqlite3.Connection) -> bool:
        connection.execute("BEGIN IMMEDIATE")
        drained = not tables.anything_after(connection, self._position(connection))
        if drained:
            self.flag.byte[0] = NOTHING_SPOOLED
        connection.execute("COMMIT")
        return drained

    def _position(self, connection: sqlite3.Connection) -> int:
        """After which offset there is something to be handed over."""
        file_id, offset = self._place
        return offset if file_id == sqlite_tables.log_id(connection) else 0

    def _reserve(self) -> None:
        """The whole of it, or nothing: a part might be all that the disk has left."""
        try:
            if self._reserve_path.exists() and self._reserve_path.stat().st_size == self._reserve_bytes:
                return
            with self._reserve_path.open("wb", buffering=0) as reserve:
                while (missing := self._reserve_bytes - reserve.tell()) > 0:
                    reserve.write(bytes(min(missing, 1024 * 1024)))
                os.fsync(reserve.fileno())
        except OSError as exc:
            self._reserve_path.unlink(missing_ok=True)
            log.warning("spool_without_reserve", reason=str(exc))


def _holds_something(path: Path) -> bool:
    try:
        with closing(sqlite3.connect(path)) as connection:
            return tables.anything_after(connection, 0)
    except sqlite3.Error:
        return True  # for all we know


def _touch(connection: sqlite3.Connection) -> None:
    """A durable write that leaves no record."""
    connection.execute("".join(sqlite_tables.PROBE), (0,))
