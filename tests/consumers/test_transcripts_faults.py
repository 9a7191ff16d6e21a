"""A consumer that dies half-way through a transcript loses no version when it begins again."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import pytest

from consumers.base import Services
from consumers.transcripts import handle
from infra.database.engine import open_database
from infra.errors import Retryable
from infra.objects.base import ObjectStore, Replace, StoredObject
from schemas.transcript import Transcript
from tests.consumers.storing import Bench, opened_bench
from tests.consumers.transcribing import (
    complete,
    stored_transcript,
    stored_versions,
    transcribe,
    transcripts_in,
)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with opened_bench(tmp_path, {}) as opened:
        yield opened


@pytest.mark.parametrize("survived", range(3))
async def test_who_dies_while_replacing_a_version_loses_none_when_it_begins_again(
    bench: Bench, survived: int
) -> None:
    await transcribe(bench, complete("one", event="first"))
    old = await bench.content("transcript.json")
    with pytest.raises(_DiedError):
        await handle(complete("two", event="second"), _dying_after(survived, bench.services))
    facts = await transcribe(bench, complete("two", event="second"))
    assert await bench.content("transcript.1.json") == old
    assert [stored.version for stored in transcripts_in(facts)] == [2]
    assert [segment.text for segment in (await stored_transcript(bench)).segments] == ["two"]
    assert "two" in (await bench.content("transcript.vtt")).decode()


async def test_who_dies_before_the_rows_are_written_loses_nothing_when_it_begins_again(
    bench: Bench, tmp_path: Path
) -> None:
    await transcribe(bench, complete("one", event="first"))
    old = await bench.content("transcript.json")
    async with open_database(f"sqlite:///{tmp_path}/adjourn.db", busy_seconds=0.05) as impatient:
        with closing(sqlite3.connect(tmp_path / "adjourn.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(Retryable):
                await handle(complete("two", event="second"), replace(bench.services, database=impatient))
    assert await bench.content("transcript.1.json") == old
    assert len(await stored_versions(bench)) == 1
    await transcribe(bench, complete("two", event="second"))
    assert await bench.content("transcript.1.json") == old
    assert (await stored_transcript(bench)).version == len(await stored_versions(bench)) == 2


async def test_another_event_may_finish_what_one_that_died_began(bench: Bench) -> None:
    await transcribe(bench, complete("one", event="first"))
    old = await bench.content("transcript.json")
    with pytest.raises(_DiedError):
        await handle(complete("two", event="second"), _dying_after(2, bench.services))
    await transcribe(bench, complete("three", event="third"))
    await transcribe(bench, complete("two", event="second"))
    assert await bench.content("transcript.1.json") == old
    kept = Transcript.model_validate_json(await bench.content("transcript.2.json"))
    assert ([one.text for one in kept.segments], kept.version) == (["three"], 2)
    assert (await stored_transcript(bench)).version == 3


class _DiedError(Exception):
    """Stands for kill -9: nobody catches it."""


@dataclass(slots=True)
class _DyingObjects:
    """A real store whose owner dies after so many uploads."""

    store: ObjectStore
    uploads_left: int

    async def put(self, name: str, data: bytes, *, media_type: str, replace: Replace = False) -> StoredObject:
        if self.uploads_left == 0:
            raise _DiedError
        self.uploads_left -= 1
        return await self.store.put(name, data, media_type=media_type, replace=replace)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)


def _dying_after(uploads: int, services: Services) -> Services:
    return replace(services, objects=cast(ObjectStore, _DyingObjects(services.objects, uploads)))
