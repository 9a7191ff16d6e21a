"""One limit for many short waits: `asyncio.timeout` would set and cancel a timer for each of them."""

import asyncio
from collections.abc import Awaitable
from typing import Any, Final, TypeVar

T = TypeVar("T")

_TICKS: Final = 10


class Deadline:
    """Cancels tasks and futures that have waited for `seconds`, and a tenth at most. For one event loop.

    The time is told in ticks of a tenth, so that a wait costs no more than an entry in a table.
    """

    __slots__ = ("_begun", "_expired", "_tick", "_tick_seconds", "_timer")

    def __init__(self, seconds: float) -> None:
        self._tick_seconds = seconds / _TICKS
        self._tick = 0
        self._timer: asyncio.TimerHandle | None = None
        self._begun: dict[asyncio.Future[Any], int] = {}
        self._expired: set[asyncio.Future[Any]] = set()

    def begin(self, waiting: asyncio.Future[Any]) -> None:
        """From now on its time runs, until `end`. A task begins for itself, and one wait at a time."""
        self._begun[waiting] = self._tick
        if self._timer is None:
            self._timer = waiting.get_loop().call_later(self._tick_seconds, self._advance)

    def end(self, waiting: asyncio.Future[Any]) -> bool:
        """Whether it was cancelled because its time was up, and for no other reason besides."""
        self._begun.pop(waiting, None)
        if not self._expired or waiting not in self._expired:
            return False
        self._expired.discard(waiting)
        return not isinstance(waiting, asyncio.Task) or waiting.uncancel() == 0

    async def wait(self, work: Awaitable[T], task: asyncio.Task[Any]) -> T:
        """What `work` returns, awaited by `task`. Raises `TimeoutError`, and then `work` was cancelled."""
        self.begin(task)
        try:
            return await work
        except asyncio.CancelledError:
            if self.end(task):
                raise TimeoutError from None
            raise
        finally:
            self.end(task)

    def _advance(self) -> None:
        """Those who have waited for all ticks, beside that in which they began, have waited long enough."""
        self._timer = None
        self._tick += 1
        for waiting, begun in list(self._begun.items()):
            if self._tick - begun <= _TICKS:
                break  # all others began later
            del self._begun[waiting]
            self._expired.add(waiting)
            waiting.cancel()
        if self._begun:
            loop = next(iter(self._begun)).get_loop()
            self._timer = loop.call_later(self._tick_seconds, self._advance)
