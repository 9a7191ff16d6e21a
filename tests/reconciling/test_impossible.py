"""What will never be had, and what is not to be had by those who do not want it."""

from consumers.forget import forget
from infra.database.forgotten import forgotten_meetings
from infra.database.meetings import find_meetings
from infra.database.reconciling import judged
from tests.reconciling.comparing import PROVIDER, Scene
from tests.servers.meeting_baas_api import status


async def test_a_meeting_that_was_forgotten_is_never_asked_about_nor_fetched(scene: Scene) -> None:
    scene.ended("bot-1")
    await scene.completed("bot-1", id="msg_1", video="/v")
    await scene.work()
    await scene.reconcile()
    key = (PROVIDER, "bot-1")
    await forget(key, objects=scene.objects, database=scene.database, log=scene.log)
    asked, appended = scene.upstream.asked("v2 bot"), len(await scene.appended())
    counts = await scene.reconcile(again=True)
    assert (counts.known, counts.forgotten) == (0, 1)
    assert (scene.upstream.asked("v2 bot"), len(await scene.appended())) == (asked, appended)
    async with scene.database.reading() as tx:
        assert await judged(tx, PROVIDER, ["bot-1"]) == {}
        assert len(await forgotten_meetings(tx)) == 1


async def test_what_is_handed_over_of_a_meeting_that_is_forgotten_meanwhile_is_not_kept(scene: Scene) -> None:
    scene.ended("bot-1")
    await scene.reconcile()
    await forget((PROVIDER, "bot-1"), objects=scene.objects, database=scene.database, log=scene.log)
    await scene.work()
    assert await scene.kinds("bot-1") == []
    assert await scene.bench.stored() == []


async def test_files_that_were_deleted_there_are_told_as_impossible_and_the_end_is_kept(scene: Scene) -> None:
    scene.ended("bot-1").artifacts_deleted = True
    counts = await scene.reconcile()
    assert (counts.impossible, counts.missing) == (1, 0)
    assert "deleted" in scene.reason("bot-1")
    await scene.work()
    async with scene.database.reading() as tx:
        [found] = await find_meetings(tx, "bot-1")
    assert found.meeting.state == "completed"
    assert (await scene.reconcile(again=True)).impossible == 1
    assert len(await scene.appended()) == 1


async def test_a_meeting_that_was_stored_before_it_was_deleted_there_is_complete(scene: Scene) -> None:
    bot = scene.ended("bot-1")
    await scene.completed("bot-1", id="msg_1", video="/v")
    await scene.work()
    bot.artifacts_deleted = True
    assert (await scene.reconcile()).complete == 1
    assert await scene.appended() == []


async def test_a_meeting_that_the_provider_knows_no_more_is_impossible_unless_all_came(scene: Scene) -> None:
    scene.ended("bot-1")
    scene.ended("bot-2")
    await scene.completed("bot-2", id="msg_2", video="/v")
    await scene.work()
    scene.upstream.instead["v2 bot"] = status(404, {"success": False})
    await scene.reconcile()
    assert scene.verdicts() == {"bot-1": "impossible", "bot-2": "complete"}
    assert "knows no such meeting" in scene.reason("bot-1")


async def test_an_answer_that_is_no_such_event_is_told_and_stops_nothing(scene: Scene) -> None:
    scene.ended("bot-1")
    scene.ended("bot-2")
    body = {"success": True, "data": {"bot_id": "another", "status": "completed"}}
    scene.upstream.instead["v2 bot"] = status(200, body)
    await scene.reconcile()
    assert scene.verdicts() == {"bot-1": "impossible", "bot-2": "impossible"}
    assert await scene.appended() == []
