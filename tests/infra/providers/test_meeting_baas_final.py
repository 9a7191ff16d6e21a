"""How a meeting ended, by Meeting BaaS's answer, as the record of an event that never came."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from infra.providers.base import FinalEvent, ProviderApi, UnknownUpstream
from infra.providers.meeting_baas import open_meeting_baas
from infra.providers.secrets import without_secrets
from schemas.envelope import Record, derived_id, event_headers
from schemas.meeting import Observation, State
from schemas.meeting_baas import observe
from schemas.topics import WEBHOOKS
from tests.servers.meeting_baas_api import (
    ANOTHERS_SECRET,
    KEY,
    MeetingBaasApi,
    serve_meeting_baas,
    status,
)
from tests.servers.meeting_baas_listing import Ending
from tests.servers.meeting_baas_transcribing import said

V1, V2 = "meeting-baas.complete", "meeting-baas.bot.completed"


@pytest.fixture
async def upstream() -> AsyncIterator[MeetingBaasApi]:
    async with serve_meeting_baas() as serving:
        yield serving


@pytest.fixture
async def api(upstream: MeetingBaasApi) -> AsyncIterator[ProviderApi]:
    async with open_meeting_baas(upstream.url, KEY, timeout_seconds=10) as opened:
        yield opened


def read(event: FinalEvent | None) -> Observation:
    """As the consumers read it."""
    assert event is not None
    headers = event_headers(id="e", source="/reconcile", type=event.type, subject="bot-1", time="")
    seen = observe(Record(WEBHOOKS, 0, 0, "bot-1", 0, headers, event.body))
    assert seen is not None
    return seen


async def test_v2s_answer_says_what_the_webhook_would_have_said(
    upstream: MeetingBaasApi, api: ProviderApi
) -> None:
    upstream.has("bot-1", video="/v", audio="/a", transcription="/t", chat_messages="/c")
    event = await api.final_event("bot-1", V2)
    seen = read(event)
    assert event is not None
    assert (event.type, event.deleted) == (V2, False)
    assert (seen.meeting_id, seen.type, seen.says) == ("bot-1", "bot.completed", State.COMPLETED)
    assert sorted(link.kind for link in seen.links) == ["audio", "chat", "video"]
    assert seen.transcript is not None
    assert seen.transcript.url is not None
    assert seen.ended_at == datetime(2026, 1, 2, 4, 4, 5, tzinfo=UTC)


async def test_v1s_answer_says_what_the_webhook_would_have_said_and_has_the_transcript(
    upstream: MeetingBaasApi, api: ProviderApi
) -> None:
    upstream.has("bot-1", mp4="/v", audio="/a").transcribing.transcripts = said("Hello")
    event = await api.final_event("bot-1", V1)
    seen = read(event)
    assert event is not None
    assert event.type == V1
    assert event.id is None, "as `complete` has nothing in its id but the bot's"
    assert (seen.says, seen.duration_seconds, seen.error) == (State.COMPLETED, 3600, None)
    assert [link.kind for link in seen.links] == ["video", "audio"]
    assert seen.transcript is not None
    assert seen.transcript.shape == "meeting-baas.v1.rest"


@pytest.mark.parametrize("event_type", [V1, V2])
async def test_nothing_of_it_is_a_secret_of_others_or_where_the_account_wants_its_events(
    upstream: MeetingBaasApi, api: ProviderApi, event_type: str
) -> None:
    upstream.has("bot-1", mp4="/v", video="/v")
    event = await api.final_event("bot-1", event_type)
    assert event is not None
    assert ANOTHERS_SECRET.encode() not in event.body
    assert b"callback_config" not in event.body


async def test_v1s_failure_has_the_id_that_the_webhook_would_have(
    upstream: MeetingBaasApi, api: ProviderApi
) -> None:
    upstream.has("bot-1").ending = Ending(generation=1, errors="CannotJoinMeeting")
    event = await api.final_event("bot-1", V1)
    seen = read(event)
    assert event is not None
    assert event.type == "meeting-baas.failed"
    assert event.id == derived_id("meeting-baas", "failed", "bot-1", "CannotJoinMeeting")
    assert (seen.says, seen.error) == (State.FAILED, "CannotJoinMeeting")


@pytest.mark.parametrize(
    ("is_called", "type_"),
    [
        ("completed", "meeting-baas.bot.completed"),
        ("failed", "meeting-baas.bot.failed"),
        ("transcription_failed", "meeting-baas.bot.failed"),
        ("transcribing", None),
        ("in_call_recording", None),
        ("something_new", None),
    ],
)
async def test_v2s_status_says_whether_it_is_over(
    upstream: MeetingBaasApi, api: ProviderApi, is_called: str, type_: str | None
) -> None:
    upstream.has("bot-1", status=is_called)
    event = await api.final_event("bot-1", V2)
    assert (event.type if event else None) == type_


async def test_a_v2_meeting_whose_files_are_deleted_ended_all_the_same(
    upstream: MeetingBaasApi, api: ProviderApi
) -> None:
    upstream.has("bot-1", video="/v").artifacts_deleted = True
    event = await api.final_event("bot-1", V2)
    assert event is not None
    assert event.deleted
    assert read(event).links == ()


async def test_a_v1_bot_without_files_or_error_is_not_over(
    upstream: MeetingBaasApi, api: ProviderApi
) -> None:
    upstream.has("bot-1", mp4="").ending = Ending(generation=1)
    assert await api.final_event("bot-1", V1) is None
    upstream.has("bot-1", mp4="/v").ending = Ending(None, generation=1)
    assert await api.final_event("bot-1", V1) is None


async def test_v1_is_not_done_while_its_transcript_is_made_but_not_for_ever(
    upstream: MeetingBaasApi, api: ProviderApi
) -> None:
    bot = upstream.has("bot-1", mp4="/v")
    bot.ending = Ending(datetime.now(UTC) - timedelta(minutes=5), generation=1)
    assert await api.final_event("bot-1", V1) is None
    bot.ending = Ending(datetime.now(UTC) - timedelta(hours=3), generation=1)
    assert await api.final_event("bot-1", V1) is not None


async def test_an_event_that_both_generations_have_is_asked_of_both(
    upstream: MeetingBaasApi, api: ProviderApi
) -> None:
    upstream.has("bot-1", mp4="/v")
    upstream.instead["v2 bot"] = status(404, {"success": False})
    event = await api.final_event("bot-1", "meeting-baas.bot.status_change")
    assert event is not None
    assert event.type == V1
    with pytest.raises(UnknownUpstream):
        await api.final_event("bot-1", V2)


async def test_the_body_of_an_event_that_has_a_name_is_read_by_that_name(api: ProviderApi) -> None:
    body = json.dumps({"event": "bot.failed", "data": {"bot_id": "bot-1", "error_code": "X"}}).encode()
    assert read(FinalEvent(V2, body)).says is State.FAILED


def test_a_field_that_is_called_a_secret_is_left_out_wherever_it_stands() -> None:
    answer = {
        "a": [{"zoom_obf_token": 1, "zoom_access_token_url": 2, "tokens": {"total": 3}, "kept": 4}],
        "speech_to_text_api_key": 5,
        "Password": 6,
        "extra": {"token": 7},
        "left": 8,
    }
    assert without_secrets(answer, also=("left",), untouched=("extra",)) == {
        "a": [{"tokens": {"total": 3}, "kept": 4}],
        "extra": {"token": 7},
    }
