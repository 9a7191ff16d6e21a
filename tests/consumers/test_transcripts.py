"""The consumer `transcripts`: a webhook in, `transcript.json`, WebVTT and searchable rows out."""

import hashlib
import json
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from consumers.base import Services
from consumers.transcripts import CONSUMER, handle
from infra.database.engine import open_database
from infra.database.search import Hit, search
from infra.database.transcripts import TranscriptVersion, versions_of
from infra.errors import Poison, Retryable
from infra.objects.base import ObjectStore, StoredObject
from schemas.envelope import Record
from schemas.facts import Fact, TranscriptStored
from schemas.transcript import Transcript
from tests.consumers.storing import PROVIDER, Bench, opened_bench, webhook
from tests.servers.media import status, whole


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with opened_bench(tmp_path, {}) as opened:
        yield opened


async def test_an_inline_transcript_is_stored_as_json_as_captions_and_for_search(bench: Bench) -> None:
    (stored,) = _bodies(await _handle(bench, _complete("Good morning everyone")))
    transcript = await _transcript(bench)
    assert (transcript.provider, transcript.meeting_id, transcript.version) == (PROVIDER, "bot-1", 1)
    assert (transcript.speakers, transcript.source.event) == (("Ada",), "event-1")
    assert [segment.text for segment in transcript.segments] == ["Good morning everyone"]
    assert "<v Ada>Good morning everyone" in (await bench.content("transcript.vtt")).decode()
    assert [hit.meeting_id for hit in await _search(bench, "morning")] == ["bot-1"]
    assert (stored.name, stored.version, stored.words) == ("transcript.json", 1, 3)
    assert {name: one.kind for name, one in (await bench.artifacts()).items()} == {
        "transcript.json": "transcript",
        "transcript.vtt": "captions",
    }


async def test_a_linked_transcript_is_fetched_and_stored(bench: Bench) -> None:
    bench.source.answers["/t"] = whole(_output("Good evening"))
    (stored,) = _bodies(await _handle(bench, bench.completed(transcription="/t")))
    assert (stored.language, stored.words) == ("en", 2)
    assert [segment.text for segment in (await _transcript(bench)).segments] == ["Good evening"]


async def test_the_fact_and_the_rows_tell_of_the_objects_as_they_are(bench: Bench) -> None:
    (stored,) = _bodies(await _handle(bench, _complete("Good morning")))
    for name, artifact in (await bench.artifacts()).items():
        content = await bench.content(name)
        assert (artifact.size, artifact.sha256) == (len(content), _sha256(content))
    assert stored.url.endswith("/meeting-baas/bot-1/transcript.json")
    assert stored.sha256 == _sha256(await bench.content("transcript.json"))


async def test_a_webhook_without_a_transcript_stores_nothing(bench: Bench) -> None:
    assert await _handle(bench, bench.completed()) == ()
    assert await bench.stored() == []


async def test_an_empty_transcript_is_stored_as_empty(bench: Bench) -> None:
    bench.source.answers["/t"] = whole(_output())
    (stored,) = _bodies(await _handle(bench, bench.completed(transcription="/t")))
    assert (stored.version, stored.words) == (1, 0)
    assert (await _transcript(bench)).segments == ()
    assert await bench.content("transcript.vtt") == b"WEBVTT\n"


async def test_the_same_event_again_changes_nothing_and_says_the_same(bench: Bench) -> None:
    first = await _handle(bench, _complete("Good morning"))
    before = await _everything(bench)
    again = await _handle(bench, _complete("Good morning"))
    assert [(fact.id, fact.body) for fact in again] == [(fact.id, fact.body) for fact in first]
    assert await _everything(bench) == before


async def test_the_same_words_by_another_event_are_no_new_version(bench: Bench) -> None:
    first = await _handle(bench, _complete("Good morning", event="webhook"))
    again = await _handle(bench, _complete("Good morning", event="callback"))
    assert [fact.id for fact in again] == [fact.id for fact in first]
    assert (await _transcript(bench)).source.event == "webhook"


async def test_other_words_are_a_new_version_and_the_older_ones_are_kept(bench: Bench) -> None:
    olds = []
    for version, words in enumerate(("one", "two", "three"), start=1):
        (stored,) = _bodies(await _handle(bench, _complete(words, event=f"event-{version}")))
        olds.append(await bench.content("transcript.json"))
        assert (stored.name, stored.version) == ("transcript.json", version)
    assert (await _transcript(bench)).version == 3
    assert [await bench.content(f"transcript.{version}.json") for version in (1, 2)] == olds[:2]
    artifacts = await bench.artifacts()
    assert set(artifacts) == {"transcript.json", "transcript.vtt", "transcript.1.json", "transcript.2.json"}
    assert artifacts["transcript.1.json"].sha256 == _sha256(olds[0])
    assert [await _search(bench, words) == [] for words in ("one", "two", "three")] == [True, True, False]


async def test_other_words_under_the_same_event_id_are_a_new_version_too(bench: Bench) -> None:
    """A callback about a retranscription has the id of the first one: both are "this bot completed"."""
    await _handle(bench, _complete("one"))
    await _handle(bench, _complete("two"))
    assert (await _transcript(bench)).version == 2


async def test_an_older_event_that_comes_again_does_not_come_before_the_newest(bench: Bench) -> None:
    (first,) = await _handle(bench, _complete("one", event="first"))
    await _handle(bench, _complete("two", event="second"))
    (again,) = await _handle(bench, _complete("one", event="first"))
    assert again.id == first.id
    (body,) = _bodies([again])
    assert (body.name, body.version) == ("transcript.1.json", 1)
    assert [segment.text for segment in (await _transcript(bench)).segments] == ["two"]


async def test_a_dead_link_of_an_event_that_is_done_is_no_failure(bench: Bench) -> None:
    bench.source.answers["/t"] = whole(_output("Good evening"))
    first = await _handle(bench, bench.completed(transcription="/t"))
    bench.source.answers["/t"] = status(403)
    again = await _handle(bench, bench.completed(transcription="/t"))
    assert [fact.id for fact in again] == [fact.id for fact in first]


async def test_a_dead_link_of_an_event_that_is_not_done_is_poison(bench: Bench) -> None:
    bench.source.answers["/t"] = status(403)
    with pytest.raises(Poison):
        await _handle(bench, bench.completed(transcription="/t"))
    assert await bench.stored() == []


async def test_a_source_that_is_not_ready_is_retryable(bench: Bench) -> None:
    bench.source.answers["/t"] = status(503)
    with pytest.raises(Retryable):
        await _handle(bench, bench.completed(transcription="/t"))


@pytest.mark.parametrize("body", [b"<html>Sorry</html>", b"[]", b'{"result": 1}', b"\xff"])
async def test_a_file_that_is_no_transcript_is_poison_and_its_content_is_not_told(
    bench: Bench, body: bytes
) -> None:
    bench.source.answers["/t"] = whole(body)
    with pytest.raises(Poison) as poison:
        await _handle(bench, bench.completed(transcription="/t"))
    assert "Sorry" not in str(poison.value)


async def test_a_transcript_that_is_too_large_is_poison(bench: Bench) -> None:
    bench.source.answers["/t"] = whole(_output("word " * 1000))
    with pytest.raises(Poison, match="more than 1000 bytes"):
        await handle(bench.completed(transcription="/t"), bench.services, max_bytes=1000)


async def test_a_hostile_meeting_id_stays_in_the_store(bench: Bench) -> None:
    await _handle(bench, _complete("Good morning", meeting="../../outside"))
    assert await bench.stored() == [
        f"{PROVIDER}/..%2F..%2Foutside/transcript.{ending}" for ending in ("json", "vtt")
    ]


async def test_sixty_thousand_words_are_stored_and_searched(bench: Bench) -> None:
    words = [f"word{number}" for number in range(60_000)]
    segments = [" ".join(words[start : start + 20]) for start in range(0, len(words), 20)]
    bench.source.answers["/t"] = whole(_output(*segments))
    (stored,) = _bodies(await _handle(bench, bench.completed(transcription="/t")))
    assert stored.words == 60_000
    assert [hit.text.split()[0] for hit in await _search(bench, "WORD59999")] == ["word59980"]


async def test_the_time_of_storing_is_the_clocks(bench: Bench) -> None:
    noon = datetime(2026, 11, 21, 12, tzinfo=UTC)
    await handle(_complete("Good morning"), bench.services, now=lambda: noon)
    assert {artifact.stored_at for artifact in (await bench.artifacts()).values()} == {noon}


@pytest.mark.parametrize("survived", range(3))
async def test_who_dies_while_replacing_a_version_loses_none_when_it_begins_again(
    bench: Bench, survived: int
) -> None:
    await _handle(bench, _complete("one", event="first"))
    old = await bench.content("transcript.json")
    with pytest.raises(_DiedError):
        await handle(_complete("two", event="second"), _dying_after(survived, bench.services))
    facts = await _handle(bench, _complete("two", event="second"))
    assert await bench.content("transcript.1.json") == old
    assert [stored.version for stored in _bodies(facts)] == [2]
    assert [segment.text for segment in (await _transcript(bench)).segments] == ["two"]
    assert "two" in (await bench.content("transcript.vtt")).decode()


async def test_who_dies_before_the_rows_are_written_loses_nothing_when_it_begins_again(
    bench: Bench, tmp_path: Path
) -> None:
    await _handle(bench, _complete("one", event="first"))
    old = await bench.content("transcript.json")
    async with open_database(f"sqlite:///{tmp_path}/adjourn.db", busy_seconds=0.05) as impatient:
        with closing(sqlite3.connect(tmp_path / "adjourn.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(Retryable):
                await handle(_complete("two", event="second"), replace(bench.services, database=impatient))
    assert await bench.content("transcript.1.json") == old
    assert len(await _versions(bench)) == 1
    await _handle(bench, _complete("two", event="second"))
    assert await bench.content("transcript.1.json") == old
    assert (await _transcript(bench)).version == len(await _versions(bench)) == 2


async def test_another_event_may_finish_what_one_that_died_began(bench: Bench) -> None:
    await _handle(bench, _complete("one", event="first"))
    old = await bench.content("transcript.json")
    with pytest.raises(_DiedError):
        await handle(_complete("two", event="second"), _dying_after(2, bench.services))
    await _handle(bench, _complete("three", event="third"))
    await _handle(bench, _complete("two", event="second"))
    assert await bench.content("transcript.1.json") == old
    kept = Transcript.model_validate_json(await bench.content("transcript.2.json"))
    assert ([one.text for one in kept.segments], kept.version) == (["three"], 2)
    assert (await _transcript(bench)).version == 3


class _DiedError(Exception):
    """Stands for kill -9: nobody catches it."""


@dataclass(slots=True)
class _DyingObjects:
    """A real store whose owner dies after so many uploads."""

    store: ObjectStore
    uploads_left: int

    async def put(self, name: str, data: bytes, *, media_type: str, replace: bool = False) -> StoredObject:
        if self.uploads_left == 0:
            raise _DiedError
        self.uploads_left -= 1
        return await self.store.put(name, data, media_type=media_type, replace=replace)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)


def _dying_after(uploads: int, services: Services) -> Services:
    return replace(services, objects=cast(ObjectStore, _DyingObjects(services.objects, uploads)))


def _complete(text: str, *, event: str = "event-1", meeting: str = "bot-1") -> Record:
    """A v1 `complete` in which Ada says these words, one a second."""
    words = [{"start": second, "end": second + 0.5, "word": word} for second, word in enumerate(text.split())]
    said = {"speaker": "Ada", "offset": 0, "start_time": 0, "end_time": len(words), "words": words}
    data = {"bot_id": meeting, "mp4": "", "speakers": ["Ada"], "transcript": [said]}
    return webhook("complete", data, event=event, meeting=meeting)


def _output(*segments: str) -> bytes:
    """v2's `output_transcription.json`: segments of 20 s each."""
    utterances = [
        {
            "text": text,
            "language": "en",
            "start": number * 20,
            "end": number * 20 + 20,
            "speaker": "Ada",
            "words": [
                {
                    "word": word,
                    "start": number * 20 + place,
                    "end": number * 20 + place + 1,
                    "confidence": 0.9,
                }
                for place, word in enumerate(text.split())
            ],
        }
        for number, text in enumerate(segments)
    ]
    result = {"utterances": utterances, "languages": ["en"], "total_duration": 20 * len(segments)}
    return json.dumps({"bot_id": "bot-1", "provider": "gladia", "result": result}).encode()


async def _handle(bench: Bench, record: Record) -> Sequence[Fact]:
    return await CONSUMER.handle(record, bench.services)


def _bodies(facts: Sequence[Fact]) -> list[TranscriptStored]:
    bodies = [fact.body for fact in facts if isinstance(fact.body, TranscriptStored)]
    assert len(bodies) == len(facts)
    return bodies


async def _transcript(bench: Bench) -> Transcript:
    return Transcript.model_validate_json(await bench.content("transcript.json"))


async def _everything(bench: Bench) -> dict[str, bytes]:
    names = [name.rpartition("/")[2] for name in await bench.stored()]
    return {name: await bench.content(name) for name in names}


async def _search(bench: Bench, words: str) -> list[Hit]:
    async with bench.services.database.reading() as tx:
        return await search(tx, words, limit=10)


async def _versions(bench: Bench) -> list[TranscriptVersion]:
    async with bench.services.database.reading() as tx:
        return await versions_of(tx, PROVIDER, "bot-1")


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
