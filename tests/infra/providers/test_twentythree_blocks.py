"""What 23blocks' API says of Vonage's sessions, in both dialects, at either address."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from infra.errors import Retryable
from infra.providers.base import Ended, KeyRefused, NotOffered, UnknownUpstream
from infra.providers.directory import Described
from infra.providers.twentythree_blocks import TwentyThreeBlocks, open_twentythree_blocks
from schemas.envelope import Record, event_headers
from schemas.meeting import Observation, State
from schemas.vonage import observe
from tests.servers.answers import status
from tests.servers.twentythree_blocks_api import (
    APP_ID,
    TOKEN,
    TwentyThreeBlocksApi,
    serve_twentythree_blocks,
)

ENDED = "vonage.session.sessionDestroyed"
NOW = datetime.now(UTC)


@pytest.fixture(params=["documents", "sdk"])
async def upstream(request: pytest.FixtureRequest) -> AsyncIterator[TwentyThreeBlocksApi]:
    async with serve_twentythree_blocks(request.param) as serving:
        yield serving


@pytest.fixture
async def api(upstream: TwentyThreeBlocksApi) -> AsyncIterator[TwentyThreeBlocks]:
    async with open_twentythree_blocks([upstream.url], TOKEN, APP_ID) as opened:
        yield opened


def at(hours_ago: float) -> str:
    return (NOW - timedelta(hours=hours_ago)).isoformat()


def said(body: bytes, key: str) -> Observation:
    headers = event_headers(id="1", source="", type=ENDED, subject=key, time="")
    found = observe(Record("meetings.webhooks", 0, 1, key, 0, headers, body))
    assert found is not None
    return found


async def all_ended(api: TwentyThreeBlocks) -> list[Ended]:
    return [one async for one in api.ended(NOW - timedelta(hours=24))]


async def test_a_session_is_found_with_its_title_and_its_people(
    upstream: TwentyThreeBlocksApi, api: TwentyThreeBlocks
) -> None:
    upstream.has("m1", "s1", title="Launch", participants=["ada", {"name": "Grace"}])
    upstream.has("m2", "s2", title="Other")

    assert await api.find("s1") == Described("23blocks", "m1", "Launch", ("ada", "Grace"))


async def test_a_session_on_a_later_page_is_found(
    upstream: TwentyThreeBlocksApi, api: TwentyThreeBlocks
) -> None:
    for number in range(250):
        upstream.has(f"m{number}", f"s{number}", title=f"Number {number}")

    found = await api.find("s249")

    assert found is not None
    assert found.title == "Number 249"


async def test_many_who_look_at_once_read_the_list_once(
    upstream: TwentyThreeBlocksApi, api: TwentyThreeBlocks
) -> None:
    upstream.has("m1", "s1")
    for session in ("s1", "s2", "s3"):
        await api.find(session)

    assert len([call for call in upstream.calls if call.startswith("/meetings?")]) == 1


async def test_what_is_not_told_of_on_its_own_is_as_it_was_listed(
    upstream: TwentyThreeBlocksApi, api: TwentyThreeBlocks
) -> None:
    upstream.has_single = False
    upstream.has("m1", "s1", title="Launch")

    found = await api.find("s1")

    assert found is not None
    assert found.title == "Launch"


async def test_a_meeting_on_its_own_tells_more_than_the_list(
    upstream: TwentyThreeBlocksApi, api: TwentyThreeBlocks
) -> None:
    upstream.has("m1", "s1", title="Launch", participants=["ada"])
    upstream.in_list = {"participants": [], "title": None}

    assert await api.find("s1") == Described("23blocks", "m1", "Launch", ("ada",))


async def test_an_unknown_session_is_nobodys(api: TwentyThreeBlocks) -> None:
    assert await api.find("s1") is None
    with pytest.raises(UnknownUpstream):
        await api.final_event("s1", ENDED)


async def test_where_there_is_no_list_nothing_can_be_asked(
    upstream: TwentyThreeBlocksApi, api: TwentyThreeBlocks
) -> None:
    upstream.has_list = False
    with pytest.raises(NotOffered, match="no list"):
        await api.find("s1")
    with pytest.raises(NotOffered):
        await all_ended(api)


async def test_the_other_address_is_asked_where_one_has_nothing(upstream: TwentyThreeBlocksApi) -> None:
    upstream.has("m1", "s1", title="Launch")
    async with serve_twentythree_blocks() as empty:
        empty.has_list = False
        addresses = [empty.url, f"{upstream.url}/"]
        async with open_twentythree_blocks(addresses, TOKEN, APP_ID) as api:
            assert await api.find("s1") is not None
            before = len(empty.calls)
            await all_ended(api)

    assert before == 1
    assert len(empty.calls) == before


async def test_the_other_address_is_asked_where_nobody_answers(upstream: TwentyThreeBlocksApi) -> None:
    upstream.has("m1", "s1")
    async with open_twentythree_blocks(["http://127.0.0.1:9", upstream.url], TOKEN, APP_ID) as api:
        assert await api.find("s1") is not None


async def test_a_wrong_token_names_the_settings(upstream: TwentyThreeBlocksApi) -> None:
    async with open_twentythree_blocks([upstream.url], "wrong", APP_ID) as api:
        with pytest.raises(KeyRefused, match="ADJOURN_23BLOCKS_TOKEN"):
            await api.find("s1")


@pytest.mark.parametrize("code", [429, 500, 503])
async def test_trouble_there_is_to_be_asked_again(
    upstream: TwentyThreeBlocksApi, api: TwentyThreeBlocks, code: int
) -> None:
    upstream.answers.append(status(code, retry_after="1"))
    with pytest.raises(Retryable):
        await api.find("s1")


@pytest.mark.parametrize("body", [{}, {"data": {}}, {"data": 7}, []])
async def test_a_list_that_is_none_is_to_be_asked_again(
    upstream: TwentyThreeBlocksApi, api: TwentyThreeBlocks, body: object
) -> None:
    upstream.answers.append(status(200, body))
    with pytest.raises(Retryable):
        await api.find("s1")


async def test_entries_that_are_no_meetings_are_passed_over(
    upstream: TwentyThreeBlocksApi, api: TwentyThreeBlocks
) -> None:
    body: dict[str, object] = {
        "data": [7, None, {}, {"attributes": []}, {"attributes": {"unique_id": "m1", "session_id": "s1"}}]
    }
    upstream.answers.append(status(200, body))
    upstream.has_single = False

    assert await api.find("s1") is not None


async def test_meetings_that_are_over_have_ended(
    upstream: TwentyThreeBlocksApi, api: TwentyThreeBlocks
) -> None:
    upstream.has("m1", "s1", status="ended", end_time=at(3))
    upstream.has("m2", None, status="ended", end_time=at(3))
    upstream.has("m3", "s3", status="active")
    upstream.has("m4", "s4", status="ended", end_time=at(30))
    upstream.has("m5", "s5", status="cancelled", end_time=at(1))

    assert [(one.meeting_id, one.event_type) for one in await all_ended(api)] == [
        ("s1", ENDED),
        ("m2", ENDED),
        ("s5", ENDED),
    ]


async def test_polling_alone_tells_of_the_end_and_brings_the_recording(
    upstream: TwentyThreeBlocksApi, api: TwentyThreeBlocks
) -> None:
    upstream.has(
        "m1",
        "s1",
        title="Launch",
        status="ended",
        participants=["ada"],
        start_time=at(4),
        end_time=at(3),
        recording_url="https://media.example/v.mp4?sig=1",
        token="sample-secret",
    )

    final = await api.final_event("s1", ENDED)

    assert final is not None
    assert b"sample-secret" not in final.body
    seen = said(final.body, "s1")
    assert (seen.meeting_id, seen.says, seen.duration_seconds) == ("s1", State.COMPLETED, 3600)
    assert seen.participants == ("ada",)
    assert [(link.kind, link.url) for link in seen.links] == [("video", "https://media.example/v.mp4?sig=1")]
    assert await api.links("s1", ENDED) == seen.links


@pytest.mark.parametrize("state", ["scheduled", "active", "", None, "thawed"])
async def test_a_meeting_that_is_not_over_has_no_final_event(
    upstream: TwentyThreeBlocksApi, api: TwentyThreeBlocks, state: str | None
) -> None:
    upstream.has("m1", "s1", status=state)
    assert await api.final_event("s1", ENDED) is None


async def test_a_recording_that_is_to_come_is_waited_for(
    upstream: TwentyThreeBlocksApi, api: TwentyThreeBlocks
) -> None:
    wanted = {"settings": {"recording_enabled": True}}
    upstream.has("m1", "s1", status="ended", end_time=at(1), **wanted)
    upstream.has("m2", "s2", status="ended", end_time=at(3), **wanted)

    assert await api.final_event("s1", ENDED) is None
    assert await api.final_event("s2", ENDED) is not None


async def test_nothing_is_deleted_or_transcribed_there(api: TwentyThreeBlocks) -> None:
    with pytest.raises(NotOffered):
        await api.delete("s1", ENDED)
    with pytest.raises(NotOffered):
        await api.transcription("s1", ENDED)
    assert await api.transcript("s1", ENDED) is None
