"""How long a connection is kept for the next request."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from infra.eventlog.base import EventLog
from infra.eventlog.open import open_log
from receiver.app import create_app
from receiver.serve import serve
from tests.receiver.harness import API_KEY, STATUS, meeting_baas_scheme
from tests.receiver.test_unavailable import InTrouble

KEPT_SECONDS = 2
BODY = json.dumps(STATUS).encode()
HEAD = f"POST /webhooks/meeting-baas HTTP/1.1\r\nhost: x\r\nx-meeting-baas-api-key: {API_KEY}\r\n"
AT_ONCE = f"{HEAD}content-length: {len(BODY)}\r\n\r\n".encode() + BODY
PAGE = b"GET /nothing HTTP/1.1\r\nhost: x\r\n\r\n"

Wait = Callable[[], Any]


@asynccontextmanager
async def serving(folder: Path, wait: Wait | None = None) -> AsyncIterator[int]:
    """The port of a receiver whose log waits, at each append, for what `wait` returns."""
    log: EventLog = open_log(f"sqlite:///{folder}/log.db")
    await log.setup()
    used = log if wait is None else InTrouble(log, wait)
    app = create_app(log=used, schemes={"meeting-baas": meeting_baas_scheme()})
    stop, port = asyncio.Event(), asyncio.get_running_loop().create_future()

    def ready(_: str, number: int) -> None:
        port.set_result(number)

    task = asyncio.create_task(
        serve(app, host="127.0.0.1", port=0, ready=ready, stop=stop, keep_alive_seconds=KEPT_SECONDS)
    )
    try:
        yield await port
    finally:
        stop.set()
        await task
        await log.close()


async def status(reader: asyncio.StreamReader) -> int:
    """Of the next answer."""
    async with asyncio.timeout(10):
        answer = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in answer.lower().split(b"\r\n") if line.startswith(b"content-length: "))
        await reader.readexactly(int(length.split()[1]))
    return int(answer.split()[1])


async def idle_after(port: int, *requests: bytes) -> float:
    """How long it is kept after the last of these, when they come neither fast nor too late."""
    clock = asyncio.get_running_loop().time
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for place, request in enumerate(requests):
        await asyncio.sleep(KEPT_SECONDS * 0.6 if place else 0)
        writer.write(request)
        assert await status(reader) in (202, 404)
    answered = clock()
    assert await asyncio.wait_for(reader.read(), 10) == b""
    writer.close()
    await writer.wait_closed()
    return clock() - answered


async def test_it_ends_when_nothing_has_come_for_so_long_and_not_before(tmp_path: Path) -> None:
    async with serving(tmp_path) as port:
        kept = await asyncio.gather(
            idle_after(port, AT_ONCE),
            idle_after(port, AT_ONCE, AT_ONCE, AT_ONCE),
            idle_after(port, AT_ONCE, PAGE),
            idle_after(port, PAGE, AT_ONCE),
        )

    assert min(kept) > KEPT_SECONDS * 0.9


async def test_one_whose_event_is_still_being_appended_is_not_idle(tmp_path: Path) -> None:
    waits = iter((0.0, KEPT_SECONDS * 1.5))
    async with serving(tmp_path, lambda: asyncio.sleep(next(waits))) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(2):
            writer.write(AT_ONCE)
            assert await status(reader) == 202
        writer.close()
        await writer.wait_closed()
