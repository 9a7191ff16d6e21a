"""What the tests of RealtimeKit's whole way stand on: its API, its files, a log, and the consumers."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from consumers import given_summaries, meetings, recordings, transcripts
from consumers.base import Consumer, Services
from consumers.reconciling.base import Counts, Run
from consumers.reconciling.run import reconcile
from infra.database.artifacts import artifacts_of
from infra.database.events import timeline
from infra.database.meetings import Meeting, MeetingOverview, find_meetings
from infra.database.outcomes import record_successes
from infra.eventlog.base import EventLog
from infra.providers.base import ProviderApi
from infra.providers.realtimekit.api import open_realtimekit
from schemas.envelope import event_headers
from schemas.manifest import Artifact
from schemas.realtimekit import identify
from schemas.topics import DEAD_LETTERS, WEBHOOKS
from tests.consumers.running import opened_log, records, running, until_committed
from tests.consumers.storing import MOVIE, WAV, Bench, opened_bench
from tests.schemas.kit import SESSION
from tests.servers.file import File, held
from tests.servers.media import Answer, whole
from tests.servers.realtimekit_api import TOKEN, Kit, serve_realtimekit

PROVIDER: Final = "realtimekit"
CONSUMERS: Final = (meetings.CONSUMER, recordings.CONSUMER, transcripts.CONSUMER, given_summaries.CONSUMER)
SAID: Final = json.dumps(
    [{"startTime": 500, "endTime": 2500, "sentence": "Good day.", "peerData": {"displayName": "Ada"}}]
).encode()
FILES: Final[Mapping[str, Answer]] = {
    "/v": File(held(MOVIE), etag='"movie"'),
    "/v2": File(held(MOVIE + b"\0\0\0\x08free"), etag='"second"'),
    "/a": whole(WAV),
    "/t.csv": whole(b'"500","p","u","c","Ada","Good day."\n', "text/csv"),
    "/t.json": whole(SAID, "application/json"),
    "/c.csv": whole(b"id,displayName,payload\nm-1,Ada,Hello there\n", "text/csv"),
    "/c.json": whole(b'[{"payload": "Hello there"}]', "application/json"),
    "/s": whole(b"They said good day.\n", "text/plain"),
}


@dataclass(frozen=True, slots=True)
class Scene:
    """`kit` is RealtimeKit, `api` our way to it, `bench.source` where its links lead."""

    kit: Kit
    api: ProviderApi
    log: EventLog
    bench: Bench

    @property
    def services(self) -> Services:
        return replace(self.bench.services, providers={PROVIDER: self.api})

    async def webhook(self, body: bytes) -> None:
        """As the receiver appends it."""
        identity = identify(body, "webhook")
        headers = event_headers(
            id=identity.id,
            source=f"/webhooks/{PROVIDER}",
            type=f"{PROVIDER}.{identity.type}",
            subject=identity.key,
            time=identity.time or "2026-06-03T10:00:00Z",
        )
        await self.log.append(WEBHOOKS, key=identity.key, value=body, headers=headers)

    async def work(self) -> None:
        """The consumers do what is in the log."""
        async with AsyncExitStack() as stack:
            for consumer in CONSUMERS:
                await stack.enter_async_context(self._running(consumer))
            for consumer in (*CONSUMERS, *CONSUMERS):
                await until_committed(self.log, consumer.name, consumer.topics)

    async def reconcile(self) -> Counts:
        since = datetime.now(UTC) - timedelta(days=2)
        database = self.services.database
        return await reconcile(Run(PROVIDER, self.api, self.log, database, since, settle_seconds=0))

    async def artifacts(self) -> dict[str, Artifact]:
        async with self.services.database.reading() as tx:
            return {artifact.name: artifact for artifact in await artifacts_of(tx, PROVIDER, SESSION)}

    async def meeting(self) -> Meeting:
        return (await self.overview(SESSION)).meeting

    async def overview(self, id_: str) -> MeetingOverview:
        """Of the one meeting that is known by that id."""
        async with self.services.database.reading() as tx:
            [found] = await find_meetings(tx, id_)
        return found

    async def told(self) -> list[str]:
        """What each event says, in a few words."""
        async with self.services.database.reading() as tx:
            return [event.said.detail for event in await timeline(tx, PROVIDER, SESSION)]

    async def content(self, name: str) -> bytes:
        objects = self.services.objects
        return b"".join([chunk async for chunk in objects.read(f"{PROVIDER}/{SESSION}/{name}")])

    async def buried(self) -> list[str]:
        return [record.headers["dl_error"] for record in await records(self.log, DEAD_LETTERS)]

    def _running(self, consumer: Consumer) -> Any:
        async def remember(successes: Any) -> None:
            async with self.services.database.transaction() as tx:
                await record_successes(tx, consumer.name, successes)

        return running(
            self.log,
            consumer.handle,
            name=consumer.name,
            topics=consumer.topics,
            services=self.services,
            remember=remember,
        )


@asynccontextmanager
async def opened_scene(folder: Path) -> AsyncIterator[Scene]:
    async with (
        opened_bench(folder, FILES) as bench,
        serve_realtimekit(bench.source.url) as kit,
        open_realtimekit(kit.api_url, TOKEN, timeout_seconds=10) as api,
        opened_log(folder) as log,
    ):
        yield Scene(kit, api, log, bench)
