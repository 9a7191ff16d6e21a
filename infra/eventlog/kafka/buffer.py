"""What a member has fetched from the brokers and not handed out yet, and how far it is in each partition."""

from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from aiokafka.structs import ConsumerRecord, TopicPartition


class Buffer:
    """Of the partitions that were fetched from since they were given to this member."""

    def __init__(self) -> None:
        self._partitions: dict[TopicPartition, _Place] = {}

    def put(self, partition: TopicPartition, messages: Sequence[ConsumerRecord]) -> None:
        """In the order of offsets. One that does not grow means that the partition began anew."""
        first = messages[0].offset
        place = self._partitions.get(partition)
        if place is None or first < place.fetched:
            place = self._partitions[partition] = _Place(committed=first)
        place.waiting.extend(messages)
        place.fetched = messages[-1].offset + 1

    def take(self, max_records: int, without: Collection[TopicPartition]) -> list[ConsumerRecord]:
        """A fair share from each partition but those."""
        filled = [
            (partition, place)
            for partition, place in self._partitions.items()
            if place.waiting and partition not in without
        ]
        messages: list[ConsumerRecord] = []
        for partitions_left, (partition, place) in zip(range(len(filled), 0, -1), filled, strict=True):
            share = -(-(max_records - len(messages)) // partitions_left)
            waiting = place.waiting
            some = [waiting.popleft() for _ in range(min(share, len(waiting)))]
            if some:
                place.given = some[-1].offset + 1
                messages += some
                # Who had little room this time comes earlier next time.
                self._partitions[partition] = self._partitions.pop(partition)
        return messages

    def next_offset(self, partition: TopicPartition) -> int | None:
        """Of what is to be fetched next; null where nothing was fetched."""
        place = self._partitions.get(partition)
        return None if place is None else place.fetched

    def committable(self, partition: TopicPartition, offset: int) -> bool:
        """Whether it was handed out and is not committed."""
        place = self._partitions.get(partition)
        return place is not None and place.committed <= offset < place.given

    def committed(self, partition: TopicPartition, offset: int) -> None:
        place = self._partitions.get(partition)
        if place is not None:
            place.committed = max(place.committed, offset + 1)

    def drop(self, partitions: Collection[TopicPartition]) -> None:
        for partition in partitions:
            self._partitions.pop(partition, None)


@dataclass(slots=True)
class _Place:
    """Offsets are those that come next: to be committed, handed out and fetched."""

    committed: int
    given: int = 0
    fetched: int = 0
    waiting: deque[ConsumerRecord] = field(default_factory=deque)
