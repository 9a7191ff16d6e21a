"""Meeting BaaS's API in trouble, or not Meeting BaaS at all."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from infra.errors import Poison, Retryable
from infra.providers.base import ProviderApi
from infra.providers.meeting_baas import open_meeting_baas
from tests.servers.meeting_baas_api import (
    ANOTHERS_SECRET,
    KEY,
    Answer,
    MeetingBaasApi,
    dropped,
    endless,
    raw,
    serve_meeting_baas,
    silent,
    status,
    too_many,
)

V1, V2 = "meeting-baas.complete", "meeting-baas.bot.completed"


@pytest.fixture
async def upstream() -> AsyncIterator[MeetingBaasApi]:
    async with serve_meeting_baas() as serving:
        serving.has("bot-1", mp4="/v", video="/v")
        yield serving


@pytest.fixture
async def api(upstream: MeetingBaasApi) -> AsyncIterator[ProviderApi]:
    async with open_meeting_baas(upstream.url, KEY, timeout_seconds=10) as opened:
        yield opened


@pytest.mark.parametrize("event_type", [V1, V2])
async def test_a_wrong_key_is_no_fault_of_the_meeting_and_names_the_setting(
    upstream: MeetingBaasApi, api: ProviderApi, event_type: str
) -> None:
    upstream.keys = {"another"}
    for ask in (api.links, api.delete):
        with pytest.raises(Retryable, match="ADJOURN_MEETING_BAAS_API_KEYS") as caught:
            await ask("bot-1", event_type)
        assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (status(500, {"error": ANOTHERS_SECRET}), "500"),
        (status(503), "503"),
        (status(408), "408"),
        (status(302, location="https://elsewhere.example/"), "302"),
        (status(402, {"code": "FST_ERR_INSUFFICIENT_TOKENS"}), "402"),
        (raw(b"<html>" + ANOTHERS_SECRET.encode()), "not JSON"),
        (raw(b'["' + ANOTHERS_SECRET.encode() + b'"]'), "not an object"),
        (raw(b"[" * 100_000), "not JSON"),
        (raw(b'{"data": "\xff"}'), "not JSON"),
        (endless(), "bytes"),
        (dropped(), "No answer"),
    ],
)
@pytest.mark.parametrize("event_type", [V1, V2])
async def test_an_answer_that_is_none_is_to_be_asked_for_again(
    upstream: MeetingBaasApi, api: ProviderApi, event_type: str, answer: Answer, says: str
) -> None:
    upstream.always = answer
    with pytest.raises(Retryable, match=says) as caught:
        await api.links("bot-1", event_type)
    assert ANOTHERS_SECRET not in str(caught.value)


@pytest.mark.parametrize("code", [400, 422])
async def test_a_question_that_it_never_takes_is_not_asked_again(
    upstream: MeetingBaasApi, api: ProviderApi, code: int
) -> None:
    upstream.always = status(code, {"error": "Validation"})
    with pytest.raises(Poison, match=str(code)):
        await api.links("bot-1", V2)


async def test_a_redirect_does_not_carry_our_key_elsewhere(
    upstream: MeetingBaasApi, api: ProviderApi
) -> None:
    async with serve_meeting_baas() as elsewhere:
        upstream.always = status(307, location=f"{elsewhere.url}/v2/bots/bot-1")
        with pytest.raises(Retryable, match="307"):
            await api.links("bot-1", V2)
        assert elsewhere.calls == []


async def test_an_answer_that_does_not_come_is_not_waited_for_without_end(upstream: MeetingBaasApi) -> None:
    upstream.always = silent()
    async with open_meeting_baas(upstream.url, KEY, timeout_seconds=0.2) as api:
        with pytest.raises(Retryable, match="in time"):
            await api.links("bot-1", V2)


async def test_nobody_at_the_address_is_to_be_tried_again() -> None:
    async with serve_meeting_baas() as gone:
        url = gone.url
    async with open_meeting_baas(url, KEY) as api:
        with pytest.raises(Retryable, match="No answer"):
            await api.links("bot-1", V2)


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (status(429, None, retry_after="7"), 7),
        (status(429, {"success": False, "retryAfter": 8}), 8),
        (status(429, None, x_ratelimit_reset="9"), 9),
        (status(429, None, x_ratelimit_reset="1767323045"), None),
        (
            status(
                429, None, retry_after="Thu, 01 Jan 2026 00:01:00 GMT", date="Thu, 01 Jan 2026 00:00:00 GMT"
            ),
            60,
        ),
        (status(429, None, retry_after="soon"), None),
        (status(429, None, retry_after="99999999999"), 3600),
        (too_many(10), 10),
        (status(503, None, retry_after="11"), 11),
        (status(500), None),
    ],
)
async def test_how_long_to_wait_is_read_wherever_it_stands(
    upstream: MeetingBaasApi, api: ProviderApi, answer: Answer, seconds: float | None
) -> None:
    upstream.always = answer
    with pytest.raises(Retryable) as caught:
        await api.links("bot-1", V2)
    assert caught.value.after_seconds == seconds


async def test_a_429_makes_every_caller_wait(upstream: MeetingBaasApi, api: ProviderApi) -> None:
    upstream.answers.append(too_many(1))
    with pytest.raises(Retryable):
        await api.links("bot-1", V2)
    await asyncio.gather(*(api.links("bot-1", V2) for _ in range(3)))
    assert upstream.calls[1].at - upstream.calls[0].at > 1


async def test_whoever_would_wait_for_long_is_sent_away(upstream: MeetingBaasApi, api: ProviderApi) -> None:
    upstream.answers.append(too_many(600))
    for _ in range(2):
        with pytest.raises(Retryable) as caught:
            await api.links("bot-1", V2)
        assert caught.value.after_seconds == pytest.approx(600, abs=60)
    assert upstream.asked("v2 bot") == 1


async def test_v1_is_asked_five_times_a_second_at_most(upstream: MeetingBaasApi, api: ProviderApi) -> None:
    began = time.monotonic()
    await asyncio.gather(*(api.links("bot-1", V1) for _ in range(6)))
    assert time.monotonic() - began >= 1


async def test_v1_deletions_wait_after_the_fifth_and_keep_nobody_else_waiting(
    upstream: MeetingBaasApi, api: ProviderApi
) -> None:
    await asyncio.gather(*(api.delete("bot-1", V1) for _ in range(5)))
    sixth = asyncio.create_task(api.delete("bot-1", V1))
    await api.links("bot-1", V1)
    await api.links("bot-1", V2)
    assert upstream.asked("v1 delete_data") == 5
    sixth.cancel()
    await asyncio.wait([sixth])
