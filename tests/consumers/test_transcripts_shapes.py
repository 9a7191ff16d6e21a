"""The consumer `transcripts` and what senders link to beside or in place of a transcript."""

import json

import pytest

from infra.errors import Poison
from tests.consumers.storing import Bench, webhook
from tests.consumers.transcribing import (
    complete,
    found,
    output,
    stored_transcript,
    stored_versions,
    transcribe,
    transcripts_in,
)
from tests.schemas.transcript_samples import SAID, artifact
from tests.servers.media import status, whole

NO_TRANSCRIPT = b'{"results": [{"alternatives": []}]}'


async def test_the_raw_file_is_read_where_there_is_no_other(bench: Bench) -> None:
    bench.source.answers["/raw"] = whole(artifact("raw_transcription.two-parts.json"))
    (stored,) = transcripts_in(await transcribe(bench, bench.completed(raw_transcription="/raw")))
    transcript = await stored_transcript(bench)
    assert [segment.text for segment in transcript.segments] == [text for _, text in SAID]
    assert (stored.language, transcript.source.shape) == ("en", "meeting-baas.v2.raw")


async def test_the_raw_file_is_not_asked_for_where_there_is_a_better_one(bench: Bench) -> None:
    bench.source.answers["/t"] = whole(artifact("output_transcription.json"))
    await transcribe(bench, bench.completed(transcription="/t", raw_transcription="/raw"))
    assert bench.source.asked("/t") == len(bench.source.requests) == 1


async def test_parts_that_are_longer_than_the_meeting_have_no_times(bench: Bench) -> None:
    """Zoom's are one for each speaker: they run side by side."""
    document = json.loads(artifact("raw_transcription.two-parts.json"))
    for part in document["transcriptions"]:
        part["metadata"]["audio_duration"] = 300
    bench.source.answers["/raw"] = whole(json.dumps(document).encode())
    data = {"bot_id": "bot-1", "raw_transcription": bench.link("/raw"), "duration_seconds": 300}
    await transcribe(bench, webhook("bot.completed", data, event="event-1", meeting="bot-1"))
    transcript = await stored_transcript(bench)
    assert {(one.start, one.end) for one in transcript.segments} == {(None, None)}
    assert {word.start for one in transcript.segments for word in one.words} == {None}
    assert [one.text for one in transcript.segments] == [text for _, text in SAID]


async def test_another_providers_raw_file_is_a_dead_letter_that_says_why(bench: Bench) -> None:
    bench.source.answers["/raw"] = whole(artifact("raw_transcription.deepgram.json"))
    with pytest.raises(Poison, match="not as Gladia's") as poison:
        await transcribe(bench, bench.completed(raw_transcription="/raw"))
    assert poison.value.facts == ()  # the consumer `recordings` keeps it, under its own name
    assert await bench.stored() == []


async def test_a_file_that_is_no_transcript_is_kept_as_it_came(bench: Bench) -> None:
    bench.source.answers["/t"] = whole(NO_TRANSCRIPT)
    with pytest.raises(Poison, match=r"result\.utterances: not a list") as poison:
        await transcribe(bench, bench.completed(transcription="/t"))
    assert await bench.content("transcription.json") == NO_TRANSCRIPT
    assert (await bench.artifacts())["transcription.json"].kind == "raw_transcription"
    assert [fact.type for fact in poison.value.facts] == ["recording.stored"]


async def test_what_is_kept_once_is_not_kept_again_and_another_beside_it(bench: Bench) -> None:
    told = []
    for body in (NO_TRANSCRIPT, NO_TRANSCRIPT, b'{"results": {}}'):
        bench.source.answers["/t"] = whole(body)
        with pytest.raises(Poison) as poison:
            await transcribe(bench, bench.completed(transcription="/t"))
        told.append(poison.value.facts[0].id)
    assert told[0] == told[1] != told[2]
    assert sorted(await bench.artifacts()) == ["transcription.2.json", "transcription.json"]


async def test_a_refusal_in_json_is_not_kept(bench: Bench) -> None:
    bench.source.answers["/t"] = whole(b'{"error": "gone", "code": 17}')
    with pytest.raises(Poison):
        await transcribe(bench, bench.completed(transcription="/t"))
    assert await bench.stored() == []


@pytest.mark.parametrize(
    ("field", "file", "reason"),
    [
        ("transcription", "output_transcription.empty.json", "The sender found no words."),
        (
            "raw_transcription",
            "raw_transcription.failed.json",
            "The sender could not transcribe 1 of 1 parts of the recording.",
        ),
    ],
)
async def test_an_empty_transcript_says_why_it_is(bench: Bench, field: str, file: str, reason: str) -> None:
    bench.source.answers["/t"] = whole(artifact(file))
    (stored,) = transcripts_in(await transcribe(bench, bench.completed(**{field: "/t"})))
    assert stored.words == 0
    assert (await stored_transcript(bench)).source.reason == reason


async def test_a_transcript_with_words_has_no_reason(bench: Bench) -> None:
    await transcribe(bench, complete("Good morning"))
    assert json.loads(await bench.content("transcript.json"))["source"]["reason"] is None


async def test_an_empty_transcript_does_not_take_the_place_of_one_with_words(bench: Bench) -> None:
    first = await transcribe(bench, complete("Good morning"))
    bench.source.answers["/t"] = whole(output())
    again = await transcribe(bench, bench.completed(event="later", transcription="/t"))
    assert [fact.id for fact in again] == [fact.id for fact in first]
    assert [hit.text for hit in await found(bench, "morning")] == ["Good morning"]


async def test_words_take_the_place_of_an_empty_transcript(bench: Bench) -> None:
    bench.source.answers["/t"] = whole(output())
    await transcribe(bench, bench.completed(transcription="/t"))
    await transcribe(bench, complete("Good morning", event="later"))
    assert [version.words for version in await stored_versions(bench)] == [0, 2]
    assert (await stored_transcript(bench)).version == 2


async def test_the_raw_file_that_is_gone_is_no_failure_where_it_was_read(bench: Bench) -> None:
    bench.source.answers["/raw"] = whole(artifact("raw_transcription.json"))
    first = await transcribe(bench, bench.completed(raw_transcription="/raw"))
    bench.source.answers["/raw"] = status(404)
    again = await transcribe(bench, bench.completed(raw_transcription="/raw"))
    assert [fact.id for fact in again] == [fact.id for fact in first]
