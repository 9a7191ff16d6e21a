"""What RealtimeKit's API says, asked over HTTP."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from infra.errors import Retryable
from infra.providers.base import (
    DeletedUpstream,
    Ended,
    NotOffered,
    ProviderApi,
    UnknownUpstream,
)
from infra.providers.realtimekit.api import open_realtimekit
from schemas.realtimekit import identify, observe
from tests.schemas.kit import event, meeting, observed, record, recording
from tests.servers.realtimekit_api import STORAGE_SECRET, TOKEN, Kit, serve_realtimekit, status

SESSION = "05e57591-3a4c-4f6d-9b8e-2c7d1f0a5e63"
UPLOADED, ENDED = "realtimekit.recording.statusUpdate", "realtimekit.meeting.ended"
TRANSCRIPT, SUMMARY = "realtimekit.meeting.transcript", "realtimekit.meeting.summary"
CHAT = "realtimekit.meeting.chatSynced"
SINCE = datetime(2026, 6, 3, 10, tzinfo=UTC)


@pytest.fixture
async def kit() -> AsyncIterator[Kit]:
    async with serve_realtimekit() as serving:
        yield serving


@pytest.fixture
async def api(kit: Kit) -> AsyncIterator[ProviderApi]:
    async with open_realtimekit(kit.api_url, TOKEN, timeout_seconds=10) as opened:
        yield opened


async def test_a_recording_has_fresh_links_with_its_id_and_an_end(kit: Kit, api: ProviderApi) -> None:
    kit.has(SESSION)
    kit.records(SESSION, "rec-1", video="/v.mp4", audio="/a.mp3")
    first, second = await api.links(SESSION, UPLOADED), await api.links(SESSION, UPLOADED)
    assert [(link.kind, link.id, link.url.partition("?")[0]) for link in first] == [
        ("video", "rec-1", "https://media.example/v.mp4"),
        ("audio", "rec-1", "https://media.example/a.mp3"),
    ]
    assert {link.expires_at for link in first} == {datetime(2026, 6, 10, 10, 30, tzinfo=UTC)}
    assert first[0].url != second[0].url


async def test_recordings_of_another_session_in_the_room_are_left_out(kit: Kit, api: ProviderApi) -> None:
    kit.has(SESSION)
    kit.has("another")
    for session, id_ in ((SESSION, "rec-1"), ("another", "rec-2"), (SESSION, "rec-3")):
        kit.records(session, id_, video=f"/{id_}")
    assert [link.id for link in await api.links(SESSION, UPLOADED)] == ["rec-1", "rec-3"]


async def test_a_room_with_more_recordings_than_a_page_holds_is_read_to_its_end(
    kit: Kit, api: ProviderApi
) -> None:
    kit.has(SESSION)
    for number in range(7):
        kit.records(SESSION, f"rec-{number}", video=f"/{number}")
    kit.page_size = 3
    assert len(await api.links(SESSION, UPLOADED)) == 7
    assert kit.asked("recordings") == 3


@pytest.mark.parametrize(
    ("event_type", "kind", "asked"),
    [
        (TRANSCRIPT, "transcript", "transcript"),
        (SUMMARY, "summary", "summary"),
        (CHAT, "chat", "chat"),
    ],
)
async def test_an_event_of_a_file_has_that_file_alone_renewed(
    kit: Kit, api: ProviderApi, event_type: str, kind: str, asked: str
) -> None:
    kit.has(SESSION, transcript="/t.json", summary="/s.md", chat="/c.csv")
    links = await api.links(SESSION, event_type)
    assert [link.kind for link in links] == [kind]
    assert links[0].expires_at is not None
    assert [name for name, _, _ in kit.calls] == [asked]


async def test_the_transcript_is_asked_for_in_json_which_knows_ends(kit: Kit, api: ProviderApi) -> None:
    kit.has(SESSION, transcript="/t.json")
    document = await api.transcript(SESSION, ENDED)
    assert document is not None
    assert (document.shape, (document.url or "").partition("?")[0]) == (
        "realtimekit.transcript",
        "https://media.example/t.json",
    )
    assert kit.calls[-1][2] == {"format": "JSON"}


@pytest.mark.parametrize("event_type", [UPLOADED, TRANSCRIPT, ENDED])
async def test_after_seven_days_files_are_gone_and_before_they_may_come(
    kit: Kit, api: ProviderApi, event_type: str
) -> None:
    kit.has(SESSION)["ended_at"] = (datetime.now(UTC) - timedelta(days=6)).isoformat()
    assert list(await api.links(SESSION, event_type)) == []
    kit.has(SESSION)["ended_at"] = (datetime.now(UTC) - timedelta(days=8)).isoformat()
    with pytest.raises(DeletedUpstream, match="seven days"):
        await api.links(SESSION, event_type)


@pytest.mark.parametrize("empty", [set(), {"transcript", "summary", "chat"}])
async def test_a_file_that_is_not_ready_is_left_out(kit: Kit, api: ProviderApi, empty: set[str]) -> None:
    kit.has(SESSION)["ended_at"] = datetime.now(UTC).isoformat()
    kit.empty = empty
    for event_type in (TRANSCRIPT, SUMMARY, CHAT):
        assert list(await api.links(SESSION, event_type)) == []
    assert await api.transcript(SESSION, TRANSCRIPT) is None


async def test_holdings_are_all_files_with_those_in_its_owners_storage_among_the_others(
    kit: Kit, api: ProviderApi
) -> None:
    kit.has(SESSION, transcript="/t", chat="/c")
    kit.records(SESSION, "rec-1", video="/v")
    kit.records(SESSION, "rec-2")
    kit.records(SESSION, "rec-3", status="RECORDING")
    held = await api.holdings(SESSION, ENDED)
    assert [link.kind for link in held.links] == ["video", "chat", "transcript"]
    assert (held.transcript, held.others) == (True, ("rec-2.mp4",))


async def test_a_status_that_nobody_documents_says_nothing_of_holdings(kit: Kit, api: ProviderApi) -> None:
    kit.has(SESSION)
    kit.records(SESSION, "rec-1", status="MOVED", video="/v")
    with pytest.raises(Retryable, match="not as documented"):
        await api.holdings(SESSION, ENDED)


async def test_what_the_api_does_not_offer_says_so(kit: Kit, api: ProviderApi) -> None:
    with pytest.raises(NotOffered):
        await api.delete(SESSION, ENDED)
    with pytest.raises(NotOffered):
        await api.transcription(SESSION, ENDED)
    with pytest.raises(NotOffered):
        await api.retranscribe(SESSION, ENDED, provider=None, language=None, key=None)
    assert kit.calls == []


async def test_ended_sessions_and_uploaded_recordings_are_told_page_by_page(
    kit: Kit, api: ProviderApi
) -> None:
    kit.page_size = 2
    for number in range(5):
        kit.has(f"s-{number}", room=f"room-{number}")
    kit.has("s-live", status="LIVE")
    kit.records("s-0", "rec-1", video="/v")
    kit.records("s-1", "rec-2", status="RECORDING")
    told = [one async for one in api.ended(SINCE)]
    assert {one.meeting_id for one in told} == {f"s-{number}" for number in range(5)}
    of_first = {one.event_type for one in told if one.meeting_id == "s-0"}
    assert of_first == {ENDED, UPLOADED, TRANSCRIPT, SUMMARY, CHAT}
    assert Ended("s-1", UPLOADED, None) not in told
    assert kit.asked("sessions") == 3


async def test_what_ended_before_is_not_told(kit: Kit, api: ProviderApi) -> None:
    kit.has(SESSION)
    kit.records(SESSION, "rec-1", video="/v")
    assert [one async for one in api.ended(SINCE + timedelta(hours=1))] == []


async def test_a_page_that_fails_is_asked_for_again(kit: Kit, api: ProviderApi) -> None:
    kit.has(SESSION)
    kit.answers.extend([status(503, retry_after="0"), status(429, retry_after="1")])
    assert {one.meeting_id async for one in api.ended(SINCE)} == {SESSION}


async def test_the_end_of_a_session_is_read_as_its_webhook(kit: Kit, api: ProviderApi) -> None:
    kit.has(SESSION)
    final = await api.final_event(SESSION, ENDED)
    assert final is not None
    seen = observe(record(final.body, "meeting.ended"))
    told = observed(event("meeting.ended", about=meeting(endedAt="2026-06-03T10:30:00.000Z")))
    assert seen is not None
    assert (final.type, seen.says, seen.at, seen.meeting_id) == (ENDED, told.says, told.at, SESSION)


async def test_a_session_that_goes_on_has_no_end(kit: Kit, api: ProviderApi) -> None:
    kit.has(SESSION, status="LIVE")
    assert await api.final_event(SESSION, ENDED) is None
    assert await api.final_event(SESSION, TRANSCRIPT) is None


async def test_a_recording_stands_for_its_webhook_under_the_same_id(kit: Kit, api: ProviderApi) -> None:
    kit.has(SESSION)
    kit.records(SESSION, "rec-1", video="/v")
    final = await api.final_event(SESSION, UPLOADED)
    assert final is not None
    assert final.id == identify(recording("UPLOADED", recordingId="rec-1"), "webhook").id
    seen = observe(record(final.body, "recording.statusUpdate"))
    assert seen is not None
    assert [link.kind for link in seen.links] == ["video"]


async def test_settings_of_storage_are_in_no_record(kit: Kit, api: ProviderApi) -> None:
    kit.has(SESSION)
    kit.records(SESSION, "rec-1", video="/v")
    final = await api.final_event(SESSION, UPLOADED)
    assert final is not None
    assert STORAGE_SECRET not in final.body.decode()
    assert "download_url" in final.body.decode()


async def test_recordings_wait_for_each_other_but_not_for_ever(kit: Kit, api: ProviderApi) -> None:
    kit.has(SESSION)
    kit.records(SESSION, "rec-1", video="/v")
    kit.records(SESSION, "rec-2", status="UPLOADING")
    kit.recordings[1]["invoked_time"] = datetime.now(UTC).isoformat()
    assert await api.final_event(SESSION, UPLOADED) is None
    kit.recordings[1]["invoked_time"] = "2026-06-03T09:59:58.000Z"
    final = await api.final_event(SESSION, UPLOADED)
    assert final is not None
    assert [one["id"] for one in json.loads(final.body)["data"]] == ["rec-1"]


async def test_a_file_stands_for_its_webhook(kit: Kit, api: ProviderApi) -> None:
    kit.has(SESSION, transcript="/t.json", summary="/s.md", chat="/c.csv")
    for event_type, kind in ((TRANSCRIPT, "transcript"), (SUMMARY, "summary"), (CHAT, "chat")):
        final = await api.final_event(SESSION, event_type)
        assert final is not None
        seen = observe(record(final.body, event_type.removeprefix("realtimekit.")))
        assert seen is not None
        assert (seen.meeting_id, [link.kind for link in seen.links]) == (SESSION, [kind])


async def test_a_file_is_waited_for_and_given_up_after_hours(kit: Kit, api: ProviderApi) -> None:
    kit.has(SESSION)["ended_at"] = datetime.now(UTC).isoformat()
    assert await api.final_event(SESSION, TRANSCRIPT) is None
    kit.has(SESSION)
    with pytest.raises(UnknownUpstream, match="made no transcript"):
        await api.final_event(SESSION, TRANSCRIPT)
