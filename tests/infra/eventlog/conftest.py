"""Logs that are closed in the end, and other processes that are gone in the end."""

import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from infra.clock import wall_clock_ms
from infra.eventlog.sqlite.log import SqliteLog
from schemas.envelope import Record
from schemas.topics import WEBHOOKS

OpenSqlite = Callable[..., Awaitable[SqliteLog]]
Spawn = Callable[..., "subprocess.Popen[str]"]


async def everything(log: SqliteLog, topic: str = WEBHOOKS) -> list[Record]:
    return [record async for record in log.scan(topic)]


async def append(log: SqliteLog, value: str, topic: str = WEBHOOKS) -> None:
    await log.append(topic, key="bot-1", value=value.encode(), headers={})


@pytest.fixture
def log_path(tmp_path: Path) -> Path:
    return tmp_path / "log.db"


@pytest.fixture
async def open_sqlite(log_path: Path) -> AsyncIterator[OpenSqlite]:
    opened: list[SqliteLog] = []

    async def open_one(
        path: Path = log_path, *, setup: bool = True, clock_ms: Callable[[], int] = wall_clock_ms
    ) -> SqliteLog:
        log = SqliteLog(path, clock_ms=clock_ms)
        opened.append(log)
        if setup:
            await log.setup()
        return log

    yield open_one
    for log in opened:
        await log.close()


@pytest.fixture
def spawn() -> Iterator[Spawn]:
    children: list[subprocess.Popen[str]] = []

    def spawn_one(*arguments: object) -> subprocess.Popen[str]:
        child = subprocess.Popen(
            [sys.executable, "-m", "tests.infra.eventlog.child", *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        children.append(child)
        return child

    yield spawn_one
    for child in children:
        with child:
            child.kill()
