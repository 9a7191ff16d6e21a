"""Order per key: a key's records one after another, different keys side by side, all within memory."""

import asyncio
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from itertools import count
from math import inf

from infra.eventlog.base import Partition
from schemas.envelope import Record


@dataclass(eq=False, slots=True)
class Turn:
    """A record whose turn it is, or will be: attempts made so far, and the ids of the facts they told.

    The least `urgency` goes first. `lost` says that its partition went to another member while a worker has
    it.
    """

    record: Record
    urgency: float = 0
    attempts: int = 0
    told: set[str] = field(default_factory=set)
    lost: bool = False


class Lanes:
    """Hands out the first record of each key; the next one of that key follows when it is done.

    Of these, the one that came first; with `urgency`, the one of which that is least. Records without a key
    have no order among them. A record that waits to be tried again holds its lane, not a worker.
    """

    def __init__(
        self, *, max_records: int, max_bytes: int, urgency: Callable[[Record], float] | None = None
    ) -> None:
        self._max_records = max_records
        self._max_bytes = max_bytes
        self._urgency = urgency
        self._ready: asyncio.Queue[Turn | None] | _MostUrgent = _MostUrgent() if urgency else asyncio.Queue()
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
        self._ready.put_nowait(self._turn(record))

    async def next(self) -> Turn | None:
        """Wait for a record whose turn it is; null once the lanes are closed."""
        return await self._ready.get()

    def done(self, turn: Turn) -> None:
        """Nothing more is to be done for it, whatever became of it: the next of its key follows."""
        record = turn.record
        self.records -= 1
        self.bytes -= len(record.value)
        if record.key:
            behind = self._behind[record.key]
            if behind:
                self._ready.put_nowait(self._turn(behind.popleft()))
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

    def drop(self, partitions: Collection[Partition]) -> None:
        """Forget what came from them, but for the turns that were taken and are not done."""
        for behind in self._behind.values():
            self._drop_behind(behind, partitions)
        for turn, handle in [*self._waiting.items()]:
            if _is_from(turn.record, partitions):
                handle.cancel()
                del self._waiting[turn]
                self.done(turn)
        for next_turn in [self._ready.get_nowait() for _ in range(self._ready.qsize())]:
            if next_turn is not None and _is_from(next_turn.record, partitions):
                self.done(next_turn)
            else:
                self._ready.put_nowait(next_turn)

    async def room(self) -> tuple[int, int]:
        """Wait until a worthwhile number of records may come, and return it and how many would fit."""
        batch = max(1, self._max_records // 4)
        while self.records > self._max_records - batch or (self.records and self.bytes >= self._max_bytes):
            await self.change()
        return batch, self._max_records - self.records

    async def empty(self) -> None:
        while self.records:
            await self.change()

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

    async def change(self) -> None:
        """Wait until a turn is done."""
        self._changed.clear()
        await self._changed.wait()

    def _turn(self, record: Record) -> Turn:
        if self._urgency is None:
            return Turn(record)
        try:
            return Turn(record, self._urgency(record))
        except Exception:  # the handler meets it too, and what it raises is told
            return Turn(record, -inf)

    def _drop_behind(self, behind: deque[Record], partitions: Collection[Partition]) -> None:
        kept = [record for record in behind if not _is_from(record, partitions)]
        if len(kept) < len(behind):
            self.records -= len(behind) - len(kept)
            self.bytes -= sum(len(record.value) for record in behind) - sum(len(r.value) for r in kept)
            behind.clear()
            behind.extend(kept)


class _MostUrgent:
    """As an `asyncio.Queue`, but the most urgent turn is first out; of several, the one that came first."""

    def __init__(self) -> None:
        self._queue: asyncio.PriorityQueue[tuple[float, int, Turn | None]] = asyncio.PriorityQueue()
        self._number = count()
        self.qsize = self._queue.qsize
        self.empty = self._queue.empty

    def put_nowait(self, turn: Turn | None) -> None:
        self._queue.put_nowait((turn.urgency if turn else inf, next(self._number), turn))

    async def get(self) -> Turn | None:
        return (await self._queue.get())[2]

    def get_nowait(self) -> Turn | None:
        return self._queue.get_nowait()[2]


def _is_from(record: Record, partitions: Collection[Partition]) -> bool:
    return (record.topic, record.partition) in partitions
