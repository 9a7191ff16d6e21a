"""Transcripts that nobody should send: nothing of them may be lost, take long, or break who reads on."""

import json
import math
import time
import unicodedata
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.captions import as_srt, as_text, as_vtt
from schemas.identity import BrokenEvent
from schemas.meeting import ParsedTranscript
from schemas.meeting_baas import parse_transcript, parse_turns
from schemas.speaking import named
from schemas.transcript import Source, Transcript
from tests.schemas.payloads import encode

SHAPES: dict[str, Callable[[Any], object]] = {
    "meeting-baas.v1.webhook": lambda said: {"event": "complete", "data": {"transcript": said}},
    "meeting-baas.v1.rest": lambda said: {"bot_data": {"transcripts": said}},
    "meeting-baas.v2.output": lambda said: {"result": {"utterances": said}},
    "meeting-baas.v2.raw": lambda said: {"transcriptions": [{"transcription": {"utterances": said}}] * 2},
}
_MONTH = 30 * 24 * 3600

_SCALAR = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
_ANYTHING = st.recursive(
    _SCALAR,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)
_TIME = (
    st.floats()
    | st.integers()
    | st.sampled_from(["1.5", "-1", "NaN", "later", "1e999", 1e308, 1_772_445_601_266])
)
_WORD = st.fixed_dictionaries(
    {"word": st.text(max_size=6)}, optional={"start": _TIME, "end": _TIME, "confidence": _TIME}
)
_SAID = st.lists(
    st.fixed_dictionaries(
        {"words": st.lists(_WORD | st.text(max_size=6), max_size=4)},
        optional={
            "speaker": _SCALAR,
            "start": _TIME,
            "start_time": _TIME,
            "end": _TIME,
            "end_time": _TIME,
            "offset": _TIME,
            "language": _SCALAR,
        },
    ),
    max_size=5,
)
_EVERY_SHAPE = pytest.mark.parametrize("shape", SHAPES)


def parsed(shape: str, said: object) -> ParsedTranscript:
    return parse_transcript(shape, json.dumps(SHAPES[shape](said)).encode())


def letters(text: str) -> Counter[str]:
    return Counter(one for one in text if not one.isspace() and unicodedata.category(one) != "Cc")


@_EVERY_SHAPE
@settings(deadline=None)
@given(document=_ANYTHING)
def test_whatever_comes_is_read_or_broken(shape: str, document: object) -> None:
    for body in (json.dumps(document).encode(), json.dumps(SHAPES[shape](document)).encode()):
        with suppress(BrokenEvent):
            parse_transcript(shape, body)


@settings(deadline=None)
@given(body=st.binary(max_size=50) | _ANYTHING.map(lambda value: json.dumps(value).encode()))
def test_whatever_comes_as_a_log_is_read_or_broken(body: bytes) -> None:
    try:
        turns = parse_turns(body, 0)
    except BrokenEvent:
        return
    assert all(0 <= turn.start < turn.end for turn in turns)


@_EVERY_SHAPE
@settings(deadline=None)
@given(said=_SAID)
def test_times_are_within_reach_and_segments_in_their_order(shape: str, said: list[Any]) -> None:
    segments = parsed(shape, said).segments
    starts = [segment.start for segment in segments if segment.start is not None]
    assert starts == sorted(starts)
    spans = [(segment.start, segment.end) for segment in segments]
    spans += [(word.start, word.end) for segment in segments for word in segment.words]
    for span in spans:
        known = [at for at in span if at is not None]
        assert known == sorted(known)
        assert all(math.isfinite(at) and 0 <= at <= _MONTH for at in known)


@_EVERY_SHAPE
@settings(deadline=None)
@given(said=_SAID)
def test_nothing_that_is_said_is_lost(shape: str, said: list[Any]) -> None:
    times = 2 if shape.endswith("raw") else 1
    words = [word if isinstance(word, str) else word["word"] for one in said for word in one["words"]]
    transcript = parsed(shape, said)
    assert letters("".join(segment.text for segment in transcript.segments)) == letters(
        "".join(words * times)
    )
    assert (transcript.reason is None) == bool(transcript.segments)


@settings(deadline=None)
@given(said=_SAID)
def test_what_is_read_can_be_shown_and_kept(said: list[Any]) -> None:
    segments = parsed("meeting-baas.v2.output", said).segments
    source = Source(event="e", shape="s")
    transcript = Transcript(
        provider="p",
        meeting_id="m",
        version=1,
        language=None,
        duration_seconds=None,
        speakers=(),
        segments=segments,
        source=source,
    )
    assert Transcript.model_validate_json(transcript.model_dump_json()) == transcript
    assert as_vtt(transcript).startswith("WEBVTT")
    assert as_text(transcript).count("\n") >= len(segments)
    assert ("-->" in as_srt(transcript)) == bool(as_srt(transcript))


@pytest.mark.parametrize("of", [1, 60])
def test_words_of_a_megabyte_are_words(of: int) -> None:
    words = [{"word": "a" * 1_000_000, "start": n, "end": n + 1} for n in range(of)]
    began = time.process_time()
    (segment,) = parsed("meeting-baas.v2.output", [{"words": words}]).segments
    assert time.process_time() - began < 15
    assert (len(segment.words), len(segment.text)) == (of, of * 1_000_001 - 1)


def test_a_name_of_a_megabyte_is_cut_and_a_language_that_is_none_is_not_known() -> None:
    said = [{"text": "Hi", "speaker": "A" * 1_000_000, "language": "e" * 1_000_000}]
    transcript = parsed("meeting-baas.v2.output", said)
    assert transcript.segments[0].speaker == "A" * 500
    assert transcript.language is None


def test_control_characters_are_in_no_text_no_word_and_no_name() -> None:
    said = [
        {"speaker": "A\x00da", "words": [{"word": "Good\x1b\x07"}, {"word": "\x00"}, {"word": "all\u0085."}]}
    ]
    (segment,) = parsed("meeting-baas.v2.output", said).segments
    assert (segment.speaker, segment.text) == ("Ada", "Good all .")
    assert [word.text for word in segment.words] == ["Good", "all ."]


def test_a_text_of_nothing_but_control_characters_is_made_of_the_words() -> None:
    (segment,) = parsed("meeting-baas.v2.output", [{"text": "\x00\x07", "words": ["Hi"]}]).segments
    assert segment.text == "Hi"


def test_segments_that_overlap_all_keep_their_times() -> None:
    said = [
        {"text": text, "start": start, "end": start + 10} for text, start in (("b", 5), ("a", 1), ("c", 6))
    ]
    assert [(one.text, one.start, one.end) for one in parsed("meeting-baas.v2.output", said).segments] == [
        ("a", 1, 11),
        ("b", 5, 15),
        ("c", 6, 16),
    ]


def test_four_hours_that_name_nobody_are_joined_with_their_log_in_seconds() -> None:
    said = [
        {
            "start": n * 2.4,
            "end": n * 2.4 + 2.4,
            "words": [{"word": "word", "start": n * 2.4 + w * 0.24} for w in range(10)],
        }
        for n in range(6000)
    ]
    lines = [{"speaker": f"S{n % 5}", "start_time": n * 2.4, "end_time": n * 2.4 + 2.4} for n in range(6000)]
    body = encode({"result": {"utterances": said}})
    log = b"\n".join(encode(line) for line in lines)
    began = time.process_time()
    segments = parse_transcript("meeting-baas.v2.output", body).segments
    spoken = named(segments, parse_turns(log, None), {}, ())
    assert time.process_time() - began < 10
    assert [segment.speaker for segment in spoken] == [f"S{n % 5}" for n in range(6000)]
