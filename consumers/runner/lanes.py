"""Order per key: a key's records one after another, different keys side by side, all within memory."""

import asyncio
from collections import deque
from dataclasses import dataclass, field

from schemas.envelope import Record


@dataclass(eq=False, slots=True)
class Turn:
    """A record whose turn it is, or will be: attempts made so far, and the ids of the facts they told."""

    record: Record
    attempts: int = 0
    told: set[str] = field(default_factory=set)


class Lanes:
    """Hands out the first record of each key; the next one of that key follows when it is done.

    Records without a key have no order among them. A record that waits to be tried again holds its lane, not
    a worker.
    """

    def __init__(self, *, max_records: int, max_bytes: int) -> None:
        self._max_records = max_records
        self._max_bytes = max_bytes
        self._ready: asyncio.Queue[Turn | None] = asyncio.Queue()
        self._behind: dict[str, deque[Record]] = {}
        self._waiting: dict[Turn, asyncio.TimerHandle] = {}
        self._changed = asyncio.Event()
        self._closed = False
        self.records = 0
        self.bytes = 0

    def add(self, record: Record) -> None:
        self.records += 1
        self.bytes += len(record.value)
        if record.key:
            behind = self._behind.get(record.key)
            if behind is not None:
                behind.append(record)
                return
            self._behind[record.key] = deque()
        self._ready.put_nowait(Turn(record))

    async def next(self) -> Turn | None:
        """Wait for a record whose turn it is; null once the lanes are closed."""
        return await self._ready.get()

    def done(self, turn: Turn) -> None:
        record = turn.record
        self.records -= 1
        self.bytes -= len(record.value)
        if record.key:
            behind = self._behind[record.key]
            if behind:
                self._ready.put_nowait(Turn(behind.popleft()))
            else:
                del self._behind[record.key]
        self._changed.set()

    def again(self, turn: Turn, after_seconds: float) -> None:
        """Its turn comes once more, later; until then its key waits."""
        if self._closed:
            return

        def ready() -> None:
            del self._waiting[turn]
            self._ready.put_nowait(turn)

        self._waiting[turn] = asyncio.get_running_loop().call_later(after_seconds, ready)

    async def room(self) -> int:
        """Wait until a worthwhile number of records may come, and return it."""
        batch = max(1, self._max_records // 4)
        while self.records > self._max_records - batch or (self.records and self.bytes >= self._max_bytes):
            await self._change()
        return batch

    async def empty(self) -> None:
        while self.records:
            await self._change()

    def close(self, takers: int) -> None:
        """Nothing more is handed out: each of the takers gets a null in its place."""
        self._closed = True
        for handle in self._waiting.values():
            handle.cancel()
        self._waiting.clear()
        while not self._ready.empty():
            self._ready.get_nowait()
        for _ in range(takers):
            self._ready.put_nowait(None)

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()
