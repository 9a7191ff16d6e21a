"""Workers of one group on Kafka, each a real process, and what they said."""

import asyncio
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from infra.eventlog.base import EventLog
from infra.eventlog.kafka.options import KafkaOptions
from infra.eventlog.open import open_log
from schemas.envelope import event_headers
from schemas.topics import WEBHOOKS
from tests.faults.worker import GROUP

DEADLINE_SECONDS = 40
SESSION_SECONDS = 2.0


@dataclass(frozen=True)
class Said:
    worker: int
    what: str
    event: str


@dataclass
class Workers:
    url: str
    folder: Path
    log: EventLog

    @asynccontextmanager
    async def worker(
        self, members: str = "", session_seconds: float = SESSION_SECONDS
    ) -> AsyncIterator[asyncio.subprocess.Process]:
        """Killed at the end, where it still runs. `members` is the folder where it finds its names."""
        with (self.folder / "stderr").open("ab") as errors:
            worker = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "tests.faults.worker"),
                *(self.url, self.folder / "said", str(session_seconds), members),
                stdout=errors,
                stderr=errors,
            )
        try:
            yield worker
        finally:
            if worker.returncode is None:
                worker.send_signal(signal.SIGKILL)
                await worker.wait()

    async def append(self, event: str, key: str, value: bytes = b"short") -> None:
        headers = event_headers(
            id=event, source="/", type="meeting-baas.bot.completed", subject=key, time="2026-01-02T03:04:05Z"
        )
        await self.log.append(WEBHOOKS, key=key, value=value, headers=headers)

    def let_handlers_end(self) -> None:
        (self.folder / "enough").touch()

    def said(self, what: str, worker: asyncio.subprocess.Process | None = None) -> list[str]:
        """The events of which that was said, by all or by one, in the order of saying."""
        return [
            line.event
            for line in self.everything()
            if line.what == what and (worker is None or line.worker == worker.pid)
        ]

    def everything(self) -> list[Said]:
        path = self.folder / "said"
        lines = path.read_text().splitlines() if path.exists() else []
        return [Said(int(worker), what, event) for worker, what, event in map(str.split, lines)]

    async def until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not condition():
            assert time.monotonic() < deadline, self._told()
            await asyncio.sleep(0.01)

    async def until_committed(self, all_but: int = 0) -> None:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while await self.log.backlog([WEBHOOKS], GROUP) > all_but:
            assert time.monotonic() < deadline, self._told()
            await asyncio.sleep(0.05)

    def _told(self) -> str:
        return f"{self.everything()}\n{(self.folder / 'stderr').read_text()[-3000:]}"


@asynccontextmanager
async def workers(url: str, folder: Path) -> AsyncIterator[Workers]:
    log = open_log(url, kafka=KafkaOptions(partitions=4, ack_timeout_seconds=DEADLINE_SECONDS))
    await log.setup()
    try:
        yield Workers(url, folder, log)
    finally:
        await log.close()
