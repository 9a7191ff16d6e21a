"""Up to where everything is done, for each partition: what may be committed while others are worked on."""

from collections.abc import Collection
from dataclasses import dataclass, field

from infra.eventlog.base import Partition
from schemas.envelope import Record

_NOTHING = -1


class LowWater:
    """Holds a few words for each record that is not done, nothing for those that are."""

    def __init__(self) -> None:
        self._partitions: dict[Partition, _Progress] = {}

    def fetched(self, record: Record) -> None:
        """Records of a partition in the order of their offsets.

        An offset that does not grow means that the partition is read anew (its log was replaced): what was
        fetched before is no longer ours to commit.
        """
        where = (record.topic, record.partition)
        partition = self._partitions.get(where)
        if partition is None or record.offset <= partition.last:
            partition = self._partitions[where] = _Progress()
        partition.open[id(record)] = partition.last
        partition.last = record.offset

    def done(self, record: Record) -> None:
        """In any order; the very object that was fetched. Nothing happens where it was forgotten."""
        partition = self._partitions.get((record.topic, record.partition))
        if partition is not None:
            partition.open.pop(id(record), None)

    def forget(self, partitions: Collection[Partition]) -> None:
        """They were lost: what was fetched from them is no longer ours to commit."""
        for partition in partitions:
            self._partitions.pop(partition, None)

    def full(self, most: int) -> set[Partition]:
        """Partitions with that many records that are not done, or more."""
        return {where for where, partition in self._partitions.items() if len(partition.open) >= most}

    def advance(self) -> list[Record]:
        """A record without its content for each partition whose mark has moved since the last call."""
        marks = []
        for (topic, number), partition in self._partitions.items():
            mark = next(iter(partition.open.values())) if partition.open else partition.last
            if mark != partition.advanced:
                partition.advanced = mark
                marks.append(Record(topic, number, mark, key="", time_ms=0, headers={}, value=b""))
        return marks


@dataclass(slots=True)
class _Progress:
    open: dict[int, int] = field(default_factory=dict)
    """What is not done, in order: for each object the offset that was fetched before it."""
    last: int = _NOTHING
    advanced: int = _NOTHING
