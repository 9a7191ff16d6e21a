"""What is being worked on, or on its way, is not missing; what fails always is not tried for ever."""

import asyncio
from datetime import timedelta

from consumers import meetings, recordings
from consumers.reconciling.compare import MOST_ATTEMPTS
from tests.reconciling.comparing import Scene


async def test_a_webhook_that_the_consumers_have_not_come_to_is_waited_for(scene: Scene) -> None:
    scene.ended("bot-1")
    await scene.completed("bot-1", id="msg_1", video="/v")
    counts = await scene.reconcile()
    assert (counts.known, counts.waiting) == (1, 1)
    assert await scene.appended() == []


async def test_other_meetings_are_not_kept_waiting_by_a_backlog(scene: Scene) -> None:
    scene.ended("bot-1")
    scene.ended("bot-2")
    await scene.completed("bot-1", id="msg_1", video="/v")
    await scene.reconcile()
    assert scene.verdicts() == {"bot-1": "waiting", "bot-2": "fetched"}


async def test_a_file_that_a_consumer_is_still_about_to_store_is_waited_for(scene: Scene) -> None:
    scene.ended("bot-1")
    await scene.completed("bot-1", id="msg_1", video="/v", audio="/a", transcription="/t")
    await scene.work(meetings.CONSUMER, recordings.CONSUMER)
    assert (await scene.reconcile()).waiting == 1
    await scene.work()
    assert (await scene.reconcile()).complete == 1
    assert await scene.appended() == []


async def test_what_was_handed_over_is_not_handed_over_again_before_the_consumers_are_through(
    scene: Scene,
) -> None:
    scene.ended("bot-1")
    await scene.completed("bot-1", id="msg_1", video="/v")
    await scene.work()
    assert (await scene.reconcile()).fetched == 1
    for _ in range(2):
        await scene.time_passes(timedelta(hours=1))
        assert (await scene.reconcile()).waiting == 1
    assert len(await scene.appended()) == 1


async def test_a_record_that_waits_in_the_log_for_hours_is_not_appended_again(scene: Scene) -> None:
    scene.ended("bot-1")
    await scene.reconcile()
    for _ in range(3):
        await scene.time_passes(timedelta(hours=6))
        assert (await scene.reconcile()).waiting == 1
    assert len(await scene.appended()) == 1


async def test_a_webhook_that_comes_while_we_ask_is_not_doubled(scene: Scene) -> None:
    scene.ended("bot-1", ago=timedelta(minutes=3))
    running = asyncio.create_task(scene.reconcile(settle_seconds=1.5))
    while not scene.upstream.asked("v2 bot"):
        await asyncio.sleep(0.01)
    await scene.completed("bot-1", id="msg_1", video="/v", audio="/a", transcription="/t")
    await scene.work()
    assert (await running).complete == 1
    assert await scene.appended() == []


async def test_a_meeting_that_is_not_over_at_the_provider_is_not_missing(scene: Scene) -> None:
    scene.ended("bot-1")
    scene.ended_in_v1("bot-2", mp4="")
    scene.upstream.lists.before_page = lambda number: setattr(
        scene.upstream.bots["bot-1"], "status", "completed" if number == 0 else "transcribing"
    )
    scene.upstream.lists.page = 1
    assert (await scene.reconcile()).waiting == 2
    assert await scene.appended() == []


async def test_a_v1_transcript_that_is_still_made_is_waited_for(scene: Scene) -> None:
    bot = scene.ended_in_v1("bot-1", ago=timedelta(minutes=20))
    bot.transcribing.provider = "Gladia"
    assert (await scene.reconcile()).waiting == 1
    bot.transcribing.failures = 1
    assert (await scene.reconcile()).fetched == 1


async def test_a_file_that_is_never_to_be_had_is_asked_for_more_and_more_seldom_and_then_given_up(
    scene: Scene,
) -> None:
    scene.ended("bot-1", video="/gone")
    hours = 0
    while (counts := await scene.reconcile()).impossible == 0:
        hours += 1
        assert hours < 100
        await scene.work()
        await scene.time_passes(timedelta(hours=1))
    assert len(await scene.appended()) == MOST_ATTEMPTS
    assert 6 <= hours <= 30
    assert counts.missing == 0
    assert "Missing: video. Fetched 5 times:" in scene.reason("bot-1")
    asked = scene.upstream.asked("v2 bot")
    assert (await scene.reconcile()).impossible == 1
    assert scene.upstream.asked("v2 bot") == asked, "and then nobody asks any more"


async def test_who_says_so_has_everything_asked_anew(scene: Scene) -> None:
    scene.ended("bot-1")
    await scene.completed("bot-1", id="msg_1", video="/v", audio="/a", transcription="/t")
    await scene.work()
    await scene.reconcile()
    scene.upstream.bots["bot-1"].files["chat_messages"] = "/c"
    assert (await scene.reconcile()).complete == 1
    assert (await scene.reconcile(again=True)).fetched == 1
    assert scene.reason("bot-1") == "Missing: chat."
