"""The records behind an index, as a subscription that ends."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

from consumers.replay.choose import Closings, closed_among
from consumers.replay.index import Index, Row
from infra.errors import LogUnavailable
from infra.eventlog.base import EventLog, Partition
from schemas.dead_letter import Letter, original_headers
from schemas.envelope import Record

_FETCH_BYTES: Final = 16 * 1024 * 1024
_PACES_A_SECOND: Final = 10


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much in all, and how fast. Null is without bounds."""

    limit: int | None = None
    rate: float | None = None


class Pace:
    """Lets so many a second through, a few at a time."""

    def __init__(self, rate: float | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._clock = clock
        self._due = clock()

    def at_once(self, most: int) -> int:
        return most if self._rate is None else max(1, min(most, int(self._rate / _PACES_A_SECOND)))

    async def wait(self) -> None:
        """Until the next may go."""
        await asyncio.sleep(max(0.0, self._due - self._clock()))

    def went(self, count: int) -> None:
        if self._rate is not None:
            self._due = max(self._due, self._clock()) + count / self._rate


class Chosen:
    """The records of one consumer's rows, in the order of the topic: of one key in order.

    A record behind a letter comes as it stood in its own topic. What was closed since it was chosen is passed
    over. `taken` has the rows of what was given and is not settled, by the identity of the record's object.
    """

    def __init__(
        self,
        log: EventLog,
        topic: str,
        index: Index,
        consumer: str,
        *,
        bounds: Bounds,
        closings: Closings | None,
        done_since_ms: int | None = None,
    ) -> None:
        self._log = log
        self._topic = topic
        self._rows = _Rows(index, consumer)
        self._since_ms = index.first_ms(consumer)
        self._left = index.counts().get(consumer, 0)
        self._limit = bounds.limit
        self._pace = Pace(bounds.rate)
        self._closings = closings
        self._done_since_ms = done_since_ms
        self._scan: AsyncIterator[Record] | None = None
        self.taken: dict[int, Row] = {}
        self.passed = 0
        self.given = 0

    async def fetch(self, max_records: int, *, without: Collection[Partition] = ()) -> Sequence[Record]:
        """Empty once there are no more. Raises `LogUnavailable`."""
        while self._left and (self._limit is None or self.given < self._limit):
            await self._pace.wait()
            most = self._pace.at_once(max_records)
            found = await self._next(most if self._limit is None else min(most, self._limit - self.given))
            closed = await self.closed_meanwhile([row for row, _ in found])
            self.passed += len(closed)
            records = [record for row, record in found if row.place not in closed]
            self.taken.update((id(record), row) for row, record in found if row.place not in closed)
            self.given += len(records)
            self._pace.went(len(records))
            if records:
                return records
        return []

    async def commit(self, *records: Record) -> None:
        """What is done is known by its consumer's successes."""

    async def lost(self) -> Collection[Partition]:
        """Never: nobody else reads them."""
        await asyncio.Event().wait()
        return ()

    async def closed_meanwhile(self, rows: Sequence[Row]) -> set[int]:
        """The places of those that somebody else has done or discarded since they were chosen."""
        if self._closings is None:
            return set()
        closed = await closed_among(rows, self._closings, done_since_ms=self._done_since_ms)
        return {row.place for row in closed}

    async def _next(self, most: int) -> list[tuple[Row, Record]]:
        found: list[tuple[Row, Record]] = []
        size = 0
        try:
            while self._left and len(found) < most and size < _FETCH_BYTES:
                if self._scan is None:
                    self._scan = self._log.scan(self._topic, since_ms=self._since_ms)
                record = await anext(self._scan)
                row = self._rows.take(record)
                if row is not None:
                    self._left -= 1
                    size += len(record.value)
                    found.append((row, _as_it_stood(record, row.letter)))
        except StopAsyncIteration:
            self._left = 0  # removed by age meanwhile
        except LogUnavailable:
            self._scan = None
            if not found:
                raise
        return found


class _Rows:
    """Those of one consumer, partition by partition, some at a time."""

    def __init__(self, index: Index, consumer: str) -> None:
        self._index = index
        self._consumer = consumer
        self._next: dict[int, deque[Row]] = {}
        self._last: dict[int, int] = {}
        self._over: set[int] = set()

    def take(self, record: Record) -> Row | None:
        """The row of this record, once; records of a partition come in the order of their offsets."""
        rows = self._next.setdefault(record.partition, deque())
        while rows or self._more(record.partition, rows):
            if rows[0].offset > record.offset:
                return None
            row = rows.popleft()
            if row.offset == record.offset:
                return row
        return None

    def _more(self, partition: int, rows: deque[Row]) -> bool:
        if partition not in self._over:
            found = self._index.of_partition(self._consumer, partition, self._last.get(partition, 0))
            if found:
                rows.extend(found)
                self._last[partition] = found[-1].place
            else:
                self._over.add(partition)
        return bool(rows)


def _as_it_stood(record: Record, letter: Letter) -> Record:
    if letter.topic == record.topic or letter.partition is None or letter.offset is None:
        return record
    return replace(
        record,
        topic=letter.topic,
        partition=letter.partition,
        offset=letter.offset,
        headers=original_headers(record.headers),
    )
