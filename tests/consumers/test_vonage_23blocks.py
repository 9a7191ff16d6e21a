"""Sessions that people made by way of 23blocks: joined with its meetings, or polled through it alone."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from infra.database.descriptions import Description
from schemas.meeting import State
from tests.consumers.storing import MOVIE
from tests.consumers.vonage_scene import SESSION, Scene, minutes_ago, opened_scene


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with opened_scene(tmp_path) as opened:
        opened.joined = True
        yield opened


def at(minutes_ago_: float) -> str:
    return (datetime.now(UTC) - timedelta(minutes=minutes_ago_)).isoformat()


async def test_a_session_is_found_by_its_own_id_and_by_23blocks(scene: Scene) -> None:
    scene.blocks.has("m1", SESSION, title="Launch", participants=["ada", "grace"])
    await scene.callback(event="sessionCreated", timestamp=minutes_ago(1))

    await scene.work()

    known = Description("23blocks", "m1", "Launch", ("ada", "grace"))
    assert (await scene.meeting()).described == (await scene.meeting("m1")).described == known


async def test_where_the_account_is_not_ours_polling_does_it_all(scene: Scene) -> None:
    scene.api = None
    scene.blocks.has(
        "m1",
        SESSION,
        title="Launch",
        status="ended",
        participants=["ada"],
        start_time=at(60),
        end_time=at(30),
        recording_url=scene.vonage.link("/v.mp4"),
    )

    counts = await scene.reconcile()
    await scene.work()

    found = await scene.meeting()
    assert counts.fetched == 1
    assert (found.meeting.state, round(found.meeting.duration_seconds or 0)) == (State.COMPLETED, 1800)
    assert found.meeting.participants == ("ada",)
    assert found.described is not None
    assert found.described.title == "Launch"
    assert await scene.content("video.mp4") == MOVIE
    assert (await scene.reconcile()).complete == 1


async def test_a_recordings_link_that_died_is_asked_for_anew_there(scene: Scene) -> None:
    scene.api = None
    scene.vonage.link_seconds = -1
    meeting = scene.blocks.has("m1", SESSION, status="ended", end_time=at(30))
    meeting["recording_url"] = scene.vonage.link("/v.mp4")
    scene.vonage.link_seconds = 600
    await scene.reconcile()
    meeting["recording_url"] = scene.vonage.link("/v.mp4")

    await scene.work()

    assert set(await scene.artifacts()) == {"video.mp4"}


async def test_a_meeting_without_a_session_is_known_by_23blocks_own_id(scene: Scene) -> None:
    scene.api = None
    scene.blocks.has("m1", None, title="Elsewhere", status="ended", start_time=at(60), end_time=at(30))

    await scene.reconcile()
    await scene.work()

    assert (await scene.meeting("m1")).meeting.state is State.COMPLETED


async def test_vonage_is_asked_first_and_23blocks_for_what_that_does_not_know(scene: Scene) -> None:
    began = minutes_ago(40)
    scene.vonage.has("a1", SESSION, file="/v.mp4", createdAt=began, duration=60, hasVideo=True)
    scene.blocks.has("m1", SESSION, title="Launch", status="ended", end_time=at(30))
    scene.blocks.has("m2", "another session", title="Talk", status="ended", end_time=at(30))

    await scene.reconcile()
    await scene.work()

    assert set(await scene.artifacts()) == {"video.mp4"}
    assert (await scene.meeting("m2")).meeting.state is State.COMPLETED


async def test_one_list_that_breaks_off_does_not_keep_the_other_from_being_read(scene: Scene) -> None:
    scene.blocks.has_list = False
    scene.vonage.has("a1", SESSION, file="/v.mp4", createdAt=minutes_ago(40), duration=60, hasVideo=True)

    await scene.reconcile()
    await scene.work()

    assert set(await scene.artifacts()) == {"video.mp4"}
