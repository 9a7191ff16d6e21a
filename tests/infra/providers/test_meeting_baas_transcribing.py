"""What Meeting BaaS says of its transcripts, and how it is asked for another one."""

from collections.abc import AsyncIterator

import pytest

from infra.errors import Poison, Retryable
from infra.providers.base import NotOffered, ProviderApi, Unclear
from infra.providers.meeting_baas import open_meeting_baas
from schemas.meeting_baas.transcripts import V1_REST, V2_OUTPUT, V2_RAW, parse_transcript
from tests.servers.meeting_baas_api import (
    KEY,
    Answer,
    MeetingBaasApi,
    dropped,
    raw,
    serve_meeting_baas,
    silent,
    status,
)
from tests.servers.meeting_baas_transcribing import said

V1, V2 = "meeting-baas.transcription_complete", "meeting-baas.bot.completed"


@pytest.fixture
async def upstream() -> AsyncIterator[MeetingBaasApi]:
    async with serve_meeting_baas() as serving:
        yield serving


@pytest.fixture
async def api(upstream: MeetingBaasApi) -> AsyncIterator[ProviderApi]:
    async with open_meeting_baas(upstream.url, KEY, timeout_seconds=1) as opened:
        yield opened


async def test_v1_gives_its_transcript_itself(upstream: MeetingBaasApi, api: ProviderApi) -> None:
    upstream.has("bot-1").transcribing.transcripts = said("one two", "three")
    document = await api.transcript("bot-1", V1)
    assert document is not None
    assert (document.shape, document.url) == (V1_REST, None)
    assert [segment.text for segment in parse_transcript(V1_REST, document.body).segments] == [
        "one two",
        "three",
    ]


async def test_v2_gives_a_link_to_its_transcript_and_to_the_raw_one_where_it_has_no_other(
    upstream: MeetingBaasApi, api: ProviderApi
) -> None:
    bot = upstream.has("bot-1", raw_transcription="/raw")
    document = await api.transcript("bot-1", V2)
    assert document is not None
    assert document.shape == V2_RAW
    bot.transcribing.file = "/output"
    document = await api.transcript("bot-1", V2)
    assert document is not None
    assert document.shape == V2_OUTPUT
    assert document.url is not None
    assert "/output?" in document.url


async def test_v2_has_none_yet(upstream: MeetingBaasApi, api: ProviderApi) -> None:
    upstream.has("bot-1")
    assert await api.transcript("bot-1", V2) is None


@pytest.mark.parametrize("event_type", [V1, V2])
async def test_what_is_made_anew_is_seen_also_where_it_says_the_same(
    upstream: MeetingBaasApi, api: ProviderApi, event_type: str
) -> None:
    bot = upstream.has("bot-1")
    bot.transcribing.ends(transcripts=said("the same"), file="/same")
    first = await api.transcription("bot-1", event_type)
    assert first == await api.transcription("bot-1", event_type)
    bot.transcribing.ends(transcripts=said("the same"), file="/same")
    assert (await api.transcription("bot-1", event_type)).made != first.made


@pytest.mark.parametrize(("event_type", "running"), [(V1, None), (V2, True)])
async def test_only_v2_tells_that_it_is_making_one(
    upstream: MeetingBaasApi, api: ProviderApi, event_type: str, running: bool | None
) -> None:
    upstream.has("bot-1")
    await api.retranscribe("bot-1", event_type, provider=None, language=None, key=None)
    assert (await api.transcription("bot-1", event_type)).running is running


async def test_our_key_to_a_provider_goes_with_the_question(
    upstream: MeetingBaasApi, api: ProviderApi
) -> None:
    v1, v2 = upstream.has("bot-1"), upstream.has("bot-2")
    await api.retranscribe("bot-1", V1, provider="RUNPOD", language=None, key="k")
    await api.retranscribe("bot-2", V2, provider="soniox", language=None, key="k")
    assert v1.transcribing.asked == [
        {"bot_uuid": "bot-1", "speech_to_text": {"provider": "Runpod", "api_key": "k"}, "webhook_url": None}
    ]
    assert v2.transcribing.asked == [{"transcription": {"provider": "soniox", "api_key": "k"}}]


@pytest.mark.parametrize(
    ("event_type", "provider", "language"),
    [(V1, None, "de"), (V1, "Deepgram", None), (V2, "soniox", "de")],
)
async def test_what_cannot_be_asked_for_is_not_sent(
    upstream: MeetingBaasApi, api: ProviderApi, event_type: str, provider: str | None, language: str | None
) -> None:
    upstream.has("bot-1")
    with pytest.raises(NotOffered):
        await api.retranscribe("bot-1", event_type, provider=provider, language=language, key=None)
    assert upstream.calls == []


@pytest.mark.parametrize("event_type", [V1, V2])
@pytest.mark.parametrize(
    "answer",
    [silent(), dropped(), status(500), status(502), status(503)],
    ids=["silent", "dropped", "500", "502", "503"],
)
async def test_a_call_that_may_have_been_taken_is_unclear(
    upstream: MeetingBaasApi, api: ProviderApi, event_type: str, answer: Answer
) -> None:
    upstream.always = answer
    with pytest.raises(Unclear):
        await api.retranscribe("bot-1", event_type, provider=None, language=None, key=None)


@pytest.mark.parametrize("code", [400, 401, 402, 403, 404, 409, 410, 422, 429])
async def test_a_call_that_was_not_taken_is_not_unclear(
    upstream: MeetingBaasApi, api: ProviderApi, code: int
) -> None:
    upstream.always = status(code)
    with pytest.raises((Retryable, Poison)) as refusal:
        await api.retranscribe("bot-1", V2, provider=None, language=None, key=None)
    assert not isinstance(refusal.value, Unclear)


async def test_where_nobody_listens_nothing_was_taken() -> None:
    async with open_meeting_baas("http://127.0.0.1:1", KEY, timeout_seconds=5) as api:
        with pytest.raises(Retryable) as refusal:
            await api.retranscribe("bot-1", V2, provider=None, language=None, key=None)
    assert not isinstance(refusal.value, Unclear)


@pytest.mark.parametrize("event_type", [V1, V2])
async def test_an_answer_that_is_none_is_to_be_asked_for_again(
    upstream: MeetingBaasApi, api: ProviderApi, event_type: str
) -> None:
    upstream.always = raw(b'{"success": true, "data": {}}', "application/json")
    with pytest.raises(Retryable):
        await api.transcription("bot-1", event_type)


@pytest.mark.parametrize(
    ("provider", "told"),
    [
        (None, {"language_config": {"languages": ["pt"], "detect_language": False}}),
        ("gladia", {"language_config": {"languages": ["pt"], "detect_language": False}}),
        ("deepgram", {"language": "pt"}),
        ("assemblyai", {"language_code": "pt"}),
    ],
)
async def test_v2_tells_each_provider_the_language_in_its_own_way_and_without_its_region(
    upstream: MeetingBaasApi, api: ProviderApi, provider: str | None, told: object
) -> None:
    bot = upstream.has("bot-1")
    await api.retranscribe("bot-1", V2, provider=provider, language="pt-BR", key=None)
    assert bot.transcribing.asked == [
        {"transcription": {"provider": provider or "gladia", "custom_params": told}}
    ]
