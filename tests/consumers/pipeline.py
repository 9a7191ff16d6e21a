"""A log and the outcomes of its consumers, both real, for tests of replay."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from consumers.base import Consumer
from consumers.dead_letters import open_letters
from consumers.replay import ReplayCounts, replay
from consumers.runner.policy import Limits
from consumers.runner.work import Remember
from infra.database.engine import Database, open_database
from infra.database.outcomes import last_successes, record_successes
from infra.eventlog.sqlite.log import SqliteLog
from tests.consumers.running import NO_SERVICES, QUICK, opened_log, running, until_committed


@dataclass(frozen=True)
class Pipeline:
    log: SqliteLog
    database: Database

    def remember(self, consumer: str) -> Remember:
        async def keep(successes: Sequence[tuple[str, int]]) -> None:
            async with self.database.transaction() as tx:
                await record_successes(tx, consumer, successes)

        return keep

    async def last_successes(self, consumer: str, ids: Collection[str]) -> Mapping[str, int]:
        async with self.database.reading() as tx:
            return await last_successes(tx, consumer, ids)

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

    async def replay(self, *consumers: Consumer, only: str | None = None) -> ReplayCounts:
        return await replay(
            self.log,
            services=NO_SERVICES,
            consumers=consumers,
            remember=self.remember,
            last_successes=self.last_successes,
            policy=QUICK,
            limits=Limits(commit_every_seconds=0.01),
            stop=asyncio.Event(),
            consumer=only,
        )

    async def open_ids(self) -> list[str]:
        return [letter.event_id for letter in await open_letters(self.log, self.last_successes)]


@asynccontextmanager
async def pipeline(folder: Path) -> AsyncIterator[Pipeline]:
    async with opened_log(folder) as log, open_database(f"sqlite:///{folder}/adjourn.db") as database:
        await database.setup()
        yield Pipeline(log, database)
