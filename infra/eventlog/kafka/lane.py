"""What waits for one partition, and how the broker tells a batch that it has from one that it has not."""

import asyncio
from collections import deque
from typing import Final

from aiokafka.record.default_records import DefaultRecordBatchBuilder

BATCH_BYTES: Final = 1_000_000
"""Below what a topic takes by default. A larger record is a batch of its own."""

_EPOCHS: Final = 2**15
_LAST_SEQUENCE: Final = 2**31 - 1
_MAGIC: Final = 2

Done = asyncio.Future[None]


class Batch:
    """Records for one partition, encoded as they come: nothing else keeps their bytes alive."""

    def __init__(self, size_bytes: int, deadline: float) -> None:
        self._builder = DefaultRecordBatchBuilder(_MAGIC, 0, 0, -1, -1, 0, size_bytes)
        self.deadline = deadline
        self.waiting: list[Done] = []
        self.encoded: bytearray | None = None

    @property
    def count(self) -> int:
        return len(self.waiting)

    def add(self, key: bytes | None, value: bytes, headers: list[tuple[str, bytes]], done: Done) -> bool:
        """False when it is full."""
        if self._builder.append(len(self.waiting), None, key, value, headers) is None:
            return False
        self.waiting.append(done)
        return True

    def size(self) -> int:
        return len(self.encoded) if self.encoded is not None else int(self._builder.size())

    def encode(self, producer: int, epoch: int, sequence: int) -> None:
        self._builder.set_producer_state(producer, epoch, sequence)
        self.encoded = self._builder.build()
        del self._builder

    def succeed(self) -> None:
        for done in self.waiting:
            if not done.done():  # cancelled meanwhile
                done.set_result(None)

    def fail(self, failure: Exception) -> None:
        for done in self.waiting:
            if not done.done():
                done.set_exception(failure)


class Lane:
    """Batches of one partition, in order; only the first is ever on its way.

    Kafka's idempotence: the broker takes a batch with the number that follows, takes one that it has for
    done, and refuses all others. What was given up may still lie in a connection and arrive later; therefore
    the epoch is raised then, as Java's producer does it, and the broker refuses what has an older one as soon
    as it has seen the newer. So nothing that was given up ever comes after what was accepted later.
    """

    def __init__(self, topic: str, partition: int) -> None:
        self.topic = topic
        self.partition = partition
        self.leader = -1
        self.trouble = ""
        self._batches: deque[Batch] = deque()
        self._batch_bytes = BATCH_BYTES
        self._producer = -1
        self._epoch = 0
        self._sequence = 0

    def __bool__(self) -> bool:
        return bool(self._batches)

    @property
    def deadline(self) -> float:
        """Of the oldest record that waits."""
        return self._batches[0].deadline

    @property
    def is_under_way(self) -> bool:
        return bool(self._batches) and self._batches[0].encoded is not None

    def add(
        self, key: bytes | None, value: bytes, headers: list[tuple[str, bytes]], deadline: float, done: Done
    ) -> None:
        batches = self._batches
        if batches and batches[-1].encoded is None and batches[-1].add(key, value, headers, done):
            return
        batch = Batch(self._batch_bytes, deadline)
        batch.add(key, value, headers, done)
        batches.append(batch)

    def size(self) -> int:
        """Of the first batch."""
        return self._batches[0].size()

    def first(self, producer: int) -> Batch:
        """The batch to send, the same until it is settled or given up."""
        batch = self._batches[0]
        if batch.encoded is None:
            if producer != self._producer:
                self._producer, self._epoch, self._sequence = producer, 0, 0
            elif self._sequence + batch.count > _LAST_SEQUENCE:
                self._raise_epoch()
            batch.encode(self._producer, self._epoch, self._sequence)
        return batch

    def succeed(self, batch: Batch) -> None:
        if self._settle(batch):
            self._sequence += batch.count
            batch.succeed()

    def refuse(self, batch: Batch, failure: Exception) -> None:
        """The broker has not taken it and never will."""
        if self._settle(batch):
            batch.fail(failure)

    def halve(self) -> None:
        """Smaller batches from now on."""
        self._batch_bytes //= 2

    def give_up(self, failure: Exception) -> None:
        """All that waits fails: what comes later must not overtake it wherever it is kept meanwhile."""
        if self.is_under_way:
            self._raise_epoch()
        batches, self._batches = self._batches, deque()
        for batch in batches:
            batch.fail(failure)

    def _settle(self, batch: Batch) -> bool:
        """False when it was given up meanwhile."""
        if not self._batches or self._batches[0] is not batch:
            return False
        self._batches.popleft()
        self.trouble = ""
        return True

    def _raise_epoch(self) -> None:
        self._sequence = 0
        self._epoch = (self._epoch + 1) % _EPOCHS  # after the last one we are refused, and get a new number
