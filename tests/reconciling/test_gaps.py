"""What is missing is found and brought, and nothing else is."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from infra.database.meetings import find_meetings
from infra.database.reconciling import judged
from schemas.envelope import derived_id
from schemas.topics import WEBHOOKS
from tests.consumers.running import records
from tests.reconciling.comparing import PROVIDER, Scene
from tests.servers.meeting_baas_api import ANOTHERS_SECRET
from tests.servers.meeting_baas_listing import Ending
from tests.servers.meeting_baas_transcribing import said


async def test_a_meeting_whose_webhooks_never_came_is_stored_like_any_other(scene: Scene) -> None:
    scene.ended("bot-1")
    counts = await scene.reconcile()
    assert (counts.known, counts.missing, counts.fetched) == (1, 1, 1)
    await scene.work()
    assert await scene.kinds("bot-1") == ["audio", "captions", "transcript", "video"]
    counts = await scene.reconcile()
    assert (counts.known, counts.complete, counts.missing) == (1, 1, 0)


async def test_what_it_appends_says_where_it_came_from_and_has_the_answer_without_its_secrets(
    scene: Scene,
) -> None:
    scene.ended("bot-1")
    await scene.reconcile()
    [record] = await scene.appended()
    assert record.key == record.headers["ce_subject"] == "bot-1"
    assert record.type == "meeting-baas.bot.completed"
    assert record.id == derived_id(PROVIDER, "bot.completed", "bot-1")
    assert json.loads(record.value)["data"]["bot_id"] == "bot-1"
    assert ANOTHERS_SECRET.encode() not in record.value


async def test_a_v1_meeting_comes_with_the_transcript_of_the_answer(scene: Scene) -> None:
    scene.ended_in_v1("bot-1", mp4="/v", audio="").transcribing.transcripts = said("Hello there")
    await scene.reconcile()
    [record] = await scene.appended()
    assert record.type == "meeting-baas.complete"
    assert ANOTHERS_SECRET.encode() not in record.value
    await scene.work()
    assert await scene.kinds("bot-1") == ["captions", "transcript", "video"]
    assert (await scene.reconcile()).complete == 1


async def test_how_a_meeting_failed_is_told_in_both_generations(scene: Scene) -> None:
    at = datetime.now(UTC) - timedelta(hours=2)
    scene.upstream.has("old").ending = Ending(at, 1, errors="CannotJoinMeeting")
    ending = Ending(at, code="BOT_NOT_ACCEPTED", message="Not let in.")
    scene.upstream.has("new", status="failed").ending = ending
    await scene.reconcile()
    await scene.work()
    async with scene.database.reading() as tx:
        [old], [new] = await find_meetings(tx, "old"), await find_meetings(tx, "new")
    assert (old.meeting.state, old.meeting.error) == ("failed", "CannotJoinMeeting")
    assert (new.meeting.state, new.meeting.error) == ("failed", "BOT_NOT_ACCEPTED")
    assert (await scene.reconcile()).complete == 2


async def test_files_of_a_meeting_that_failed_are_brought_all_the_same(scene: Scene) -> None:
    scene.ended("bot-1", video="/v").status = "failed"
    await scene.webhook("bot.failed", "bot-1", error_code="TRANSCRIPTION_FAILED", error_message="No words.")
    await scene.work()
    assert (await scene.reconcile()).fetched == 1
    await scene.work()
    assert await scene.kinds("bot-1") == ["video"]
    async with scene.database.reading() as tx:
        [found] = await find_meetings(tx, "bot-1")
    assert found.meeting.state == "failed"


async def test_a_meeting_of_which_everything_came_is_left_alone(scene: Scene) -> None:
    scene.ended("bot-1")
    await scene.completed("bot-1", id="msg_1", video="/v", audio="/a", transcription="/t")
    await scene.work()
    counts = await scene.reconcile()
    assert (counts.known, counts.complete) == (1, 1)
    assert await scene.appended() == []


async def test_only_the_file_that_is_missing_is_fetched(scene: Scene) -> None:
    scene.ended("bot-1")
    await scene.completed("bot-1", id="msg_1", video="/v")
    await scene.work()
    served = scene.bench.source.served("/v")
    assert (await scene.reconcile()).fetched == 1
    assert scene.reason("bot-1") == "Missing: audio, transcript."
    [record] = await scene.appended()
    assert record.id == "msg_1"
    await scene.work()
    assert await scene.kinds("bot-1") == ["audio", "captions", "transcript", "video"]
    assert scene.bench.source.served("/v") == served


async def test_a_file_that_could_not_be_stored_is_brought_and_its_dead_letter_closed(scene: Scene) -> None:
    scene.ended("bot-1", video="/v")
    await scene.webhook("bot.completed", "bot-1", video=scene.bench.link("/gone"))
    scene.upstream.bots["bot-1"].files["video"] = "/gone-too"
    await scene.work()
    scene.upstream.bots["bot-1"].files["video"] = "/v"
    assert (await scene.reconcile()).fetched == 1
    await scene.work()
    async with scene.database.reading() as tx:
        [found] = await find_meetings(tx, "bot-1")
    assert found.open_failures == 0
    assert await scene.kinds("bot-1") == ["video"]


@pytest.mark.parametrize("id_", [None, "msg_of_svix"])
async def test_the_webhook_that_comes_after_all_changes_nothing(scene: Scene, id_: str | None) -> None:
    """With the id that v1 and callbacks have, and with one that nobody could know."""
    scene.ended("bot-1")
    await scene.reconcile()
    await scene.work()
    before = await scene.bench.artifacts()
    served = scene.bench.source.served("/v")
    await scene.completed("bot-1", id=id_, video="/v", audio="/a", transcription="/t")
    await scene.work()
    assert await scene.bench.artifacts() == before
    assert scene.bench.source.served("/v") - served < 1_000_000


async def test_a_dry_run_touches_nothing(scene: Scene) -> None:
    scene.ended("bot-1")
    counts = await scene.reconcile(dry=True)
    assert (counts.missing, counts.fetched) == (1, 0)
    assert await records(scene.log, WEBHOOKS) == []
    async with scene.database.reading() as tx:
        assert await judged(tx, PROVIDER, ["bot-1"]) == {}
    scene.ended("bot-1", video="/v")
    assert (await scene.reconcile()).fetched == 1, "what the dry run found was not written down"
