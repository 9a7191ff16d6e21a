"""What RealtimeKit's events say of a session, by webhook and in the answers of its API."""

from datetime import UTC, datetime
from typing import Any

import pytest

from adjourn import samples
from consumers.meeting_state import fold
from infra.database.events import MeetingEvent
from schemas.identity import BrokenEvent
from schemas.meeting import Observation, State
from schemas.realtimekit import observe
from tests.schemas.kit import (
    ENDED,
    SESSION,
    answer,
    encode,
    event,
    meeting,
    observed,
    observed_answer,
    record,
    recording,
)

VIDEO, AUDIO = "https://x.example/v.mp4?sig=1", "https://x.example/a.mp3?sig=1"
EXPIRES = "2026-06-10T10:30:00.000Z"
WHOLE: dict[str, Any] = {"downloadUrl": VIDEO, "audioDownloadUrl": AUDIO, "downloadUrlExpiry": EXPIRES}


def sample(name: str) -> Observation:
    return observed(samples.read(f"realtimekit/{name}").body)


def test_only_what_is_uploaded_has_links_and_they_have_the_recordings_id_and_an_end() -> None:
    seen = observed(recording("UPLOADED", **WHOLE))
    assert [(link.kind, link.url, link.id) for link in seen.links] == [
        ("video", VIDEO, "rec-1"),
        ("audio", AUDIO, "rec-1"),
    ]
    assert {link.expires_at for link in seen.links} == {datetime(2026, 6, 10, 10, 30, tzinfo=UTC)}
    assert seen.detail == "UPLOADED"


@pytest.mark.parametrize("status", ["INVOKED", "RECORDING", "PAUSED", "UPLOADING", "ERRORED", "NEW"])
def test_no_other_status_has_links(status: str) -> None:
    assert observed(recording(status, **WHOLE)).links == ()


def test_a_recording_in_our_own_bucket_is_told_as_there_already() -> None:
    seen = sample("webhook/recording.statusUpdate.UPLOADED.own-bucket")
    assert (seen.links, seen.says, seen.error) == ((), None, None)
    assert seen.detail == "UPLOADED to your own storage: weekly-sync.mp4"


def test_a_recording_that_failed_speaks_for_a_failure() -> None:
    seen = sample("webhook/recording.statusUpdate.ERRORED")
    assert (seen.says, seen.error, seen.detail) == (State.FAILED, "recording ERRORED", "ERRORED")


def test_the_end_of_a_session_tells_how_long_it_was_and_why() -> None:
    seen = sample("webhook/meeting.ended.by-host")
    assert (seen.says, seen.detail, seen.duration_seconds) == (State.COMPLETED, "HOST_ENDED_MEETING", 16.5)


def test_who_leaves_early_ends_no_meeting() -> None:
    seen = sample("webhook/meeting.participantLeft")
    assert (seen.says, seen.ended_at, seen.participants) == (None, None, ("Ada Lindqvist",))


def test_a_meeting_that_is_live_by_its_own_word_is_not_taken_at_it() -> None:
    assert (
        observed(event("meeting.ended", about=meeting(status="LIVE", endedAt=ENDED))).says is State.COMPLETED
    )
    assert observed(event("meeting.transcript", about=meeting(status="LIVE"))).says is None


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("webhook/meeting.transcript", "transcript"),
        ("webhook/meeting.summary", "summary"),
        ("webhook/meeting.chatSynced", "chat"),
        ("legacy/meeting.chatSynced", "chat"),
        ("legacy/meeting.transcript", "transcript"),
    ],
)
def test_a_file_has_a_link_with_an_end(name: str, kind: str) -> None:
    seen = sample(name)
    assert [link.kind for link in seen.links] == [kind]
    assert seen.links[0].expires_at is not None
    assert (seen.transcript is not None, seen.summary is not None) == (
        kind == "transcript",
        kind == "summary",
    )


def test_a_file_that_is_not_linked_is_no_file() -> None:
    seen = observed(event("meeting.transcript", transcriptDownloadUrl=""))
    assert (seen.links, seen.transcript) == ((), None)


def test_a_stream_without_a_session_is_about_no_meeting() -> None:
    body = samples.read("realtimekit/webhook/livestreaming.statusUpdate").body
    assert observe(record(body, "livestreaming.statusUpdate")) is None


def test_the_key_of_a_stream_is_nowhere_in_what_is_observed() -> None:
    body = event("livestreaming.statusUpdate", streamId="s", status="LIVE", streamKey="very-secret")
    assert "very-secret" not in repr(observed(body))


def test_what_is_no_event_is_a_broken_one() -> None:
    with pytest.raises(BrokenEvent):
        observe(record(b"[]", "meeting.ended"))


def test_an_ended_session_of_the_api_is_its_end() -> None:
    said = observed_answer(
        answer(
            {"id": SESSION, "status": "ENDED", "started_at": "2026-06-03T10:00:00.000Z", "ended_at": ENDED}
        ),
        "meeting.ended",
    )
    told = observed(event("meeting.ended", about=meeting(endedAt=ENDED)))
    assert (said.says, said.at, said.ended_at, said.duration_seconds) == (
        told.says,
        told.at,
        told.ended_at,
        told.duration_seconds,
    )


def test_recordings_of_the_api_are_those_of_this_session() -> None:
    links = {"download_url": VIDEO, "audio_download_url": None, "download_url_expiry": EXPIRES}
    mine = {"id": "rec-1", "session_id": SESSION, "status": "UPLOADED"} | links
    seen = observed_answer(
        answer([mine, mine | {"id": "rec-2"}, mine | {"id": "rec-3", "session_id": "another"}]),
        "recording.statusUpdate",
    )
    assert [(link.id, link.kind) for link in seen.links] == [("rec-1", "video"), ("rec-2", "video")]


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("meeting.transcript", {"sessionId": SESSION, "transcript_download_url": VIDEO}, "transcript"),
        ("meeting.summary", {"sessionId": SESSION, "summaryDownloadUrl": VIDEO}, "summary"),
        ("meeting.chatSynced", {"chat_download_url": VIDEO}, "chat"),
    ],
)
def test_a_file_of_the_api_is_linked_as_in_a_webhook(name: str, data: dict[str, Any], kind: str) -> None:
    seen = observed_answer(answer(data), name)
    assert (seen.meeting_id, [link.kind for link in seen.links]) == (SESSION, [kind])


STATUSES = ("INVOKED", "RECORDING", "PAUSED", "UPLOADING", "UPLOADED")
TIMES: dict[str, Any] = {"startedTime": "2026-06-03T10:00:01.000Z", "stoppedTime": "2026-06-03T10:29:00.000Z"}


@pytest.mark.parametrize("order", [STATUSES, STATUSES[::-1], ("UPLOADED", "INVOKED", "PAUSED", "RECORDING")])
def test_statuses_in_any_order_leave_a_meeting_that_is_over_as_it_is(order: tuple[str, ...]) -> None:
    bodies = [event("meeting.ended", about=meeting(endedAt=ENDED))]
    bodies += [recording(status, **TIMES, **WHOLE) for status in order]
    events = [MeetingEvent(str(place), 10**12 + place, observed(body)) for place, body in enumerate(bodies)]
    assert fold(events).state is State.COMPLETED


def test_everybody_who_was_named_once_was_there() -> None:
    joined = [
        encode({"event": "meeting.participantJoined", "meeting": meeting(), "participant": person})
        for person in (
            {"peerId": "1", "userDisplayName": "Ada", "joinedAt": "2026-06-03T10:00:01.000Z"},
            {"peerId": "2", "userDisplayName": "Grace", "joinedAt": "2026-06-03T10:00:02.000Z"},
            {"peerId": "3", "userDisplayName": "Ada", "joinedAt": "2026-06-03T10:00:03.000Z"},
        )
    ]
    events = [MeetingEvent(str(place), 10**12, observed(body)) for place, body in enumerate(joined)]
    assert fold(events).participants == ("Ada", "Grace")
