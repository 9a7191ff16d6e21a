"""Vonage's transcriptions, whose format nobody has published, are read as far as any transcript can be."""

import io
import json
import zipfile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adjourn import samples
from schemas.identity import BrokenEvent
from schemas.meeting import ParsedTranscript
from schemas.vonage import parse_transcript
from schemas.vonage.transcripts import SHAPE


def parsed(document: Any) -> ParsedTranscript:
    return parse_transcript(SHAPE, json.dumps(document).encode())


def said(document: Any) -> list[tuple[str | None, float | None, float | None, str]]:
    return [(one.speaker, one.start, one.end, one.text) for one in parsed(document).segments]


@pytest.mark.parametrize(
    "document",
    [
        {"segments": [{"speaker": "Ada", "start": 1.5, "end": 2, "text": "Good day."}]},
        {"x": {"y": [{"name": "Ada", "startTimeMs": 1500, "endTimeMs": 2000, "content": "Good day."}]}},
        {
            "x": [
                {
                    "participant": {"name": "Ada"},
                    "start_ms": "1500",
                    "end_ms": "2e3",
                    "transcript": "Good day.",
                }
            ]
        },
        [{"connectionData": "Ada", "startTimeOffset": 1500, "end": "2.0", "sentence": "Good day."}],
        {"x": [[{"speakerName": "Ada", "start_time": 1.5, "end_time": 2.0, "utterance": "Good day."}]]},
    ],
)
def test_what_was_said_is_found_by_whatever_names(document: Any) -> None:
    assert said(document) == [("Ada", 1.5, 2.0, "Good day.")]


@pytest.mark.parametrize(
    ("told", "speaker"),
    [('{"name": "Ada"}', "Ada"), ('{"userName": "Ada"}', "Ada"), ("{ada}", "{ada}"), ("{}", None)],
)
def test_what_an_application_says_of_somebody_may_hold_a_name(told: str, speaker: str | None) -> None:
    (segment,) = parsed([{"connectionData": told, "text": "Good day."}]).segments
    assert segment.speaker == speaker


def test_words_tell_what_their_segment_does_not() -> None:
    words = [{"word": "Good", "start": 1, "end": 1.5, "confidence": 0.9}, {"text": "day.", "end_ms": 2000}]
    (segment,) = parsed([{"speaker": 2, "words": words}]).segments

    assert (segment.speaker, segment.start, segment.end, segment.text) == ("2", 1, 2, "Good day.")
    assert [(word.text, word.start, word.confidence) for word in segment.words] == [
        ("Good", 1, 0.9),
        ("day.", None, None),
    ]


def test_the_list_that_says_most_is_the_transcript() -> None:
    document = {
        "participants": [{"name": "Ada"}],
        "chapters": [{"text": "Hello"}],
        "summary": "They said good day.",
        "segments": [{"text": "Good day to you."}, {"text": "And to you."}],
    }
    assert [text for *_, text in said(document)] == ["Good day to you.", "And to you."]


def test_segments_stand_in_order_of_time() -> None:
    assert [text for *_, text in said([{"start": 5, "text": "b"}, {"start": 1, "text": "a"}])] == ["a", "b"]


def test_the_language_and_the_length_are_told() -> None:
    document = {"languageCode": "en-US", "duration_ms": 14_000, "segments": [{"text": "a"}]}
    assert (parsed(document).language, parsed(document).duration_seconds) == ("en-US", 14)


@pytest.mark.parametrize("document", [{"segments": []}, []])
def test_an_empty_transcription_is_one(document: Any) -> None:
    assert parsed(document).segments == ()
    assert parsed(document).reason is not None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html>",
        b"7",
        b'"text"',
        b"{}",
        b'{"error": "gone"}',
        b"[[1]]",
        b'[{"id": 7}]',
        b"PK\x03\x04rub",
    ],
)
def test_what_is_no_transcription_is_told_as_such(data: bytes) -> None:
    with pytest.raises(BrokenEvent):
        parse_transcript(SHAPE, data)


def test_another_shape_is_not_read() -> None:
    with pytest.raises(BrokenEvent):
        parse_transcript("meeting-baas.v2.output", b"[]")


def test_a_transcription_in_a_zip_is_read_there() -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("readme.txt", "hello")
        archive.writestr("x/transcription.JSON", json.dumps([{"text": "Good day."}]))

    (segment,) = parse_transcript(SHAPE, held.getvalue()).segments
    assert segment.text == "Good day."


def test_a_zip_without_a_transcription_is_none() -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(BrokenEvent, match="zip without"):
        parse_transcript(SHAPE, held.getvalue())


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["text", "words", "word", "start", "end_ms", "speaker", "name", "confidence", "x"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=25,
    )
)
def test_no_json_at_all_is_more_than_it_can_stand(document: Any) -> None:
    try:
        found = parsed(document)
    except BrokenEvent:
        return
    assert all(one.text for one in found.segments)


def test_the_sample_says_what_the_recording_says() -> None:
    files = [folder / "post_call_transcription.json" for folder in samples.linked_folders()]
    (file,) = [file for file in files if file.exists()]
    found = parse_transcript(SHAPE, file.read_bytes())

    assert [(one.speaker, one.text) for one in found.segments] == [
        ("Ada Lindqvist", "Good morning. The launch is on Thursday."),
        ("Grace Okafor", "Then I will send the invitations today."),
        ("Ada Lindqvist", "Thank you. Let us meet again on Friday."),
    ]
