"""Waterr's API: what it has, in every envelope and with every lag, and what its refusals mean."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio

from infra.errors import Poison, Retryable
from infra.providers.base import DeletedUpstream, KeyRefused, NotOffered, ProviderApi, UnknownUpstream
from infra.providers.waterr import open_waterr
from schemas.meeting import Link
from schemas.waterr import parse_transcript
from tests.servers.waterr_api import ANALYSIS, KEY, ROOM_TOKEN, SENTENCES, Api, serve_waterr, status

SINCE = datetime(2026, 6, 27, tzinfo=UTC)
RECORDED, TRANSCRIBED, ANALYSED, ENDED = (
    f"waterr.{name}"
    for name in ("recording.ready", "transcript.ready", "session.analysis_complete", "meeting.ended")
)


@pytest_asyncio.fixture
async def upstream() -> AsyncIterator[Api]:
    async with serve_waterr() as upstream:
        yield upstream


@pytest_asyncio.fixture
async def api(upstream: Api) -> AsyncIterator[ProviderApi]:
    async with open_waterr(f"{upstream.api_url}/", KEY, timeout_seconds=2) as api:
        yield api


async def ended(api: ProviderApi) -> list[tuple[str, str]]:
    return [(one.meeting_id, one.event_type) async for one in api.ended(SINCE)]


@pytest.mark.parametrize("envelope", ["status", "success", "bare"])
async def test_a_recording_has_a_fresh_link_each_time(upstream: Api, api: ProviderApi, envelope: Any) -> None:
    upstream.envelope = envelope
    upstream.has("m-1", video="/v")
    first, second = [await api.links("m-1", RECORDED) for _ in range(2)]
    assert tuple(first) == (Link("video", "https://media.example/v?Signature=fresh1"),)
    assert first != second
    assert upstream.headers[0]["Authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("field", ["daily_meeting_id", "daily_id"])
async def test_a_recording_that_has_dailys_id_is_found_by_that(
    upstream: Api, api: ProviderApi, field: str
) -> None:
    upstream.has("m-1", **{field: "daily-9"})
    upstream.videos["daily-9"] = "/v"
    [link] = await api.links("m-1", RECORDED)
    assert "/v?" in link.url


async def test_a_recording_that_is_not_ready_is_no_file_yet(upstream: Api, api: ProviderApi) -> None:
    upstream.has("m-1")
    assert list(await api.links("m-1", RECORDED)) == []


async def test_a_meeting_that_never_was_is_unknown(api: ProviderApi) -> None:
    for call in (api.links, api.transcript, api.holdings):
        with pytest.raises(UnknownUpstream):
            await call("my-test-meeting", RECORDED)


@pytest.mark.parametrize("meeting", ["../meetings", "a b", "", "x" * 200, "ä"])
async def test_an_id_that_came_from_elsewhere_is_not_asked_for(
    upstream: Api, api: ProviderApi, meeting: str
) -> None:
    for call in (api.links, api.transcript, api.final_event):
        with pytest.raises(UnknownUpstream):
            await call(meeting, RECORDED)
    assert upstream.calls == []


async def test_a_transcript_is_the_meetings_own_or_else_from_where_transcripts_are(
    upstream: Api, api: ProviderApi
) -> None:
    upstream.has("m-1", sentenced_transcripts=SENTENCES)
    upstream.has("m-2")
    upstream.transcripts["m-2"] = [{"id": "t", "items": SENTENCES}]
    for meeting in ("m-1", "m-2"):
        document = await api.transcript(meeting, TRANSCRIBED)
        assert document is not None
        said = [segment.text for segment in parse_transcript(document.shape, document.body).segments]
        assert said == ["good morning", "good evening"]


@pytest.mark.parametrize("there", [None, [], [{"id": "t"}]])
async def test_a_transcript_that_is_not_ready_is_none(upstream: Api, api: ProviderApi, there: Any) -> None:
    upstream.has("m-1")
    if there is not None:
        upstream.transcripts["m-1"] = there
    assert await api.transcript("m-1", TRANSCRIBED) is None


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (401, KeyRefused),
        (403, KeyRefused),
        (410, DeletedUpstream),
        (400, Poison),
        (422, Poison),
        (408, Retryable),
        (500, Retryable),
        (302, Retryable),
    ],
)
async def test_a_refusal_has_its_meaning_and_tells_nothing_of_the_answer(
    upstream: Api, api: ProviderApi, code: int, error: type[Exception]
) -> None:
    upstream.instead["video"] = status(code)
    with pytest.raises(error) as told:
        await api.links("m-1", RECORDED)
    assert str(code) in str(told.value)
    assert ROOM_TOKEN not in str(told.value)


@pytest.mark.parametrize(
    "body",
    [{"success": False, "message": ROOM_TOKEN}, {"status": "error", "message": ROOM_TOKEN}, 7, {"data": {}}],
)
async def test_an_answer_that_is_200_and_no_answer_is_asked_for_again(
    upstream: Api, api: ProviderApi, body: object
) -> None:
    upstream.instead["video"] = status(200, body)
    with pytest.raises(Retryable) as told:
        await api.links("m-1", RECORDED)
    assert ROOM_TOKEN not in str(told.value)


async def test_asking_too_often_waits_as_long_as_they_say(upstream: Api, api: ProviderApi) -> None:
    upstream.answers.append(status(429, {}, X_RateLimit_Reset="90"))
    with pytest.raises(Retryable) as told:
        await api.links("m-1", RECORDED)
    assert told.value.after_seconds == 90


async def test_what_it_holds_is_what_it_has(upstream: Api, api: ProviderApi) -> None:
    upstream.has("m-1", video="/v", sentenced_transcripts=SENTENCES)
    upstream.recordings["m-1"] = ["recording-1", "recording-2"]
    held = await api.holdings("m-1", ENDED)
    assert ([link.kind for link in held.links], held.transcript, held.others) == (
        ["video"],
        True,
        ("recording 2",),
    )


async def test_a_recording_without_a_link_is_no_answer_to_delete_by(upstream: Api, api: ProviderApi) -> None:
    upstream.has("m-1")
    upstream.recordings["m-1"] = ["recording-1"]
    with pytest.raises(Retryable, match="video_url"):
        await api.holdings("m-1", ENDED)


async def test_deleting_twice_is_no_error(upstream: Api, api: ProviderApi) -> None:
    upstream.has("m-1")
    await api.delete("m-1", ENDED)
    await api.delete("m-1", ENDED)
    assert upstream.meetings == {}


async def test_nothing_is_transcribed_again_there(api: ProviderApi) -> None:
    with pytest.raises(NotOffered):
        await api.transcription("m-1", ENDED)
    with pytest.raises(NotOffered):
        await api.retranscribe("m-1", ENDED, provider=None, language=None, key=None)


@pytest.mark.parametrize("envelope", ["status", "success", "bare"])
@pytest.mark.parametrize("page_size", [None, 1, 2, 100])
async def test_each_meeting_that_ended_is_told_of_once_however_the_list_is_paged(
    upstream: Api, api: ProviderApi, envelope: Any, page_size: int | None
) -> None:
    upstream.envelope, upstream.page_size = envelope, page_size
    for meeting in ("m-1", "m-2", "m-3"):
        upstream.has(meeting)
    upstream.has("live", status="active")
    upstream.has("old", ended_at="2026-06-01T10:00:00Z")
    found = await ended(api)
    assert sorted(found) == sorted(
        (meeting, name)
        for meeting in ("m-1", "m-2", "m-3")
        for name in (ENDED, TRANSCRIBED, RECORDED, ANALYSED)
    )


async def test_a_list_in_order_is_read_no_further_than_it_counts(upstream: Api, api: ProviderApi) -> None:
    upstream.page_size = 2
    for day in range(30, 0, -1):
        at = f"2026-06-{day:02}T10:00:00.000Z"
        upstream.has(f"m-{day}", created_at=at, ended_at=at)
    found = {meeting for meeting, _ in await ended(api)}
    assert found == {f"m-{day}" for day in (27, 28, 29, 30)}
    assert upstream.asked("meetings") < 5


@pytest.mark.parametrize("listed", [{"data": {}}, {"data": [{"status": "ended"}]}, {"data": ["m-1"]}])
async def test_a_list_that_is_none_breaks_off(upstream: Api, api: ProviderApi, listed: object) -> None:
    upstream.instead["meetings"] = status(200, listed)
    with pytest.raises(Retryable):
        await ended(api)


async def test_what_ended_is_answered_as_the_event_that_tells_of_it(upstream: Api, api: ProviderApi) -> None:
    upstream.has("m-1", video="/v", sentenced_transcripts=SENTENCES)
    upstream.analyses["m-1"] = ANALYSIS
    for name in (ENDED, TRANSCRIBED, RECORDED, ANALYSED):
        event = await api.final_event("m-1", name)
        assert event is not None
        assert event.type == name
        assert ROOM_TOKEN.encode() not in event.body
    for other in ("waterr.participant.left", "waterr.meeting.created", "waterr.something.new"):
        event = await api.final_event("m-1", other)
        assert event is not None
        assert event.type == ENDED
    again = await api.final_event("m-1", "waterr.analysis.completed")
    assert again is not None
    assert again.type == ANALYSED


async def test_what_is_not_there_yet_is_no_event(upstream: Api, api: ProviderApi) -> None:
    upstream.has("m-1", status="active")
    for name in (ENDED, TRANSCRIBED, RECORDED, ANALYSED):
        assert await api.final_event("m-1", name) is None
    upstream.instead["analysis"] = status(202, {"success": True, "message": "processing"})
    assert await api.final_event("m-1", ANALYSED) is None


async def test_a_deletion_that_is_200_and_denied_is_no_deletion(upstream: Api, api: ProviderApi) -> None:
    upstream.instead["delete"] = status(200, {"success": False, "error": ROOM_TOKEN})
    with pytest.raises(Retryable):
        await api.delete("m-1", ENDED)
