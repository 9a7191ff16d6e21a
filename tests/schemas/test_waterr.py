"""Waterr's events under all their names: named, keyed, told apart, and what they say of a meeting."""

import json
from typing import Any

import pytest

from adjourn import samples
from schemas.envelope import Record, event_headers
from schemas.identity import BrokenEvent, NotAnEvent
from schemas.meeting import Link, Observation, State
from schemas.topics import WEBHOOKS
from schemas.waterr import identify, observe
from tests.schemas.receiving import received

MEETING = "5f0c2d9e-7a41-4b8d-9c36-e1a7b2d4f803"
SAYS = {
    "meeting.created": None,
    "meeting.started": State.LIVE,
    "participant.joined": State.LIVE,
    "participant.left": None,
    "meeting.ended": State.PROCESSING,
    "session.ended": State.PROCESSING,
    "transcript.ready": None,
    "session.transcript_ready": None,
    "recording.ready": None,
    "session.analysis_complete": State.COMPLETED,
    "analysis.completed": State.COMPLETED,
    "meeting.completed": State.COMPLETED,
    "analysis.failed": State.COMPLETED,
}


def event(name: str, *, id: object = None, **data: object) -> bytes:  # noqa: A002
    envelope = {} if id is None else {"id": id}
    return json.dumps({**envelope, "event": name, "data": {"meeting_id": MEETING, **data}}).encode()


def seen(body: bytes) -> Observation:
    found = observe(received(body, "webhook", "waterr"))
    assert found is not None
    return found


def answered(name: str, answer: Any, meeting: str = MEETING) -> Observation | None:
    """What is said by an answer of the API that stands for an event."""
    headers = event_headers(id="1", source="", type=f"waterr.{name}", subject=meeting, time="")
    return observe(Record(WEBHOOKS, 0, 0, meeting, 0, headers, json.dumps(answer).encode()))


@pytest.mark.parametrize("name", samples.names("waterr"))
def test_a_sample_says_what_its_name_means(name: str) -> None:
    sample = samples.read(name)
    identity = identify(sample.body, sample.channel)
    said = seen(sample.body)
    assert (said.meeting_id, said.type, said.says) == (identity.key, identity.type, SAYS[identity.type])
    assert said.at is not None


def test_every_event_has_a_sample() -> None:
    assert {identify(samples.read(name).body, "").type for name in samples.names("waterr")} == SAYS.keys()


def test_an_event_has_the_id_of_its_envelope() -> None:
    assert identify(event("meeting.ended", id="9b6c-1"), "webhook").id == "9b6c-1"


@pytest.mark.parametrize("id_", [7301, "7301", 'e"1', "a b", "", None, {"x": 1}, "x" * 129, "evt_\u00e9"])
def test_an_id_that_could_be_anothers_or_breaks_an_answer_is_not_taken_as_it_is(id_: object) -> None:
    found = identify(event("meeting.ended", id=id_), "webhook").id
    assert found != id_
    assert found.isalnum()
    assert found == identify(event("meeting.ended", id=id_), "webhook").id


def test_a_number_and_its_digits_are_one_id() -> None:
    assert len({identify(event("meeting.ended", id=id_), "").id for id_ in (7301, "7301")}) == 1


def test_without_an_envelope_its_fields_tell_an_event_from_others_of_its_name() -> None:
    bodies = {
        "r1": event("recording.ready", recording_id="r1"),
        "r2": event("recording.ready", recording_id="r2"),
        "r1 again": event("recording.ready", recording_id="r1", more=True),
        "joined": event("participant.joined", participant={"id": 1, "joined_at": "2026-01-01T10:00:00Z"}),
        "rejoined": event("participant.joined", participant={"id": 1, "joined_at": "2026-01-01T11:00:00Z"}),
        "nothing": event("recording.ready"),
    }
    ids = {name: identify(body, "webhook").id for name, body in bodies.items()}
    assert ids["r1"] == ids["r1 again"]
    assert len(set(ids.values())) == len(ids) - 1


@pytest.mark.parametrize(("meeting", "key"), [(42, "42"), ("42", "42"), ("5f0c-uuid", "5f0c-uuid")])
def test_a_meeting_is_a_uuid_or_a_number(meeting: object, key: str) -> None:
    assert identify(event("meeting.ended", meeting_id=meeting), "webhook").key == key


@pytest.mark.parametrize("meeting", [None, "", " ", True, 4.5, ["x"], "x" * 300, "a\nb"])
def test_a_known_event_without_a_meeting_is_broken(meeting: object) -> None:
    with pytest.raises(BrokenEvent, match=r"data\.meeting_id"):
        identify(event("recording.ready", meeting_id=meeting), "webhook")


@pytest.mark.parametrize("name", ["meeting.paused", "", None, 7, "x" * 200])
def test_an_unknown_event_is_kept_and_says_nothing_false(name: Any) -> None:
    body = event(name, id="evt_1")
    identity = identify(body, "webhook")
    assert (identity.key, identity.id) == (MEETING, "evt_1")
    said = observe(received(body, "webhook", "waterr"))
    assert said is None or (said.says, said.links, said.transcript) == (None, (), None)


@pytest.mark.parametrize("body", [b"", b"[]", b"7", b"\xff", b"null", b"{"])
def test_what_is_no_object_is_no_event(body: bytes) -> None:
    with pytest.raises(NotAnEvent):
        identify(body, "webhook")


def test_a_recording_is_known_by_its_id_and_asked_for_at_the_api() -> None:
    assert seen(event("recording.ready", recording_id=17)).links == (
        Link("video", "", id="17", ask_first=True),
    )
    assert seen(event("recording.ready")).links == (Link("video", "", ask_first=True),)


def test_a_transcript_is_asked_for_at_the_api() -> None:
    said = seen(event("transcript.ready", transcript_id="t", sentence_count="3"))
    assert said.transcript is not None
    assert (said.transcript.ask_first, said.transcript.url, said.detail) == (True, None, "3 sentences")


@pytest.mark.parametrize(
    ("name", "data", "is_asked_for"),
    [
        ("session.analysis_complete", {"analysis": {"summary": "x"}}, False),
        ("analysis.completed", {"analysis_id": "a"}, True),
        ("session.analysis_complete", {"analysis": None}, True),
        ("meeting.completed", {"goals": [{"name": "x", "score": 1}]}, False),
    ],
)
def test_an_analysis_is_in_its_event_or_asked_for(
    name: str, data: dict[str, object], is_asked_for: bool
) -> None:
    said = seen(event(name, **data))
    assert said.summary is not None
    assert said.summary.ask_first is is_asked_for


def test_an_analysis_that_failed_leaves_the_meeting_well() -> None:
    said = seen(event("analysis.failed", error="too short"))
    assert (said.says, said.error, said.message) == (State.COMPLETED, "analysis failed", "too short")
    assert said.no_summary
    assert said.summary is None


def test_the_oldest_end_of_all_has_everything_in_itself() -> None:
    said = seen(samples.read("waterr/legacy/meeting.completed").body)
    assert said.ended_at is not None
    assert (said.duration_seconds, said.participants) == (642.0, ("Grace Okafor",))
    assert [link.kind for link in said.links] == ["video"]
    assert said.links[0].url.startswith("https://media.example/")


@pytest.mark.parametrize("wrap", [lambda it: it, lambda it: {"status": "success", "data": it}])
def test_an_answer_says_what_its_event_would(wrap: Any) -> None:
    meeting = {"id": MEETING, "status": "ended", "ended_at": "2026-06-27T09:20:17Z", "duration_seconds": 14}
    ended = answered("meeting.ended", wrap(meeting))
    assert ended is not None
    assert (ended.says, ended.duration_seconds) == (State.PROCESSING, 14.0)
    assert ended.ended_at is not None
    recorded = answered("recording.ready", wrap([{"id": 9}, {"id": 10}]))
    assert recorded is not None
    assert recorded.links == (Link("video", "", id="9", ask_first=True),)
    analysed = answered("session.analysis_complete", wrap({"id": "a", "summary": "x"}))
    assert analysed is not None
    assert (analysed.says, analysed.summary is not None and analysed.summary.ask_first) == (
        State.COMPLETED,
        False,
    )


@pytest.mark.parametrize("answer", [None, [], "x", 7, {"data": "x"}, {"data": [None]}])
def test_an_answer_that_says_nothing_breaks_nothing(answer: object) -> None:
    for name in SAYS:
        said = answered(name, answer)
        assert said is not None
        assert said.meeting_id == MEETING
    assert answered("something.new", answer) is None
