"""A receiver on a real socket over a real log, and the senders that post to it."""

import asyncio
import io
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import aiohttp
from yarl import URL

from infra.eventlog.base import EventLog
from infra.eventlog.open import open_log
from receiver import meeting_baas
from receiver.admission import Scheme
from receiver.app import create_app
from receiver.serve import serve
from schemas.envelope import Record
from schemas.topics import DEAD_LETTERS, WEBHOOKS

API_KEY: Final = "sample-api-key-7f3a"
SVIX_SECRET: Final = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
CALLBACK_SECRET: Final = "sample-callback-secret-91c2"
ALERT_SECRET: Final = "sample-alert-secret-55d0"
V1: Final = {"x-meeting-baas-api-key": API_KEY}

BOT_ID: Final = "123e4567-e89b-12d3-a456-426614174000"
STATUS: Final = {
    "event": "bot.status_change",
    "data": {"bot_id": BOT_ID, "status": {"code": "joining_call", "created_at": "2025-06-11T12:00:00.000Z"}},
}


COMPLETED: Final = {
    "event": "bot.completed",
    "data": {"bot_id": BOT_ID, "video": "https://x.example/v.mp4?X-Amz=1"},
}
ALERT: Final = {
    "alert_rule_id": "rule-1",
    "alert_type": "bot_crash",
    "triggered_at": "2025-01-15T10:30:00.000Z",
}
_SECRETS: Final[Mapping[meeting_baas.Channel, str]] = {
    "webhook-v1": API_KEY,
    "webhook-v2": SVIX_SECRET,
    "callback": CALLBACK_SECRET,
    "alert": ALERT_SECRET,
}


def meeting_baas_scheme() -> Scheme:
    scheme = meeting_baas.scheme(
        api_keys=[API_KEY],
        svix_secrets=[SVIX_SECRET],
        callback_secrets=[CALLBACK_SECRET],
        alert_secrets=[ALERT_SECRET],
    )
    assert scheme is not None
    return scheme


def signed(channel: meeting_baas.Channel, body: bytes) -> dict[str, str]:
    """The headers that Meeting BaaS would send now; a Svix delivery is always "msg_1"."""
    now = int(time.time())
    return meeting_baas.sign(channel, _SECRETS[channel], body=body, id="msg_1", timestamp_seconds=now)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Receiver:
    port: int
    log: EventLog
    http: aiohttp.ClientSession
    earlier: Mapping[str, int] = field(default_factory=dict)
    """How many records of a topic are another test's."""

    async def request(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        if isinstance(body, bytes):
            body = io.BytesIO(body)  # aiohttp warns of large bytes
        url = URL(f"http://127.0.0.1:{self.port}{path}", encoded=True)
        async with self.http.request(
            method, url, data=body, headers=headers, allow_redirects=False
        ) as answer:
            return Answer(
                answer.status,
                {name.lower(): value for name, value in answer.headers.items()},
                await answer.read(),
            )

    async def post(
        self, body: Any, headers: Mapping[str, str], path: str = "/webhooks/meeting-baas"
    ) -> Answer:
        return await self.request("POST", path, body=body, headers=headers)

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def accepted(self) -> list[Record]:
        return await self._records(WEBHOOKS)

    async def dead_letters(self) -> list[Record]:
        return await self._records(DEAD_LETTERS)

    async def kept(self) -> list[Record]:
        return [*await self.accepted(), *await self.dead_letters()]

    async def from_now_on(self) -> "Receiver":
        """The same receiver, as if nothing had been kept so far."""
        counts = {topic: len([r async for r in self.log.scan(topic)]) for topic in (WEBHOOKS, DEAD_LETTERS)}
        return replace(self, earlier=counts)

    async def _records(self, topic: str) -> list[Record]:
        records = [record async for record in self.log.scan(topic)]
        return records[self.earlier.get(topic, 0) :]


@asynccontextmanager
async def running(folder: Path, *, log: EventLog | None = None, **options: Any) -> AsyncIterator[Receiver]:
    """`options` go to `create_app`. A log that is given is neither set up nor closed."""
    own = open_log(f"sqlite:///{folder}/log.db") if log is None else None
    if own is not None:
        await own.setup()
    used = log or own
    assert used is not None
    options = {"schemes": {"meeting-baas": meeting_baas_scheme()}} | options
    stop, port = asyncio.Event(), asyncio.get_running_loop().create_future()

    def ready(_: str, number: int) -> None:
        port.set_result(number)

    serving = asyncio.create_task(
        serve(create_app(log=used, **options), host="127.0.0.1", port=0, ready=ready, stop=stop)
    )
    try:
        async with aiohttp.ClientSession() as http:
            await asyncio.wait([serving, port], return_when=asyncio.FIRST_COMPLETED)
            yield Receiver(await port, used, http)
    finally:
        stop.set()
        await serving
        if own is not None:
            await own.close()


async def eventually(condition: Callable[[], bool], seconds: float = 5) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)
