"""Vonage's sessions, from their callbacks and from its API, to what is stored."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from infra.database.events import timeline
from schemas.meeting import State
from tests.consumers.storing import MOVIE
from tests.consumers.unpacking import OTHER_WEBM, WEBM
from tests.consumers.vonage_scene import FILES, PROVIDER, SESSION, Scene, minutes_ago, opened_scene

COMPOSED = {"outputMode": "composed", "hasVideo": True}
INDIVIDUAL = {"outputMode": "individual"}
STREAMS = {"streams.zip", "stream-a.webm", "stream-b.webm", "streams.json"}


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with opened_scene(tmp_path) as opened:
        yield opened


async def test_a_session_is_stored_with_all_that_belongs_to_it(scene: Scene) -> None:
    scene.vonage.has("a1", SESSION, file="/v.mp4", **COMPOSED)
    scene.vonage.has("a2", SESSION, file="/z.zip", transcript="/t.json", **INDIVIDUAL)
    await scene.callback(event="sessionCreated", timestamp=minutes_ago(30))
    await scene.callback(id="a1", status="available", updatedAt=minutes_ago(10), **COMPOSED)
    transcription = {"status": "available", "url": "https://dead.example/t"}
    await scene.callback(
        id="a2", status="available", updatedAt=minutes_ago(9), transcription=transcription, **INDIVIDUAL
    )
    await scene.callback(event="sessionDestroyed", timestamp=minutes_ago(12))

    await scene.work()

    assert (await scene.meeting()).meeting.state is State.COMPLETED
    assert set(await scene.artifacts()) == STREAMS | {
        *("video.mp4", "raw_transcription.json", "transcript.json", "transcript.vtt"),
    }
    assert await scene.content("video.mp4") == MOVIE
    assert (await scene.content("stream-a.webm"), await scene.content("stream-b.webm")) == (WEBM, OTHER_WEBM)
    assert await scene.content("raw_transcription.json") == FILES["/t.json"]
    assert b"Good day." in await scene.content("transcript.json")
    assert await scene.buried() == []


async def test_a_link_is_asked_for_anew_however_young_the_one_in_the_event_is(scene: Scene) -> None:
    archive = scene.vonage.has("a1", SESSION, file="/v.mp4", **COMPOSED)
    young = scene.vonage.link("/v.mp4")
    await scene.callback(id="a1", status="available", url=young, **COMPOSED)

    await scene.work()

    assert archive["id"] == "a1"
    assert "video.mp4" in await scene.artifacts()
    assert young.rpartition("=")[2] not in scene.vonage.fetched


async def test_a_link_that_has_expired_meanwhile_is_no_matter(scene: Scene) -> None:
    scene.vonage.has("a1", SESSION, file="/v.mp4", **COMPOSED)
    scene.vonage.link_seconds = -1
    dead = scene.vonage.link("/v.mp4")
    scene.vonage.link_seconds = 600
    await scene.callback(id="a1", status="available", url=dead, **COMPOSED)

    await scene.work()

    assert "video.mp4" in await scene.artifacts()
    assert dead.rpartition("=")[2] not in scene.vonage.fetched


async def test_an_archive_that_is_told_five_times_is_fetched_and_stored_once(scene: Scene) -> None:
    scene.vonage.has("a1", SESSION, file="/v.mp4", **COMPOSED)
    for number in range(5):
        await scene.callback(id="a1", status="available", updatedAt=minutes_ago(number), **COMPOSED)

    await scene.work()

    assert set(await scene.artifacts()) == {"video.mp4"}
    assert len(scene.vonage.fetched) == 1


async def test_several_archives_of_a_session_stand_beside_each_other(scene: Scene) -> None:
    scene.vonage.has("a1", SESSION, file="/v.mp4", **COMPOSED)
    scene.vonage.has("a2", SESSION, file="/w.mp4", **COMPOSED)
    for id_ in ("a2", "a1"):
        await scene.callback(id=id_, status="available", **COMPOSED)

    await scene.work()

    stored = await scene.artifacts()
    assert set(stored) == {"video.mp4", "video.2.mp4"}
    assert {stored[name].size for name in stored} == {len(FILES["/v.mp4"]), len(FILES["/w.mp4"])}


async def test_statuses_in_any_order_end_in_the_same_state(scene: Scene) -> None:
    scene.vonage.has("a1", SESSION, file="/v.mp4", **COMPOSED)
    for minute, status in ((1, "available"), (2, "stopped"), (4, "started"), (3, "paused")):
        await scene.callback(id="a1", status=status, updatedAt=minutes_ago(minute), **COMPOSED)

    await scene.work()

    assert (await scene.meeting()).meeting.state is State.COMPLETED


async def test_a_session_that_goes_on_is_live_although_one_archive_is_done(scene: Scene) -> None:
    scene.vonage.has("a1", SESSION, file="/v.mp4", **COMPOSED)
    await scene.callback(event="sessionCreated", timestamp=minutes_ago(30))
    await scene.callback(id="a1", status="available", updatedAt=minutes_ago(10), **COMPOSED)

    await scene.work()

    assert (await scene.meeting()).meeting.state is State.LIVE


async def test_the_digest_that_vonage_tells_is_held_against_the_file(scene: Scene) -> None:
    right = hashlib.sha256(MOVIE).hexdigest()
    scene.vonage.has("a1", SESSION, file="/v.mp4", sha256sum=right.upper(), **COMPOSED)
    scene.vonage.has("a2", SESSION, file="/w.mp4", sha256sum=right, **COMPOSED)
    await scene.callback(id="a1", status="available", sha256sum=right.upper(), **COMPOSED)
    await scene.callback(id="a2", status="available", sha256sum=right, **COMPOSED)

    await scene.work()

    (stored,) = (await scene.artifacts()).values()
    assert stored.sha256 == right
    (error,) = await scene.buried()
    assert "sha256" in error


async def test_an_archive_of_a_session_that_vonage_does_not_know_is_buried_with_the_reason(
    scene: Scene,
) -> None:
    await scene.callback(id="a1", status="available", **COMPOSED)

    await scene.work()

    (error,) = await scene.buried()
    assert "Vonage has no archive of this session" in error
    assert (await scene.meeting()).meeting.state is State.COMPLETED


async def test_an_archive_that_vonage_keeps_no_more_is_buried_with_the_reason(scene: Scene) -> None:
    scene.vonage.has("a1", SESSION, status="expired")
    await scene.callback(id="a1", status="available", **COMPOSED)

    await scene.work()

    (error,) = await scene.buried()
    assert "72 hours" in error


async def test_neither_password_nor_certificate_is_anywhere_but_in_the_body(scene: Scene) -> None:
    secrets = {"password": "sample-password", "certificate": "sample-certificate"}
    scene.vonage.has("a1", SESSION, file="/v.mp4", **COMPOSED, **secrets)
    await scene.callback(id="a1", status="failed", reason="failure", **secrets)
    await scene.callback(id="a1", status="available", **COMPOSED, **secrets)

    await scene.work()

    kept = [await scene.buried(), await scene.meeting(), await scene.artifacts()]
    async with scene.services.database.reading() as tx:
        kept.append(await timeline(tx, PROVIDER, SESSION))
    assert "sample-" not in repr(kept)


async def test_callbacks_that_never_came_are_made_up_for_by_the_api(scene: Scene) -> None:
    began = minutes_ago(40)
    scene.vonage.has("a1", SESSION, file="/v.mp4", createdAt=began, duration=60, password="x", **COMPOSED)
    scene.vonage.has("a2", SESSION, file="/z.zip", createdAt=began, duration=60, **INDIVIDUAL)

    counts = await scene.reconcile()
    await scene.work()

    assert counts.missing == counts.fetched == 1
    assert set(await scene.artifacts()) == STREAMS | {"video.mp4"}
    assert (await scene.meeting()).meeting.state is State.COMPLETED
    assert (await scene.reconcile()).complete == 1


async def test_the_one_archive_of_two_of_which_no_callback_came_is_fetched(scene: Scene) -> None:
    began = minutes_ago(40)
    scene.vonage.has("a1", SESSION, file="/v.mp4", createdAt=began, duration=60, **COMPOSED)
    scene.vonage.has("a2", SESSION, file="/w.mp4", createdAt=began, duration=60, **COMPOSED)
    await scene.callback(id="a1", status="available", **COMPOSED)
    await scene.work()
    assert set(await scene.artifacts()) == {"video.mp4"}

    await scene.reconcile()
    await scene.work()

    assert set(await scene.artifacts()) == {"video.mp4", "video.2.mp4"}
    assert len(scene.vonage.fetched) == 2
