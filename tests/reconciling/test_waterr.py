"""What Waterr's webhooks did not bring is found in its lists, one event of a meeting after the other."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from consumers import given_summaries, meetings, recordings, transcripts
from consumers.reconciling.base import Counts, Run
from consumers.reconciling.run import reconcile
from infra.database.meetings import find_meetings
from infra.database.outcomes import record_successes
from infra.eventlog.base import EventLog
from schemas.meeting import State
from schemas.topics import WEBHOOKS
from tests.consumers.running import opened_log, records, running, until_committed
from tests.consumers.storing import MOVIE
from tests.consumers.waterr import Meeting, opened_meeting, told
from tests.servers.media import whole
from tests.servers.waterr_api import ANALYSIS, ROOM_TOKEN, SENTENCES

CONSUMERS = (meetings.CONSUMER, recordings.CONSUMER, transcripts.CONSUMER, given_summaries.CONSUMER)
ALL = ["summary.md", "transcript.json", "transcript.vtt", "video.mp4"]


@dataclass(frozen=True)
class Scene:
    meeting: Meeting
    log: EventLog

    async def reconcile(self) -> Counts:
        services = self.meeting.bench.services
        since = datetime.now(UTC) - timedelta(days=1)
        run = Run(
            "waterr", services.providers["waterr"], self.log, services.database, since, settle_seconds=0
        )
        return await reconcile(run)

    async def work(self) -> None:
        async with AsyncExitStack() as stack:
            for one in CONSUMERS:
                services = self.meeting.bench.services
                consuming = running(
                    self.log,
                    one.handle,
                    name=one.name,
                    topics=one.topics,
                    services=services,
                    remember=self._remember(one.name),
                )
                await stack.enter_async_context(consuming)
            for one in (*CONSUMERS, *CONSUMERS):
                await until_committed(self.log, one.name, one.topics)

    def _remember(self, consumer: str) -> Any:
        async def keep(successes: Sequence[tuple[str, int]]) -> None:
            async with self.meeting.bench.services.database.transaction() as tx:
                await record_successes(tx, consumer, successes)

        return keep

    async def webhook(self, name: str, **data: Any) -> None:
        record = told(name, **data)
        await self.log.append(WEBHOOKS, key=record.key, value=record.value, headers=record.headers)


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with opened_meeting(tmp_path, {"/v": whole(MOVIE)}) as meeting, opened_log(tmp_path) as log:
        ended_at = (datetime.now(UTC) - timedelta(hours=2)).isoformat()
        meeting.api.has("m-1", video="/v", ended_at=ended_at, sentenced_transcripts=SENTENCES)
        meeting.api.analyses["m-1"] = ANALYSIS
        yield Scene(meeting, log)


async def test_a_meeting_of_which_no_webhook_came_is_stored_like_any_other(scene: Scene) -> None:
    counts = await scene.reconcile()
    assert (counts.missing, counts.fetched) == (4, 4)
    await scene.work()
    assert sorted(await scene.meeting.artifacts()) == ALL
    async with scene.meeting.bench.services.database.reading() as tx:
        [found] = await find_meetings(tx, "m-1", "waterr")
    assert found.meeting.state is State.COMPLETED
    counts = await scene.reconcile()
    assert (counts.complete, counts.missing) == (4, 0)


async def test_what_it_appends_holds_no_secret_of_the_answer(scene: Scene) -> None:
    await scene.reconcile()
    appended = await records(scene.log, WEBHOOKS)
    assert {record.type for record in appended} == {
        "waterr.meeting.ended",
        "waterr.transcript.ready",
        "waterr.recording.ready",
        "waterr.session.analysis_complete",
    }
    assert all(ROOM_TOKEN.encode() not in record.value for record in appended)
    assert all(json.loads(record.value) for record in appended)


async def test_what_came_is_not_asked_for_again_and_what_is_not_ready_is_waited_for(scene: Scene) -> None:
    del scene.meeting.api.analyses["m-1"]
    await scene.webhook("meeting.ended", ended_at="2026-06-27T09:20:17Z")
    await scene.webhook("transcript.ready", sentence_count=2)
    await scene.webhook("recording.ready", recording_id="recording-1")
    await scene.work()
    counts = await scene.reconcile()
    assert (counts.complete, counts.waiting, counts.fetched) == (3, 1, 0)
    scene.meeting.api.analyses["m-1"] = ANALYSIS
    assert (await scene.reconcile()).fetched == 1
    await scene.work()
    assert sorted(await scene.meeting.artifacts()) == ALL


async def test_an_analysis_that_was_told_of_and_could_not_be_had_is_had_later(scene: Scene) -> None:
    del scene.meeting.api.analyses["m-1"]
    await scene.webhook("analysis.completed", analysis_id="a-1")
    await scene.work()
    scene.meeting.api.analyses["m-1"] = ANALYSIS
    await scene.reconcile()
    await scene.work()
    assert b"Names who does what." in await scene.meeting.content("summary.md")
