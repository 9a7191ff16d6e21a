"""Whatever way a request takes through the server, its answer is the same."""

import asyncio
import gc
import json
import re
from collections.abc import Awaitable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from infra.errors import LogUnavailable
from infra.eventlog.base import EventLog
from infra.eventlog.open import open_log
from receiver.shortcut import ShortcutProtocol
from schemas.envelope import Headers
from tests.receiver.harness import (
    API_KEY,
    COMPLETED,
    STATUS,
    Receiver,
    eventually,
    running,
    signed,
)
from tests.receiver.test_unavailable import InTrouble

pytestmark = pytest.mark.asyncio(loop_scope="module")

BODY = json.dumps(STATUS).encode()


def head(length: int, *more: str, version: str = "1.1", method: str = "POST") -> bytes:
    lines = [
        f"{method} /webhooks/meeting-baas HTTP/{version}",
        "host: x",
        f"x-meeting-baas-api-key: {API_KEY}",
        f"content-length: {length}",
        *more,
    ]
    return "\r\n".join([*lines, "\r\n"]).encode()


async def answered(receiver: Receiver, *parts: bytes) -> bytes:
    """What comes back until the server closes, for parts that each arrive by themselves."""
    reader, writer = await receiver.connect()
    for part in parts:
        writer.write(part)
        await writer.drain()
        await receiver.request("GET", "/healthz")  # the server has seen the part when it answers this
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    await writer.wait_closed()
    return re.sub(rb"date: [^\r]+", b"date: now", answer)


async def test_a_body_that_comes_with_its_head_is_answered_as_one_that_follows_it(receiver: Receiver) -> None:
    close = head(len(BODY), "connection: close")

    at_once = await answered(receiver, close + BODY)
    in_parts = await answered(receiver, close, BODY[:10], BODY[10:])

    assert at_once == in_parts
    assert at_once.startswith(b"HTTP/1.1 202 Accepted\r\n")
    assert b"\r\ndate: now\r\n" in at_once
    assert len({(record.key, record.value) for record in await receiver.accepted()}) == 1


async def test_a_beginning_that_is_json_already_is_not_taken_for_the_whole(receiver: Receiver) -> None:
    body = BODY + b"  "

    await answered(receiver, head(len(body), "connection: close") + BODY, b"  ")

    assert [record.value for record in await receiver.accepted()] == [body]


@pytest.mark.parametrize(
    ("length", "body"), [(2, b"[]"), (2, b"{}"), (34, b'{"event": "complete", "data": {}} ')]
)
async def test_what_is_refused_or_kept_aside_is_so_by_either_way(
    receiver: Receiver, length: int, body: bytes
) -> None:
    close = head(length, "connection: close")

    assert await answered(receiver, close + body) == await answered(receiver, close, body)
    assert len(await receiver.kept()) == 2


async def test_a_connection_stays_open_for_one_event_after_the_other(receiver: Receiver) -> None:
    reader, writer = await receiver.connect()
    for _ in range(3):
        writer.write(head(len(BODY)) + BODY)
        answer = await asyncio.wait_for(reader.readuntil(b'"accepted"}'), 5)
        assert answer.startswith(b"HTTP/1.1 202 ")
    writer.close()
    await writer.wait_closed()

    assert len(await receiver.accepted()) == 3


async def test_many_events_in_one_segment_are_answered_in_their_order(receiver: Receiver) -> None:
    bodies = [
        json.dumps(STATUS | {"data": {"bot_id": str(n), "status": "queued"}}).encode() for n in range(8)
    ]
    requests = [head(len(body)) + body for body in bodies]
    last = head(len(bodies[-1]), "connection: close") + bodies[-1]

    answer = await answered(receiver, b"".join([*requests[:-1], last]))

    ids = [json.loads(each)["id"] for each in re.findall(rb"\{.*?\}", answer)]
    assert ids == [record.id for record in await receiver.accepted()]
    assert [record.key for record in await receiver.accepted()] == [str(n) for n in range(8)]


async def test_http_1_0_is_answered_and_ends(receiver: Receiver) -> None:
    answer = await answered(receiver, head(len(BODY), version="1.0") + BODY)

    assert answer.startswith(b"HTTP/1.1 202 ")
    assert b"\r\nconnection: close\r\n" in answer


async def test_an_id_of_the_sender_is_escaped_in_the_answer(receiver: Receiver) -> None:
    body = json.dumps(COMPLETED).encode()
    headers = signed("webhook-v2", body)

    answer = await receiver.post(body, headers)

    assert answer.json() == {"id": headers["svix-id"], "status": "accepted"}


async def in_trouble(folder: Path, wait: Any, **options: Any) -> bytes:
    log = open_log(f"sqlite:///{folder}/log.db")
    await log.setup()
    try:
        async with running(folder, log=InTrouble(log, wait), **options) as receiver:
            return await answered(receiver, head(len(BODY), "connection: close") + BODY)
    finally:
        await log.close()


async def test_a_log_that_fails_later_is_503(tmp_path: Path) -> None:
    async def later() -> None:
        await asyncio.sleep(0)
        raise LogUnavailable("away", retry_after_seconds=7)

    answer = await in_trouble(tmp_path, later)

    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"\r\nretry-after: 7\r\n" in answer


async def test_a_log_that_does_not_answer_is_503(tmp_path: Path) -> None:
    answer = await in_trouble(tmp_path, asyncio.Event().wait, append_seconds=0.2)

    assert answer.startswith(b"HTTP/1.1 503 ")


async def test_a_client_that_leaves_before_its_answer_is_nobodys_trouble(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    log, free, called = open_log(f"sqlite:///{tmp_path}/log.db"), asyncio.Event(), asyncio.Event()
    await log.setup()

    async def wait() -> None:
        called.set()
        await free.wait()

    async with running(tmp_path, log=InTrouble(log, wait)) as receiver:
        _, writer = await receiver.connect()
        writer.write(head(len(BODY)) + BODY)
        await asyncio.wait_for(called.wait(), 5)
        writer.close()
        await writer.wait_closed()
        await receiver.request("GET", "/healthz")
        free.set()
        async with asyncio.timeout(5):
            while not await receiver.kept():
                await asyncio.sleep(0.01)
    await log.close()

    assert caplog.records == []


class Watched:
    """A real log that notes in which task it was called."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self.callers: list[asyncio.Task[Any] | None] = []
        self.subscribe = log.subscribe
        self.scan = log.scan
        self.backlog = log.backlog
        self.probe = log.probe
        self.degraded = log.degraded
        self.setup = log.setup
        self.close = log.close

    def append(self, topic: str, *, key: str, value: bytes, headers: Headers) -> Awaitable[None]:
        self.callers.append(asyncio.current_task())
        return self._log.append(topic, key=key, value=value, headers=headers)


async def test_only_what_came_whole_and_is_accepted_needs_no_task(tmp_path: Path) -> None:
    log = Watched(open_log(f"sqlite:///{tmp_path}/log.db"))
    await log.setup()
    close = head(len(BODY), "connection: close")
    async with running(tmp_path, log=log) as receiver:
        for parts in ([close + BODY], [close, BODY], [head(2, "connection: close") + b"[]"]):
            await answered(receiver, *parts)
    await log.close()

    assert [caller is None for caller in log.callers] == [True, False, False]


async def can_connect(receiver: Receiver) -> bool:
    try:
        _, writer = await receiver.connect()
    except ConnectionRefusedError:
        return False
    writer.close()
    return True


async def test_what_is_being_appended_at_the_end_is_answered_before_it(tmp_path: Path) -> None:
    log, free, called = open_log(f"sqlite:///{tmp_path}/log.db"), asyncio.Event(), asyncio.Event()
    await log.setup()

    async def wait() -> None:
        called.set()
        await free.wait()

    async with AsyncExitStack() as stack:
        receiver = await stack.enter_async_context(running(tmp_path, log=InTrouble(log, wait)))
        reader, writer = await receiver.connect()
        writer.write(head(len(BODY)) + BODY)
        await asyncio.wait_for(called.wait(), 5)
        ending = asyncio.create_task(stack.aclose())
        async with asyncio.timeout(5):
            while await can_connect(receiver):
                await asyncio.sleep(0.01)
        free.set()
        answer = await asyncio.wait_for(reader.read(), 5)
        await ending
    writer.close()
    await writer.wait_closed()
    await log.close()

    assert answer.startswith(b"HTTP/1.1 202 ")
    assert b"\r\nconnection: close\r\n" in answer


async def test_a_connection_that_has_ended_leaves_nothing_behind(tmp_path: Path) -> None:
    def connections() -> int:
        return sum(isinstance(each, ShortcutProtocol) for each in gc.get_objects())

    async with running(tmp_path) as receiver:
        await receiver.request("GET", "/healthz")
        gc.collect()
        before = connections()
        gc.disable()
        try:
            for _ in range(3):
                await answered(receiver, head(len(BODY), "connection: close") + BODY)
            await eventually(lambda: connections() == before)
        finally:
            gc.enable()
