"""Records to Kafka: what waits for a partition is one batch, what waits for a broker is one request.

aiokafka's own producer awaits each record by itself, which costs more than twice the CPU; once it is
idempotent it tries for ever, and it cannot be stopped while a broker is frozen. So only its client and its
encoding are used here.
"""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from operator import attrgetter
from typing import Any, Final

from aiokafka import errors
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.protocol.transaction import InitProducerIdRequest

from infra.errors import Halt, LogUnavailable
from infra.eventlog.kafka.cluster import KafkaCluster, abandon, ask
from infra.eventlog.kafka.lane import Batch, Done, Lane
from infra.eventlog.kafka.topics import identify
from infra.eventlog.kafka.waiting import Waiting
from schemas.envelope import Headers

_REQUEST_BYTES: Final = 2 * 1024 * 1024
"""Unless a single record is larger. Beyond this a request gains nothing by being larger, and those who wait
for it lose; a broker reads 100 MiB at most by default."""

_ALL_REPLICAS: Final = -1
_NO_TRANSACTION_MS: Final = 2**31 - 1
_TRY_AGAIN_SECONDS: Final = 0.1
_DEADLINES_SECONDS: Final = 0.1

_TOO_LARGE = (errors.MessageSizeTooLargeError, errors.RecordListTooLargeError)
_NOT_OUR_NUMBER = (errors.InvalidProducerEpoch, errors.OutOfOrderSequenceNumber, errors.UnknownProducerId)
_deadline = attrgetter("deadline")
_TROUBLE = (errors.KafkaError, OSError, TimeoutError)


class Producer:
    """Connects when there is something to send, and anew when an answer is missing.

    One request at a time is under way to each broker, for a broker reads no second one from a connection
    before it has answered the first; what comes meanwhile shares the next.
    """

    def __init__(self, cluster: KafkaCluster) -> None:
        self._cluster = cluster
        self._timeout_seconds = cluster.options.ack_timeout_seconds
        self._waiting = Waiting(cluster)
        self._client: AIOKafkaClient | None = None
        self._producer_id: int | None = None
        self._cluster_id = ""
        self._trouble = ""
        self._tasks: set[asyncio.Task[None]] = set()
        self._preparing: asyncio.Task[None] | None = None
        self._serving: dict[int, asyncio.Task[None]] = {}
        self._wake: asyncio.Handle | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    def append(self, topic: str, key: str, value: bytes, headers: Headers) -> Done:
        """Done when all replicas in sync have it; fails with `LogUnavailable`, or `ValueError` when the topic
        takes no record of that size."""
        if self._closed:
            raise LogUnavailable("the log was closed")
        loop = self._loop
        if loop is None:  # asking for the running loop costs a system call each time
            loop = self._loop = asyncio.get_running_loop()
        done: Done = loop.create_future()
        deadline = loop.time() + self._timeout_seconds
        self._waiting.add(topic, key, value, headers, deadline=deadline, done=done)
        if self._wake is None:
            # After all that is ready in this tick has run, so that it shares a request.
            self._wake = loop.call_soon(self._set_off)
        if self._timer is None:
            self._timer = loop.call_later(_DEADLINES_SECONDS, self._watch_deadlines)
        return done

    async def close(self) -> None:
        """What runs is acknowledged or fails first."""
        self._closed = True
        try:
            while self._waiting:
                self._set_off()
                await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for handle in (self._wake, self._timer):
                if handle is not None:
                    handle.cancel()
            self._waiting.give_up(LogUnavailable("the log was closed"))  # if this was cancelled
            self._disconnect()
            if self._preparing is not None:
                self._preparing.cancel()
            while self._tasks:
                await asyncio.wait(self._tasks)

    def _set_off(self) -> None:
        if self._wake is not None:
            self._wake.cancel()
            self._wake = None
        if self._preparing is None and not self._is_prepared():
            self._preparing = self._task(self._prepare())
        if self._client is not None:
            for leader in {lane.leader for lane in self._waiting}:
                if leader >= 0 and leader not in self._serving:
                    self._serving[leader] = self._task(self._serve(self._client, leader))

    # --- Finding the brokers

    def _is_prepared(self) -> bool:
        """Whether all that waits can be sent."""
        if self._client is None or self._producer_id is None:
            return not self._waiting
        return self._waiting.is_led

    async def _prepare(self) -> None:
        try:
            while not self._is_prepared():
                try:
                    await self._learn()
                except (LogUnavailable, Halt) as exc:
                    self._trouble = str(exc)
                    self._disconnect()
                self._set_off()
                if not self._is_prepared():
                    await asyncio.sleep(_TRY_AGAIN_SECONDS)
        finally:
            self._preparing = None

    async def _learn(self) -> None:
        """Connects where there is no connection. Raises `LogUnavailable`, `Halt`."""
        client = self._client or await self._cluster.connect(self._timeout_seconds)
        try:
            with self._cluster.reported():
                cluster_id = await identify(client, self._cluster)
                self._place(client)
                if self._producer_id is None or cluster_id != self._cluster_id:
                    answer = await ask(client, InitProducerIdRequest(None, _NO_TRANSACTION_MS))
                    if answer.error_code:
                        raise errors.for_code(answer.error_code)
                    self._producer_id, self._cluster_id = answer.producer_id, cluster_id
        except BaseException:
            if client is not self._client:
                await abandon(client)
            raise
        if client is not self._client:
            self._client = client
            client.cluster.add_listener(lambda _: self._place(client))

    def _place(self, client: AIOKafkaClient) -> None:
        if not self._waiting.place(client.cluster):
            # An empty disk: producers are numbered anew, and our number may become another's.
            self._producer_id = None
        self._trouble = self._waiting.missing()

    def _disconnect(self) -> None:
        if self._client is not None:
            # Before the tasks are cancelled: they would close connections that still have something to send.
            client, self._client = self._client, None
            self._task(abandon(client))
        for task in self._serving.values():
            task.cancel()

    # --- Sending

    async def _serve(self, client: AIOKafkaClient, leader: int) -> None:
        try:
            while lanes := self._next(leader):
                if not await self._produce(client, leader, lanes):
                    with suppress(*_TROUBLE):
                        await identify(client, self._cluster)
                    await asyncio.sleep(_TRY_AGAIN_SECONDS)
        finally:
            del self._serving[leader]
            self._set_off()

    def _next(self, leader: int) -> list[Lane]:
        """Those whose first batches make the next request, the oldest first."""
        if self._producer_id is None:
            return []
        lanes = sorted((lane for lane in self._waiting if lane.leader == leader), key=_deadline)
        size = 0
        for count, lane in enumerate(lanes):
            size += lane.size()
            if count and size > _REQUEST_BYTES:
                return lanes[:count]
        return lanes

    async def _produce(self, client: AIOKafkaClient, leader: int, lanes: list[Lane]) -> bool:
        """Whether the broker has taken or refused them all; otherwise the same must be sent again."""
        assert self._producer_id is not None
        sent: dict[tuple[str, int], tuple[Lane, Batch]] = {}
        topics: dict[str, list[tuple[int, bytearray | None]]] = {}
        for lane in lanes:
            name, batch = self._cluster.named(lane.topic), lane.first(self._producer_id)
            sent[name, lane.partition] = lane, batch
            topics.setdefault(name, []).append((lane.partition, batch.encoded))
        timeout_ms = int(self._timeout_seconds * 1000)
        try:
            response = await client.send(
                leader, ProduceRequest(None, _ALL_REPLICAS, timeout_ms, list(topics.items()))
            )
        except _TROUBLE as exc:
            for lane in lanes:
                lane.trouble = str(exc) or type(exc).__name__
            return False
        answers = [
            self._settle(*sent[name, partition], errors.for_code(code))
            for name, partitions in response.topics
            for partition, code, *_ in partitions
        ]
        return all(answers)

    def _settle(self, lane: Lane, batch: Batch, error: Any) -> bool:
        if error in (errors.NoError, errors.DuplicateSequenceNumber):
            lane.succeed(batch)
        elif error.retriable:
            lane.trouble = str(error())
            return False
        elif error in _TOO_LARGE and batch.count == 1:
            lane.refuse(batch, self._too_large(lane, batch))
        else:
            if error in _TOO_LARGE:
                lane.halve()
            if error in _NOT_OUR_NUMBER:
                self._producer_id = None
            lane.give_up(self._cluster.unavailable(str(error())))
        return True

    def _too_large(self, lane: Lane, batch: Batch) -> ValueError:
        return ValueError(
            f"a record of {batch.size()} bytes is over what the topic {self._cluster.named(lane.topic)} "
            f"on Kafka at {self._cluster.place} takes: raise its max.message.bytes with `adjourn setup`"
        )

    # --- Giving up

    def _watch_deadlines(self) -> None:
        assert self._loop is not None
        if self._waiting.give_up_late(self._loop.time(), self._late):
            # A new connection from the beginning: the brokers may have moved.
            self._disconnect()
        self._timer = None
        if self._waiting:
            self._timer = self._loop.call_later(_DEADLINES_SECONDS, self._watch_deadlines)

    def _late(self, trouble: str) -> LogUnavailable:
        reason = trouble or self._trouble
        late = f"nothing was acknowledged within {self._timeout_seconds:g} s"
        return self._cluster.unavailable(f"{late}: {reason}" if reason else late)

    def _task(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
