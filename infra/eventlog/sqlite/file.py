"""The database file of a log, and a thread of its own that holds a connection to it and heals it."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from os import stat
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Literal, TypeVar
from urllib.parse import quote, unquote

import structlog

from infra.errors import LogUnavailable

log = structlog.get_logger()

T = TypeVar("T")
Prepare = Callable[[sqlite3.Connection], object]
Identity = tuple[int, int, int, int]

_BUSY_SECONDS = 1.5
"""An append waits for the commit that runs and then for its own: twice this is well under a sender's 5 s."""

_STATEMENTS_KEPT = 256


def path_at(url: str) -> Path | None:
    """The file that `sqlite:///relative.db` or `sqlite:////absolute.db` names; null for any other URL."""
    scheme, _, rest = url.partition("://")
    return Path(unquote(rest[1:])) if scheme == "sqlite" and rest.startswith("/") and len(rest) > 1 else None


class ConnectionThread:
    """Runs functions of a connection, one after the other, off the event loop. A cancel does not stop them.

    A thread and a queue, because an executor's futures cost more than the rest of a small commit's Python.
    Any trouble with the file becomes `LogUnavailable`, and the connection is opened anew for the next call.
    `prepare` is called with each new connection. Mode "rw" wants the file to be there, "rwc" creates it.
    `what` errors call the file.
    """

    def __init__(
        self, path: Path, *, mode: Literal["rw", "rwc"], prepare: Prepare, what: str = "log"
    ) -> None:
        self._path = path
        self._mode = mode
        self._prepare = prepare
        self._named = f"the {what} {path}"
        self._ahead_path = f"{path}-wal"
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread: Thread | None = None
        self._closed = False
        self._connection: sqlite3.Connection | None = None
        self._identity: Identity | None = None

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What `work` returns, done on the file that is at the path afterwards. Raises `LogUnavailable`."""
        if self._closed:
            raise LogUnavailable(f"{self._named} was closed")
        if self._thread is None:
            self._thread = Thread(target=self._serve, name=f"log-{self._mode}", daemon=True)
            self._thread.start()
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._calls.put(partial(self._answer, work, done))
        return await done

    async def close(self) -> None:
        self._closed = True
        if self._thread is not None:
            thread, self._thread = self._thread, None
            self._calls.put(None)
            await asyncio.to_thread(thread.join)

    def _serve(self) -> None:
        for call in iter(self._calls.get, None):
            call()
            del call  # and the records in it, while this waits for the next
        self._drop()

    def _answer(self, work: Callable[[sqlite3.Connection], T], done: "asyncio.Future[T]") -> None:
        answer: Callable[[], None]
        try:
            answer = partial(done.set_result, self._guarded(work))
        except BaseException as exc:
            answer = partial(done.set_exception, exc)
        with suppress(RuntimeError):  # the loop was closed: nobody waits
            done.get_loop().call_soon_threadsafe(_unless_done, done, answer)

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
            raise LogUnavailable(f"{self._named} cannot be used: {exc}") from exc
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
            file, ahead = stat(self._path), stat(self._ahead_path)
        except FileNotFoundError:
            return None
        return file.st_dev, file.st_ino, ahead.st_dev, ahead.st_ino


def _unless_done(done: "asyncio.Future[T]", answer: Callable[[], None]) -> None:
    if not done.done():  # cancelled meanwhile
        answer()
