"""The database file of a log, and a thread of its own that holds a connection to it and heals it."""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Literal, TypeVar
from urllib.parse import quote

import structlog

from infra.errors import LogUnavailable

log = structlog.get_logger()

T = TypeVar("T")
Prepare = Callable[[sqlite3.Connection], object]
Identity = tuple[int, int, int, int]

_BUSY_SECONDS = 1.5
"""An append waits for the commit that runs and then for its own: twice this is well under a sender's 5 s."""

_STATEMENTS_KEPT = 256


class ConnectionThread:
    """Runs functions of a connection, one after the other, off the event loop.

    Any trouble with the file becomes `LogUnavailable`, and the connection is opened anew for the next call.
    `prepare` is called with each new connection. Mode "rw" wants the file to be there, "rwc" creates it.
    """

    def __init__(self, path: Path, *, mode: Literal["rw", "rwc"], prepare: Prepare) -> None:
        self._path = path
        self._mode = mode
        self._prepare = prepare
        self._thread: ThreadPoolExecutor | None = ThreadPoolExecutor(1, thread_name_prefix=f"log-{mode}")
        self._connection: sqlite3.Connection | None = None
        self._identity: Identity | None = None

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What `work` returns, done on the file that is at the path afterwards. Raises `LogUnavailable`."""
        if self._thread is None:
            raise LogUnavailable(f"the log {self._path} was closed")
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._guarded, work)

    async def close(self) -> None:
        if self._thread is not None:
            thread, self._thread = self._thread, None
            await asyncio.get_running_loop().run_in_executor(thread, self._drop)
            thread.shutdown()

    def _guarded(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            result = work(self._connection or self._open())
            if self._was_replaced():
                # SQLite goes on using a deleted file, and what it calls durable would be gone: do it again.
                log.warning("log_replaced", path=str(self._path))
                self._drop()
                result = work(self._open())
        except (sqlite3.Error, OSError) as exc:
            self._drop()
            raise LogUnavailable(f"the log {self._path} cannot be used: {exc}") from exc
        except BaseException:
            self._drop()
            raise
        return result

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"file:{quote(str(self._path.absolute()))}?mode={self._mode}",
            uri=True,
            timeout=_BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=_STATEMENTS_KEPT,
        )
        self._connection = connection
        self._prepare(connection)
        self._identity = self._identity_now()
        return connection

    def _drop(self) -> None:
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
        self._connection = None

    def _was_replaced(self) -> bool:
        identity = self._identity_now()
        return identity is None or identity != self._identity

    def _identity_now(self) -> Identity | None:
        """Which file is at the path, and which write-ahead log beside it; null where one is missing."""
        try:
            file, ahead = self._path.stat(), Path(f"{self._path}-wal").stat()
        except FileNotFoundError:
            return None
        return file.st_dev, file.st_ino, ahead.st_dev, ahead.st_ino
