"""All that waits for Kafka: by partition, or by topic while the partitions are not known."""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from aiokafka.cluster import ClusterMetadata
from aiokafka.partitioner import murmur2
from aiokafka.structs import TopicPartition

from infra.errors import LogUnavailable
from infra.eventlog.kafka.cluster import KafkaCluster
from infra.eventlog.kafka.lane import Done, Lane
from infra.eventlog.kafka.records import message_headers, message_key
from infra.eventlog.kafka.topics import missing_sentence
from schemas.envelope import Headers
from schemas.topics import TOPICS

_KEYS_REMEMBERED: Final = 20_000


class _Parked(NamedTuple):
    hashed: int
    key: bytes | None
    value: bytes
    headers: list[tuple[str, bytes]]
    deadline: float
    done: Done


class Waiting:
    """True while anything waits. Iterating gives the lanes in which something does."""

    def __init__(self, cluster: KafkaCluster) -> None:
        self._cluster = cluster
        self._lanes: dict[str, list[Lane]] = {topic: [] for topic in TOPICS}
        self._parked: dict[str, list[_Parked]] = {topic: [] for topic in TOPICS}
        self._key = lru_cache(_KEYS_REMEMBERED)(_encoded_key)

    def __bool__(self) -> bool:
        return any(self) or any(self._parked.values())

    def __iter__(self) -> Iterator[Lane]:
        return (lane for lanes in self._lanes.values() for lane in lanes if lane)

    @property
    def is_led(self) -> bool:
        """Whether a broker is known for all that waits."""
        return not any(self._parked.values()) and all(lane.leader >= 0 for lane in self)

    def add(
        self, topic: str, key: str, value: bytes, headers: Headers, *, deadline: float, done: Done
    ) -> None:
        hashed, encoded_key = self._key(key)
        encoded_headers = message_headers(headers)
        lanes = self._lanes[topic]
        if lanes:
            lanes[hashed % len(lanes)].add(encoded_key, value, encoded_headers, deadline, done)
        else:
            parked = _Parked(hashed, encoded_key, value, encoded_headers, deadline, done)
            self._parked[topic].append(parked)

    def place(self, known: ClusterMetadata) -> bool:
        """Every partition is led by whom the cluster says now. False when partitions are gone: a topic is not
        the one that we knew, and what waited for it has failed."""
        stayed = True
        for topic, lanes in self._lanes.items():
            name = self._cluster.named(topic)
            count = len(known.partitions_for_topic(name) or ())
            if count < len(lanes):
                stayed = False
                for lane in lanes:
                    lane.give_up(LogUnavailable(missing_sentence(self._cluster, topic)))
                lanes.clear()
            lanes.extend(Lane(topic, partition) for partition in range(len(lanes), count))
            for lane in lanes:
                leader = known.leader_for_partition(TopicPartition(name, lane.partition))
                lane.leader = -1 if leader is None else leader
            if lanes:
                parked, self._parked[topic] = self._parked[topic], []
                for hashed, key, value, headers, deadline, done in parked:
                    lanes[hashed % count].add(key, value, headers, deadline, done)
        return stayed

    def give_up_late(self, now: float, failure: Callable[[str], LogUnavailable]) -> bool:
        """Fail what waited too long, for the reason that is known; whether an answer was outstanding."""
        unanswered = False
        for lane in self:
            if lane.deadline <= now:
                unanswered = unanswered or lane.is_under_way
                lane.give_up(failure(lane.trouble))
        for topic, parked in self._parked.items():
            if parked and parked[0].deadline <= now:
                self._give_up_parked(topic, failure(""))
        return unanswered

    def give_up(self, failure: Exception) -> None:
        for lane in self:
            lane.give_up(failure)
        for topic in self._parked:
            self._give_up_parked(topic, failure)

    def missing(self) -> str:
        """A sentence, while something waits for a topic that is not there."""
        return next((missing_sentence(self._cluster, topic) for topic in TOPICS if self._parked[topic]), "")

    def _give_up_parked(self, topic: str, failure: Exception) -> None:
        parked, self._parked[topic] = self._parked[topic], []
        for record in parked:
            if not record.done.done():
                record.done.set_exception(failure)


def _encoded_key(key: str) -> tuple[int, bytes | None]:
    """As Java's producer spreads keys, so that others who write agree with us where a meeting is.

    Records without a key keep their order too: they all are in one partition.
    """
    encoded = message_key(key)
    return murmur2(encoded or b"") & 0x7FFFFFFF, encoded
