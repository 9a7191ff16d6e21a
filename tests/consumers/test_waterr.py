"""Waterr's recordings and transcripts: no event has them, so they are asked for, early, late and often."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from consumers import recordings, transcripts
from infra.errors import Poison, Retryable
from schemas.transcript import Transcript
from tests.consumers.storing import MOVIE
from tests.consumers.waterr import Meeting, opened_meeting, told
from tests.servers.media import status as refused
from tests.servers.media import whole
from tests.servers.waterr_api import SENTENCES, status


@pytest_asyncio.fixture
async def meeting(tmp_path: Path) -> AsyncIterator[Meeting]:
    async with opened_meeting(tmp_path, {"/v": whole(MOVIE)}) as meeting:
        yield meeting


async def test_a_recording_is_asked_for_and_stored(meeting: Meeting) -> None:
    meeting.api.has("m-1", video="/v")
    [fact] = await recordings.handle(told("recording.ready", recording_id="r"), meeting.bench.services)
    assert fact.type == "recording.stored"
    assert await meeting.content("video.mp4") == MOVIE
    assert "Authorization" not in meeting.bench.source.requests[0]


async def test_a_recording_that_is_not_ready_is_tried_again(meeting: Meeting) -> None:
    meeting.api.has("m-1")
    event = told("recording.ready", recording_id="r")
    with pytest.raises(Retryable, match="no video of this meeting now"):
        await recordings.handle(event, meeting.bench.services)
    meeting.api.has("m-1", video="/v")
    await recordings.handle(event, meeting.bench.services)
    assert list(await meeting.artifacts()) == ["video.mp4"]


async def test_a_recording_that_five_events_tell_of_is_fetched_once(meeting: Meeting) -> None:
    meeting.api.has("m-1", video="/v")
    for number in range(5):
        event = told("recording.ready", id=f"evt-{number}", recording_id="recording-1")
        facts = await recordings.handle(event, meeting.bench.services)
        assert len({fact.id for fact in facts}) == 1
    assert meeting.bench.source.served("/v") == len(MOVIE)
    assert meeting.api.asked("video") == 1
    assert list(await meeting.artifacts()) == ["video.mp4"]


async def test_a_second_recording_of_a_meeting_stands_beside_the_first(meeting: Meeting) -> None:
    meeting.bench.source.answers["/w"] = whole(MOVIE + bytes(8))
    for video, recording in (("/v", "recording-1"), ("/w", "recording-2")):
        meeting.api.has("m-1", video=video)
        event = told("recording.ready", id=f"evt-{recording}", recording_id=recording)
        await recordings.handle(event, meeting.bench.services)
    assert list(await meeting.artifacts()) == ["video.mp4", "video.2.mp4"]


async def test_a_link_that_leads_nowhere_is_asked_for_anew_at_the_next_attempt(meeting: Meeting) -> None:
    meeting.api.has("m-1", video="/v")
    meeting.bench.source.answers["/v"] = refused(403)
    event = told("recording.ready", recording_id="r")
    with pytest.raises(Retryable, match="403"):
        await recordings.handle(event, meeting.bench.services)
    meeting.bench.source.answers["/v"] = whole(MOVIE)
    await recordings.handle(event, meeting.bench.services)
    assert await meeting.content("video.mp4") == MOVIE


async def test_an_event_of_a_meeting_that_never_was_is_buried(meeting: Meeting) -> None:
    for consumer, name in ((recordings, "recording.ready"), (transcripts, "transcript.ready")):
        with pytest.raises(Poison, match="no such thing"):
            await consumer.handle(told(name, recording_id="r"), meeting.bench.services)
    assert await meeting.bench.stored() == []


async def test_without_a_key_it_is_said_what_to_set(meeting: Meeting) -> None:
    services = replace(meeting.bench.services, providers={})
    for consumer, name in ((recordings, "recording.ready"), (transcripts, "transcript.ready")):
        with pytest.raises(Poison, match="key"):
            await consumer.handle(told(name, recording_id="r"), services)


async def test_a_transcript_is_asked_for_and_stored(meeting: Meeting) -> None:
    meeting.api.has("m-1", sentenced_transcripts=SENTENCES)
    [fact] = await transcripts.handle(told("transcript.ready", sentence_count=2), meeting.bench.services)
    assert fact.type == "transcript.stored"
    stored = Transcript.model_validate_json(await meeting.content("transcript.json"))
    said = [(segment.speaker, segment.start, segment.text) for segment in stored.segments]
    assert said == [("Ada", 1.0, "good morning"), ("Grace", 5.0, "good evening")]


@pytest.mark.parametrize("name", ["transcript.ready", "session.transcript_ready"])
async def test_a_transcript_that_is_not_ready_is_tried_again(meeting: Meeting, name: str) -> None:
    meeting.api.has("m-1")
    with pytest.raises(Retryable):
        await transcripts.handle(told(name), meeting.bench.services)
    meeting.api.transcripts["m-1"] = [{"id": "t", "sentences": SENTENCES}]
    await transcripts.handle(told(name), meeting.bench.services)
    assert "transcript.json" in await meeting.artifacts()


async def test_an_api_that_is_asked_too_often_is_asked_again_when_it_says(meeting: Meeting) -> None:
    meeting.api.has("m-1", video="/v")
    meeting.api.answers.append(status(429, {}, Retry_After="45"))
    with pytest.raises(Retryable) as told_to_wait:
        await recordings.handle(told("recording.ready", recording_id="r"), meeting.bench.services)
    assert told_to_wait.value.after_seconds == 45
