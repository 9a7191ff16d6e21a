"""RealtimeKit's sessions, from their webhooks and from its API, to what is stored."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from consumers import upstream
from infra.database.descriptions import Description
from infra.database.events import timeline
from schemas.facts import MEETING_COMPLETED, MeetingEnded
from schemas.meeting import State
from schemas.topics import EVENTS
from tests.consumers.kit_scene import Scene, opened_scene
from tests.consumers.storing import MOVIE
from tests.schemas.kit import ENDED, SESSION, encode, event, meeting, record, recording
from tests.servers import media

OVER = meeting(endedAt=ENDED)
HOUR = timedelta(hours=1)


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with opened_scene(tmp_path) as opened:
        yield opened


def uploaded(scene: Scene, id: str = "rec-1", path: str = "/v", **more: Any) -> bytes:  # noqa: A002
    link = f"{scene.bench.source.url}{path}?X-Amz-Signature=old"
    return recording("UPLOADED", recordingId=id, downloadUrl=link, **more)


def linked(scene: Scene, name: str, field: str, path: str) -> bytes:
    link = f"{scene.bench.source.url}{path}?X-Amz-Signature=old"
    if name == "meeting.chatSynced":
        return encode({"event": name, "sessionId": SESSION, field: link})
    return event(name, about=OVER, **{field: link})


async def test_a_session_is_stored_with_all_that_belongs_to_it(scene: Scene) -> None:
    await scene.webhook(event("meeting.started"))
    await scene.webhook(event("meeting.ended", about=OVER))
    await scene.webhook(uploaded(scene))
    await scene.webhook(linked(scene, "meeting.transcript", "transcriptDownloadUrl", "/t.csv"))
    await scene.webhook(linked(scene, "meeting.chatSynced", "chatDownloadUrl", "/c.json"))
    await scene.webhook(linked(scene, "meeting.summary", "summaryDownloadUrl", "/s"))
    await scene.work()
    assert (await scene.meeting()).state is State.COMPLETED
    assert set(await scene.artifacts()) == {
        *("video.mp4", "transcript.json", "transcript.vtt", "chat.json", "summary.md"),
    }
    assert b"They said good day." in await scene.content("summary.md")


async def test_a_recording_that_is_told_five_times_is_fetched_and_stored_once(scene: Scene) -> None:
    for _ in range(5):
        await scene.webhook(uploaded(scene))
    await scene.work()
    assert set(await scene.artifacts()) == {"video.mp4"}
    assert scene.bench.source.served("/v") == len(MOVIE)


async def test_several_recordings_of_a_session_stand_beside_each_other(scene: Scene) -> None:
    await scene.webhook(uploaded(scene, "rec-1", "/v"))
    await scene.webhook(uploaded(scene, "rec-2", "/v2"))
    await scene.work()
    assert set(await scene.artifacts()) == {"video.mp4", "video.2.mp4"}


async def test_a_status_that_comes_late_undoes_nothing(scene: Scene) -> None:
    for body in (uploaded(scene), recording("UPLOADING"), recording("INVOKED"), recording("RECORDING")):
        await scene.webhook(body)
    await scene.webhook(event("meeting.ended", about=OVER))
    await scene.webhook(event("meeting.started"))
    await scene.work()
    assert (await scene.meeting()).state is State.COMPLETED
    assert set(await scene.artifacts()) == {"video.mp4"}
    assert await scene.buried() == []


async def test_a_recording_in_our_own_bucket_is_known_and_nothing_is_asked_for(scene: Scene) -> None:
    await scene.webhook(recording("UPLOADED", outputFileName="weekly.mp4"))
    await scene.work()
    assert await scene.artifacts() == {}
    assert (scene.kit.calls, await scene.buried()) == ([], [])


async def test_a_chat_in_csv_is_stored_as_one(scene: Scene) -> None:
    await scene.webhook(linked(scene, "meeting.chatSynced", "chatDownloadUrl", "/c.csv"))
    await scene.work()
    assert (await scene.artifacts())["chat.csv"].media_type == "text/csv"


async def test_times_of_the_day_count_from_the_sessions_beginning(scene: Scene) -> None:
    scene.bench.source.answers["/t.csv"] = media.whole(
        b'"2026-06-03 10:00:12.500000Z","p","u","c","Ada","Good day."\n', "text/csv"
    )
    await scene.webhook(linked(scene, "meeting.transcript", "transcriptDownloadUrl", "/t.csv"))
    await scene.work()
    segments = json.loads(await scene.content("transcript.json"))["segments"]
    assert [(one["start"], one["text"]) for one in segments] == [(12.5, "Good day.")]


@pytest.mark.parametrize("code", [403, 404, 410])
async def test_a_dead_link_is_renewed_to_the_same_recording(scene: Scene, code: int) -> None:
    scene.bench.source.answers["/old"] = media.status(code)
    scene.kit.has(SESSION)
    scene.kit.records(SESSION, "rec-1", video="/v2")
    scene.kit.records(SESSION, "rec-2", video="/v")
    await scene.webhook(uploaded(scene, "rec-2", "/old"))
    await scene.work()
    assert await scene.content("video.mp4") == MOVIE
    assert scene.bench.source.asked("/v2") == 0


async def test_a_link_whose_end_has_passed_is_renewed_before_it_is_followed(scene: Scene) -> None:
    scene.kit.has(SESSION)
    scene.kit.records(SESSION, "rec-1", video="/v")
    gone = (datetime.now(UTC) - HOUR).isoformat()
    await scene.webhook(uploaded(scene, "rec-1", "/old", downloadUrlExpiry=gone))
    await scene.work()
    assert scene.bench.source.asked("/old") == 0
    assert await scene.content("video.mp4") == MOVIE


async def test_a_dead_transcript_is_renewed_in_the_better_format(scene: Scene) -> None:
    scene.bench.source.answers["/old"] = media.status(403)
    scene.kit.has(SESSION, transcript="/t.json")
    await scene.webhook(linked(scene, "meeting.transcript", "transcriptDownloadUrl", "/old"))
    await scene.work()
    [segment] = json.loads(await scene.content("transcript.json"))["segments"]
    assert (segment["start"], segment["end"], segment["speaker"]) == (0.5, 2.5, "Ada")


async def test_after_seven_days_it_is_said_that_the_files_are_gone(scene: Scene) -> None:
    scene.bench.source.answers["/old"] = media.status(403)
    scene.kit.has(SESSION)["ended_at"] = (datetime.now(UTC) - timedelta(days=9)).isoformat()
    await scene.webhook(uploaded(scene, "rec-1", "/old"))
    await scene.work()
    [reason] = await scene.buried()
    assert "seven days" in reason


async def test_a_dead_link_of_a_session_that_the_api_does_not_know_is_buried(scene: Scene) -> None:
    scene.bench.source.answers["/old"] = media.status(404)
    await scene.webhook(uploaded(scene, "rec-1", "/old"))
    await scene.work()
    [reason] = await scene.buried()
    assert "404" in reason


async def test_where_nothing_can_be_deleted_nobody_begins_to(scene: Scene) -> None:
    scene.kit.has(SESSION)
    scene.kit.records(SESSION, "rec-1", video="/v")
    await scene.webhook(event("meeting.ended", about=OVER))
    await scene.webhook(uploaded(scene))
    await scene.work()
    over = MeetingEnded(provider="realtimekit", meeting_id=SESSION, at=None)
    told = record(over.model_dump_json().encode(), "")
    told = replace(told, topic=EVENTS, headers={"ce_id": "f", "ce_type": MEETING_COMPLETED})
    assert await upstream.CONSUMER.handle(told, scene.services) == ()
    async with scene.services.database.reading() as tx:
        events = await timeline(tx, "realtimekit", SESSION)
    assert not [one for one in events if one.said.type.startswith("upstream.")]


async def test_our_token_goes_to_no_link(scene: Scene) -> None:
    await scene.webhook(uploaded(scene))
    await scene.work()
    assert scene.bench.source.sent_headers("/v", "authorization") == [None]


def ended_hours_ago(scene: Scene, **files: str) -> bytes:
    """A session at RealtimeKit with these files; the webhook of its end."""
    at = datetime.now(UTC) - 8 * HOUR
    scene.kit.has(SESSION, **files)
    scene.kit.sessions[SESSION] |= {"started_at": (at - HOUR).isoformat(), "ended_at": at.isoformat()}
    return event("meeting.ended", about=meeting(endedAt=at.isoformat()))


def recorded(scene: Scene, name: str, path: str) -> None:
    """A recording of it, as long as the session was."""
    session = scene.kit.sessions[SESSION]
    scene.kit.records(SESSION, name, video=path)
    times = {"started_time": session["started_at"], "stopped_time": session["ended_at"]}
    scene.kit.recordings[-1] |= times


async def test_a_session_whose_webhooks_never_came_is_stored_like_any_other(scene: Scene) -> None:
    ended_hours_ago(scene, transcript="/t.json", summary="/s", chat="/c.csv")
    recorded(scene, "rec-1", "/v")
    recorded(scene, "rec-2", "/v2")
    counts = await scene.reconcile()
    assert (counts.known, counts.fetched) == (5, 5)
    await scene.work()
    assert (await scene.meeting()).state is State.COMPLETED
    assert set(await scene.artifacts()) == {
        *("video.mp4", "video.2.mp4", "transcript.json", "transcript.vtt", "chat.csv", "summary.md"),
    }
    counts = await scene.reconcile()
    assert (counts.complete, counts.missing) == (5, 0)


async def test_only_what_is_missing_of_a_session_is_fetched(scene: Scene) -> None:
    await scene.webhook(ended_hours_ago(scene, transcript="/t.json"))
    recorded(scene, "rec-1", "/v")
    await scene.webhook(uploaded(scene))
    await scene.work()
    counts = await scene.reconcile()
    assert (counts.fetched, counts.complete) == (1, 4)
    await scene.work()
    assert "transcript.json" in await scene.artifacts()
    assert scene.bench.source.served("/v") == len(MOVIE)


async def test_a_recording_of_which_only_the_beginning_was_told_is_fetched(scene: Scene) -> None:
    await scene.webhook(ended_hours_ago(scene))
    recorded(scene, "rec-1", "/v")
    await scene.webhook(recording("RECORDING"))
    await scene.work()
    assert (await scene.reconcile()).fetched == 1
    await scene.work()
    assert await scene.content("video.mp4") == MOVIE
    assert (await scene.reconcile()).complete == 5


async def test_a_recording_whose_way_to_our_own_bucket_was_told_halfway_is_told_to_its_end(
    scene: Scene,
) -> None:
    await scene.webhook(ended_hours_ago(scene))
    recorded(scene, "rec-1", "")
    await scene.webhook(recording("UPLOADING"))
    await scene.work()
    assert (await scene.reconcile()).fetched == 1
    await scene.work()
    assert (await scene.told())[-1] == "UPLOADED to your own storage: rec-1.mp4"
    assert (await scene.reconcile()).complete == 5


async def test_recordings_in_our_own_bucket_of_which_all_was_told_are_left_alone(scene: Scene) -> None:
    await scene.webhook(ended_hours_ago(scene))
    for name in ("rec-1", "rec-2"):
        recorded(scene, name, "")
        await scene.webhook(recording("UPLOADED", id=name, recordingId=name))
    await scene.work()
    assert (await scene.reconcile()).complete == 5


async def test_a_session_is_called_what_its_room_is_and_found_by_it(scene: Scene) -> None:
    await scene.webhook(event("meeting.started", about=meeting(title="Weekly sync")))
    await scene.webhook(event("meeting.ended", about=meeting(title="", endedAt=ENDED)))
    await scene.work()
    found = await scene.overview("room-1")
    assert found.meeting.meeting_id == SESSION
    assert found.described == Description("realtimekit", "room-1", "Weekly sync", ())


async def test_a_session_whose_webhooks_never_came_is_called_what_the_api_says(scene: Scene) -> None:
    ended_hours_ago(scene)
    scene.kit.sessions[SESSION]["meeting_display_name"] = "Weekly sync"
    await scene.reconcile()
    await scene.work()
    described = (await scene.overview(SESSION)).described
    assert described is not None
    assert (described.title, described.id) == ("Weekly sync", scene.kit.sessions[SESSION]["associated_id"])
