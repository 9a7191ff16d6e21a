"""When the log cannot take an event: 503 in time, and all well again by itself."""

import asyncio
import json
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from infra.errors import LogUnavailable
from infra.eventlog.base import EventLog
from infra.eventlog.open import open_log
from schemas.envelope import Headers
from tests.receiver.harness import STATUS, V1, running


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """As long as this lasts, nobody else can write to the database."""
    connection = sqlite3.connect(file, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")
    finally:
        connection.close()


async def test_a_locked_log_is_503_with_retry_after_until_it_is_free_again(tmp_path: Path) -> None:
    async with running(tmp_path) as receiver:
        with locked(tmp_path / "log.db"):
            began = time.monotonic()
            refused, not_ready = await asyncio.gather(
                receiver.post(json.dumps(STATUS), V1), receiver.request("GET", "/readyz")
            )
            took = time.monotonic() - began
        accepted = await receiver.post(json.dumps(STATUS), V1)
        ready = await receiver.request("GET", "/readyz")

    assert refused.status == 503
    assert int(refused.headers["retry-after"]) >= 1
    assert refused.headers["content-type"] == "application/problem+json"
    assert took < 4.5
    assert (not_ready.status, not_ready.headers["content-type"]) == (503, "application/problem+json")
    assert accepted.status == 202
    assert (ready.status, ready.json()) == (200, {"status": "ready", "degraded": {}})


async def test_what_cannot_be_kept_aside_is_503_too(tmp_path: Path) -> None:
    unreadable, broken = b"[]", b'{"event": "complete", "data": {}}'
    async with running(tmp_path) as receiver:
        with locked(tmp_path / "log.db"):
            answers = await asyncio.gather(*(receiver.post(body, V1) for body in (unreadable, broken)))

        assert [answer.status for answer in answers] == [503, 503]
        assert await receiver.kept() == []


class InTrouble:
    """A real log, but for what `trouble` does before anything is appended: wait, or raise."""

    def __init__(self, log: EventLog, trouble: Callable[[], Awaitable[object]]) -> None:
        self._log = log
        self._trouble = trouble
        self.subscribe = log.subscribe
        self.scan = log.scan
        self.backlog = log.backlog
        self.setup = log.setup
        self.close = log.close

    async def append(self, topic: str, *, key: str, value: bytes, headers: Headers) -> None:
        await self._trouble()
        await self._log.append(topic, key=key, value=value, headers=headers)

    async def degraded(self) -> Mapping[str, str]:
        return {}

    async def probe(self) -> None:
        await self._trouble()
        await self._log.probe()


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[EventLog]:
    log = open_log(f"sqlite:///{tmp_path}/log.db")
    await log.setup()
    yield log
    await log.close()


async def test_a_log_that_does_not_answer_is_503_in_time(log: EventLog, tmp_path: Path) -> None:
    free = asyncio.Event()
    async with running(tmp_path, log=InTrouble(log, free.wait), append_seconds=0.2) as receiver:
        answers = await asyncio.gather(*(receiver.post(json.dumps(STATUS), V1) for _ in range(5)))
        not_ready = await receiver.request("GET", "/readyz")
        free.set()
        accepted = await receiver.post(json.dumps(STATUS), V1)

    assert [answer.status for answer in answers] == [503] * 5
    assert not_ready.status == 503
    assert accepted.status == 202


async def test_a_bug_in_the_log_is_our_trouble_and_not_the_senders(log: EventLog, tmp_path: Path) -> None:
    async def bug() -> None:
        raise KeyError("x")

    async with running(tmp_path, log=InTrouble(log, bug)) as receiver:
        answer = await receiver.post(json.dumps(STATUS), V1)

    assert (answer.status, answer.json()["title"]) == (503, "Service Unavailable")


async def test_retry_after_is_what_the_log_says(log: EventLog, tmp_path: Path) -> None:
    async def full() -> None:
        raise LogUnavailable("the disk is full", retry_after_seconds=29.2)

    async with running(tmp_path, log=InTrouble(log, full)) as receiver:
        answer = await receiver.post(json.dumps(STATUS), V1)

    assert (answer.status, answer.headers["retry-after"]) == (503, "30")


async def test_readyz_tells_what_is_away_although_events_are_accepted(tmp_path: Path) -> None:
    async def degraded() -> dict[str, str]:
        return {"objects": "The bucket cannot be reached."}

    async with running(tmp_path, degraded=degraded) as receiver:
        answer = await receiver.request("GET", "/readyz")

    assert answer.status == 200
    assert answer.json() == {"status": "degraded", "degraded": await degraded()}
