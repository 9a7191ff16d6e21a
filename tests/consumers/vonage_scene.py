"""What the tests of Vonage's whole way stand on: its API and files, 23blocks, a log, and the consumers."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from consumers import descriptions, meetings, recordings, transcripts
from consumers.base import Consumer, Services
from consumers.reconciling.base import Counts, Run
from consumers.reconciling.run import reconcile
from consumers.unpacking import consumer as unpacking
from infra.database.artifacts import artifacts_of
from infra.database.meetings import MeetingOverview, find_meetings
from infra.database.outcomes import record_successes
from infra.eventlog.base import EventLog
from infra.providers.base import ProviderApi
from infra.providers.either import Either
from infra.providers.twentythree_blocks import TwentyThreeBlocks, open_twentythree_blocks
from infra.providers.vonage import open_vonage, opentok
from schemas.envelope import event_headers
from schemas.manifest import Artifact
from schemas.names import object_name
from schemas.topics import DEAD_LETTERS, WEBHOOKS
from schemas.vonage import identify
from tests.consumers.running import opened_log, records, running, until_committed
from tests.consumers.storing import MOVIE, Bench, opened_bench
from tests.consumers.unpacking import OTHER_WEBM, WEBM, manifest, zipped
from tests.servers.twentythree_blocks_api import (
    APP_ID,
    TOKEN,
    TwentyThreeBlocksApi,
    serve_twentythree_blocks,
)
from tests.servers.vonage_api import PROJECT, SECRET, VonageApi, serve_vonage

PROVIDER: Final = "vonage"
SESSION: Final = "2_MX40NzExMDgxNX5-scene"
CONSUMERS: Final = (
    meetings.CONSUMER,
    recordings.CONSUMER,
    unpacking.CONSUMER,
    transcripts.CONSUMER,
    descriptions.CONSUMER,
)
SAID: Final = json.dumps(
    {"languageCode": "en-US", "segments": [{"speaker": "Ada", "start_ms": 500, "text": "Good day."}]}
).encode()
FILES: Final = {
    "/v.mp4": MOVIE,
    "/w.mp4": MOVIE + b"\0\0\0\x08free",
    "/z.zip": zipped({"a.webm": WEBM, "b.webm": OTHER_WEBM, "a1.json": manifest("a.webm", "b.webm")}),
    "/t.json": SAID,
}


@dataclass(slots=True)
class Scene:
    """`vonage` and `blocks` are the servers; `api` is null where the Vonage account is not ours."""

    vonage: VonageApi
    blocks: TwentyThreeBlocksApi
    api: ProviderApi | None
    directory: TwentyThreeBlocks
    log: EventLog
    bench: Bench
    joined: bool = field(default=False)

    @property
    def services(self) -> Services:
        """With 23blocks where it is `joined`."""
        apis = {PROVIDER: self.provider}
        directories = {PROVIDER: self.directory} if self.joined else {}
        return replace(self.bench.services, providers=apis, directories=directories)

    @property
    def provider(self) -> ProviderApi:
        if not self.joined:
            assert self.api is not None
            return self.api
        return self.directory if self.api is None else Either(self.api, self.directory)

    async def callback(self, **fields: Any) -> None:
        """As the receiver appends it: an archive's with a `status`, else a session's."""
        body = {"sessionId": SESSION, "projectId": int(PROJECT), **fields}
        if "status" in body:
            body = {"event": "archive", "url": None, **body}
        value = json.dumps(body).encode()
        identity = identify(value, "any")
        headers = event_headers(
            id=identity.id,
            source=f"/webhooks/{PROVIDER}",
            type=f"{PROVIDER}.{identity.type}",
            subject=identity.key,
            time=identity.time or "2026-06-03T10:00:00Z",
        )
        await self.log.append(WEBHOOKS, key=identity.key, value=value, headers=headers)

    async def work(self) -> None:
        """The consumers do what is in the log, and what comes of that."""
        async with AsyncExitStack() as stack:
            for consumer in CONSUMERS:
                await stack.enter_async_context(self._running(consumer))
            for consumer in (*CONSUMERS, *CONSUMERS):
                await until_committed(self.log, consumer.name, consumer.topics)

    async def reconcile(self) -> Counts:
        since = datetime.now(UTC) - timedelta(days=2)
        database = self.services.database
        return await reconcile(Run(PROVIDER, self.provider, self.log, database, since, settle_seconds=0))

    async def artifacts(self) -> dict[str, Artifact]:
        async with self.services.database.reading() as tx:
            return {artifact.name: artifact for artifact in await artifacts_of(tx, PROVIDER, SESSION)}

    async def meeting(self, id_: str = SESSION) -> MeetingOverview:
        async with self.services.database.reading() as tx:
            [found] = await find_meetings(tx, id_)
        return found

    async def content(self, name: str) -> bytes:
        chunks = self.services.objects.read(object_name(PROVIDER, SESSION, name))
        return b"".join([chunk async for chunk in chunks])

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


def minutes_ago(minutes: float) -> int:
    return int((datetime.now(UTC) - timedelta(minutes=minutes)).timestamp() * 1000)


@asynccontextmanager
async def opened_scene(folder: Path, *, in_bucket: Any = None, objects_url: str = "") -> AsyncIterator[Scene]:
    async with (
        opened_bench(folder, {}, objects_url=objects_url) as bench,
        serve_vonage() as vonage,
        serve_twentythree_blocks() as blocks,
        open_vonage(vonage.url, PROJECT, opentok(PROJECT, SECRET), in_bucket=in_bucket) as api,
        open_twentythree_blocks([blocks.url], TOKEN, APP_ID, fresh_seconds=0) as directory,
        opened_log(folder) as log,
    ):
        vonage.files.update(FILES)
        yield Scene(vonage, blocks, api, directory, log, bench)
