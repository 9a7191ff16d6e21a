"""Group commit: what is written while a commit runs waits and shares the next one, with one fsync for all."""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from infra.eventlog.sqlite.file import ConnectionThread
from infra.eventlog.sqlite.tables import Statement

_Row = tuple[Any, ...]

_BATCH_BYTES: Final = 4 * 1024 * 1024
"""Beyond this a batch gains nothing by being larger, and those who wait for it lose."""

_ROWS_A_STATEMENT: Final = 64

_CROWD: Final = 8
_ENOUGH: Final = 48
_GATHER_SECONDS: Final = 0.001
"""After a commit that a crowd shared, the next one waits so long for enough to share it: each takes the
interpreter's lock from a busy event loop several times, and that costs more than the commit itself."""


class _Insert:
    """Rows of one kind that came one after the other."""

    __slots__ = ("parameters", "rows", "statement")

    def __init__(self, statement: Statement) -> None:
        self.statement = statement
        self.parameters: list[Any] = []
        self.rows = 0


class _Batch:
    """What shares a commit, in the order of its calls, and who waits for it."""

    __slots__ = ("has_records", "inserts", "last", "size_bytes", "waiting")

    def __init__(self, statement: Statement) -> None:
        self.last = _Insert(statement)
        self.inserts = [self.last]
        self.waiting: list[asyncio.Future[None]] = []
        self.size_bytes = 0
        self.has_records = False

    def go_on_with(self, statement: Statement) -> _Insert:
        self.last = _Insert(statement)
        self.inserts.append(self.last)
        return self.last


class Writer:
    """Writes in the order of their calls. `committed` is called after each commit that added records."""

    def __init__(self, file: ConnectionThread, committed: Callable[[], None]) -> None:
        self._file = file
        self._committed = committed
        self._loop: asyncio.AbstractEventLoop | None = None
        self._batches: deque[_Batch] = deque()
        self._running: asyncio.Task[None] | None = None

    def write(self, statement: Statement, row: _Row, size_bytes: int | None = None) -> "asyncio.Future[None]":
        """Done when the row is durable; fails with `LogUnavailable`. A cancel leaves the row where it is.

        `size_bytes` is null for what is no record.
        """
        loop = self._loop
        if loop is None:  # asking for the running loop costs a system call each time
            loop = self._loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        batches = self._batches
        if batches and batches[-1].size_bytes < _BATCH_BYTES:
            batch = batches[-1]
        else:
            batch = _Batch(statement)
            batches.append(batch)
        insert = batch.last
        if insert.statement is not statement or insert.rows == _ROWS_A_STATEMENT:
            insert = batch.go_on_with(statement)
        insert.parameters += row
        insert.rows += 1
        batch.waiting.append(done)
        if size_bytes is not None:
            batch.size_bytes += size_bytes
            batch.has_records = True
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
            shared_by = 0
            while self._batches:
                if shared_by >= _CROWD and len(self._batches[0].waiting) < _ENOUGH:
                    await asyncio.sleep(_GATHER_SECONDS)
                batch = self._batches.popleft()
                shared_by = len(batch.waiting)
                await self._commit(batch)
        finally:
            self._running = None

    async def _commit(self, batch: _Batch) -> None:
        failure: Exception | None = None
        try:
            await self._file.run(lambda connection: _execute(connection, batch.inserts))
        except Exception as exc:
            failure = exc
        for done in batch.waiting:
            if done.done():  # cancelled meanwhile
                continue
            if failure is None:
                done.set_result(None)
            else:
                done.set_exception(failure)
        if failure is None and batch.has_records:
            self._committed()


def _execute(connection: sqlite3.Connection, inserts: list[_Insert]) -> None:
    """All of them in one transaction.

    Each statement gives up the interpreter's lock and queues for it again behind a busy event loop (seen: 64
    statements that took 4 s); hence many rows in each, and no BEGIN and COMMIT around a single one.
    """
    if len(inserts) > 1:
        connection.execute("BEGIN IMMEDIATE")
    for insert in inserts:
        connection.execute(_sql(insert.statement, insert.rows), insert.parameters)
    if len(inserts) > 1:
        connection.execute("COMMIT")


@lru_cache(_ROWS_A_STATEMENT * 8)
def _sql(statement: Statement, rows: int) -> str:
    head, form, tail = statement
    return head + ", ".join([form] * rows) + tail
