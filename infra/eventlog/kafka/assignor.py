"""Who of a group reads what: nobody loses a partition without need, nobody gets one that is still in work.

aiokafka knows no cooperative rebalancing: at every rebalance all partitions are at disposal, and old and new
readers learn at the same moment who has what. So members say here what they are reading, and a partition that
is to move is given to nobody until its reader has let go of it and asked for another rebalance. Kafka's own
cooperative assignor does the same, in a later protocol.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from aiokafka.cluster import ClusterMetadata
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment, ConsumerProtocolMemberMetadata
from aiokafka.structs import TopicPartition

_VERSION = 0


class KeepingAssignor:
    """One for each member, as aiokafka wants an assignor. `reading` says what this member reads now.

    The name is a part of the protocol: members that know no common one are refused by the broker.
    """

    name = "adjourn-keeping-1"

    def __init__(self, reading: Callable[[], Collection[TopicPartition]]) -> None:
        self._reading = reading

    def metadata(self, topics: Iterable[str]) -> ConsumerProtocolMemberMetadata:
        words = [f"{partition} {topic}" for topic, partition in sorted(self._reading())]
        return ConsumerProtocolMemberMetadata(_VERSION, sorted(topics), "\n".join(words).encode())

    def assign(
        self, cluster: ClusterMetadata, members: Mapping[str, ConsumerProtocolMemberMetadata]
    ) -> dict[str, ConsumerProtocolMemberAssignment]:
        topics = {member: metadata.subscription for member, metadata in members.items()}
        partitions = {
            topic: sorted(cluster.partitions_for_topic(topic) or ())
            for topic in {topic for wanted in topics.values() for topic in wanted}
        }
        reading = {member: _read_back(metadata.user_data) for member, metadata in members.items()}
        return {
            member: ConsumerProtocolMemberAssignment(_VERSION, _by_topic(given), b"")
            for member, given in shares(partitions, topics, reading).items()
        }

    def on_assignment(self, assignment: ConsumerProtocolMemberAssignment) -> None:
        """The rebalance listener is told the same."""


def shares(
    partitions: Mapping[str, Sequence[int]],
    topics: Mapping[str, Collection[str]],
    reading: Mapping[str, Collection[TopicPartition]],
) -> dict[str, set[TopicPartition]]:
    """What each member is to read, by member: of the `partitions` of the `topics` that it wants.

    Even to within one, and as near as can be to what members are `reading`. Partitions of one number go to
    one member, over all topics, for they hold the same keys. One that somebody else is reading goes to nobody
    this time.
    """
    given: dict[str, set[TopicPartition]] = {member: set() for member in topics}
    alike: defaultdict[frozenset[str], list[str]] = defaultdict(list)
    for topic in sorted(partitions):
        wanting = frozenset(member for member, wanted in topics.items() if topic in wanted)
        alike[wanting].append(topic)
    for wanting, together in alike.items():
        numbers = sorted({number for topic in together for number in partitions[topic]})
        held = {
            member: {number for topic, number in reading.get(member, ()) if topic in together}
            for member in wanting
        }
        for member, mine in _evenly(numbers, held).items():
            others = {tp for other, theirs in reading.items() if other != member for tp in theirs}
            for topic in together:
                wished = {TopicPartition(topic, number) for number in mine.intersection(partitions[topic])}
                given[member] |= wished - others
    return given


def _evenly(numbers: Sequence[int], held: Mapping[str, Collection[int]]) -> dict[str, set[int]]:
    """Each member keeps what it has, up to its share; what is left goes to those who have less."""
    least, more = divmod(len(numbers), len(held))
    by_holding = sorted(held, key=lambda member: (-len(held[member]), member))
    share = {member: least + (rank < more) for rank, member in enumerate(by_holding)}
    left = set(numbers)
    kept: dict[str, set[int]] = {}
    for member in by_holding:
        kept[member] = set(sorted(left.intersection(held[member]))[: share[member]])
        left -= kept[member]
    spare = sorted(left, reverse=True)
    for member in by_holding:
        while len(kept[member]) < share[member]:
            kept[member].add(spare.pop())
    return kept


def _read_back(user_data: bytes | None) -> set[TopicPartition]:
    lines = (user_data or b"").decode().splitlines()
    return {
        TopicPartition(topic, int(number)) for number, _, topic in (line.partition(" ") for line in lines)
    }


def _by_topic(partitions: Iterable[TopicPartition]) -> list[tuple[str, list[int]]]:
    numbers: defaultdict[str, list[int]] = defaultdict(list)
    for topic, number in sorted(partitions):
        numbers[topic].append(number)
    return list(numbers.items())
