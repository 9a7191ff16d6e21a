"""A log and the outcomes of its consumers, both real, for tests of replay."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from consumers.base import Consumer
from consumers.dead_letters import bury
from consumers.replay.again import Handled, Means, ReplayCounts, replay
from consumers.replay.choose import Wanted, choose, choose_letters, drop_closed
from consumers.replay.index import Index
from consumers.replay.source import Bounds
from consumers.replay.which import Which
from consumers.runner.attempt import GaveUp
from consumers.runner.policy import Limits, RetryPolicy
from consumers.runner.work import Remember
from infra.clock import wall_clock_ms
from infra.database.closings import Closing, Discard, closings, discard
from infra.database.engine import Database, open_database
from infra.database.outcomes import record_successes
from infra.database.replays import Replay, new_replay
from infra.eventlog.base import EventLog
from infra.eventlog.kafka.options import KafkaOptions
from infra.eventlog.open import open_log
from schemas.dead_letter import Letter
from schemas.envelope import Record
from schemas.topics import WEBHOOKS
from tests.consumers.running import NO_SERVICES, QUICK, append, running, until_committed

FAILURES = Wanted(Which())


@dataclass(frozen=True)
class Pipeline:
    log: EventLog
    database: Database
    handled: list[Handled] = field(default_factory=list)
    """What replays told."""

    def remember(self, consumer: str) -> Remember:
        async def keep(successes: Sequence[tuple[str, int]]) -> None:
            async with self.database.transaction() as tx:
                await record_successes(tx, consumer, successes)

        return keep

    async def closings(self, consumer: str, ids: Collection[str]) -> Mapping[str, Closing]:
        async with self.database.reading() as tx:
            return await closings(tx, consumer, ids)

    async def fail(
        self,
        *events: tuple[str, str],
        consumer: str = "recordings",
        gave_up: GaveUp = GaveUp("poison", "gone"),  # noqa: B008
        value: bytes = b"{}",
        type: str = "meeting-baas.bot.completed",  # noqa: A002
        ago_ms: int = 1000,
    ) -> list[Record]:
        """Append an event for each id and meeting, and bury it as a consumer would have some time ago."""
        for event, meeting in events:
            await append(self.log, event, meeting, value=value, type=type)
        wanted = [event for event, _ in events]
        there = {record.id: record async for record in self.log.scan(WEBHOOKS)}
        for event in wanted:
            await bury(self.log, consumer, there[event], gave_up, attempts=1, now_ms=wall_clock_ms() - ago_ms)
        return [there[event] for event in wanted]

    async def newest_closing(self, consumer: str, *events: str) -> int:
        return max(closing.at_ms for closing in (await self.closings(consumer, events)).values())

    async def bury_for(self, consumer: str, record: Record) -> None:
        """Another consumer gives up on the same record."""
        gave_up = GaveUp("poison", "gone")
        await bury(self.log, consumer, record, gave_up, attempts=1, now_ms=wall_clock_ms() - 1000)

    async def run(self, consumer: Consumer) -> None:
        """Until it has done what is there."""
        async with running(
            self.log,
            consumer.handle,
            name=consumer.name,
            topics=consumer.topics,
            remember=self.remember(consumer.name),
        ):
            await until_committed(self.log, consumer.name, consumer.topics)

    async def replay(
        self,
        *consumers: Consumer,
        wanted: Wanted = FAILURES,
        run: Replay | None = None,
        limit: int | None = None,
        rate: float | None = None,
        policy: RetryPolicy = QUICK,
        stop: asyncio.Event | None = None,
    ) -> ReplayCounts:
        """As the command does it. A `run` that was left on its way goes on."""
        current = run or a_replay()
        means = Means(
            id=current.id,
            log=self.log,
            services=NO_SERVICES,
            remember=self.remember,
            closings=self.closings,
            policy=policy,
            limits=Limits(commit_every_seconds=0.01),
            stop=stop or asyncio.Event(),
            told=self.handled.append,
        )
        with Index() as index:
            await choose(
                self.log, wanted, [each.name for each in consumers], self.closings, run=current, into=index
            )
            return await replay(
                index,
                consumers,
                means,
                topic=wanted.source,
                bounds=Bounds(limit, rate),
                done_since_ms=current.began_ms if wanted.again else None,
            )

    async def letters(self, which: Which = FAILURES.which) -> list[Letter]:
        """Open or closed."""
        with Index() as index:
            await choose_letters(self.log, which, index)
            return [*index.letters()]

    async def open_letters(self, which: Which = FAILURES.which) -> list[Letter]:
        with Index() as index:
            await choose_letters(self.log, which, index)
            await drop_closed(index, self.closings)
            return [*index.letters()]

    async def open_ids(self) -> list[str]:
        return [letter.event_id for letter in await self.open_letters()]

    async def discard(self, letter: Letter, why: str = "it is gone") -> None:
        at_ms = max(wall_clock_ms(), letter.time_ms + 1)
        async with self.database.transaction() as tx:
            await discard(tx, [Discard(letter.consumer, letter.outcome_id, why, at_ms)])


def a_replay(began_ms: int | None = None) -> Replay:
    return new_replay(
        "a command", wall_clock_ms() if began_ms is None else began_ms, since_ms=None, until_ms=None
    )


@asynccontextmanager
async def pipeline(log_url: str, database_url: str) -> AsyncIterator[Pipeline]:
    log = open_log(log_url, kafka=KafkaOptions(partitions=3))
    try:
        await log.setup()
        async with open_database(database_url) as database:
            await database.setup()
            yield Pipeline(log, database)
    finally:
        await log.close()
