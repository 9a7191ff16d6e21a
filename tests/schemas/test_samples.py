"""Every published payload: accepted, named and keyed right; together they tell one small meeting."""

import json
from typing import Final

import pytest

from adjourn import samples
from schemas.meeting import Observation
from schemas.meeting_baas import identify, observe, parse_transcript
from schemas.providers import PROVIDERS
from tests.schemas.payloads import record

V1_BOT: Final = "7d1c0f52-5b0e-4f0a-9a58-2f6f3f1f7c11"
V2_BOT: Final = "c3a9e6d4-8f21-4d57-b6a0-5e1d90b7f2a4"
CALENDAR: Final = "b0e7d5c2-6a3f-4918-8c4d-2f9b1e7a0d56"

# The file's name, the event's name, its key, and its own time.
NAMED_AND_KEYED: Final = [
    ("webhook-v1/bot.status_change.joining_call", "bot.status_change", V1_BOT, "2026-03-02T09:58:41.118Z"),
    (
        "webhook-v1/bot.status_change.in_call_recording",
        "bot.status_change",
        V1_BOT,
        "2026-03-02T10:00:01.266Z",
    ),
    ("webhook-v1/bot.completed.flat", "bot.completed", "6f9d2b8c-5e3a-4c71-9d04-a8b1e7f2c360", ""),
    ("webhook-v1/complete", "complete", V1_BOT, ""),
    ("webhook-v1/complete.flat", "complete", "6f9d2b8c-5e3a-4c71-9d04-a8b1e7f2c360", ""),
    ("webhook-v1/complete.getting-started", "complete", "d8f3a6b2-4c9e-4170-8a5d-1f7e0c6b9a23", ""),
    ("webhook-v1/failed", "failed", "1e6b8c3d-92f4-4a7e-8d05-b3c7a1f0e269", ""),
    ("webhook-v1/failed.getting-started", "failed", "84f0d2a7-6c1b-4e39-a5d8-0b9e7f3c6152", ""),
    ("webhook-v1/transcription_complete", "transcription_complete", V1_BOT, ""),
    ("webhook-v1/calendar.sync_events", "calendar.sync_events", CALENDAR, "2026-03-01T18:30:00Z"),
    (
        "webhook-v1/calendar.sync_events.guide",
        "calendar.sync_events",
        "cal_90210launch",
        "2026-03-01T18:45:00Z",
    ),
    ("webhook-v2/bot.status_change.extra-inside", "bot.status_change", V2_BOT, "2026-03-03T09:59:54.310Z"),
    ("webhook-v2/bot.status_change.status-as-text", "bot.status_change", V2_BOT, ""),
    ("webhook-v2/bot.completed", "bot.completed", V2_BOT, "2026-03-03T10:02:05.000Z"),
    ("webhook-v2/bot.completed.prose", "bot.completed", V2_BOT, "2026-03-03T10:02:05.000Z"),
    ("webhook-v2/bot.completed.migration-guide", "bot.completed", V2_BOT, "2026-03-03T10:02:05.000Z"),
    (
        "webhook-v2/bot.failed",
        "bot.failed",
        "f5a2c7e1-3d84-4b96-8e0f-7a1c5d9b2e38",
        "2026-03-03T11:30:05.000Z",
    ),
    ("webhook-v2/bot.chat_message", "bot.chat_message", V2_BOT, "2026-03-03T10:00:08.314Z"),
    (
        "webhook-v2/calendar.connection_created",
        "calendar.connection_created",
        CALENDAR,
        "2026-02-27T08:00:00Z",
    ),
    (
        "webhook-v2/calendar.connection_updated",
        "calendar.connection_updated",
        CALENDAR,
        "2026-02-28T09:30:00Z",
    ),
    (
        "webhook-v2/calendar.connection_deleted",
        "calendar.connection_deleted",
        CALENDAR,
        "2026-03-05T17:00:00Z",
    ),
    ("webhook-v2/calendar.connection_error.prose", "calendar.connection_error", CALENDAR, ""),
    ("webhook-v2/calendar.events_synced", "calendar.events_synced", CALENDAR, ""),
    ("webhook-v2/calendar.events_synced.prose", "calendar.events_synced", CALENDAR, ""),
    ("webhook-v2/calendar.event_created.prose", "calendar.event_created", CALENDAR, ""),
    ("webhook-v2/calendar.event_updated", "calendar.event_updated", CALENDAR, ""),
    ("webhook-v2/calendar.event_cancelled", "calendar.event_cancelled", CALENDAR, ""),
    ("callback/bot.completed", "bot.completed", V2_BOT, "2026-03-03T10:02:05.000Z"),
    ("callback/bot.failed", "bot.failed", "f5a2c7e1-3d84-4b96-8e0f-7a1c5d9b2e38", "2026-03-03T11:30:05.000Z"),
    (
        "alert/bot_crash",
        "alert.bot_crash",
        "3c5e7a9b-1d2f-4c6e-9b8d-0a1c2e4f6b8d",
        "2026-03-03T11:31:00.000Z",
    ),
    (
        "alert/token_balance",
        "alert.token_balance",
        "8e0f2a4c-6b8d-4f1e-a3c5-7d9b1f3e5a70",
        "2026-03-03T12:00:00.000Z",
    ),
]

SAID: Final = [
    ("Ada Lindqvist", "Good morning. The launch is on Thursday."),
    ("Grace Okafor", "Then I will send the invitations today."),
    ("Ada Lindqvist", "Thank you. Let us meet again on Friday."),
]


def observe_sample(name: str) -> Observation:
    sample = samples.read(name)
    observation = observe(record(sample.body, identify(sample.body, sample.channel).type))
    assert observation is not None
    return observation


@pytest.mark.parametrize(("name", "type_", "key", "time"), NAMED_AND_KEYED)
def test_a_sample_is_named_keyed_and_timed(name: str, type_: str, key: str, time: str) -> None:
    sample = samples.read(name)
    identity = identify(sample.body, sample.channel)
    assert (identity.type, identity.key, identity.time) == (type_, key, time)


@pytest.mark.parametrize("name", samples.names())
def test_every_sample_is_accepted_under_the_name_of_its_file(name: str) -> None:
    sample = samples.read(name)
    identity = PROVIDERS[sample.provider].identify(sample.body, sample.channel)
    assert name.rpartition("/")[2].startswith(identity.type.removeprefix(f"{sample.channel}."))
    assert identity.key


@pytest.mark.parametrize(
    "name", [name for name in samples.names("meeting-baas") if "/bot." in name or "omplete" in name]
)
def test_every_sample_about_a_bot_says_something_about_its_meeting(name: str) -> None:
    sample = samples.read(name)
    assert observe_sample(name).meeting_id == identify(sample.body, sample.channel).key


@pytest.mark.parametrize(
    "name",
    [name for name in samples.names("meeting-baas") if "/alert/" in name or "1/cal" in name],
)
def test_alerts_and_calendars_are_about_no_meeting(name: str) -> None:
    sample = samples.read(name)
    assert observe(record(sample.body, identify(sample.body, sample.channel).type)) is None


def test_a_sample_that_is_not_there_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        samples.read("webhook-v1/nothing")


@pytest.mark.parametrize(
    "name", ["webhook-v1/complete", "webhook-v1/complete.flat", "webhook-v1/complete.getting-started"]
)
def test_v1_tells_the_conversation_of_the_recording(name: str) -> None:
    transcript = parse_transcript("meeting-baas.v1.webhook", samples.read(name).body)
    assert [(segment.speaker, segment.text) for segment in transcript.segments] == SAID


def test_v2_tells_the_conversation_of_the_recording() -> None:
    transcript = parse_transcript("meeting-baas.v2.output", artifact("output_transcription.json"))
    assert [(segment.speaker, segment.text) for segment in transcript.segments] == SAID
    assert (transcript.language, transcript.duration_seconds) == ("en", 14.0)


def test_word_times_grow_within_the_recording() -> None:
    segments = parse_transcript("meeting-baas.v2.output", artifact("output_transcription.json")).segments
    times = [time for segment in segments for word in segment.words for time in (word.start, word.end)]
    known = [time for time in times if time is not None]
    assert known == sorted(known)
    assert len(known) == len(times)
    assert 0 < known[0] < known[-1] < 14


def test_the_artifacts_agree_on_who_spoke_when() -> None:
    segments = parse_transcript("meeting-baas.v2.output", artifact("output_transcription.json")).segments
    diarization = [json.loads(line) for line in artifact("diarization.jsonl").splitlines()]
    raw = json.loads(artifact("raw_transcription.json"))["transcriptions"][0]["transcription"]["utterances"]
    spoken = [(segment.speaker, segment.start, segment.end) for segment in segments]
    assert [(turn["speaker"], turn["start_time"], turn["end_time"]) for turn in diarization] == spoken
    assert [(one["start"], one["end"]) for one in raw] == [(start, end) for _, start, end in spoken]


def test_every_file_that_a_sample_links_to_is_there() -> None:
    linked = {
        link.url.partition("?")[0].rpartition("/")[2]
        for name in ("webhook-v1/complete", "webhook-v2/bot.completed.prose")
        for link in observe_sample(name).links
    }
    there = {file.name for folder in samples.linked_folders() for file in folder.iterdir()}
    assert linked == {
        "video.mp4",
        "audio.wav",
        "audio.flac",
        "diarization.jsonl",
        "raw_transcription.json",
        "chat_messages.json",
    }
    assert linked <= there


def artifact(name: str) -> bytes:
    return next(folder / name for folder in samples.linked_folders() if (folder / name).exists()).read_bytes()
