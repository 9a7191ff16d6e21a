"""Each shape of a transcript, by a sample of its own: all tell what is said in one recording."""

import json

import pytest

from adjourn import samples
from schemas.identity import BrokenEvent
from schemas.meeting_baas import parse_transcript, parse_turns
from schemas.speaking import Turn, named
from tests.schemas.payloads import encode
from tests.schemas.transcript_samples import SAID, TIMES, artifact, said, times

V1, REST = "meeting-baas.v1.webhook", "meeting-baas.v1.rest"
OUTPUT, RAW = "meeting-baas.v2.output", "meeting-baas.v2.raw"
BEGAN = 1_772_445_601.266
TURNS = tuple(Turn(speaker, start, end) for (speaker, _), (start, end) in zip(SAID, TIMES, strict=True))


@pytest.mark.parametrize(
    ("shape", "body"),
    [
        (V1, samples.read("webhook-v1/complete").body),
        (V1, samples.read("webhook-v1/complete.flat").body),
        (V1, samples.read("webhook-v1/complete.getting-started").body),
        (REST, artifact("meeting_data.json")),
        (OUTPUT, artifact("output_transcription.json")),
    ],
)
def test_who_said_what_is_the_same_in_every_shape_with_names(shape: str, body: bytes) -> None:
    assert said(parse_transcript(shape, body)) == SAID


def test_v1s_answer_has_the_times_and_the_language_of_the_webhook_and_more() -> None:
    transcript = parse_transcript(REST, artifact("meeting_data.json"))
    assert times(transcript) == TIMES
    assert (transcript.language, transcript.duration_seconds) == ("en", 14)


def test_the_raw_file_has_the_same_words_and_times_and_numbers_for_names() -> None:
    transcript = parse_transcript(RAW, artifact("raw_transcription.json"))
    assert [text for _, text in said(transcript)] == [text for _, text in SAID]
    assert times(transcript) == TIMES
    assert [speaker for speaker, _ in said(transcript)] == ["0 (part 1)", "1 (part 1)", "0 (part 1)"]
    assert (transcript.language, transcript.duration_seconds, transcript.added_up) == ("en", 14, False)


def test_the_times_of_each_part_count_from_the_end_of_the_one_before() -> None:
    transcript = parse_transcript(RAW, artifact("raw_transcription.two-parts.json"))
    assert times(transcript) == TIMES
    assert [speaker for speaker, _ in said(transcript)] == ["0 (part 1)", "0 (part 2)", "1 (part 2)"]
    assert transcript.segments[1].words[0].start == 5.02
    assert (transcript.duration_seconds, transcript.added_up) == (14, True)


def test_a_part_without_a_length_is_as_long_as_what_is_said_in_it() -> None:
    document = json.loads(artifact("raw_transcription.two-parts.json"))
    del document["transcriptions"][0]["metadata"]
    assert times(parse_transcript(RAW, encode(document)))[1] == (3.85, 6.44)


def test_a_part_that_has_only_its_text_is_one_segment() -> None:
    part = {"metadata": {"audio_duration": 5}, "transcription": {"full_transcript": "Good morning."}}
    transcript = parse_transcript(RAW, encode({"transcriptions": [part, part]}))
    assert said(transcript) == [(None, "Good morning.")] * 2
    assert times(transcript) == [(0, 5), (5, 10)]


def test_where_one_part_failed_the_others_are_the_transcript() -> None:
    failed = json.loads(artifact("raw_transcription.failed.json"))["transcriptions"]
    good = json.loads(artifact("raw_transcription.json"))["transcriptions"]
    transcript = parse_transcript(RAW, encode({"transcriptions": [*failed, *good]}))
    assert times(transcript)[0] == (14.52, 17.33)
    assert transcript.reason is None


def test_an_empty_transcript_says_that_no_words_were_found() -> None:
    transcript = parse_transcript(OUTPUT, artifact("output_transcription.empty.json"))
    assert (transcript.segments, transcript.reason) == ((), "The sender found no words.")


def test_a_transcript_of_nothing_but_silence_says_so() -> None:
    body = encode({"result": {"utterances": [{"text": " ", "start": 1, "end": 2}]}})
    assert parse_transcript(OUTPUT, body).reason == "In none of the sender's segments are there words."


def test_an_empty_transcript_says_how_much_could_not_be_transcribed() -> None:
    transcript = parse_transcript(RAW, artifact("raw_transcription.failed.json"))
    assert transcript.segments == ()
    assert transcript.reason == "The sender could not transcribe 1 of 1 parts of the recording."


def test_another_providers_raw_file_is_none_of_these() -> None:
    with pytest.raises(BrokenEvent, match=r"transcriptions\[0\]: not as Gladia's"):
        parse_transcript(RAW, artifact("raw_transcription.deepgram.json"))


def test_scripts_with_and_without_spaces_and_words_that_bring_their_own() -> None:
    transcript = parse_transcript(OUTPUT, artifact("output_transcription.scripts.json"))
    assert said(transcript) == [
        ("佐藤 陽菜", "木曜日に発売です。"),
        ("สมชาย", "ขอบคุณครับ"),
        ("ليلى", "شكرا جزيلا."),
        ("Grace Okafor", "Unbelievable, isn't it?"),
    ]


def test_numbers_are_told_as_their_digits() -> None:
    transcript = parse_transcript(OUTPUT, artifact("output_transcription.numbers.json"))
    assert [speaker for speaker, _ in said(transcript)] == ["1", "2", "1"]


def test_v2s_log_of_who_spoke_when() -> None:
    assert parse_turns(artifact("diarization.jsonl"), None) == TURNS


def test_v2s_log_may_be_one_array() -> None:
    lines = [json.loads(line) for line in artifact("diarization.jsonl").splitlines()]
    assert parse_turns(json.dumps(lines, indent=2).encode(), None) == TURNS


def test_v1s_log_of_who_was_seen_to_speak() -> None:
    turns = parse_turns(artifact("speaker_diarization.jsonl"), BEGAN)
    assert [(turn.speaker, round(turn.start, 3)) for turn in turns] == [
        ("Ada Lindqvist", 0.5),
        ("Grace Okafor", 5),
        ("Ada Lindqvist", 9.6),
    ]
    assert [round(turn.end, 3) for turn in turns] == [3.4, 7.7, float("inf")]


@pytest.mark.parametrize("began", [None, BEGAN - 7 * 86_400])
def test_where_nobody_knows_when_the_recording_began_the_log_begins_with_it(began: float | None) -> None:
    turns = parse_turns(artifact("speaker_diarization.jsonl"), began)
    assert [round(turn.start, 3) for turn in turns] == [0.4, 4.9, 9.5]


@pytest.mark.parametrize(
    ("log", "began"), [("diarization.jsonl", None), ("speaker_diarization.jsonl", BEGAN)]
)
@pytest.mark.parametrize(
    ("shape", "file"),
    [
        (OUTPUT, "output_transcription.nameless.json"),
        (RAW, "raw_transcription.json"),
        (RAW, "raw_transcription.two-parts.json"),
    ],
)
def test_either_log_names_the_speakers_of_every_shape(
    log: str, began: float | None, shape: str, file: str
) -> None:
    segments = parse_transcript(shape, artifact(file)).segments
    spoken = named(segments, parse_turns(artifact(log), began), {}, [])
    assert [segment.speaker for segment in spoken] == [speaker for speaker, _ in SAID]


@pytest.mark.parametrize("body", [b"<html>", b"[1, 2]", b'{"error": "gone"}', b"\xff", b"nothing of it"])
def test_a_file_that_is_no_such_log_is_broken(body: bytes) -> None:
    with pytest.raises(BrokenEvent, match="not a log"):
        parse_turns(body, None)


@pytest.mark.parametrize("body", [b"", b" \n", b"[]"])
def test_an_empty_log_has_no_turns(body: bytes) -> None:
    assert parse_turns(body, None) == ()


def test_a_log_that_was_cut_off_tells_what_it_has() -> None:
    assert parse_turns(artifact("diarization.jsonl")[:-10], None) == TURNS[:2]
