"""WebVTT and SubRip as other people's libraries read them: what was said, by whom, and when."""

import html
import math
from collections.abc import Sequence

import pysubs2
import webvtt
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.captions import as_srt, as_vtt
from schemas.cues import Cue, cues_of
from schemas.transcript import Segment, Source, Transcript, Word

_HOSTILE = [
    "a --> b",
    "00:00:01.000 --> 00:00:02.000",
    "at 00:00:01,000 and 00:00:02,000",
    "a\n\n2\n00:00:05,000 --> 00:00:06,000\nb",
    "WEBVTT",
    "NOTE x",
    "STYLE\n::cue { color: red }",
    "<v Eve>said by another</v>",
    "<b>bold</b> &amp; &lt;i&gt; < i >",
    "{\\an8}top\\N\\h",
    "[link](https://example.com) **bold** `code`",
    "\x1b[31m\x00\x07\r\x0b\x0c\x85\u2028\u2029",
    "1",
    "שלום \u202eעולם\u200f 123",
    "مرحبا بالعالم",
    "今日は良い天気ですね。" * 20,
    "e\u0301" * 200,
    "\ud83d\ufeff",
    "x" * 3_000,
    "long speech " * 100,
]
_TEXT = st.text(max_size=30) | st.sampled_from(_HOSTILE)
_ODD_SECONDS = [0.0, 0.0004, 359_999.999, math.nan, math.inf, -1.0]
_SECONDS = st.none() | st.floats(-10, 4e5) | st.sampled_from(_ODD_SECONDS)
_SAID = st.tuples(_TEXT, _TEXT).map(" ".join)
_UNTIMED = st.builds(Segment, speaker=st.none() | _TEXT, start=_SECONDS, end=_SECONDS, text=_SAID)
_WORDS = st.lists(st.builds(Word, text=_TEXT, start=st.floats(0, 90), end=_SECONDS), max_size=5)
_SEGMENTS = _UNTIMED | st.builds(lambda segment, words: _saying(segment, words), _UNTIMED, _WORDS)
_TRANSCRIPTS = st.lists(_SEGMENTS, max_size=6).map(lambda segments: _transcript(segments))


@settings(deadline=None)
@given(transcript=_TRANSCRIPTS)
def test_webvtt_says_what_was_said(transcript: Transcript) -> None:
    assert _read_vtt(transcript) == cues_of(transcript)


@settings(deadline=None)
@given(transcript=_TRANSCRIPTS)
def test_subrip_says_what_was_said(transcript: Transcript) -> None:
    said = [
        (cue.start, cue.end, f"{cue.speaker}: {cue.text}" if cue.speaker else cue.text)
        for cue in cues_of(transcript)
    ]
    assert _read_srt(transcript) == said


@settings(deadline=None)
@given(transcript=_TRANSCRIPTS)
def test_nobody_is_shown_with_anothers_words_and_none_are_lost(transcript: Transcript) -> None:
    spoken = [
        segment.model_copy(update={"speaker": f"<{number}> & co"})
        for number, segment in enumerate(transcript.segments)
    ]
    shown = [(cue.speaker, _letters(cue.text)) for cue in _read_vtt(_transcript(spoken))]
    for segment in spoken:
        assert "".join(text for speaker, text in shown if speaker == segment.speaker) == _letters(
            segment.text
        )


def test_an_estimated_length_that_reaches_into_the_next_words_does_not_mix_them() -> None:
    long, late = "今日は良い天気ですね" * 30, "0"
    words = (
        Word(text=long, start=1.0, end=1.0),
        Word(text=late, start=1.5, end=2.0),
    )
    spoken = Segment(speaker="Ada", start=1.0, end=2.0, text=long + late, words=words)
    assert "".join(cue.text for cue in _read_vtt(_transcript([spoken]))) == long + late


def test_a_long_meeting_is_read_whole() -> None:
    transcript = _transcript([_said_at(quarter / 4) for quarter in range(5_000)])
    assert _read_vtt(transcript) == cues_of(transcript)
    assert len(_read_srt(transcript)) == 5_000


def _saying(segment: Segment, words: Sequence[Word]) -> Segment:
    said = " ".join(word.text for word in words)
    return segment.model_copy(update={"text": said, "words": tuple(words)})


def _said_at(seconds: float) -> Segment:
    return Segment(speaker="Ada", start=seconds, end=seconds + 0.25, text=f"said at {seconds}")


def _read_vtt(transcript: Transcript) -> list[Cue]:
    captions = webvtt.from_string(as_vtt(transcript), strict=True).captions
    return [
        Cue(
            start=_ms(caption.start),
            end=_ms(caption.end),
            speaker=html.unescape(caption.voice or ""),
            text=html.unescape(caption.text),
        )
        for caption in captions
    ]


def _read_srt(transcript: Transcript) -> list[tuple[int, int, str]]:
    lines = pysubs2.SSAFile.from_string(as_srt(transcript), format_="srt")
    return [(line.start, line.end, line.text.replace("\u2060", "")) for line in lines]


def _ms(time: str) -> int:
    hours, minutes, seconds = time.split(":")
    return (int(hours) * 60 + int(minutes)) * 60_000 + round(float(seconds) * 1000)


def _letters(text: str) -> str:
    return "".join(sign for sign in text if sign.isalnum())


def _transcript(segments: Sequence[Segment]) -> Transcript:
    return Transcript(
        provider="p",
        meeting_id="m",
        version=1,
        language=None,
        duration_seconds=None,
        speakers=(),
        segments=tuple(segments),
        source=Source(event="e", shape="s"),
    )
