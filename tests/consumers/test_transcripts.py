"""The consumer `transcripts`: a webhook in, `transcript.json`, WebVTT and searchable rows out."""

from datetime import UTC, datetime

import pytest

from consumers.transcripts import handle
from infra.errors import Poison, Retryable
from tests.consumers.storing import PROVIDER, Bench
from tests.consumers.transcribing import (
    complete,
    everything,
    found,
    output,
    sha256,
    stored_transcript,
    transcribe,
    transcripts_in,
)
from tests.servers.media import status, whole, without_length


async def test_an_inline_transcript_is_stored_as_json_as_captions_and_for_search(bench: Bench) -> None:
    (stored,) = transcripts_in(await transcribe(bench, complete("Good morning everyone")))
    transcript = await stored_transcript(bench)
    assert (transcript.provider, transcript.meeting_id, transcript.version) == (PROVIDER, "bot-1", 1)
    assert (transcript.speakers, transcript.source.event) == (("Ada",), "event-1")
    assert [segment.text for segment in transcript.segments] == ["Good morning everyone"]
    assert "<v Ada>Good morning everyone" in (await bench.content("transcript.vtt")).decode()
    assert [hit.meeting_id for hit in await found(bench, "morning")] == ["bot-1"]
    assert (stored.name, stored.version, stored.words) == ("transcript.json", 1, 3)
    assert {name: one.kind for name, one in (await bench.artifacts()).items()} == {
        "transcript.json": "transcript",
        "transcript.vtt": "captions",
    }


async def test_a_linked_transcript_is_fetched_and_stored(bench: Bench) -> None:
    bench.source.answers["/t"] = whole(output("Good evening"))
    (stored,) = transcripts_in(await transcribe(bench, bench.completed(transcription="/t")))
    assert (stored.language, stored.words) == ("en", 2)
    assert [segment.text for segment in (await stored_transcript(bench)).segments] == ["Good evening"]


async def test_the_fact_and_the_rows_tell_of_the_objects_as_they_are(bench: Bench) -> None:
    (stored,) = transcripts_in(await transcribe(bench, complete("Good morning")))
    for name, artifact in (await bench.artifacts()).items():
        content = await bench.content(name)
        assert (artifact.size, artifact.sha256) == (len(content), sha256(content))
    assert stored.url.endswith("/meeting-baas/bot-1/transcript.json")
    assert stored.sha256 == sha256(await bench.content("transcript.json"))


async def test_a_webhook_without_a_transcript_stores_nothing(bench: Bench) -> None:
    assert await transcribe(bench, bench.completed()) == ()
    assert await bench.stored() == []


async def test_an_empty_transcript_is_stored_as_empty(bench: Bench) -> None:
    bench.source.answers["/t"] = whole(output())
    (stored,) = transcripts_in(await transcribe(bench, bench.completed(transcription="/t")))
    assert (stored.version, stored.words) == (1, 0)
    assert (await stored_transcript(bench)).segments == ()
    assert await bench.content("transcript.vtt") == b"WEBVTT\n"


async def test_the_same_event_again_changes_nothing_and_says_the_same(bench: Bench) -> None:
    first = await transcribe(bench, complete("Good morning"))
    before = await everything(bench)
    again = await transcribe(bench, complete("Good morning"))
    assert [(fact.id, fact.body) for fact in again] == [(fact.id, fact.body) for fact in first]
    assert await everything(bench) == before


async def test_the_same_words_by_another_event_are_no_new_version(bench: Bench) -> None:
    first = await transcribe(bench, complete("Good morning", event="webhook"))
    again = await transcribe(bench, complete("Good morning", event="callback"))
    assert [fact.id for fact in again] == [fact.id for fact in first]
    assert (await stored_transcript(bench)).source.event == "webhook"


async def test_other_words_are_a_new_version_and_the_older_ones_are_kept(bench: Bench) -> None:
    olds = []
    for version, words in enumerate(("one", "two", "three"), start=1):
        (stored,) = transcripts_in(await transcribe(bench, complete(words, event=f"event-{version}")))
        olds.append(await bench.content("transcript.json"))
        assert (stored.name, stored.version) == ("transcript.json", version)
    assert (await stored_transcript(bench)).version == 3
    assert [await bench.content(f"transcript.{version}.json") for version in (1, 2)] == olds[:2]
    artifacts = await bench.artifacts()
    assert set(artifacts) == {"transcript.json", "transcript.vtt", "transcript.1.json", "transcript.2.json"}
    assert artifacts["transcript.1.json"].sha256 == sha256(olds[0])
    assert [await found(bench, words) == [] for words in ("one", "two", "three")] == [True, True, False]


async def test_other_words_under_the_same_event_id_are_a_new_version_too(bench: Bench) -> None:
    """A callback about a retranscription has the id of the first one: both are "this bot completed"."""
    await transcribe(bench, complete("one"))
    await transcribe(bench, complete("two"))
    assert (await stored_transcript(bench)).version == 2


async def test_an_older_event_that_comes_again_does_not_come_before_the_newest(bench: Bench) -> None:
    (first,) = await transcribe(bench, complete("one", event="first"))
    await transcribe(bench, complete("two", event="second"))
    (again,) = await transcribe(bench, complete("one", event="first"))
    assert again.id == first.id
    (body,) = transcripts_in([again])
    assert (body.name, body.version) == ("transcript.1.json", 1)
    assert [segment.text for segment in (await stored_transcript(bench)).segments] == ["two"]


@pytest.mark.parametrize("code", [403, 503])
async def test_a_dead_link_of_an_event_that_is_done_is_no_failure(bench: Bench, code: int) -> None:
    bench.source.answers["/t"] = whole(output("Good evening"))
    first = await transcribe(bench, bench.completed(transcription="/t"))
    bench.source.answers["/t"] = status(code)
    again = await transcribe(bench, bench.completed(transcription="/t"))
    assert [fact.id for fact in again] == [fact.id for fact in first]


async def test_a_dead_link_of_an_event_that_is_not_done_is_poison(bench: Bench) -> None:
    bench.source.answers["/t"] = status(403)
    with pytest.raises(Poison):
        await transcribe(bench, bench.completed(transcription="/t"))
    assert await bench.stored() == []


async def test_a_source_that_is_not_ready_is_retryable(bench: Bench) -> None:
    bench.source.answers["/t"] = status(503)
    with pytest.raises(Retryable):
        await transcribe(bench, bench.completed(transcription="/t"))


@pytest.mark.parametrize("body", [b"[]", b'{"result": 1}', b'"Sorry"'])
async def test_a_file_that_is_no_transcript_is_poison_and_its_content_is_not_told(
    bench: Bench, body: bytes
) -> None:
    bench.source.answers["/t"] = whole(body)
    with pytest.raises(Poison) as poison:
        await transcribe(bench, bench.completed(transcription="/t"))
    assert "Sorry" not in str(poison.value)


@pytest.mark.parametrize("body", [b"<html>Sorry</html>", b"\xff", b"", output("Sorry")[:-1]])
async def test_a_file_that_stops_early_and_an_error_page_are_retryable(bench: Bench, body: bytes) -> None:
    bench.source.answers["/t"] = without_length(body)
    with pytest.raises(Retryable) as retryable:
        await transcribe(bench, bench.completed(transcription="/t"))
    assert "Sorry" not in str(retryable.value)
    assert await bench.stored() == []


async def test_a_transcript_that_is_too_large_is_poison(bench: Bench) -> None:
    bench.source.answers["/t"] = whole(output("word " * 1000))
    with pytest.raises(Poison, match="more than 1000 bytes"):
        await handle(bench.completed(transcription="/t"), bench.services, max_bytes=1000)


async def test_a_hostile_meeting_id_stays_in_the_store(bench: Bench) -> None:
    await transcribe(bench, complete("Good morning", meeting="../../outside"))
    assert await bench.stored() == [
        f"{PROVIDER}/..%2F..%2Foutside/transcript.{ending}" for ending in ("json", "vtt")
    ]


async def test_sixty_thousand_words_are_stored_and_searched(bench: Bench) -> None:
    words = [f"word{number}" for number in range(60_000)]
    segments = [" ".join(words[start : start + 20]) for start in range(0, len(words), 20)]
    bench.source.answers["/t"] = whole(output(*segments))
    (stored,) = transcripts_in(await transcribe(bench, bench.completed(transcription="/t")))
    assert stored.words == 60_000
    assert [hit.text.split()[0] for hit in await found(bench, "WORD59999")] == ["word59980"]


async def test_the_time_of_storing_is_the_clocks(bench: Bench) -> None:
    noon = datetime(2026, 11, 21, 12, tzinfo=UTC)
    await handle(complete("Good morning"), bench.services, now=lambda: noon)
    assert {artifact.stored_at for artifact in (await bench.artifacts()).values()} == {noon}
