"""Which meetings ended, by Meeting BaaS's lists, asked over HTTP: whatever the lists do meanwhile."""

import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from infra.errors import Retryable
from infra.providers.base import Ended, KeyRefused, ProviderApi
from infra.providers.meeting_baas import open_meeting_baas
from tests.servers.meeting_baas_api import KEY, MeetingBaasApi, serve_meeting_baas, status, too_many
from tests.servers.meeting_baas_listing import Ending

NOW = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)
SINCE = NOW - timedelta(days=1)


@pytest.fixture
async def upstream() -> AsyncIterator[MeetingBaasApi]:
    async with serve_meeting_baas() as serving:
        yield serving


@pytest.fixture
async def api(upstream: MeetingBaasApi) -> AsyncIterator[ProviderApi]:
    async with open_meeting_baas(upstream.url, KEY, timeout_seconds=10, pause_seconds=0.05) as opened:
        yield opened


def have(upstream: MeetingBaasApi, count: int, *, generation: int = 2) -> list[str]:
    """So many bots, each of which ended a minute before the one before it."""
    for number in range(count):
        ending = Ending(NOW - timedelta(minutes=number), generation)
        upstream.has(f"bot-{generation}-{number}").ending = ending
    return [f"bot-{generation}-{number}" for number in range(count)]


async def listed(api: ProviderApi) -> list[str]:
    return [one.meeting_id async for one in api.ended(SINCE)]


async def test_both_generations_say_what_ended_and_by_which_event(
    upstream: MeetingBaasApi, api: ProviderApi
) -> None:
    have(upstream, 1)
    have(upstream, 1, generation=1)
    upstream.has("bot-f", status="failed").ending = Ending(NOW)
    upstream.has("bot-live", status="in_call_recording").ending = Ending(None)
    upstream.has("bot-old").ending = Ending(SINCE - timedelta(seconds=1))
    upstream.has("bot-old-v1").ending = Ending(SINCE - timedelta(seconds=1), 1)
    assert {one async for one in api.ended(SINCE)} == {
        Ended("bot-2-0", "meeting-baas.bot.completed", NOW),
        Ended("bot-f", "meeting-baas.bot.failed", NOW),
        Ended("bot-1-0", "meeting-baas.complete", NOW),
    }


async def test_what_the_filter_lets_through_all_the_same_does_not_count(
    upstream: MeetingBaasApi, api: ProviderApi
) -> None:
    items = [
        {"bot_id": "old", "status": "completed", "ended_at": "2025-01-01T00:00:00Z"},
        {"bot_id": "live", "status": "in_call_recording", "ended_at": None},
        {"bot_id": "no-time", "status": "completed", "ended_at": None},
    ]
    upstream.instead["v2 bots"] = status(200, {"success": True, "data": items, "cursor": None})
    assert await listed(api) == ["no-time"]


@pytest.mark.parametrize("generation", [1, 2])
async def test_all_pages_are_read(upstream: MeetingBaasApi, api: ProviderApi, generation: int) -> None:
    bots = have(upstream, 7, generation=generation)
    upstream.lists.page = 3
    assert await listed(api) == bots
    asked = [call.query.get("cursor") for call in upstream.calls if call.name == f"v{generation} bots"]
    assert len(set(asked)) == 3


@pytest.mark.parametrize("names", [("cursor", "data"), ("next_cursor", "data")])
async def test_the_next_page_has_two_names(
    upstream: MeetingBaasApi, api: ProviderApi, names: tuple[str, str]
) -> None:
    cursor, data = names
    page = {"success": True, data: [{"bot_id": "a", "status": "completed"}], cursor: "there"}
    last = {"success": True, data: [{"bot_id": "b", "status": "completed"}], cursor: None}
    upstream.answers.extend([status(200, page), status(200, last)])
    assert await listed(api) == ["a", "b"]
    assert [call.query.get("cursor") for call in upstream.calls[:2]] == [None, "there"]


async def test_a_page_that_fails_once_is_asked_for_again(upstream: MeetingBaasApi, api: ProviderApi) -> None:
    bots = have(upstream, 7)
    upstream.lists.page = 3
    fail_on(upstream, page=2, times=1)
    assert await listed(api) == bots


async def test_a_third_page_that_keeps_failing_gives_what_came_before_it(
    upstream: MeetingBaasApi, api: ProviderApi
) -> None:
    bots = have(upstream, 7)
    upstream.lists.page = 3
    fail_on(upstream, page=2, times=100)
    seen: list[str] = []

    async def read() -> None:
        async for one in api.ended(SINCE):
            seen.append(one.meeting_id)

    with pytest.raises(Retryable, match="500"):
        await read()
    assert seen == bots[:6]


async def test_a_429_is_waited_out_for_as_long_as_it_says(upstream: MeetingBaasApi, api: ProviderApi) -> None:
    bots = have(upstream, 1)
    upstream.answers.append(too_many(2))
    began = time.monotonic()
    assert await listed(api) == bots
    assert time.monotonic() - began >= 2


async def test_a_status_that_the_filter_does_not_know_is_left_out(
    upstream: MeetingBaasApi, api: ProviderApi
) -> None:
    have(upstream, 1)
    assert await listed(api) == ["bot-2-0"]
    asked = [call.query["status"] for call in upstream.calls if call.name == "v2 bots"]
    assert asked == ["completed,failed,transcription_failed", "completed,failed"]


async def test_a_bot_on_two_pages_may_come_twice_and_none_is_lost(
    upstream: MeetingBaasApi, api: ProviderApi
) -> None:
    bots = have(upstream, 6)
    upstream.lists.page, upstream.lists.twice = 2, {"bot-2-1"}
    came = await listed(api)
    assert set(came) == set(bots)
    assert came.count("bot-2-1") > 1


async def test_bots_that_end_while_the_list_is_read_push_none_off_it(
    upstream: MeetingBaasApi, api: ProviderApi
) -> None:
    bots = have(upstream, 6)
    upstream.lists.page = 2

    def another(page: int) -> None:
        upstream.has(f"new-{page}").ending = Ending(NOW + timedelta(seconds=page))

    upstream.lists.before_page = another
    assert set(await listed(api)) >= set(bots)


async def test_a_place_that_is_not_known_any_more_begins_the_list_anew_once(
    upstream: MeetingBaasApi, api: ProviderApi
) -> None:
    bots = have(upstream, 6)
    upstream.lists.page = 2
    forgets_at(upstream, 2)
    assert set(await listed(api)) == set(bots)
    upstream.lists.pages = 0
    upstream.lists.before_page = lambda page: None
    upstream.lists.forgets_cursors = True
    with pytest.raises(Retryable, match="breaks off"):
        await listed(api)


async def test_a_list_that_does_not_heed_its_place_is_not_read_for_ever(
    upstream: MeetingBaasApi, api: ProviderApi
) -> None:
    have(upstream, 6)
    upstream.lists.page, upstream.lists.ignores_cursors = 2, True
    with pytest.raises(Retryable, match="circle"):
        await listed(api)
    assert upstream.asked("v2 bots") <= 4


@pytest.mark.parametrize(("refused", "generation"), [("v1 bots", 2), ("v2 bots", 1)])
async def test_an_account_may_have_only_one_of_the_generations(
    upstream: MeetingBaasApi, api: ProviderApi, refused: str, generation: int
) -> None:
    bots = have(upstream, 2, generation=generation)
    upstream.instead[refused] = status(403, {})
    assert await listed(api) == bots


async def test_a_key_that_both_refuse_is_told_with_its_setting(
    upstream: MeetingBaasApi, api: ProviderApi
) -> None:
    upstream.keys.clear()
    with pytest.raises(KeyRefused, match="ADJOURN_MEETING_BAAS_API_KEYS"):
        await listed(api)
    assert len(upstream.calls) == 2, "asking again would not help"


@pytest.mark.parametrize(
    "body",
    [
        {"success": True},
        {"success": True, "data": {"bots": []}},
        {"success": True, "data": [{"status": "completed"}]},
        {"success": True, "data": ["bot-1"]},
    ],
)
async def test_a_list_in_which_a_bot_might_be_overlooked_is_an_error(
    upstream: MeetingBaasApi, api: ProviderApi, body: object
) -> None:
    upstream.instead["v2 bots"] = status(200, body)
    with pytest.raises(Retryable, match="not as documented"):
        await listed(api)


def fail_on(upstream: MeetingBaasApi, *, page: int, times: int) -> None:
    def fail(number: int) -> None:
        if number == page:
            upstream.answers.extend([status(500)] * times)

    upstream.lists.before_page = lambda number: fail(number + 1)


def forgets_at(upstream: MeetingBaasApi, page: int) -> None:
    def forget(number: int) -> None:
        upstream.lists.forgets_cursors = number == page

    upstream.lists.before_page = forget
