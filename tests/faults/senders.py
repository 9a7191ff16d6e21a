"""Receivers as programs, and senders that post to them all the time and remember every answer."""

import asyncio
import json
import signal
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import aiohttp

from infra.eventlog.open import open_log
from schemas.topics import WEBHOOKS
from tests.ports import free_port
from tests.receiver.harness import V1

DEADLINE_SECONDS = 60


@dataclass
class Receiver:
    """One worker of a machine: it shares the spool in `folder` with the others."""

    log_url: str
    folder: Path
    port: int = field(default_factory=free_port)
    program: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        with (self.folder / "receiver.log").open("ab") as said:
            self.program = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "tests.faults.receiving",
                self.log_url,
                f"sqlite:///{self.folder}/spool.db",
                str(self.port),
                stdout=asyncio.subprocess.PIPE,
                stderr=said,
            )
        assert self.program.stdout
        async with asyncio.timeout(DEADLINE_SECONDS):
            while line := await self.program.stdout.readline():
                if line == b"ready\n":
                    return
        raise AssertionError((self.folder / "receiver.log").read_text()[-2000:])

    async def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        if self.program is not None and self.program.returncode is None:
            self.program.send_signal(number)
            await self.program.communicate()

    async def degraded(self, http: aiohttp.ClientSession) -> dict[str, str]:
        async with http.get(f"{self.url}/readyz") as answer:
            assert answer.status == 200, await answer.text()
            parts: dict[str, str] = (await answer.json())["degraded"]
            return parts

    async def until_drained(self, http: aiohttp.ClientSession) -> None:
        async with asyncio.timeout(DEADLINE_SECONDS):
            while await self.degraded(http):
                await asyncio.sleep(0.05)


@asynccontextmanager
async def receivers(log_url: str, folder: Path, how_many: int) -> AsyncIterator[Sequence[Receiver]]:
    """Running, until the block ends."""
    async with AsyncExitStack() as stack:
        started = [Receiver(log_url, folder) for _ in range(how_many)]
        for receiver in started:
            stack.push_async_callback(receiver.end)
            await receiver.start()
        yield started


@dataclass
class Senders:
    """Each sends one meeting's events, numbered, one after the other, to the receivers in turn."""

    http: aiohttp.ClientSession
    receivers: Sequence[Receiver]
    answered: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    refused: list[int] = field(default_factory=list)
    slowest_seconds: float = 0

    async def post(self, bot_id: str, number: int) -> bool:
        """Whether it was accepted. Without an answer, for a receiver that is gone, it is sent again."""
        status = {"code": "joining_call", "created_at": "2026-11-11T10:00:00Z", "number": number}
        body = json.dumps({"event": "bot.status_change", "data": {"bot_id": bot_id, "status": status}})
        began = time.perf_counter()
        for receiver in (self.receivers[n % len(self.receivers)] for n in count(number)):
            url = f"{receiver.url}/webhooks/meeting-baas"
            with suppress(aiohttp.ClientConnectionError):
                async with self.http.post(url, data=body, headers=V1) as answer:
                    self.slowest_seconds = max(self.slowest_seconds, time.perf_counter() - began)
                    if answer.status == 202:
                        self.answered[bot_id].append(number)
                    else:
                        self.refused.append(answer.status)
                    return answer.status == 202
            await asyncio.sleep(0.02)
        return False

    @asynccontextmanager
    async def sending(self, meetings: int = 16, pause_seconds: float = 0.01) -> AsyncIterator[None]:
        """While the block runs. What is under way at its end is answered."""
        done = asyncio.Event()

        async def send(bot_id: str) -> None:
            for number in count():
                if done.is_set():
                    return
                await self.post(bot_id, number)
                await asyncio.sleep(pause_seconds)

        async with asyncio.TaskGroup() as group:
            for meeting in range(meetings):
                group.create_task(send(f"bot-{meeting}"))
            yield
            done.set()


async def numbers_in(log_url: str) -> dict[str, list[int]]:
    """Of each meeting what the log holds, in its order; what came twice, where it came first."""
    log = open_log(log_url)
    found: dict[str, list[int]] = defaultdict(list)
    try:
        async for record in log.scan(WEBHOOKS):
            number = json.loads(record.value)["data"]["status"]["number"]
            if number not in found[record.key]:
                found[record.key].append(number)
    finally:
        await log.close()
    return found
