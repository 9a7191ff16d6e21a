"""Whatever bytes come, and in whatever pieces: who takes the shortcut gets the answers of who does not."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from random import Random

import pytest

from infra.eventlog.base import EventLog
from infra.eventlog.open import open_log
from receiver.app import ReceiverApp, create_app
from receiver.serve import serve
from tests.receiver.harness import API_KEY, STATUS, meeting_baas_scheme

BODY = json.dumps(STATUS).encode()
OTHER = json.dumps(STATUS | {"event": "something.new"}).encode()
CLOSE = "connection: close"
CHUNKED = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (BODY[:1], BODY[1:7], BODY[7:]))


def head(
    *lines: str, method: str = "POST", target: str = "/webhooks/meeting-baas", version: str = "1.1"
) -> bytes:
    key = f"x-meeting-baas-api-key: {API_KEY}"
    return "\r\n".join([f"{method} {target} HTTP/{version}", "host: x", key, *lines, "\r\n"]).encode()


def post(body: bytes, *lines: str, **line: str) -> bytes:
    return head(f"content-length: {len(body)}", *lines, **line) + body


SENT = {
    "one": post(BODY, CLOSE),
    "two in a row": post(BODY) + post(OTHER, CLOSE),
    "one that is refused in between": post(BODY) + post(b"[]") + post(BODY, CLOSE),
    "a broken one first": post(b'{"event": "complete", "data": {}}') + post(BODY, CLOSE),
    "a page after an event": post(BODY) + head(CLOSE, method="GET", target="/nothing"),
    "an event after a page": head(method="GET", target="/nothing") + post(BODY, CLOSE),
    "put": post(BODY, CLOSE, method="PUT"),
    "get": head(CLOSE, method="GET"),
    "head": head(CLOSE, method="HEAD"),
    "chunked": head("transfer-encoding: chunked", CLOSE) + CHUNKED + b"0\r\n\r\n",
    "chunked with a trailer": head("transfer-encoding: chunked", CLOSE) + CHUNKED + b"0\r\nx: y\r\n\r\n",
    "a chunk that is none": head("transfer-encoding: chunked", CLOSE) + CHUNKED + b"z\r\n\r\n",
    "two lengths": head("content-length: 1", f"content-length: {len(BODY)}") + BODY,
    "no request after one": post(BODY, CLOSE) + b"\x00\x01\r\n\r\n",
    "no path": post(BODY, CLOSE, target="*"),
    "a query": post(BODY, CLOSE, target="/webhooks/meeting-baas?x=y"),
    "a slash more": post(BODY, CLOSE, target="/webhooks/meeting-baas/"),
    "an escape in the path": post(BODY, CLOSE, target="/webhooks/meeting%2Dbaas"),
    "a whole URL": post(BODY, CLOSE, target="http://x/webhooks/meeting-baas"),
    "another provider": post(BODY, CLOSE, target="/webhooks/nobody"),
    "an upgrade": post(BODY, "connection: close, upgrade", "upgrade: websocket"),
    "two credentials": post(BODY, f"x-meeting-baas-api-key: {API_KEY}", CLOSE),
    "version 1.0": post(BODY, version="1.0"),
    "version 1.0 that would stay": post(BODY, "connection: keep-alive", version="1.0"),
    "one that asks before it sends": post(BODY, "expect: 100-continue", CLOSE),
    "nothing": post(b"", CLOSE),
}


@asynccontextmanager
async def serving(log: EventLog, *, by_shortcut: bool) -> AsyncIterator[int]:
    app = create_app(log=log, schemes={"meeting-baas": meeting_baas_scheme()})
    stop, port = asyncio.Event(), asyncio.get_running_loop().create_future()
    task = asyncio.create_task(
        serve(
            app if by_shortcut else ReceiverApp(app.asgi, {}),
            host="127.0.0.1",
            port=0,
            ready=lambda _, number: port.set_result(number),
            stop=stop,
        )
    )
    try:
        yield await port
    finally:
        stop.set()
        await task


async def answers(port: int, parts: Sequence[bytes]) -> bytes:
    """All that comes back, for parts that each arrive by themselves, until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    reading = asyncio.create_task(reader.read())
    for part in parts:
        if not reading.done():
            writer.write(part)
            await until_seen(port)
    answer = await asyncio.wait_for(reading, 10)
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()
    return re.sub(rb"date: [^\r]+", b"date: now", answer)


async def until_seen(port: int) -> None:
    """What was written has been received when a request that was written later is answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head(CLOSE, method="GET", target="/nothing"))
    await asyncio.wait_for(reader.read(), 10)
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize("sent", SENT.values(), ids=SENT.keys())
async def test_both_ways_answer_the_same(tmp_path: Path, sent: bytes) -> None:
    random = Random(sent)
    cuts = [sorted(random.sample(range(1, len(sent)), count)) for count in (0, 1, 1, 1, 2, 3)]
    log = open_log(f"sqlite:///{tmp_path}/log.db")
    await log.setup()
    async with serving(log, by_shortcut=True) as short, serving(log, by_shortcut=False) as long:
        for places in cuts:
            parts = [sent[a:b] for a, b in zip([0, *places], [*places, len(sent)], strict=True)]
            by_shortcut, by_asgi = await asyncio.gather(answers(short, parts), answers(long, parts))
            assert by_shortcut == by_asgi
    await log.close()
