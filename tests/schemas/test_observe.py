"""What webhooks mean: states, errors, times, people, links, and where the transcript is."""

from datetime import UTC, datetime

import pytest

from schemas.identity import BrokenEvent
from schemas.meeting import Link, State, TranscriptSource
from schemas.meeting_baas import observe
from tests.schemas.payloads import AT, BOT, encode, event, observed, record, status

TEN = datetime(2026, 3, 2, 10, 0, 1, 266_000, UTC)

STATES = {
    State.JOINING: "queued pickup_delayed retrying joining joining_call in_waiting_room in_waiting_for_host",
    State.LIVE: "in_call_not_recording in_call_recording recording recording_paused recording_resumed",
    State.PROCESSING: "call_ended processing recording_succeeded recording_failed transcribing "
    "transcription_failed awaiting_reconciliation",
    State.COMPLETED: "completed",
    State.FAILED: "failed",
    None: "bot_rejected bot_removed bot_removed_too_early waiting_room_timeout invalid_meeting_url "
    "meeting_error api_request_stop MEET_LOGIN_UNAVAILABLE MEET_LOGIN_REQUIRED levitating",
}


@pytest.mark.parametrize(
    ("code", "says"), [(code, says) for says, codes in STATES.items() for code in codes.split()]
)
def test_a_status_speaks_for_a_state_and_an_error_code_for_none(code: str, says: State | None) -> None:
    observation = observed(status(code))
    assert (observation.says, observation.detail, observation.at) == (says, code, TEN)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("complete", State.COMPLETED),
        ("bot.completed", State.COMPLETED),
        ("failed", State.FAILED),
        ("bot.failed", State.FAILED),
        ("transcription_complete", None),
        ("bot.chat_message", None),
        ("bot.levitated", None),
    ],
)
def test_only_the_final_events_end_a_meeting(name: str, says: State | None) -> None:
    observation = observed(event(name))
    assert (observation.says, observation.type, observation.meeting_id) == (says, name, BOT)


def test_a_status_that_is_only_text_reads_like_one_that_is_an_object() -> None:
    observation = observed(event("bot.status_change", status="in_call_recording", created_at=AT))
    assert (observation.says, observation.at) == (State.LIVE, TEN)


@pytest.mark.parametrize("start_time", [1_772_445_601, 1_772_445_601_000, "1772445601"])
def test_a_recording_starts_at_the_same_moment_in_seconds_and_in_milliseconds(start_time: object) -> None:
    observation = observed(status("in_call_recording", start_time=start_time))
    assert observation.joined_at == datetime(2026, 3, 2, 10, 0, 1, tzinfo=UTC)


@pytest.mark.parametrize("start_time", [None, -1, "soon", 1e300, True, [], float("nan")])
def test_a_start_that_is_no_time_is_not_known(start_time: object) -> None:
    assert observed(status("in_call_recording", start_time=start_time)).joined_at is None


def test_the_end_of_the_call_is_when_the_bot_left() -> None:
    assert observed(status("call_ended")).ended_at == TEN


def test_a_retry_says_which_one_it_is() -> None:
    assert observed(status("retrying", attempt=2, max=5)).detail == "retrying 2/5"


@pytest.mark.parametrize(
    ("body", "error", "message"),
    [
        (event("failed", error="CannotJoinMeeting"), "CannotJoinMeeting", None),
        (event("failed", error="access_denied", message="No."), "access_denied", "No."),
        (
            event("bot.failed", error_code="OOM_KILLED", error_message="Out of memory"),
            "OOM_KILLED",
            "Out of memory",
        ),
        (event("bot.completed", error_code="BOT_REMOVED", error_message=None), "BOT_REMOVED", None),
        (status("recording_failed", error_message="No audio"), "recording_failed", "No audio"),
        (status("transcription_failed"), "transcription_failed", None),
        (status("meeting_error", error_message="Timeout", error_type="Error"), None, "Timeout"),
        (status("bot_removed"), None, None),
        (event("failed", error={"code": 5}, message=[]), None, None),
    ],
)
def test_an_error_is_the_senders_own(body: bytes, error: str | None, message: str | None) -> None:
    observation = observed(body)
    assert (observation.error, observation.message) == (error, message)


def test_a_chat_message_shows_who_wrote_and_not_what() -> None:
    observation = observed(
        event("bot.chat_message", message_id="1", sender_name="Ada", text="geheim", sent_at=AT)
    )
    assert (observation.detail, observation.at) == ("Ada", TEN)
    assert "geheim" not in repr(observation)


def test_a_completion_has_its_times_and_its_length() -> None:
    body = event("bot.completed", joined_at="2026-03-02T10:00:00Z", exited_at=AT, duration_seconds=61)
    observation = observed(body)
    assert observation.joined_at == datetime(2026, 3, 2, 10, tzinfo=UTC)
    assert (observation.ended_at, observation.duration_seconds) == (TEN, 61)


def test_everybody_is_named_once_in_the_order_of_the_sender() -> None:
    people = [{"name": "Ada", "id": 1}, {"name": "Grace", "id": None}, {"name": ""}, {"id": 3}, None, 7]
    observation = observed(
        event("bot.completed", participants=people, speakers=[{"name": "Grace"}, {"name": "Alan"}])
    )
    assert observation.participants == ("Ada", "Grace", "Alan")


def test_the_speakers_of_v1_are_names() -> None:
    assert observed(event("complete", speakers=["Grace", "Ada", "Grace"])).participants == ("Grace", "Ada")


def test_every_file_of_v2_is_a_link_of_its_kind() -> None:
    fields = ("video", "audio", "diarization", "raw_transcription", "chat_messages", "transcription")
    observation = observed(
        event("bot.completed", **{name: f"https://media.example/{name}" for name in fields})
    )
    assert observation.links == (
        Link("video", "https://media.example/video"),
        Link("audio", "https://media.example/audio"),
        Link("diarization", "https://media.example/diarization"),
        Link("raw_transcription", "https://media.example/raw_transcription"),
        Link("chat", "https://media.example/chat_messages"),
    )
    assert observation.transcript == TranscriptSource(
        "meeting-baas.v2.output", "https://media.example/transcription"
    )


@pytest.mark.parametrize("name", ["complete", "bot.completed"])
def test_the_video_is_read_under_its_older_name_too(name: str) -> None:
    assert observed(event(name, mp4="https://media.example/v")).links == (
        Link("video", "https://media.example/v"),
    )


def test_of_two_videos_the_newer_name_is_believed() -> None:
    observation = observed(
        event("bot.completed", mp4="https://media.example/mp4", video="https://media.example/video")
    )
    assert observation.links == (Link("video", "https://media.example/video"),)


@pytest.mark.parametrize("nothing", ["", " ", None])
def test_an_empty_link_is_none(nothing: str | None) -> None:
    observation = observed(
        event("bot.completed", video=nothing, mp4="https://media.example/v", transcription=nothing)
    )
    assert [link.url for link in observation.links] == ["https://media.example/v"]
    assert observation.transcript is None


def test_where_everything_was_deleted_there_is_nothing_to_fetch() -> None:
    body = event(
        "bot.completed",
        data_deleted=True,
        video="https://media.example/v",
        transcription="https://m.example/t",
    )
    observation = observed(body)
    assert (observation.says, observation.links, observation.transcript) == (State.COMPLETED, (), None)


@pytest.mark.parametrize(
    "body",
    [
        event("complete", transcript=[{"speaker": "Ada", "words": []}]),
        encode({"event": "complete", "bot_id": BOT, "transcript": [{"speaker": "Ada", "text": "Hello"}]}),
        event("complete", transcript="unreadable, which is for the transcript's reader to say"),
    ],
)
def test_a_transcript_of_v1_is_in_the_event_itself(body: bytes) -> None:
    assert observed(body).transcript == TranscriptSource("meeting-baas.v1.webhook", None)


@pytest.mark.parametrize("absent", [{}, {"transcript": []}, {"transcript": None}])
def test_an_empty_transcript_is_none(absent: dict[str, object]) -> None:
    assert observed(event("complete", **absent)).transcript is None


def test_an_event_that_has_no_files_links_to_none_whatever_its_fields_are_called() -> None:
    link = "https://media.example/v"
    observation = observed(
        event("bot.levitated", video=link, transcription=link, transcript=[{"text": "Hello"}])
    )
    assert (observation.links, observation.transcript) == ((), None)


def test_calendars_alerts_and_strangers_are_about_no_meeting() -> None:
    assert observe(record(encode({"event": "calendar.event_created", "data": {"calendar_id": "c"}}))) is None
    assert observe(record(encode({"event": "calendar.exploded", "data": {"bot_id": BOT}}))) is None
    assert observe(record(encode({"alert_rule_id": "r"}), "alert.bot_crash")) is None
    assert observe(record(encode({"event": "team.renamed"}))) is None
    assert observe(record(encode({"event": "team.renamed", "bot_id": [], "calendar_id": "c"}))) is None


def test_what_the_receiver_would_call_broken_is_broken_for_consumers_too() -> None:
    with pytest.raises(BrokenEvent, match=r"data\.bot_id: is missing"):
        observe(record(event("complete", bot_id=None), "complete"))
    with pytest.raises(BrokenEvent, match="alert_rule_id"):
        observe(record(encode({}), "alert.bot_crash"))
