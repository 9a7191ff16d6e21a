"""The consumer `meetings`: records in, state, timeline, manifest and failures out."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import pytest

from consumers.meetings import CONSUMER
from infra.database.artifacts import add_artifact
from infra.database.events import timeline
from infra.database.meetings import Meeting, MeetingOverview, find_meetings
from infra.errors import Poison
from schemas.envelope import Record, event_headers
from schemas.facts import RECORDING_STORED, ArtifactStored, Fact, MeetingEnded
from schemas.manifest import Artifact, Manifest
from schemas.meeting import State
from schemas.topics import EVENTS
from tests.consumers.storing import PROVIDER, Bench, webhook

_T0 = 1_767_323_045_000


async def test_a_meeting_is_followed_from_joining_to_its_end(bench: Bench) -> None:
    states = []
    for record in _story("bot-1"):
        await CONSUMER.handle(record, bench.services)
        states.append((await _meeting(bench, "bot-1")).state)
    assert states == [State.JOINING, State.LIVE, State.PROCESSING, State.COMPLETED]


async def test_any_order_of_arrival_gives_the_same_meeting(bench: Bench) -> None:
    seen = set()
    for number, order in enumerate(permutations(range(4))):
        story = _story(f"bot-{number}")
        for index in order:
            await CONSUMER.handle(story[index], bench.services)
        meeting = await _meeting(bench, f"bot-{number}")
        seen.add((meeting.state, meeting.joined_at, meeting.ended_at, meeting.participants))
    assert len(seen) == 1


async def test_the_end_of_a_meeting_is_a_fact_and_again_the_same_fact(bench: Bench) -> None:
    *before, completed = _story("bot-1")
    assert [await CONSUMER.handle(record, bench.services) for record in before] == [(), (), ()]
    (fact,) = await CONSUMER.handle(completed, bench.services)
    assert (fact.type, fact.meeting_id, fact.provider) == ("meeting.completed", "bot-1", PROVIDER)
    assert isinstance(fact.body, MeetingEnded)
    assert fact.body.error is None
    (again,) = await CONSUMER.handle(completed, bench.services)
    assert (again.id, again.body) == (fact.id, fact.body)


async def test_a_webhook_and_a_callback_about_one_end_cause_one_fact(bench: Bench) -> None:
    completed = _completed("bot-1", "svix-1")
    callback = _completed("bot-1", "callback-1")
    facts = [
        *await CONSUMER.handle(completed, bench.services),
        *await CONSUMER.handle(callback, bench.services),
    ]
    assert len({fact.id for fact in facts}) == 1


async def test_a_failed_meeting_says_why(bench: Bench) -> None:
    data = {
        "bot_id": "bot-1",
        "event_id": None,
        "error_code": "BOT_NOT_ACCEPTED",
        "error_message": "The host said no.",
        "sent_at": "2026-01-02T04:00:00Z",
    }
    (fact,) = await CONSUMER.handle(webhook("bot.failed", data, event="f", meeting="bot-1"), bench.services)
    assert fact.type == "meeting.failed"
    assert isinstance(fact.body, MeetingEnded)
    assert (fact.body.error, fact.body.message) == ("BOT_NOT_ACCEPTED", "The host said no.")
    assert (await _meeting(bench, "bot-1")).error == "BOT_NOT_ACCEPTED"


async def test_an_older_end_that_comes_late_causes_nothing(bench: Bench) -> None:
    data = {
        "bot_id": "bot-1",
        "event_id": None,
        "error_code": "INTERNAL_ERROR",
        "error_message": "",
        "sent_at": "2026-01-01T00:00:00Z",
    }
    await CONSUMER.handle(_completed("bot-1", "c"), bench.services)
    late = webhook("bot.failed", data, event="f", meeting="bot-1")
    assert await CONSUMER.handle(late, bench.services) == ()
    assert (await _meeting(bench, "bot-1")).state is State.COMPLETED


async def test_an_event_that_comes_three_times_is_one_line_of_the_timeline(bench: Bench) -> None:
    for _ in range(3):
        await CONSUMER.handle(_completed("bot-1", "c"), bench.services)
    async with bench.services.database.reading() as tx:
        assert [event.id for event in await timeline(tx, PROVIDER, "bot-1")] == ["c"]


async def test_a_chat_message_changes_only_when_the_last_event_came(bench: Bench) -> None:
    for record in _story("bot-1"):
        await CONSUMER.handle(record, bench.services)
    before = await _meeting(bench, "bot-1")
    for number, time_ms in enumerate((_T0 + 5, _T0 - 5)):
        await CONSUMER.handle(replace(_chat(f"chat-{number}"), time_ms=time_ms), bench.services)
    after = await _meeting(bench, "bot-1")
    assert after == replace(before, first_event_ms=_T0 - 5, last_event_ms=_T0 + 5)
    async with bench.services.database.reading() as tx:
        assert len(await timeline(tx, PROVIDER, "bot-1")) == 6


async def test_a_meeting_may_begin_with_a_chat_message(bench: Bench) -> None:
    await CONSUMER.handle(_chat("chat"), bench.services)
    assert (await _meeting(bench, "bot-1")).state is State.UNKNOWN


async def test_a_webhook_about_no_meeting_is_passed_over(bench: Bench) -> None:
    record = webhook("calendar.connection_deleted", {"calendar_id": "c"}, event="e", meeting="c")
    assert await CONSUMER.handle(record, bench.services) == ()


async def test_a_webhook_of_a_provider_that_is_not_known_is_passed_over(bench: Bench) -> None:
    record = Record("meetings.webhooks", 0, 1, "k", _T0, {"ce_type": "stranger.hello"}, b"{}")
    assert await CONSUMER.handle(record, bench.services) == ()


async def test_a_webhook_that_lacks_what_we_rely_on_is_poison(bench: Bench) -> None:
    with pytest.raises(Poison):
        await CONSUMER.handle(webhook("bot.completed", {}, event="e", meeting="m"), bench.services)


async def test_a_stored_file_is_a_line_of_the_timeline_and_of_the_manifest(bench: Bench) -> None:
    video, audio = (
        _artifact("video.mp4", "2026-01-02T04:00:00Z"),
        _artifact("audio.flac", "2026-01-02T05:00:00Z"),
    )
    for artifact in (video, audio):
        await _store(bench, artifact)
    manifest = Manifest.model_validate_json(await bench.content("manifest.json"))
    assert manifest.artifacts == (video, audio)
    assert manifest.updated_at == audio.stored_at
    overview = await _overview(bench, "bot-1")
    assert [artifact.name for artifact in overview.artifacts] == ["video.mp4", "audio.flac"]
    async with bench.services.database.reading() as tx:
        assert [event.said.detail for event in await timeline(tx, PROVIDER, "bot-1")] == [
            "video.mp4",
            "audio.flac",
        ]


async def test_a_manifest_lists_neither_itself_nor_a_file_twice(bench: Bench) -> None:
    for _ in range(2):
        await _store(bench, _artifact("video.mp4", "2026-01-02T04:00:00Z"))
    manifest = Manifest.model_validate_json(await bench.content("manifest.json"))
    assert [artifact.name for artifact in manifest.artifacts] == ["video.mp4"]


async def test_a_manifest_of_a_hostile_id_stays_in_the_store(bench: Bench, tmp_path: Path) -> None:
    await _store(bench, _artifact("video.mp4", "2026-01-02T04:00:00Z"), meeting="../../outside")
    assert await bench.stored() == [f"{PROVIDER}/..%2F..%2Foutside/manifest.json"]


async def test_a_fact_that_cannot_be_read_is_poison(bench: Bench) -> None:
    with pytest.raises(Poison, match=RECORDING_STORED):
        await CONSUMER.handle(_record(EVENTS, RECORDING_STORED, b'{"provider": "p"}'), bench.services)


async def test_other_facts_are_passed_over(bench: Bench) -> None:
    assert await CONSUMER.handle(_record(EVENTS, "meeting.completed", b"{}"), bench.services) == ()


def _story(meeting: str) -> list[Record]:
    return [
        _status(meeting, "joining_call", 0),
        _status(meeting, "in_call_recording", 1),
        _status(meeting, "call_ended", 2),
        _completed(meeting, f"{meeting}-completed"),
    ]


def _status(meeting: str, code: str, minute: int) -> Record:
    status = {"code": code, "created_at": f"2026-01-02T03:0{minute}:00Z"}
    data = {"bot_id": meeting, "event_id": None, "status": status}
    return webhook("bot.status_change", data, event=f"{meeting}-{code}", meeting=meeting)


def _chat(message: str) -> Record:
    data = {
        "bot_id": "bot-1",
        "event_id": None,
        "message_id": message,
        "sender_name": "Ada",
        "sender_id": None,
        "text": "Hello",
        "sent_at": "2026-01-02T03:02:00Z",
    }
    return webhook("bot.chat_message", data, event=message, meeting="bot-1")


def _completed(meeting: str, event: str) -> Record:
    data = {
        "bot_id": meeting,
        "event_id": None,
        "participants": [{"name": "Ada", "id": 1}],
        "speakers": [],
        "duration_seconds": 120,
        "joined_at": "2026-01-02T03:01:00Z",
        "exited_at": "2026-01-02T03:03:00Z",
        "data_deleted": False,
        "video": None,
        "audio": None,
        "diarization": None,
        "raw_transcription": None,
        "transcription": None,
        "sent_at": "2026-01-02T03:04:00Z",
    }
    return webhook("bot.completed", data, event=event, meeting=meeting)


def _artifact(name: str, stored_at: str) -> Artifact:
    return Artifact.model_validate(
        {
            "name": name,
            "kind": "video",
            "media_type": "video/mp4",
            "size": 3,
            "sha256": "0" * 64,
            "verified": "length",
            "source_event": "c",
            "stored_at": stored_at,
        }
    )


async def _store(bench: Bench, artifact: Artifact, meeting: str = "bot-1") -> Sequence[Fact]:
    """What `recordings` does: a row, and then the fact."""
    async with bench.services.database.transaction() as tx:
        await add_artifact(tx, PROVIDER, meeting, artifact)
    stored = ArtifactStored(**artifact.model_dump(), provider=PROVIDER, meeting_id=meeting, url="file:///x")
    body = stored.model_dump_json().encode()
    return await CONSUMER.handle(_record(EVENTS, RECORDING_STORED, body, id=artifact.name), bench.services)


def _record(topic: str, type: str, value: bytes, id: str = "fact-1") -> Record:  # noqa: A002
    headers = event_headers(id=id, source="/adjourn", type=type, subject="bot-1", time="2026-01-02T03:04:05Z")
    return Record(topic, 0, 1, "bot-1", _T0, headers, value)


async def _overview(bench: Bench, meeting: str) -> MeetingOverview:
    async with bench.services.database.reading() as tx:
        (overview,) = await find_meetings(tx, meeting)
    return overview


async def _meeting(bench: Bench, meeting: str) -> Meeting:
    return (await _overview(bench, meeting)).meeting
