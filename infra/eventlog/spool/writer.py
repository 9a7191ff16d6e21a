"""Events on their way into the spool: what comes while one commit runs shares the next."""

import asyncio
from collections.abc import Callable
from typing import Final, NamedTuple

from infra.eventlog.spool import metrics, tables
from infra.eventlog.spool.file import SpoolFile
from schemas.envelope import Headers, Record

_BATCH_BYTES: Final = 4 * 1024 * 1024
"""Beyond this a batch gains nothing by being larger, and those who wait for it lose."""


class Event(NamedTuple):
    """An append that has not returned. A cancelled one is written all the same."""

    topic: str
    key: str
    value: bytes
    headers: Headers
    done: "asyncio.Future[None]"

    def succeed(self) -> None:
        if not self.done.done():
            self.done.set_result(None)

    def fail(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)

    def record(self, time_ms: int) -> Record:
        """As it would stand in a log, but for its place."""
        return Record(self.topic, 0, 0, self.key, time_ms, self.headers, self.value)


class SpoolWriter:
    """Writes in the order of the calls. What need not be written any more at its turn goes `elsewhere`."""

    def __init__(
        self,
        spool: SpoolFile,
        *,
        needed: Callable[[], bool],
        elsewhere: Callable[[Event], None],
        clock_ms: Callable[[], int],
    ) -> None:
        self._spool = spool
        self._needed = needed
        self._elsewhere = elsewhere
        self._clock_ms = clock_ms
        self._waiting: list[Event] = []
        self.running: asyncio.Task[None] | None = None
        """Null when nothing waits."""
        self.refusal = ""
        """Why what was last to be written was not; empty when it was."""

    def write(self, event: Event) -> None:
        """It succeeds when it is durable, and fails with `LogUnavailable`."""
        self._waiting.append(event)
        if self.running is None:
            # The task starts after what is ready in this tick has run, so that all of it shares a commit.
            self.running = asyncio.get_running_loop().create_task(self._write_waiting())

    async def _write_waiting(self) -> None:
        try:
            while self._waiting:
                batch = self._next_batch()
                try:
                    added = await self._spool.add([self._row(event) for event in batch], self._needed)
                except Exception as exc:
                    self.refusal = str(exc)
                    for event in batch:
                        event.fail(exc)
                    continue
                if not added:
                    batch, self._waiting = batch + self._waiting, []
                    for event in batch:
                        self._elsewhere(event)
                    continue
                self.refusal = ""
                metrics.SPOOLED.inc(len(batch))
                for event in batch:
                    event.succeed()
        finally:
            self.running = None

    def _next_batch(self) -> list[Event]:
        size = count = 0
        for count, event in enumerate(self._waiting, 1):  # noqa: B007
            size += len(event.value)
            if size >= _BATCH_BYTES:
                break
        batch, self._waiting = self._waiting[:count], self._waiting[count:]
        return batch

    def _row(self, event: Event) -> tables.Row:
        return tables.row(event.topic, self._clock_ms(), event.key, event.headers, event.value)
