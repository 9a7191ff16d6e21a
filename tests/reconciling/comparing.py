"""What the tests of reconciling stand on: an API and a source of files over HTTP, a log, a store, a database,
and the consumers that store files, run when a test says so."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import update

from consumers import meetings, recordings, transcripts
from consumers.base import Consumer, Services
from consumers.reconciling.base import Counts, Run
from consumers.reconciling.run import reconcile
from infra.database.engine import Database
from infra.database.outcomes import record_successes
from infra.database.reconciling import Judged
from infra.database.tables import failures, outcomes, verdicts
from infra.database.tables import meetings as meetings_table
from infra.eventlog.base import EventLog
from infra.objects.base import ObjectStore
from infra.providers.base import ProviderApi
from infra.providers.meeting_baas import open_meeting_baas
from schemas.envelope import Record, derived_id, event_headers
from schemas.topics import WEBHOOKS
from tests.consumers.running import opened_log, records, running, until_committed
from tests.consumers.storing import FLAC, MOVIE, Bench, opened_bench
from tests.servers.file import File, held
from tests.servers.media import Answer, whole
from tests.servers.meeting_baas_api import KEY, Bot, MeetingBaasApi, serve_meeting_baas
from tests.servers.meeting_baas_listing import Ending

PROVIDER = "meeting-baas"
TRANSCRIPT = json.dumps(
    {
        "bot_id": "bot-1",
        "result": {
            "utterances": [{"text": "Good day.", "start": 1.0, "end": 2.0, "speaker": "Ada", "words": []}],
            "languages": ["en"],
            "total_duration": 2.0,
        },
    }
).encode()
FILES: Mapping[str, Answer] = {
    "/v": File(held(MOVIE), etag='"movie"'),
    "/a": File(held(FLAC), etag='"sound"'),
    "/t": whole(TRANSCRIPT, "application/json"),
}
CONSUMERS = (meetings.CONSUMER, recordings.CONSUMER, transcripts.CONSUMER)


@dataclass
class Scene:
    """`upstream` is the provider, `api` our way to it. `found` is what the last run told of."""

    upstream: MeetingBaasApi
    api: ProviderApi
    log: EventLog
    bench: Bench
    found: list[Judged] = field(default_factory=list)

    @property
    def services(self) -> Services:
        return replace(self.bench.services, providers={PROVIDER: self.api})

    @property
    def database(self) -> Database:
        return self.bench.services.database

    @property
    def objects(self) -> ObjectStore:
        return self.bench.services.objects

    def ended(self, bot: str, *, ago: timedelta = timedelta(hours=3), **files: str) -> Bot:
        """A v2 bot that completed, with these files or with all."""
        its = self.upstream.has(bot, **(files or {"video": "/v", "audio": "/a", "transcription": "/t"}))
        its.ending = Ending(datetime.now(UTC) - ago)
        return its

    def ended_in_v1(self, bot: str, *, ago: timedelta = timedelta(hours=3), **files: str) -> Bot:
        its = self.upstream.has(bot, **(files or {"mp4": "/v"}))
        its.ending = Ending(datetime.now(UTC) - ago, generation=1)
        return its

    def run(self, **changes: Any) -> Run:
        run = Run(
            PROVIDER,
            self.api,
            self.log,
            self.database,
            datetime.now(UTC) - timedelta(days=1),
            settle_seconds=0,
            found=self.found.append,
        )
        return replace(run, **changes)

    async def reconcile(self, **changes: Any) -> Counts:
        self.found.clear()
        return await reconcile(self.run(**changes))

    def verdicts(self) -> dict[str, str]:
        return {one.meeting_id: one.verdict for one in self.found}

    def reason(self, meeting: str) -> str:
        return next(one.reason for one in self.found if one.meeting_id == meeting)

    async def webhook(self, name: str, bot: str, *, id: str | None = None, **data: Any) -> str:  # noqa: A002
        """As the receiver appends it; its id."""
        event_id = id or derived_id(PROVIDER, name, bot)
        headers = event_headers(
            id=event_id,
            source=f"/webhooks/{PROVIDER}",
            type=f"{PROVIDER}.{name}",
            subject=bot,
            time="2026-03-03T09:00:00Z",
        )
        body = json.dumps({"event": name, "data": {"bot_id": bot, **data}}).encode()
        await self.log.append(WEBHOOKS, key=bot, value=body, headers=headers)
        return event_id

    async def completed(self, bot: str, *, id: str | None = None, **files: str) -> str:  # noqa: A002
        """A v2 webhook, with links to these files at the source."""
        links = {name: self.bench.link(path) for name, path in files.items()}
        return await self.webhook("bot.completed", bot, id=id, **links)

    async def work(self, *consumers: Consumer) -> None:
        """The consumers do what is in the log."""
        async with AsyncExitStack() as stack:
            for consumer in consumers or CONSUMERS:
                await stack.enter_async_context(
                    running(
                        self.log,
                        consumer.handle,
                        name=consumer.name,
                        topics=consumer.topics,
                        services=self.services,
                        remember=self._remember(consumer.name),
                    )
                )
            for consumer in (*(consumers or CONSUMERS), *(consumers or CONSUMERS)):
                await until_committed(self.log, consumer.name, consumer.topics)

    def _remember(self, consumer: str) -> Any:
        async def keep(successes: Sequence[tuple[str, int]]) -> None:
            async with self.database.transaction() as tx:
                await record_successes(tx, consumer, successes)

        return keep

    async def time_passes(self, ago: timedelta) -> None:
        """All that we know of meetings, and found of them, is so much older."""
        ms = int(ago.total_seconds() * 1000)
        async with self.database.transaction() as tx:
            for table, columns in ((verdicts, ("at_ms", "handed_ms")), (meetings_table, ("last_event_ms",))):
                older = {name: table.c[name] - ms for name in columns}
                await tx.execute(update(table).values(older))
            older = {"failed_ms": failures.c.failed_ms - ms}
            await tx.execute(update(failures).values(older))
            await tx.execute(update(outcomes).values(succeeded_ms=outcomes.c.succeeded_ms - ms))

    async def appended(self) -> list[Record]:
        """What reconciling has put into the log."""
        return [
            record
            for record in await records(self.log, WEBHOOKS)
            if record.headers["ce_source"] == f"/reconcile/{PROVIDER}"
        ]

    async def kinds(self, bot: str) -> list[str]:
        return sorted(artifact.kind for artifact in (await self.bench.artifacts(bot)).values())


@asynccontextmanager
async def opened_scene(folder: Path, files: Mapping[str, Answer] = FILES) -> AsyncIterator[Scene]:
    async with (
        opened_bench(folder, files) as bench,
        serve_meeting_baas(bench.source.url) as upstream,
        open_meeting_baas(upstream.url, KEY, timeout_seconds=10) as api,
        opened_log(folder) as log,
    ):
        yield Scene(upstream, api, log, bench)
