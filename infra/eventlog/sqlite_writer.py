"""Group commit: what is written while a commit runs waits and shares the next one, with one fsync for all."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from infra.eventlog.sqlite_file import ConnectionThread

_Write = tuple[str, Sequence[Any], int, "asyncio.Future[None]"]

_LARGEST_BATCH_BYTES = 16 * 1024 * 1024
"""Beyond this a batch gains nothing by being larger, and those who wait for it lose."""


class Writer:
    """Statements in the order of their calls; each call returns when its own is durable."""

    def __init__(self, file: ConnectionThread, on_commit: Callable[[], None]) -> None:
        self._file = file
        self._on_commit = on_commit
        self._waiting: list[_Write] = []
        self._running: asyncio.Task[None] | None = None

    async def write(self, sql: str, parameters: Sequence[Any], size_bytes: int = 0) -> None:
        """Raises `LogUnavailable`. Cancelling the call does not take the statement back."""
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        self._waiting.append((sql, parameters, size_bytes, done))
        if self._running is None:
            # The task starts after what is ready in this tick has run, so that all of it shares a commit.
            self._running = loop.create_task(self._commit_all())
        await done

    async def drain(self) -> None:
        """Return when nothing waits."""
        while self._running is not None:
            await asyncio.wait([self._running])

    async def _commit_all(self) -> None:
        try:
            while self._waiting:
                batch = self._next_batch()
                try:
                    await self._file.run(lambda connection, batch=batch: _commit(connection, batch))  # type: ignore[misc]
                except Exception as exc:
                    for *_, done in batch:
                        if not done.done():
                            done.set_exception(exc)
                else:
                    for *_, done in batch:
                        if not done.done():
                            done.set_result(None)
                    self._on_commit()
                await asyncio.sleep(0)
        finally:
            self._running = None

    def _next_batch(self) -> list[_Write]:
        size = 0
        for count, write in enumerate(self._waiting, 1):
            size += write[2]
            if size >= _LARGEST_BATCH_BYTES:
                break
        batch, self._waiting = self._waiting[:count], self._waiting[count:]
        return batch


def _commit(connection: sqlite3.Connection, batch: Sequence[_Write]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    for sql, writes in groupby(batch, itemgetter(0)):
        connection.executemany(sql, map(itemgetter(1), writes))
    connection.execute("COMMIT")
