"""RealtimeKit's events are named, keyed by their session, and told apart by what they are about."""

from typing import Any

import pytest

from adjourn import samples
from schemas.identity import BrokenEvent, NotAnEvent
from schemas.realtimekit import identify, organizations
from tests.schemas.kit import BEGAN, ENDED, SESSION, encode, event, meeting, recording

LEGACY = "3d5c7b9a-8e6f-4d2c-b1a0-9f8e7d6c5b4a"
OURS = [name for name in samples.names() if name.startswith("realtimekit/")]
LINK = "https://media.example/f?X-Amz-Signature="


def id_of(body: bytes) -> str:
    return identify(body, "webhook").id


@pytest.mark.parametrize("name", OURS)
def test_every_sample_is_accepted_under_the_name_of_its_file(name: str) -> None:
    identity = identify(samples.read(name).body, "webhook")
    assert name.rpartition("/")[2].startswith(identity.type)
    assert identity.key


@pytest.mark.parametrize(
    ("name", "key", "time"),
    [
        ("webhook/meeting.started", SESSION, "2026-06-03T10:00:00.000Z"),
        ("webhook/meeting.ended", SESSION, "2026-06-03T10:00:16.500Z"),
        ("webhook/meeting.participantJoined", SESSION, "2026-06-03T10:00:02.250Z"),
        ("webhook/meeting.participantLeft", SESSION, "2026-06-03T10:00:16.000Z"),
        ("webhook/meeting.chatSynced", SESSION, ""),
        ("webhook/meeting.transcript", SESSION, ""),
        ("webhook/recording.statusUpdate.INVOKED", SESSION, ""),
        ("webhook/recording.statusUpdate.RECORDING", SESSION, "2026-06-03T10:00:01.000Z"),
        ("webhook/recording.statusUpdate.UPLOADING", SESSION, "2026-06-03T10:00:15.000Z"),
        ("webhook/recording.statusUpdate.UPLOADED", SESSION, ""),
        ("webhook/livestreaming.statusUpdate", "d41d8cd9-8f00-4b20-a980-0998ecf8427e", ""),
        ("legacy/recording.statusUpdate.UPLOADING", LEGACY, "2023-04-14T04:46:08.306221Z"),
        ("legacy/meeting.chatSynced", LEGACY, ""),
        ("legacy/livestreaming.statusUpdate", "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d", ""),
    ],
)
def test_a_sample_is_keyed_by_its_session_and_timed_by_its_own_clock(name: str, key: str, time: str) -> None:
    identity = identify(samples.read(f"realtimekit/{name}").body, "webhook")
    assert (identity.key, identity.time) == (key, time)


@pytest.mark.parametrize(
    ("one", "same"),
    [
        (event("meeting.started"), event("meeting.started", about=meeting(title="Renamed"))),
        (
            recording("UPLOADED", downloadUrl=LINK + "1"),
            recording("UPLOADED", downloadUrl=LINK + "2", fileSize=7),
        ),
        (
            event("meeting.transcript", transcriptDownloadUrl=LINK + "1"),
            event("meeting.transcript", transcriptDownloadUrl=LINK + "2"),
        ),
    ],
)
def test_what_comes_again_is_the_same_event(one: bytes, same: bytes) -> None:
    assert id_of(one) == id_of(same)


def _joined(peer: str) -> bytes:
    return event("meeting.participantJoined", participant={"peerId": peer})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (event("meeting.started"), event("meeting.ended")),
        (event("meeting.started"), event("meeting.started", about=meeting(sessionId="s-2"))),
        (_joined("p-1"), _joined("p-2")),
        (recording("UPLOADING"), recording("UPLOADED")),
        (recording("UPLOADED"), recording("UPLOADED", recordingId="rec-2")),
        (
            event("meeting.summary", summaryDownloadUrl="https://x.example/one"),
            event("meeting.summary", summaryDownloadUrl="https://x.example/made-again"),
        ),
        (
            event("meeting.transcript", transcriptDownloadUrl="https://x.example/" + "a" * 300),
            event("meeting.transcript", transcriptDownloadUrl="https://x.example/" + "b" * 300),
        ),
    ],
)
def test_what_is_about_something_else_is_another_event(one: bytes, other: bytes) -> None:
    assert id_of(one) != id_of(other)


@pytest.mark.parametrize("event_name", ["meeting.levitated", "recording.Statusupdate", "MEETING.STARTED"])
def test_an_unknown_event_is_kept_under_its_own_name(event_name: str) -> None:
    identity = identify(event(event_name), "webhook")
    assert (identity.type, identity.key) == (event_name, SESSION)


@pytest.mark.parametrize("name", [None, "", 7, ["a"], {}])
def test_an_event_without_a_name_is_unknown(name: Any) -> None:
    assert identify(encode({"event": name}), "webhook").type == "unknown"


def test_an_unknown_status_of_a_recording_is_kept() -> None:
    assert identify(recording("TRANSMOGRIFIED"), "webhook").key == SESSION


@pytest.mark.parametrize("value", [7, "7"])
def test_a_number_may_be_an_id(value: Any) -> None:
    assert identify(event("meeting.started", about=meeting(sessionId=value)), "webhook").key == "7"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (event("meeting.ended", about={}), "sessionId"),
        (event("meeting.ended", about=meeting(sessionId=None)), "sessionId"),
        (event("meeting.ended", about=meeting(sessionId={"id": "s"})), "sessionId"),
        (event("meeting.ended", about=meeting(sessionId="x" * 257)), "sessionId"),
        (encode({"event": "meeting.chatSynced", "meetingId": "room-1"}), "sessionId"),
        (event("recording.statusUpdate"), "recording.status"),
        (recording(None), "recording.status"),
        (recording(["UPLOADED"]), "recording.status"),
        (recording("UPLOADED", downloadUrl=["https://x.example/v"]), "downloadUrl"),
        (recording("UPLOADED", audioDownloadUrl=7), "audioDownloadUrl"),
        (event("meeting.transcript", transcriptDownloadUrl={}), "transcriptDownloadUrl"),
    ],
)
def test_a_known_event_without_what_we_rely_on_says_which_field(body: bytes, field: str) -> None:
    with pytest.raises(BrokenEvent, match=field):
        identify(body, "webhook")


@pytest.mark.parametrize("body", [b"", b"\xff{", b"[]", b'"meeting.started"', b"7", b"null"])
def test_what_is_no_object_is_no_event(body: bytes) -> None:
    with pytest.raises(NotAnEvent):
        identify(body, "webhook")


def test_the_key_of_a_recording_is_that_of_its_room_where_the_meeting_names_no_session() -> None:
    body = recording("UPLOADING", about={"id": "room-1"})
    assert identify(body, "webhook").key == SESSION


def test_pythons_quotes_in_a_reason_are_text() -> None:
    body = recording("UPLOADED", stopReason="{'reason':'ALL_PEERS_LEFT','caller':{'type':'INTERNAL'}}")
    assert identify(body, "webhook").key == SESSION


@pytest.mark.parametrize("ended", [ENDED, "2026-06-03 10:30:00.000000Z"])
def test_a_time_is_read_in_both_forms(ended: str) -> None:
    identity = identify(event("meeting.ended", about=meeting(endedAt=ended)), "webhook")
    assert identity.time.startswith("2026-06-03T10:30:00")
    assert identity.time != BEGAN


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (event("meeting.started", about=meeting(organizedBy={"id": "org-1"})), {"org-1"}),
        (recording("UPLOADED", organizationId="org-2"), {"org-2"}),
        (encode({"event": "meeting.chatSynced", "organizedBy": {"id": "org-3"}}), {"org-3"}),
        (encode({"event": "livestreaming.statusUpdate"}), set()),
        (event("meeting.started", about=meeting(organizedBy="org-1")), set()),
        (b"[]", set()),
        (b"\xff", set()),
    ],
)
def test_the_organisations_that_an_event_names(body: bytes, named: set[str]) -> None:
    assert organizations(body) == named
