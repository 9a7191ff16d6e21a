"""A log that others read, facts from real handlers, and subscribers as the programs they are."""

import asyncio
import os
import shutil
import signal
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from consumers import meetings, recordings
from consumers.base import Consumer
from consumers.runner.run import publish_to
from infra.eventlog.base import EventLog
from infra.eventlog.kafka.options import KafkaOptions
from infra.eventlog.open import open_log
from schemas.envelope import Record
from schemas.facts import Fact
from tests.consumers.running import QUICK
from tests.consumers.storing import VIDEO, Bench, opened_bench, webhook
from tests.giving_up import give_up
from tests.servers.kafka import KafkaServer
from tests.servers.media import whole

SUBSCRIBERS: Final = Path(__file__).parents[2] / "docs" / "subscribers"

Lines = Callable[[int], Awaitable[list[str]]]
"""The next so many lines that a program prints; fails when they do not come."""

_DEADLINE_SECONDS: Final = 30


@dataclass(frozen=True)
class Feed:
    """Our side of the topics: what `prefix` begins on `bootstrap`."""

    log: EventLog
    bench: Bench
    bootstrap: str
    prefix: str

    async def record(self, meeting: str) -> Sequence[Fact]:
        """A meeting's video is stored and told of."""
        record = self.bench.completed(event=f"completed {meeting}", meeting=meeting, video="/v")
        return await self._handle(recordings.CONSUMER, record)

    async def fail(self, meeting: str) -> Sequence[Fact]:
        data = {"bot_id": meeting, "error_code": "LOBBY_TIMEOUT", "error_message": "Nobody let us in."}
        record = webhook("bot.failed", data, event=f"failed {meeting}", meeting=meeting)
        return await self._handle(meetings.CONSUMER, record)

    async def _handle(self, consumer: Consumer, record: Record) -> Sequence[Fact]:
        facts = await consumer.handle(record, self.bench.services)
        publish = publish_to(self.log, consumer, QUICK, lambda: int(time.time() * 1000))
        for fact in facts:
            await publish(record, fact)
        return facts


@asynccontextmanager
async def opened_feed(kafka: KafkaServer, folder: Path) -> AsyncIterator[Feed]:
    """One partition, so that all comes in the order in which it was told."""
    prefix = f"{uuid.uuid4()}."
    log = open_log(f"{kafka.url}?prefix={prefix}", kafka=KafkaOptions(partitions=1))
    try:
        await log.setup()
        async with opened_bench(folder, {"/v": whole(VIDEO)}) as bench:
            yield Feed(log, bench, kafka.bootstrap, prefix)
    finally:
        await log.close()


@asynccontextmanager
async def subscribed(*command: str | Path, folder: Path) -> AsyncIterator[Lines]:
    """A subscriber's program, ended as by Ctrl-C."""
    program = await asyncio.create_subprocess_exec(
        *command, cwd=folder, stdout=asyncio.subprocess.PIPE, start_new_session=True
    )
    assert program.stdout is not None
    printed = program.stdout

    async def lines(number: int) -> list[str]:
        async with asyncio.timeout(_DEADLINE_SECONDS):
            return [(await printed.readline()).decode().rstrip("\n") for _ in range(number)]

    try:
        yield lines
    finally:
        with suppress(ProcessLookupError):
            os.killpg(program.pid, signal.SIGINT)
        await program.communicate()


def kcat() -> None:
    """Skips the test where it is not installed; in CI it must be."""
    if shutil.which("kcat") is None:
        give_up("kcat is missing: apt-get install kcat, or brew install kcat.")
