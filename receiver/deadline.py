"""One limit for many short waits: `asyncio.timeout` would set and cancel a timer for each of them."""

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

T = TypeVar("T")


class Deadline:
    """Waits no longer than `seconds`, give or take a tenth of it. Belongs to one event loop.

    All waits last equally long, so the oldest ends first and one timer serves them all.
    """

    __slots__ = ("_ends", "_expired", "_seconds", "_timer")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._ends: dict[asyncio.Task[Any], float] = {}
        self._expired: set[asyncio.Task[Any]] = set()
        self._timer: asyncio.TimerHandle | None = None

    async def wait(self, work: Awaitable[T]) -> T:
        """What `work` returns. Raises `TimeoutError`, and then `work` was cancelled."""
        task = asyncio.current_task()
        assert task is not None
        loop = task.get_loop()
        self._ends[task] = loop.time() + self._seconds
        if self._timer is None:
            self._timer = loop.call_later(self._seconds, self._sweep)
        try:
            return await work
        except asyncio.CancelledError:
            if task not in self._expired:
                raise
            if task.uncancel() > 0:  # someone else wants the task to end as well
                raise
            raise TimeoutError from None
        finally:
            self._ends.pop(task, None)
            self._expired.discard(task)

    def _sweep(self) -> None:
        """Cancel what has lasted too long, then look again when the next could have."""
        self._timer = None
        if not self._ends:
            return
        loop = next(iter(self._ends)).get_loop()
        soon = loop.time() + self._seconds / 10
        for task, end in list(self._ends.items()):
            if end > soon:
                self._timer = loop.call_at(end, self._sweep)
                break
            del self._ends[task]
            self._expired.add(task)
            task.cancel()
