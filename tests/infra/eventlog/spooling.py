"""Spooled logs over a SQLite log that can be made unavailable: another connection holds its lock."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from infra.eventlog.base import EventLog
from infra.eventlog.spool.file import SpoolFile
from infra.eventlog.spool.log import SpooledLog
from infra.eventlog.sqlite.log import SqliteLog
from schemas.envelope import Headers, Record
from schemas.topics import WEBHOOKS

DEADLINE_SECONDS = 20


@dataclass(frozen=True)
class Place:
    """Where a main log and a spool are. Each `open` is what another process would open."""

    folder: Path
    reserve_bytes: int = 1024 * 1024

    @property
    def main(self) -> Path:
        return self.folder / "main.db"

    @property
    def spool(self) -> Path:
        return self.folder / "spool" / "spool.db"

    @asynccontextmanager
    async def open(self, main: Callable[[Path], EventLog] = SqliteLog) -> AsyncIterator[SpooledLog]:
        """When it is there, it has looked for records left over."""
        log = SpooledLog(main(self.main), SpoolFile(self.spool, reserve_bytes=self.reserve_bytes))
        try:
            await log.probe()
            yield log
        finally:
            await log.close()

    @contextmanager
    def main_away(self) -> Iterator[None]:
        """Appends to it fail after 1.5 s, when SQLite has waited long enough for the lock."""
        with closing(sqlite3.connect(self.main, isolation_level=None)) as holder:
            holder.execute("BEGIN EXCLUSIVE")
            yield

    async def in_main(self, topic: str = WEBHOOKS) -> list[Record]:
        main = SqliteLog(self.main)
        try:
            return [record async for record in main.scan(topic)]
        finally:
            await main.close()

    async def numbers(self) -> list[int]:
        """What is in the main log, each when it first came."""
        return list(dict.fromkeys(int(record.value.split()[0]) for record in await self.in_main()))

    def numbers_waiting(self) -> list[int]:
        """What is in the spool, in its order."""
        with closing(sqlite3.connect(self.spool)) as connection:
            rows = connection.execute("SELECT value FROM spooled ORDER BY offset").fetchall()
        return [int(value.split()[0]) for (value,) in rows]

    def flag(self) -> int:
        return self.spool.with_name("spool.db.flag").read_bytes()[0]


@dataclass(frozen=True)
class Picky:
    """A log that refuses what is large in some of its topics."""

    log: EventLog
    topics: tuple[str, ...]
    most_bytes: int = 1000

    async def append(self, topic: str, *, key: str, value: bytes, headers: Headers) -> None:
        if topic in self.topics and len(value) > self.most_bytes:
            raise ValueError(f"{len(value)} bytes are over what the topic {topic} takes")
        await self.log.append(topic, key=key, value=value, headers=headers)

    def __getattr__(self, name: str) -> object:
        return getattr(self.log, name)


async def append(log: EventLog, number: int, *, key: str = "bot-1", padding: int = 0) -> None:
    value = f"{number} ".encode() + bytes(padding)
    await log.append(WEBHOOKS, key=key, value=value, headers={"ce_id": str(number)})


async def until(condition: Callable[[], bool] | Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(DEADLINE_SECONDS):
        while True:
            answer = condition()
            if answer if isinstance(answer, bool) else await answer:
                return
            await asyncio.sleep(0.01)
