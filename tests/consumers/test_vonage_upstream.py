"""Archives are deleted at Vonage once all of a session's are stored here, and not before."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from consumers import upstream
from infra.errors import Retryable
from schemas.envelope import Record
from schemas.facts import MEETING_COMPLETED, UPSTREAM_DELETED
from schemas.topics import EVENTS
from tests.consumers.running import records
from tests.consumers.vonage_scene import SESSION, Scene, minutes_ago, opened_scene


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with opened_scene(tmp_path) as opened:
        yield opened


async def stored(scene: Scene) -> Record:
    """Both archives of a session are stored here; the fact that it is over."""
    scene.vonage.has("a1", SESSION, file="/v.mp4", hasVideo=True)
    scene.vonage.has("a2", SESSION, file="/z.zip", transcript="/t.json", outputMode="individual")
    transcription = {"status": "available", "url": ""}
    await scene.callback(id="a1", status="available", updatedAt=minutes_ago(5), hasVideo=True)
    await scene.callback(
        id="a2",
        status="available",
        updatedAt=minutes_ago(4),
        outputMode="individual",
        transcription=transcription,
    )
    await scene.work()
    told = [record for record in await records(scene.log, EVENTS) if record.type == MEETING_COMPLETED]
    return told[-1]


async def test_a_session_is_deleted_there_once_all_of_it_is_here(scene: Scene) -> None:
    told = await stored(scene)

    facts = await upstream.CONSUMER.handle(told, scene.services)

    assert [fact.type for fact in facts] == [UPSTREAM_DELETED]
    assert scene.vonage.archives == []


async def test_a_session_with_an_archive_that_is_not_here_stays_there(scene: Scene) -> None:
    told = await stored(scene)
    scene.vonage.has("a3", SESSION, file="/w.mp4", hasVideo=True)

    assert await upstream.CONSUMER.handle(told, scene.services) == ()
    assert len(scene.vonage.archives) == 3


async def test_a_session_that_is_recorded_again_stays_there(scene: Scene) -> None:
    told = await stored(scene)
    scene.vonage.has("a3", SESSION, status="started")

    with pytest.raises(Retryable, match="not done"):
        await upstream.CONSUMER.handle(told, scene.services)
    assert len(scene.vonage.archives) == 3
