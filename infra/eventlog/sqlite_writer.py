"""Group commit: what is written while a commit runs waits and shares the next one, with one fsync for all."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, groupby
from operator import itemgetter
from typing import Any

from infra.eventlog.sqlite_file import ConnectionThread
from infra.eventlog.sqlite_tables import Statement

_Row = tuple[Any, ...]
_Write = tuple[Statement, _Row, int | None, "asyncio.Future[None]"]

_BATCH_BYTES = 4 * 1024 * 1024
"""Beyond this a batch gains nothing by being larger, and those who wait for it lose."""

_ROWS_A_STATEMENT = 64


class Writer:
    """Writes in the order of their calls. `committed` is called after each commit that added records."""

    def __init__(self, file: ConnectionThread, committed: Callable[[], None]) -> None:
        self._file = file
        self._committed = committed
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: list[_Write] = []
        self._waiting_bytes = 0
        self._running: asyncio.Task[None] | None = None

    def write(self, statement: Statement, row: _Row, size_bytes: int | None = None) -> "asyncio.Future[None]":
        """Done when the row is durable; fails with `LogUnavailable`. A cancel leaves the row where it is.

        `size_bytes` is null for what is no record.
        """
        loop = self._loop
        if loop is None:  # asking for the running loop costs a system call each time
            loop = self._loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        self._waiting.append((statement, row, size_bytes, done))
        self._waiting_bytes += size_bytes or 0
        if self._running is None:
            # The task starts after what is ready in this tick has run, so that all of it shares a commit.
            self._running = loop.create_task(self._commit_waiting())
        return done

    async def drain(self) -> None:
        """Return when nothing waits."""
        while self._running is not None:
            await asyncio.wait([self._running])

    async def _commit_waiting(self) -> None:
        try:
            while self._waiting:
                await self._commit(self._next_batch())
        finally:
            self._running = None

    async def _commit(self, batch: Sequence[_Write]) -> None:
        failure: Exception | None = None
        try:
            await self._file.run(lambda connection: _execute(connection, batch))
        except Exception as exc:
            failure = exc
        for _, _, _, done in batch:
            if done.done():  # cancelled meanwhile
                continue
            if failure is None:
                done.set_result(None)
            else:
                done.set_exception(failure)
        if failure is None and any(size_bytes is not None for _, _, size_bytes, _ in batch):
            self._committed()

    def _next_batch(self) -> Sequence[_Write]:
        batch, size, count = self._waiting, self._waiting_bytes, len(self._waiting)
        if size > _BATCH_BYTES:
            size = 0
            for count, (_, _, size_bytes, _) in enumerate(batch, 1):  # noqa: B007
                size += size_bytes or 0
                if size >= _BATCH_BYTES:
                    break
        self._waiting, self._waiting_bytes = batch[count:], self._waiting_bytes - size
        return batch[:count]


def _execute(connection: sqlite3.Connection, batch: Sequence[_Write]) -> None:
    """All of the batch in one transaction.

    Each statement gives up the interpreter's lock and queues for it again behind a busy event loop (seen: 64
    statements that took 4 s); hence many rows in each, and no BEGIN and COMMIT around a single one.
    """
    statements = list(_statements(batch))
    if len(statements) == 1:
        connection.execute(*statements[0])
        return
    connection.execute("BEGIN IMMEDIATE")
    for sql, parameters in statements:
        connection.execute(sql, parameters)
    connection.execute("COMMIT")


def _statements(batch: Sequence[_Write]) -> Iterator[tuple[str, _Row]]:
    for (head, form, tail), writes in groupby(batch, itemgetter(0)):
        rows = [row for _, row, _, _ in writes]
        for first in range(0, len(rows), _ROWS_A_STATEMENT):
            some = rows[first : first + _ROWS_A_STATEMENT]
            yield head + ", ".join([form] * len(some)) + tail, tuple(chain.from_iterable(some))
