"""One limit for many short waits: `asyncio.timeout` would set and cancel a timer for each of them."""

import asyncio
from collections.abc import Awaitable
from typing import Any, Final, TypeVar

T = TypeVar("T")

_TICKS: Final = 10


class Deadline:
    """Cancels tasks that have waited for `seconds`, and a tenth at most. For one event loop.

    The time is told in ticks of a tenth, so that a wait costs no more than an entry in a table.
    """

    __slots__ = ("_begun", "_expired", "_tick", "_tick_seconds", "_timer")

    def __init__(self, seconds: float) -> None:
        self._tick_seconds = seconds / _TICKS
        self._tick = 0
        self._timer: asyncio.TimerHandle | None = None
        self._begun: dict[asyncio.Task[Any], int] = {}
        self._expired: set[asyncio.Task[Any]] = set()

    def begin(self, task: asyncio.Task[Any]) -> None:
        """From now on `task`, the one that runs, waits; anew if it did already. `end` must follow."""
        self._begun[task] = self._tick
        if self._timer is None:
            self._timer = task.get_loop().call_later(self._tick_seconds, self._advance)

    def end(self, task: asyncio.Task[Any]) -> bool:
        """Whether it was cancelled because its time was up, and for no other reason besides."""
        self._begun.pop(task, None)
        if not self._expired or task not in self._expired:
            return False
        self._expired.discard(task)
        return task.uncancel() == 0

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
        for task, begun in list(self._begun.items()):
            if self._tick - begun <= _TICKS:
                break  # all others began later
            del self._begun[task]
            self._expired.add(task)
            task.cancel()
        if self._begun:
            loop = next(iter(self._begun)).get_loop()
            self._timer = loop.call_later(self._tick_seconds, self._advance)
