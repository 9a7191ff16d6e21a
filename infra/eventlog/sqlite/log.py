"""A log in one SQLite file on a local disk, for one machine. Any number of processes may use it at once."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import structlog

from infra.clock import wall_clock_ms
from infra.errors import LogUnavailable
from infra.eventlog.base import MAX_RECORD_BYTES, Start
from infra.eventlog.sqlite import tables
from infra.eventlog.sqlite.file import ConnectionThread
from infra.eventlog.sqlite.membership import Membership
from infra.eventlog.sqlite.news import News
from infra.eventlog.sqlite.subscription import SqliteSubscription
from infra.eventlog.sqlite.writer import Writer
from schemas.envelope import Headers, Record
from schemas.topics import DEAD_LETTERS, TOPICS

log = structlog.get_logger()

_SCAN_RECORDS = 256
_DAY_MS = 24 * 60 * 60 * 1000
_TRIM_EVERY_MS = 60 * 60 * 1000


def _require_ours(*topics: str) -> None:
    for topic in topics:
        if topic not in TOPICS:
            raise _not_ours(topic)


def _not_ours(topic: str) -> ValueError:
    return ValueError(f"there is no topic {topic!r}: it is one of {', '.join(TOPICS)}")


class SqliteLog:
    """An `EventLog` of one partition, 0.

    What is older than `retention_days` and committed by every group that ever joined is deleted, about once
    an hour while records come in; dead letters never. A group that is given up for good therefore keeps all
    that it has not read: delete its rows from the table `groups`. The file never shrinks.
    """

    def __init__(
        self, path: Path, *, retention_days: float = 30, clock_ms: Callable[[], int] = wall_clock_ms
    ) -> None:
        self._path = path
        self._retention_ms = int(retention_days * _DAY_MS)
        self._clock_ms = clock_ms
        self._appends = {topic: tables.append(topic) for topic in TOPICS}
        prepare = partial(tables.prepare_writing, topics=TOPICS)
        self._write_thread = ConnectionThread(path, mode="rwc", prepare=prepare)
        self._reader = ConnectionThread(path, mode="rw", prepare=tables.log_id)
        self._news = News()
        self._writer = Writer(self._write_thread, self._committed)
        self._trim_due_ms = 0
        self._trimming: asyncio.Task[None] | None = None

    def append(self, topic: str, *, key: str, value: bytes, headers: Headers) -> "asyncio.Future[None]":
        if len(value) > MAX_RECORD_BYTES:
            raise ValueError(f"a record of {len(value)} bytes is over {MAX_RECORD_BYTES}")
        statement = self._appends.get(topic)
        if statement is None:
            raise _not_ours(topic)
        row = tables.row(self._clock_ms(), key, headers, value)
        return self._writer.write(statement, row, len(value))

    @asynccontextmanager
    async def subscribe(
        self, topics: Sequence[str], group: str, *, start: Start = "earliest"
    ) -> AsyncIterator[SqliteSubscription]:
        _require_ours(*topics)
        starts = {topic: await self._last_offset(topic) for topic in topics} if start == "latest" else {}
        membership = Membership(self._path, group)
        try:
            yield SqliteSubscription(
                self._reader,
                self._writer,
                self._news,
                membership,
                topics=topics,
                group=group,
                starts=starts,
            )
        finally:
            membership.leave()

    async def scan(
        self, topic: str, *, start: Start = "earliest", since_ms: int | None = None, follow: bool = False
    ) -> AsyncIterator[Record]:
        _require_ours(topic)
        end = await self._last_offset(topic)
        position = end if start == "latest" else 0
        while True:
            seen = self._news.count
            records = await self._reader.run(
                partial(
                    tables.read,
                    topic=topic,
                    after=position,
                    max_records=_SCAN_RECORDS,
                    since_ms=since_ms or 0,
                )
            )
            for record in records:
                position = record.offset
                if position > end and not follow:
                    return
                yield record
            if not records:
                if not follow:
                    return
                await self._news.after(seen)

    async def backlog(self, topics: Sequence[str], group: str) -> int:
        _require_ours(*topics)
        return await self._reader.run(partial(tables.backlog, topics=topics, group=group))

    async def probe(self) -> None:
        await self._writer.write(tables.PROBE, (self._clock_ms(),))

    async def degraded(self) -> Mapping[str, str]:
        return {}

    async def setup(self) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise LogUnavailable(f"the log's folder {self._path.parent} cannot be made: {exc}") from exc
        await self._write_thread.run(lambda connection: None)

    async def trim(self, now_ms: int) -> int:
        """Delete what retention does not keep any more, and return how many. Raises `LogUnavailable`."""
        deleted = 0
        for topic in TOPICS:
            if topic != DEAD_LETTERS:
                step = partial(tables.trim, topic=topic, before_ms=now_ms - self._retention_ms)
                while some := await self._write_thread.run(step):
                    deleted += some
        return deleted

    async def close(self) -> None:
        await self._writer.drain()
        if self._trimming is not None:
            self._trimming.cancel()
            await asyncio.wait([self._trimming])
        await self._reader.close()
        await self._write_thread.close()

    def _committed(self) -> None:
        self._news.tell()
        now_ms = self._clock_ms()
        if now_ms >= self._trim_due_ms:
            self._trim_due_ms = now_ms + _TRIM_EVERY_MS
            self._trimming = asyncio.create_task(self._trim_in_background(now_ms))

    async def _trim_in_background(self, now_ms: int) -> None:
        try:
            deleted = await self.trim(now_ms)
        except LogUnavailable as exc:
            log.warning("trim_failed", reason=str(exc))
        else:
            if deleted:
                log.info("trimmed", records=deleted)

    async def _last_offset(self, topic: str) -> int:
        return await self._reader.run(partial(tables.last_offset, topic=topic))
