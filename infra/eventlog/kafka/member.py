"""A member of a consumer group: what it may read, and how it lets go of what it loses."""

import asyncio
from collections.abc import Collection, Mapping, Sequence, Set
from contextlib import suppress
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, errors
from aiokafka.structs import OffsetAndMetadata, TopicPartition

from infra.eventlog.kafka.assignor import KeepingAssignor
from infra.eventlog.kafka.buffer import Buffer
from infra.eventlog.kafka.cluster import KafkaCluster, abandon

log = structlog.get_logger()

LET_GO_SECONDS = 5
"""How long a partition that is to move waits for its reader."""

_NEVER_MS = 10**12
_AGAIN_SECONDS = 0.05
_REBALANCING = (
    errors.UnknownMemberIdError,
    errors.IllegalGenerationError,
    errors.RebalanceInProgressError,
)
_STOP_SECONDS = 5
_RESPONSE_BYTES = 2 * 1024 * 1024
_PARTITION_BYTES = 512 * 1024


class KafkaMember(ConsumerRebalanceListener):  # type: ignore[misc]
    """Started by `start`, in the group from `join` on.

    Only while `listen` was called last do brokers send records: what nobody asked for is not in memory. The
    heartbeat goes on whatever handlers do.
    """

    def __init__(
        self,
        cluster: KafkaCluster,
        topics: Sequence[str],
        group: str,
        buffer: Buffer,
        *,
        name: str | None,
    ) -> None:
        """Topics and group by their names on the cluster.

        Under a `name` it keeps its place in the group for a session's time when it stops; without one it
        leaves.
        """
        self._cluster = cluster
        self._topics = topics
        self._group = group
        self._buffer = buffer
        self._name = name
        self._consumer: AIOKafkaConsumer | None = None
        self._member_id = ""
        self._starting: asyncio.Future[None]
        self._stopping: asyncio.Future[None] | None = None
        self._without: Set[TopicPartition] | None = None
        """What nobody waits for while records may come; null while none may."""
        self._held: set[TopicPartition] = set()
        """What the group gave us."""
        self._ending: set[TopicPartition] = set()
        """What we are to lose, and still claim, so that nobody else begins."""
        self._unread: set[TopicPartition] = set()
        """What was lost and may still be worked on: nothing new is read from it, should it come back."""
        self._told: frozenset[TopicPartition] = frozenset()
        self._news = asyncio.Event()
        self._joining = False
        self._claims: set[TopicPartition] = set()
        """What we said last, when we joined, that others must not read."""

    async def start(self) -> AIOKafkaConsumer:
        """Once more, too, after a `stop`. Cancelling is safe. Raises aiokafka's errors."""
        if self._stopping is not None:
            await asyncio.shield(self._stopping)
        if self._consumer is None:
            self._consumer = self._new_consumer()
            self._starting = asyncio.ensure_future(self._consumer.start())
        try:
            # Cancelled in the middle of it, aiokafka would leave a connection open.
            await asyncio.shield(self._starting)
        except errors.KafkaError:
            await self.stop()
            raise
        return self._consumer

    def check(self) -> None:
        """Raises where aiokafka has given up fetching: it tells nobody, and nothing would ever come again."""
        fetching = self.consumer._fetcher.error_future
        if fetching.done() and not fetching.cancelled():
            fetching.result()

    def join(self) -> None:
        if not self.consumer.subscription():
            self.consumer.subscribe(self._topics, listener=self)

    def listen(self, without: Set[TopicPartition]) -> None:
        """Let records come, but none from those."""
        self._without = without
        self._direct()

    def pause(self) -> None:
        self._without = None
        self._direct()

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Commit what is still ours. Raises aiokafka's errors.

        Never by aiokafka's own way, which repeats a commit under whatever membership it has by then: it could
        be told over those who read the partition now. And never while we join: the broker would read it after
        the join, when its generation is over, and aiokafka would take the refusal for a reason to join again.
        """
        while due := {tp: OffsetAndMetadata(offset, "") for tp, offset in offsets.items() if self._has(tp)}:
            if not self._joining:
                try:
                    await self._coordinator._do_commit_offsets(None, due)
                    return
                except errors.KafkaError as exc:
                    if not (exc.retriable or isinstance(exc, _REBALANCING)):
                        raise
            await asyncio.sleep(_AGAIN_SECONDS)

    async def lost(self) -> Collection[TopicPartition]:
        """As in `Subscription`."""
        self._let_go(self._told)
        self._unread -= self._told
        self._told = frozenset()
        self._direct()
        while not self._unread:
            self._news.clear()
            await self._news.wait()
        self._told = frozenset(self._unread)
        return self._told

    def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """A rebalance begins. We go on with what we have, unless the group has thrown us out."""
        self._joining = True
        self._claimed()

    def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        self._joining = False
        coordinator = self._coordinator
        thrown_out = coordinator.member_id != self._member_id
        kept = set() if thrown_out else self._held.intersection(assigned)
        self._lose(self._held - kept, thrown_out=thrown_out)
        self._member_id = coordinator.member_id
        self._held = set(assigned)
        for partition in kept:
            # aiokafka begins at what is committed, and we have more of it already.
            if (offset := self._buffer.next_offset(partition)) is not None:
                self.consumer.seek(partition, offset)
        self._direct()
        if self._claims - self._held - self._ending:
            coordinator.request_rejoin()  # we have let go of something meanwhile, and nobody was given it
        log.info("assigned", group=coordinator.group_id, partitions=len(assigned), kept=len(kept))

    async def stop(self) -> None:
        """Leave the group, or be forgotten by it. Within seconds, whatever brokers do; cancelling is safe."""
        if self._consumer is not None and self._stopping is None:
            self._stopping = asyncio.ensure_future(self._stop(self._consumer))
        if self._stopping is not None:
            await asyncio.shield(self._stopping)

    async def _stop(self, consumer: AIOKafkaConsumer) -> None:
        self._lose(set(self._held), thrown_out=True)
        await asyncio.gather(self._starting, return_exceptions=True)
        stopping = asyncio.ensure_future(_stop_all(consumer))
        await asyncio.wait([stopping], timeout=_STOP_SECONDS)
        await abandon(consumer._client)  # ends what still waits for an answer
        await asyncio.wait([stopping])
        self._lose(set(self._held), thrown_out=True)  # what a rebalance brought in the last moment
        self._consumer = self._stopping = None

    def _new_consumer(self) -> AIOKafkaConsumer:
        options = self._cluster.options
        session_ms = int(options.session_timeout_seconds * 1000)
        return AIOKafkaConsumer(
            **self._cluster.arguments,
            group_id=self._group,
            group_instance_id=self._name,
            partition_assignment_strategy=(KeepingAssignor(self._claimed),),
            auto_offset_reset="none",
            enable_auto_commit=False,
            session_timeout_ms=session_ms,
            heartbeat_interval_ms=session_ms // 10,
            rebalance_timeout_ms=session_ms,
            request_timeout_ms=session_ms + 5000,  # a join may take as long as a session
            max_poll_interval_ms=_NEVER_MS,
            fetch_max_bytes=_RESPONSE_BYTES,
            max_partition_fetch_bytes=_PARTITION_BYTES,
        )

    def _claimed(self) -> set[TopicPartition]:
        """What others must not read yet. Where the group has thrown us out, all of it is lost."""
        if self._coordinator.member_id != self._member_id:
            self._lose(set(self._held), thrown_out=True)
        self._claims = self._held | self._ending
        return self._claims

    def _lose(self, partitions: set[TopicPartition], *, thrown_out: bool) -> None:
        if thrown_out:
            self._ending.clear()
        if not partitions:
            return
        self._held -= partitions
        self._unread |= partitions
        self._buffer.drop(partitions)
        self._news.set()
        if not thrown_out:
            self._ending |= partitions
            asyncio.get_running_loop().call_later(LET_GO_SECONDS, self._let_go, frozenset(partitions))

    def _direct(self) -> None:
        """Have those partitions fetched that somebody waits for, and no others."""
        if self._consumer is None:
            return
        assigned = self._consumer.assignment()
        wanted = set() if self._without is None else assigned - self._unread - self._without
        self._consumer.pause(*assigned - wanted)
        self._consumer.resume(*wanted)

    def _has(self, partition: TopicPartition) -> bool:
        """Whether what was fetched from it may be committed."""
        ours = partition in self._held and partition not in self._unread
        return ours and self._coordinator.member_id == self._member_id

    def _let_go(self, partitions: Collection[TopicPartition]) -> None:
        ended = self._ending.intersection(partitions)
        self._ending -= ended
        if ended - self._held:
            self._coordinator.request_rejoin()

    @property
    def consumer(self) -> AIOKafkaConsumer:
        assert self._consumer is not None, "not started"
        return self._consumer

    @property
    def _coordinator(self) -> Any:
        # aiokafka has no other way to see a membership end, and to ask for a rebalance. There is none before
        # the consumer has started, and then we hold nothing, either.
        return self.consumer._coordinator


async def _stop_all(consumer: AIOKafkaConsumer) -> None:
    """aiokafka's own `stop` ends at the first of its parts that had failed, and lets the others run on."""
    coordinator = consumer._coordinator
    with suppress(errors.KafkaError, asyncio.CancelledError):
        await consumer.stop()
    if coordinator is not None:
        await coordinator._stop_heartbeat_task()
        await coordinator._stop_commit_offsets_refresh_task()
