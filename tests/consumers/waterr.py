"""What the tests of Waterr's meetings stand on: a bench whose provider is Waterr, and its events."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from infra.database.artifacts import artifacts_of
from infra.providers.waterr import open_waterr
from infra.summaries.base import Summariser
from infra.summaries.extractive import Extractive
from schemas.envelope import Record
from schemas.manifest import Artifact
from tests.consumers.storing import Bench, opened_bench
from tests.schemas.receiving import received
from tests.servers.media import Answer
from tests.servers.waterr_api import KEY, Api, serve_waterr

MEETING = "m-1"


@dataclass(frozen=True, slots=True)
class Meeting:
    """`api` is Waterr's, whose links lead to the source of the bench."""

    bench: Bench
    api: Api

    async def artifacts(self) -> dict[str, Artifact]:
        async with self.bench.services.database.reading() as tx:
            return {one.name: one for one in await artifacts_of(tx, "waterr", MEETING)}

    async def content(self, name: str) -> bytes:
        objects = self.bench.services.objects
        return b"".join([chunk async for chunk in objects.read(f"waterr/{MEETING}/{name}")])


@asynccontextmanager
async def opened_meeting(
    folder: Path,
    answers: Mapping[str, Answer],
    *,
    summariser: Summariser | None = Extractive(),  # noqa: B008
) -> AsyncIterator[Meeting]:
    async with (
        opened_bench(folder, answers, summariser=summariser) as bench,
        serve_waterr(bench.source.url) as api,
        open_waterr(api.api_url, KEY, timeout_seconds=2) as provider,
    ):
        services = replace(bench.services, providers={"waterr": provider})
        yield Meeting(replace(bench, services=services), api)


def told(name: str, *, id: str = "", at: str = "2026-06-27T09:21:25.000Z", **data: object) -> Record:  # noqa: A002
    """A webhook of Waterr's about the meeting."""
    envelope = {"id": id or f"evt-{name}", "event": name, "created_at": at}
    body = {**envelope, "data": {"meeting_id": MEETING, "scenario_id": "s-1", **data}}
    return received(json.dumps(body).encode(), "webhook", "waterr")
