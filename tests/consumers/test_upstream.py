"""What is deleted at the provider, once: over redeliveries, crashes and refusals."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from infra.errors import Retryable
from schemas.facts import MEETING_COMPLETED, MEETING_FAILED, TRANSCRIPT_STORED, UPSTREAM_DELETED
from tests.consumers.deleting import FINALS, NOW, Meeting, a_fact, deleted_in, opened_meeting
from tests.consumers.running import until
from tests.servers import media
from tests.servers.meeting_baas_api import status, too_many


@pytest.fixture(params=["v1", "v2"])
async def meeting(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Meeting]:
    async with opened_meeting(tmp_path, request.param) as opened:
        yield opened


@pytest.fixture
async def v1(tmp_path: Path) -> AsyncIterator[Meeting]:
    async with opened_meeting(tmp_path, "v1") as opened:
        yield opened


@pytest.fixture
async def v2(tmp_path: Path) -> AsyncIterator[Meeting]:
    async with opened_meeting(tmp_path, "v2") as opened:
        yield opened


async def test_a_meeting_that_is_all_here_is_deleted_there_and_a_fact_says_so(meeting: Meeting) -> None:
    (fact,) = await meeting.told()
    assert (fact.type, fact.provider, fact.meeting_id) == (UPSTREAM_DELETED, "meeting-baas", "bot-1")
    (body,) = deleted_in([fact])
    assert (body.at, body.artifacts) == (NOW, ("audio.wav", "video.mp4"))
    assert meeting.deletions == 1
    assert [call.name for call in meeting.api.calls][-1].startswith(meeting.version)


async def test_the_timeline_says_when_what_was_deleted(meeting: Meeting) -> None:
    (fact,) = await meeting.told()
    lines = {event.id: event.said for event in await meeting.timeline()}
    assert (lines[fact.id].type, lines[fact.id].at) == (UPSTREAM_DELETED, NOW)
    assert lines[fact.id].detail == "audio.wav video.mp4"


@pytest.mark.parametrize("type_", [MEETING_COMPLETED, MEETING_FAILED, TRANSCRIPT_STORED])
async def test_whatever_fact_was_the_last_one_missing(v2: Meeting, type_: str) -> None:
    assert len(await v2.told(a_fact(type_))) == 1


async def test_a_transcript_that_is_stored_does_not_keep_it(meeting: Meeting) -> None:
    bot = meeting.api.bots["bot-1"]
    bot.files["transcription"] = "/t"
    bot.transcribing.transcripts = [{"speaker": "Ada", "words": []}]
    await meeting.stored("transcript", "transcript.json", b"in a shape of ours", "structure")
    assert len(await meeting.told()) == 1


async def test_one_file_more_than_the_provider_has_does_not_keep_it(meeting: Meeting) -> None:
    await meeting.stored("video", "video.2.mp4", b"an older one")
    assert len(await meeting.told()) == 1


async def test_a_source_that_tells_no_length_does_not_keep_it(meeting: Meeting) -> None:
    meeting.bench.source.answers["/v"] = media.chunked(b"as long as it is")
    assert len(await meeting.told()) == 1


async def test_our_own_failure_does_not_keep_it(meeting: Meeting) -> None:
    await meeting.failed(consumer="upstream")
    assert len(await meeting.told()) == 1


@pytest.mark.parametrize("failed_before", [False, True])
async def test_a_success_that_is_remembered_after_its_fact_was_told_is_waited_for(
    meeting: Meeting, failed_before: bool
) -> None:
    await meeting.said(FINALS[meeting.version], event="event-2")
    if failed_before:
        await meeting.failed("event-2")
    telling = asyncio.create_task(meeting.told(waits_seconds=60))
    await until(lambda: meeting.bench.source.asked("/a") > 0)  # the last question but for this
    await meeting.done("event-2", succeeded_ms=3)
    assert len(await telling) == 1


async def test_a_meeting_that_failed_and_has_files_is_deleted_too(v2: Meeting) -> None:
    await v2.said("bot.failed", event="event-2", error_code="TRANSCRIPTION_FAILED")
    await v2.done("event-2")
    assert len(await v2.told()) == 1


async def test_the_next_facts_of_the_meeting_find_nothing_to_do(meeting: Meeting) -> None:
    await meeting.told(a_fact(time_ms=1))
    before = len(meeting.api.calls)
    assert await meeting.told(a_fact(time_ms=2)) == ()
    assert len(meeting.api.calls) == before


async def test_a_redelivery_says_the_same_again_and_asks_nobody(meeting: Meeting) -> None:
    first = await meeting.told()
    before = len(meeting.api.calls)
    again = await meeting.told()
    assert [(fact.id, fact.body) for fact in again] == [(fact.id, fact.body) for fact in first]
    assert len(meeting.api.calls) == before


async def test_who_dies_after_the_deletion_still_says_so(meeting: Meeting) -> None:
    """The answer never came: we begin again, and find nothing there any more."""
    bot = meeting.api.bots["bot-1"]

    async def delete_and_vanish(request: web.Request) -> web.Response:
        bot.files.clear()
        bot.artifacts_deleted = True
        bot.deleting[:] = ["alreadyDeleted"]
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    meeting.api.instead[meeting.deletion] = delete_and_vanish
    with pytest.raises(Retryable):
        await meeting.told()
    meeting.api.instead.clear()
    (body,) = deleted_in(await meeting.told())
    assert body.artifacts == ("audio.wav", "video.mp4")


async def test_what_is_deleted_in_part_is_deleted_again(v1: Meeting) -> None:
    v1.api.bots["bot-1"].deleting[:] = ["partiallyDeleted", "deleted"]
    with pytest.raises(Retryable, match="not deleted all"):
        await v1.told()
    assert len(await v1.told()) == 1
    assert v1.deletions == 2


@pytest.mark.parametrize("word", ["alreadyDeleted", "noDataFound"])
async def test_what_is_gone_when_we_ask_is_deleted(v1: Meeting, word: str) -> None:
    v1.api.bots["bot-1"].deleting[:] = [word]
    assert len(await v1.told()) == 1


async def test_a_provider_that_is_not_done_is_asked_again(v2: Meeting) -> None:
    v2.api.instead[v2.deletion] = status(409, {"success": False, "code": "FST_ERR_BOT_STATUS"})
    with pytest.raises(Retryable, match="409"):
        await v2.told()
    v2.api.instead.clear()
    assert len(await v2.told()) == 1


async def test_a_provider_that_is_asked_too_often_says_when_to_come_again(meeting: Meeting) -> None:
    meeting.api.instead[meeting.deletion] = too_many(40)
    with pytest.raises(Retryable) as caught:
        await meeting.told()
    assert caught.value.after_seconds == 40
    assert UPSTREAM_DELETED not in [event.said.type for event in await meeting.timeline()]
