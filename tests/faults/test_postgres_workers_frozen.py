"""A worker freezes in its turn with a meeting, loses it to another, and thaws when that one is done."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, cast
from uuid import uuid4

import pytest
from sqlalchemy import text

from consumers.base import Consumer
from consumers.meetings import CONSUMER as MEETINGS
from consumers.transcripts import CONSUMER as TRANSCRIPTS
from infra.errors import Retryable
from infra.objects.base import ObjectStore, Replace, StoredObject
from infra.objects.open import open_objects
from schemas.envelope import Record, event_headers
from schemas.facts import Fact
from schemas.manifest import Manifest
from schemas.topics import EVENTS
from schemas.transcript import Transcript
from tests.consumers.storing import Bench, opened_bench
from tests.consumers.transcribing import complete, sha256, transcribe
from tests.infra.objects.s3 import use_server
from tests.servers.postgres import PostgresServer

_DEADLINE_SECONDS: Final = 20


def _s3(folder: Path, request: pytest.FixtureRequest) -> str:
    use_server(request.getfixturevalue("seaweed"), request.getfixturevalue("monkeypatch"))
    return f"s3://frozen/{uuid4()}"


_STORES: Final[dict[str, Callable[[Path, pytest.FixtureRequest], str]]] = {
    "files": lambda folder, request: f"file:///{folder}/objects",
    "s3": _s3,
}


@pytest.fixture(params=_STORES)
async def benches(
    request: pytest.FixtureRequest, postgres: PostgresServer, tmp_path: Path
) -> AsyncIterator[Sequence[Bench]]:
    """Two workers with one store and one database, each with connections of its own."""
    database_url, objects_url = postgres.new_database(), _STORES[request.param](tmp_path, request)
    async with AsyncExitStack() as stack:
        opened = []
        for _ in range(2):
            bench = await stack.enter_async_context(opened_bench(tmp_path, {}, database_url=database_url))
            objects = open_objects(objects_url)
            await objects.setup()
            opened.append(replace(bench, services=replace(bench.services, objects=objects)))
        yield opened


@pytest.mark.parametrize("file", ["transcript.json", "transcript.vtt"])
async def test_a_transcript_that_was_stored_meanwhile_is_not_replaced(
    benches: Sequence[Bench], file: str
) -> None:
    slow, other = benches
    await transcribe(other, complete("one", event="first"))
    record = complete("two", event="second")
    async with _frozen_before(file, TRANSCRIPTS, record, slow):
        await transcribe(other, complete("three", event="third"))
    await _files_are_as_the_rows_say(other)
    await transcribe(slow, record)
    await _files_are_as_the_rows_say(other)
    names = ["transcript.1.json", "transcript.2.json", "transcript.json"]
    kept = [Transcript.model_validate_json(await other.content(name)) for name in names]
    assert [one.version for one in kept] == [1, 2, 3]
    assert [one.segments[0].text for one in kept] == ["one", "three", "two"]
    assert "two" in (await other.content("transcript.vtt")).decode()


async def test_a_first_transcript_that_was_stored_meanwhile_is_not_replaced(benches: Sequence[Bench]) -> None:
    slow, other = benches
    async with _frozen_before("transcript.json", TRANSCRIPTS, complete("one", event="first"), slow):
        await transcribe(other, complete("two", event="second"))
    await _files_are_as_the_rows_say(other)


async def test_a_manifest_that_was_written_meanwhile_is_not_replaced(benches: Sequence[Bench]) -> None:
    slow, other = benches
    first = _told(await transcribe(other, complete("one", event="first")))
    async with _frozen_before("manifest.json", MEETINGS, first, slow):
        second = _told(await transcribe(other, complete("two", event="second")))
        await MEETINGS.handle(second, other.services)
    newest = await other.content("manifest.json")
    listed = Manifest.model_validate_json(newest).artifacts
    assert {artifact.name: artifact for artifact in listed} == await other.artifacts()
    await MEETINGS.handle(first, slow.services)
    assert await other.content("manifest.json") == newest


@dataclass(frozen=True, slots=True)
class _FreezingObjects:
    """A real store, and a worker that freezes before it puts the object of that name."""

    store: ObjectStore
    file: str
    frozen: asyncio.Event = field(default_factory=asyncio.Event)
    thawed: asyncio.Event = field(default_factory=asyncio.Event)

    async def put(self, name: str, data: bytes, *, media_type: str, replace: Replace = False) -> StoredObject:
        if name.endswith(f"/{self.file}"):
            self.frozen.set()
            await self.thawed.wait()
        return await self.store.put(name, data, media_type=media_type, replace=replace)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)


@asynccontextmanager
async def _frozen_before(file: str, consumer: Consumer, record: Record, bench: Bench) -> AsyncIterator[None]:
    """Inside, a worker is frozen before it puts that file, and its turn is over; after it, it has failed."""
    objects = _FreezingObjects(bench.services.objects, file)
    services = replace(bench.services, objects=cast(ObjectStore, objects))
    async with asyncio.timeout(_DEADLINE_SECONDS), asyncio.TaskGroup() as works:
        work = works.create_task(_failing(consumer, record, replace(bench, services=services)))
        await objects.frozen.wait()
        await _end_turns(bench)
        yield
        assert not work.done()
        objects.thawed.set()


async def _failing(consumer: Consumer, record: Record, bench: Bench) -> None:
    with pytest.raises(Retryable):
        await consumer.handle(record, bench.services)


async def _end_turns(bench: Bench) -> None:
    """As the server does with sessions of which it has heard nothing for long."""
    query = text(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_locks JOIN pg_database ON oid = database"
        " WHERE locktype = 'advisory' AND datname = current_database()"
    )
    async with bench.services.database.transaction() as tx:
        assert list(await tx.scalars(query)) == [True]


def _told(facts: Sequence[Fact]) -> Record:
    """The one fact, as the log gives it to a consumer."""
    (fact,) = facts
    headers = event_headers(
        id=fact.id, source="/adjourn", type=fact.type, subject=fact.meeting_id, time="2026-01-02T03:04:05Z"
    )
    value = fact.body.model_dump_json().encode()
    return Record(EVENTS, 0, 1, fact.meeting_id, 1_767_323_045_000, headers, value)


async def _files_are_as_the_rows_say(bench: Bench) -> None:
    rows = await bench.artifacts()
    assert {name: sha256(await bench.content(name)) for name in rows} == {
        name: row.sha256 for name, row in rows.items()
    }
