"""A log in one SQLite file, for one machine: any number of processes may use it, on a local disk."""

import asyncio
import json
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from infra.errors import LogUnavailable
from infra.eventlog.base import MAX_RECORD_BYTES, Start
from infra.eventlog.sqlite_file import ConnectionThread, table
from infra.eventlog.sqlite_membership import Membership
from infra.eventlog.sqlite_writer import Writer
from schemas.envelope import Headers, Record
from schemas.topics import TOPICS

_POLL_SECONDS = 0.2
"""How long what another process appended may stay unseen."""

_FETCH_BYTES = 16 * 1024 * 1024
_SCAN_RECORDS = 256

_COMMIT = (
    "INSERT INTO groups (name, topic, committed) VALUES (?, ?, ?) ON CONFLICT DO UPDATE"
    " SET committed = max(excluded.committed, coalesce(committed, 0))"
)
_JOIN = "INSERT INTO groups (name, topic) VALUES (?, ?) ON CONFLICT DO NOTHING"
_PROBE = "INSERT INTO probe (id, time_ms) VALUES (1, ?) ON CONFLICT DO UPDATE SET time_ms = excluded.time_ms"


def wall_clock_ms() -> int:
    return time.time_ns() // 1_000_000


class SqliteLog:
    """An `EventLog` with one partition, 0, in each topic."""

    def __init__(
        self, path: Path, *, topics: Sequence[str] = TOPICS, clock_ms: Callable[[], int] = wall_clock_ms
    ) -> None:
        self._path = path
        self._clock_ms = clock_ms
        self._reader = ConnectionThread(path, topics, create=False, name="log-reader")
        self._write_thread = ConnectionThread(path, topics, create=True, name="log-writer")
        self._writer = Writer(self._write_thread, self._wake)
        self._news = asyncio.Event()
        self._insert = {
            topic: f"INSERT INTO {table(topic)} (time_ms, key, headers, value) VALUES (?, ?, ?, ?)"  # noqa: S608
            for topic in topics
        }

    async def append(self, topic: str, *, key: str, value: bytes, headers: Headers) -> None:
        if len(value) > MAX_RECORD_BYTES:
            raise ValueError(f"a record of {len(value)} bytes is over {MAX_RECORD_BYTES}")
        row = (
            self._clock_ms(),
            key.encode("utf-8", "surrogatepass"),
            json.dumps(dict(headers)).encode(),
            value,
        )
        await self._writer.write(self._insert[topic], row, len(value))

    @asynccontextmanager
    async def subscribe(
        self, topics: Sequence[str], group: str, *, start: Start = "earliest"
    ) -> AsyncIterator["_Subscription"]:
        membership = Membership(self._path, group)
        try:
            yield _Subscription(self, membership, topics, group, start)
        finally:
            membership.leave()

    async def scan(
        self, topic: str, *, start: Start = "earliest", since_ms: int | None = None, follow: bool = False
    ) -> AsyncIterator[Record]:
        end = await self.last_offset(topic)
        position = end if start == "latest" else 0
        while True:
            news = self._news
            records = await self.read(topic, position, _SCAN_RECORDS)
            for record in records:
                position = record.offset
                if not follow and position > end:
                    return
                if since_ms is None or record.time_ms >= since_ms:
                    yield record
            if not records:
                if not follow:
                    return
                await wait(news)

    async def backlog(self, topics: Sequence[str], group: str) -> int:
        committed = await self.committed(topics, group)
        return sum([await self._count_after(topic, committed.get(topic) or 0) for topic in topics])

    async def probe(self) -> None:
        await self._writer.write(_PROBE, (self._clock_ms(),))

    async def setup(self) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise LogUnavailable(f"the log's folder {self._path.parent} cannot be made: {exc}") from exc
        await self._write_thread.run(lambda connection: None)

    async def close(self) -> None:
        await self._writer.drain()
        await self._reader.close()
        await self._write_thread.close()

    async def read(self, topic: str, after: int, max_records: int) -> list[Record]:
        sql = (
            f"SELECT offset, key, time_ms, headers, value FROM {table(topic)} WHERE offset > ?"  # noqa: S608
            " ORDER BY offset LIMIT ?"
        )

        def work(connection: sqlite3.Connection) -> list[Record]:
            records, size = [], 0
            cursor = connection.execute(sql, (after, max_records))
            for offset, key, time_ms, headers, value in cursor:
                text = key.decode("utf-8", "surrogatepass")
                records.append(Record(topic, 0, offset, text, time_ms, json.loads(headers), value))
                size += len(value)
                if size >= _FETCH_BYTES:
                    break
            cursor.close()
            return records

        return await self._reader.run(work)

    async def committed(self, topics: Sequence[str], group: str) -> dict[str, int | None]:
        """Topics that the group has joined; null where it has not committed anything."""
        rows = await self._reader.run(
            lambda c: c.execute("SELECT topic, committed FROM groups WHERE name = ?", (group,)).fetchall()
        )
        return {topic: committed for topic, committed in rows if topic in topics}

    async def last_offset(self, topic: str) -> int:
        sql = f"SELECT coalesce(max(offset), 0) FROM {table(topic)}"  # noqa: S608
        return int(await self._reader.run(lambda c: c.execute(sql).fetchone()[0]))

    async def commit(self, group: str, topic: str, offset: int) -> None:
        await self._writer.write(_COMMIT, (group, topic, offset))

    async def join(self, group: str, topic: str) -> None:
        await self._writer.write(_JOIN, (group, topic))

    def news(self) -> asyncio.Event:
        return self._news

    async def _count_after(self, topic: str, offset: int) -> int:
        sql = f"SELECT count(*) FROM {table(topic)} WHERE offset > ?"  # noqa: S608
        return int(await self._reader.run(lambda c: c.execute(sql, (offset,)).fetchone()[0]))

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


async def wait(news: asyncio.Event) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(_POLL_SECONDS):
            await news.wait()


class _Subscription:
    def __init__(
        self, log: SqliteLog, membership: Membership, topics: Sequence[str], group: str, start: Start
    ) -> None:
        self._log = log
        self._membership = membership
        self._topics = list(topics)
        self._group = group
        self._start: Start = start
        self._positions: dict[str, int] = {}

    async def fetch(self, max_records: int) -> Sequence[Record]:
        await self._membership.join()
        if not self._positions:
            self._positions = await self._starting_positions()
        while True:
            news = self._log.news()
            if records := await self._read(max_records):
                return records
            await wait(news)

    async def commit(self, record: Record) -> None:
        await self._log.commit(self._group, record.topic, record.offset)

    async def _read(self, max_records: int) -> list[Record]:
        records: list[Record] = []
        for left, topic in zip(range(len(self._topics), 0, -1), self._topics, strict=True):
            share = -(-(max_records - len(records)) // left)
            if share:
                records += await self._log.read(topic, self._positions[topic], share)
        for record in records:
            self._positions[record.topic] = record.offset
        self._topics.append(self._topics.pop(0))
        return records

    async def _starting_positions(self) -> dict[str, int]:
        committed = await self._log.committed(self._topics, self._group)
        positions = {}
        for topic in self._topics:
            if topic not in committed:
                await self._log.join(self._group, topic)
            offset = committed.get(topic)
            if offset is None:
                offset = await self._log.last_offset(topic) if self._start == "latest" else 0
            positions[topic] = offset
        return positions
