"""How fast an API may be asked, over all callers of this process."""

import asyncio
from collections import deque
from typing import Final

from infra.errors import Retryable

_LONGEST_PAUSE_SECONDS: Final = 30
"""Whoever would have to wait longer is sent away with the time."""


class Pace:
    """At most `calls` in any `seconds` (null: however many come), and none while it is paused.

    Callers go in the order in which they came.
    """

    def __init__(self, calls: int | None = None, seconds: float = 1) -> None:
        self._calls = calls
        self._seconds = seconds
        self._begun: deque[float] = deque(maxlen=calls or 0)
        self._paused_until = 0.0
        self._queue = asyncio.Lock()

    async def turn(self) -> None:
        """Wait until one more call may begin. Raises `Retryable` when it is paused for long."""
        async with self._queue:
            while (wait := max(self._full_for(), self._paused_for())) > 0:
                if self._paused_for() > _LONGEST_PAUSE_SECONDS:
                    raise Retryable("Asked too often: the provider takes no more calls for now.", wait)
                await asyncio.sleep(wait)
            self._begun.append(_now())

    def pause(self, seconds: float) -> None:
        """The other side said that we ask too often."""
        self._paused_until = max(self._paused_until, _now() + seconds)

    def _full_for(self) -> float:
        full = self._calls is not None and len(self._begun) == self._calls
        return self._begun[0] + self._seconds - _now() if full else 0

    def _paused_for(self) -> float:
        return self._paused_until - _now()


def _now() -> float:
    return asyncio.get_running_loop().time()
