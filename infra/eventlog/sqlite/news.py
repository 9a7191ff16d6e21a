"""Tells those who wait for records that there are some."""

import asyncio

_POLL_SECONDS = 0.2
"""How long what another process appended may stay unseen."""


class News:
    """`count` is taken before looking; `after(count)` then returns at once if anything came since."""

    def __init__(self) -> None:
        self.count = 0
        self._waiting: set[asyncio.Future[None]] = set()

    def tell(self) -> None:
        self.count += 1
        for waiter in self._waiting:
            waiter.set_result(None)
        self._waiting.clear()

    async def after(self, count: int) -> None:
        """Return when there may be something new: at once for this process, soon enough for the others."""
        if self.count != count:
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(waiter)
        try:
            await asyncio.wait([waiter], timeout=_POLL_SECONDS)
        finally:
            self._waiting.discard(waiter)
