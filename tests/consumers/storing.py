"""What the tests of recordings stand on: a source of files, a store, a database, and webhooks with links."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from consumers.base import Services
from consumers.recordings import handle
from infra.database.artifacts import artifacts_of
from infra.database.engine import open_database
from infra.links.http import open_links
from infra.objects.open import open_objects
from infra.providers.base import ProviderApi
from infra.summaries.base import Summariser
from infra.summaries.extractive import Extractive
from schemas.envelope import Record, event_headers
from schemas.facts import ArtifactStored, Fact
from schemas.manifest import Artifact
from schemas.topics import WEBHOOKS
from tests.servers.media import Answer, Media, serve_media

VIDEO = b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41" + bytes(range(256)) * 2000
"""Begins as an MP4 does."""
MOVIE = (Path(__file__).parents[2] / "adjourn/samples/media/video.mp4").read_bytes()
"""Is one, from its first box to its last."""
OTHER_VIDEO = VIDEO + b"one more frame"
FLAC = b"fLaC\0\0\0\x22" + bytes(range(256)) * 1000
WAV = b"RIFF\x24\x08\0\0WAVEfmt \x10\0\0\0\1\0\1\0" + bytes(4000)
LINES = b'{"speaker": "Ada", "start_time": 1}\n{"speaker": "Bob", "start_time": 3}\n'
SECRET = "X-Amz-Signature=f00dcafe"
PROVIDER = "meeting-baas"


@dataclass(frozen=True, slots=True)
class Bench:
    """`root` is the folder of the objects, `source` where the links lead."""

    source: Media
    services: Services
    root: Path

    def link(self, path: str) -> str:
        return f"{self.source.url}{path}?{SECRET}"

    def completed(self, *, event: str = "event-1", meeting: str = "bot-1", **links: str) -> Record:
        """A v2 `bot.completed`: `video="/v"` links to `/v` at the source; a whole URL stays as it is."""
        urls = {field: link if ":" in link else self.link(link) for field, link in links.items()}
        return webhook("bot.completed", {"bot_id": meeting, **urls}, event=event, meeting=meeting)

    async def handle(self, record: Record, *, silence_seconds: float = 20) -> Sequence[Fact]:
        return await handle(record, self.services, silence_seconds=silence_seconds)

    async def artifacts(self, meeting: str = "bot-1") -> dict[str, Artifact]:
        async with self.services.database.reading() as tx:
            return {artifact.name: artifact for artifact in await artifacts_of(tx, PROVIDER, meeting)}

    async def stored(self) -> list[str]:
        return [found.name async for found in self.services.objects.list("")]

    async def content(self, name: str) -> bytes:
        return b"".join([chunk async for chunk in self.services.objects.read(f"{PROVIDER}/bot-1/{name}")])


@asynccontextmanager
async def opened_bench(
    folder: Path,
    answers: Mapping[str, Answer],
    *,
    max_bytes: int = 1 << 30,
    database_url: str = "",
    objects_url: str = "",
    providers: Mapping[str, ProviderApi] | None = None,
    summariser: Summariser | None = Extractive(),  # noqa: B008
) -> AsyncIterator[Bench]:
    """The database is SQLite's and the store a folder, unless URLs say otherwise."""
    objects = open_objects(objects_url or f"file:///{folder}/objects", parts_folder=str(folder / "parts"))
    await objects.setup()
    async with (
        serve_media(answers) as source,
        open_database(database_url or f"sqlite:///{folder}/adjourn.db") as database,
        open_links(
            allow=["127.0.0.1"], max_bytes=max_bytes, connect_timeout_seconds=5, idle_timeout_seconds=0.5
        ) as links,
    ):
        await database.setup()
        services = Services(objects, database, links, providers or {}, summariser)
        yield Bench(source, services, folder / "objects")


def webhook(type: str, data: Mapping[str, object], *, event: str, meeting: str) -> Record:  # noqa: A002
    headers = event_headers(
        id=event,
        source="/webhooks/meeting-baas",
        type=f"{PROVIDER}.{type}",
        subject=meeting,
        time="2026-01-02T03:04:05Z",
    )
    return Record(
        WEBHOOKS,
        0,
        1,
        meeting,
        1_767_323_045_000,
        headers,
        json.dumps({"event": type, "data": data}).encode(),
    )


def bodies(facts: Sequence[Fact]) -> dict[str, ArtifactStored]:
    """What facts say was stored, by name."""
    stored = [fact.body for fact in facts if isinstance(fact.body, ArtifactStored)]
    assert len(stored) == len(facts)
    return {body.name: body for body in stored}
