"""What Vonage's callbacks are called, whom they are about, and what they say."""

import json
from typing import Any, Final

import pytest

from adjourn import samples
from schemas.envelope import Record, event_headers
from schemas.identity import BrokenEvent, Identity, NotAnEvent
from schemas.meeting import Observation, State
from schemas.vonage import identify, observe

SESSION: Final = "2_MX40NzExMDgxNX5-sample"
ARCHIVE: Final = "b40ef09b-3811-4726-b508-e41a0f96c68f"


def archive(status: object = "available", **more: Any) -> bytes:
    fields = {"id": ARCHIVE, "event": "archive", "status": status, "sessionId": SESSION, **more}
    return json.dumps({name: value for name, value in fields.items() if value is not None}).encode()


def session(event: object, **more: Any) -> bytes:
    return json.dumps({"sessionId": SESSION, "projectId": "1", "event": event, **more}).encode()


def named(body: bytes, channel: str = "any") -> Identity:
    return identify(body, channel)


def seen(body: bytes, type_: str = "") -> Observation:
    identity = identify(body, "any")
    headers = event_headers(
        id=identity.id, source="", type=f"vonage.{type_ or identity.type}", subject="", time=""
    )
    found = observe(Record("meetings.webhooks", 0, 1, identity.key or SESSION, 0, headers, body))
    assert found is not None
    return found


def sample(name: str) -> Observation:
    return seen(samples.read(f"vonage/{name}").body)


@pytest.mark.parametrize("name", samples.names("vonage"))
def test_every_sample_is_named_the_same_by_its_own_url_and_by_the_one_for_all(name: str) -> None:
    body, channel = samples.read(name).body, samples.read(name).channel
    if channel != "render" or "failed" in name:  # no body of a render but this one tells what it is
        assert named(body) == named(body, channel)


@pytest.mark.parametrize("name", samples.names("vonage"))
def test_every_sample_says_something_about_its_session(name: str) -> None:
    one = samples.read(name)
    assert sample(name.removeprefix("vonage/")).meeting_id == identify(one.body, one.channel).key


@pytest.mark.parametrize("channel", ["any", "session", "broadcast"])
def test_a_body_that_tells_its_category_is_believed_whatever_the_url(channel: str) -> None:
    sip = json.dumps({"sessionId": SESSION, "event": "callDestroyed", "timestamp": 1, "call": {}}).encode()

    assert named(archive(), channel).type == "archive.available"
    assert named(sip, channel).type == "sip.callDestroyed"


def test_a_body_that_does_not_tell_is_of_its_urls_category() -> None:
    body = json.dumps({"id": "1", "status": "started", "sessionId": SESSION}).encode()

    assert named(body, "render").type == "render.started"
    assert named(body, "any").type == "other.started"


@pytest.mark.parametrize(
    ("body", "channel", "type_"),
    [
        (session("sessionMigrated"), "session", "session.sessionMigrated"),
        (session("sessionMigrated"), "any", "other.sessionMigrated"),
        (archive("thawed"), "any", "archive.thawed"),
        (archive(7), "any", "archive.unknown"),
        (archive("a b\n"), "any", "archive.a_b_"),
        (b"{}", "archive", "archive.unknown"),
        (b"{}", "any", "other.unknown"),
    ],
)
def test_unknown_events_and_statuses_are_kept_under_their_own_name(
    body: bytes, channel: str, type_: str
) -> None:
    assert named(body, channel).type == type_


@pytest.mark.parametrize("body", [b"", b"[]", b'"x"', b"7", b"\xff", b"{'event': 'archive'}"])
def test_what_is_no_object_is_no_event(body: bytes) -> None:
    with pytest.raises(NotAnEvent):
        named(body)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (archive(sessionId=None), "sessionId: is missing"),
        (archive(sessionId="x" * 300), "sessionId: no id of at most 256 printable characters"),
        (archive(id=None), "id: is missing"),
        (archive(url=["https://x.example"]), "url: not a link"),
        (b'{"event": "streamCreated"}', "sessionId: is missing"),
        (b'{"captionId": "", "status": "started", "sessionId": "s"}', "captionId: is missing"),
    ],
)
def test_a_known_event_that_lacks_what_we_rely_on_is_broken(body: bytes, error: str) -> None:
    with pytest.raises(BrokenEvent) as caught:
        named(body)
    assert caught.value.errors == (error,)


def test_an_archive_sent_again_with_a_fresh_link_is_the_same_event() -> None:
    old, fresh = (archive(updatedAt=5, url=f"https://x.example/a?n={n}") for n in (1, 2))
    assert named(old).id == named(fresh).id


def test_the_statuses_of_an_archive_and_of_its_transcription_are_events_of_their_own() -> None:
    bodies = [
        archive("started", updatedAt=1),
        archive("paused", updatedAt=2),
        archive("started", updatedAt=3),
        archive(updatedAt=4),
        archive(updatedAt=4, transcription={"status": "requested"}),
        archive(updatedAt=4, transcription={"status": "available", "url": "https://x.example/t"}),
        archive(updatedAt=4, id="another"),
    ]
    assert len({named(body).id for body in bodies}) == len(bodies)


def test_events_of_a_session_are_told_apart_by_what_they_are_about() -> None:
    bodies = [
        session("connectionCreated", timestamp=5, connection={"id": "a"}),
        session("connectionCreated", timestamp=5, connection={"id": "b"}),
        session("connectionCreated", timestamp=6, connection={"id": "a"}),
        session("streamCreated", timestamp=5, stream={"id": "a"}),
        session("streamCreated", timestamp=5, stream=["a"]),
    ]
    assert len({named(body).id for body in bodies}) == len(bodies)


def test_events_without_a_time_are_told_apart_by_their_bytes() -> None:
    assert named(session("sessionCreated", a=1)).id != named(session("sessionCreated", a=2)).id


@pytest.mark.parametrize(
    "at",
    [
        1772445600123,
        "1772445600123",
        1772445600.123,
        "2026-03-02T10:00:00.123Z",
        "2026-03-02T11:00:00.123+01:00",
    ],
)
def test_the_time_is_read_in_every_form(at: object) -> None:
    body = session("sessionCreated", timestamp=at)
    assert named(body).time == "2026-03-02T10:00:00.123Z"
    assert seen(body).joined_at is not None


@pytest.mark.parametrize("at", [0, -1, "soon", None, True, [], 1e300])
def test_what_is_no_time_is_none(at: object) -> None:
    body = session("sessionCreated", timestamp=at)
    assert named(body).time == ""
    assert seen(body).at is None


def test_when_an_archive_was_asked_for_is_not_when_it_ended() -> None:
    assert named(archive(createdAt=1772445601000)).time == ""
    assert named(archive("started", createdAt=1772445601000)).time == "2026-03-02T10:00:01.000Z"


def test_a_composed_archive_is_a_video_that_is_asked_for_first() -> None:
    (link,) = sample("archive/available").links
    assert (link.kind, link.id, link.ask_first, link.size) == (
        "video",
        "b40e7f1c-3811-4726-b508-e41a0f96c68f",
        True,
        68243,
    )
    assert link.sha256 is not None


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("archive/available.individual", ["streams"]),
        ("archive/available.transcription", ["raw_transcription", "transcript", "streams"]),
        ("archive/available.audio", ["audio"]),
        ("archive/available.twice", ["video"]),
        ("archive/uploaded", ["video"]),
        ("archive/uploaded.transcription", ["raw_transcription", "transcript", "streams"]),
        ("archive/stopped", []),
        ("archive/failed", []),
        ("archive/expired", []),
    ],
)
def test_files_are_what_the_archive_is_made_of(name: str, kinds: list[str]) -> None:
    assert [link.kind for link in sample(name).links] == kinds


def test_a_zip_is_known_by_its_link_where_the_mode_is_not_told() -> None:
    (link,) = seen(archive(url="https://x.example/a/archive.zip?X=1")).links
    assert link.kind == "streams"


def test_an_archive_of_nothing_has_no_file() -> None:
    assert seen(archive(size=0, url="https://x.example/a.mp4")).links == ()


@pytest.mark.parametrize("sha256", [7, "short", "g" * 64, None])
def test_a_digest_that_is_none_is_not_held_against_the_file(sha256: object) -> None:
    (link,) = seen(archive(url="https://x.example/a.mp4", sha256sum=sha256)).links
    assert link.sha256 is None


def test_an_archive_in_the_customers_bucket_has_a_link_without_an_address() -> None:
    assert [link.url for link in sample("archive/uploaded").links] == [""]


def test_neither_password_nor_certificate_is_in_what_is_said() -> None:
    said = repr(sample("archive/available.encrypted"))
    assert "sample-password" not in said
    assert "CERTIFICATE" not in said


def test_what_an_application_says_of_its_people_is_not_told() -> None:
    assert "Ada" not in repr(sample("session/streamCreated"))


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("session/sessionCreated", State.LIVE),
        ("session/sessionDestroyed", State.COMPLETED),
        ("session/sessionDestroyed.failure", State.COMPLETED),
        ("session/streamDestroyed", None),
        ("archive/started", State.LIVE),
        ("archive/stopped", State.PROCESSING),
        ("archive/available", State.COMPLETED),
        ("archive/uploaded", State.COMPLETED),
        ("archive/failed", State.FAILED),
        ("archive/deleted", None),
        ("captions/failed", None),
        ("sip/callDestroyed", None),
    ],
)
def test_an_event_speaks_for_its_part_of_the_meeting(name: str, says: State | None) -> None:
    said = sample(name)
    assert said.says == says
    assert said.part == ("session" if not name.startswith("archive") else said.part)


def test_each_archive_is_a_part_of_its_own() -> None:
    assert sample("archive/available").part != sample("archive/available.individual").part


def test_why_a_call_ended_is_shown() -> None:
    assert sample("sip/callDestroyed").detail == "700, Normal Clearing"


def test_a_failure_tells_its_reason() -> None:
    said = sample("archive/failed")
    assert (said.error, said.message) == ("archive.failed", "failure")
