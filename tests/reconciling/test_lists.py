"""Whatever a provider's list does, each meeting is looked at once, and none is handed over twice."""

import pytest
from aiohttp import web

from infra.errors import Retryable
from tests.reconciling.comparing import Scene
from tests.servers.meeting_baas_api import status, too_many


async def test_a_meeting_on_two_pages_is_fetched_once(scene: Scene) -> None:
    for number in range(5):
        scene.ended(f"bot-{number}")
    scene.upstream.lists.page, scene.upstream.lists.twice = 2, {f"bot-{number}" for number in range(5)}
    counts = await scene.reconcile()
    assert (counts.known, counts.fetched) == (5, 5)
    assert len(await scene.appended()) == 5


async def test_what_came_before_a_list_broke_off_is_done_and_the_rest_by_the_next_run(scene: Scene) -> None:
    for number in range(6):
        scene.ended(f"bot-{number}")
    scene.upstream.lists.page, scene.upstream.lists.ignores_cursors = 4, True
    with pytest.raises(Retryable, match="circle"):
        await scene.reconcile()
    assert len(await scene.appended()) == 4
    scene.upstream.lists.ignores_cursors = False
    await scene.work()
    counts = await scene.reconcile()
    assert (counts.known, counts.complete, counts.fetched) == (6, 4, 2)
    assert len(await scene.appended()) == 6


async def test_a_meeting_that_cannot_be_asked_about_now_does_not_keep_the_others(scene: Scene) -> None:
    for number in range(3):
        scene.ended(f"bot-{number}")

    async def fail_once(request: web.Request) -> web.StreamResponse:
        del scene.upstream.instead["v2 bot"]
        return await status(500)(request)

    scene.upstream.instead["v2 bot"] = fail_once
    counts = await scene.reconcile()
    assert (counts.missing, counts.fetched) == (3, 2)
    await scene.work()
    counts = await scene.reconcile()
    assert (counts.complete, counts.fetched) == (2, 1)
    assert len(await scene.appended()) == 3


async def test_a_provider_that_answers_no_question_is_not_asked_a_thousand_times(scene: Scene) -> None:
    for number in range(40):
        scene.ended(f"bot-{number}")
    scene.upstream.instead["v2 bot"] = status(500)
    with pytest.raises(Retryable, match="500"):
        await scene.reconcile()
    assert scene.upstream.asked("v2 bot") == 5
    assert await scene.appended() == []


async def test_a_long_429_ends_the_run_which_says_so(scene: Scene) -> None:
    for number in range(40):
        scene.ended(f"bot-{number}")
    scene.upstream.instead["v2 bot"] = too_many(600)
    with pytest.raises(Retryable, match="too often"):
        await scene.reconcile()
    assert scene.upstream.asked("v2 bot") <= 2
