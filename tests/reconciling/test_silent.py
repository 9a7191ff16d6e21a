"""Meetings of which nobody has heard for long are asked about, whether or not a list has them."""

from datetime import timedelta

from infra.database.meetings import find_meetings
from tests.reconciling.comparing import Scene
from tests.servers.meeting_baas_api import status
from tests.servers.meeting_baas_listing import Ending


async def recording(scene: Scene, bot: str) -> None:
    said = {"code": "in_call_recording", "created_at": "2026-03-03T09:00:00Z"}
    await scene.webhook("bot.status_change", bot, status=said)
    await scene.work()


async def test_a_meeting_that_fell_silent_and_is_over_is_brought(scene: Scene) -> None:
    scene.ended("bot-1", ago=timedelta(days=9))
    await recording(scene, "bot-1")
    assert (await scene.reconcile()).known == 0
    await scene.time_passes(timedelta(hours=2))
    assert (await scene.reconcile()).fetched == 1
    await scene.work()
    async with scene.database.reading() as tx:
        [found] = await find_meetings(tx, "bot-1")
    assert found.meeting.state == "completed"
    assert (await scene.reconcile()).known == 0


async def test_the_generation_is_found_where_the_last_event_is_of_both(scene: Scene) -> None:
    scene.ended_in_v1("bot-1", ago=timedelta(days=9))
    scene.upstream.instead["v2 bot"] = status(404, {"success": False})
    await recording(scene, "bot-1")
    await scene.time_passes(timedelta(hours=2))
    assert (await scene.reconcile()).fetched == 1
    [record] = await scene.appended()
    assert record.type == "meeting-baas.complete"


async def test_the_longer_nothing_is_heard_the_more_seldom_it_is_asked(scene: Scene) -> None:
    scene.upstream.has("bot-1", status="in_call_recording").ending = Ending(None)
    await recording(scene, "bot-1")
    for _ in range(20):
        await scene.time_passes(timedelta(hours=2))
        counts = await scene.reconcile()
    assert (counts.known, counts.waiting) == (1, 1)
    assert 10 < scene.upstream.asked("v2 bot") < 19


async def test_one_that_the_provider_does_not_know_is_asked_about_once(scene: Scene) -> None:
    await recording(scene, "bot-1")
    await scene.time_passes(timedelta(hours=2))
    for _ in range(3):
        assert (await scene.reconcile()).impossible == 1
    assert scene.upstream.asked("v2 bot") == 1


async def test_a_meeting_whose_list_tells_of_it_is_not_counted_twice(scene: Scene) -> None:
    scene.ended("bot-1")
    await recording(scene, "bot-1")
    await scene.time_passes(timedelta(hours=2))
    assert (await scene.reconcile()).known == 1
