"""WebVTT, SubRip and plain text that no transcript can break."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.captions import as_srt, as_text, as_vtt
from schemas.transcript import Segment, Source, Transcript, Word

_SECONDS = st.none() | st.floats(-10, 1e6) | st.sampled_from([0.0, 0.0004, math.nan, math.inf])
_TEXT = st.text() | st.sampled_from(["a --> b", "a\n\nb", "<b>&amp;</b>", "NOTE x", "\r", "\x1b[31m", "1"])
_WORDS = st.lists(st.builds(Word, text=_TEXT, start=_SECONDS, end=_SECONDS), max_size=4).map(tuple)
_SEGMENTS = st.builds(
    Segment, speaker=st.none() | _TEXT, start=_SECONDS, end=_SECONDS, text=_TEXT, words=_WORDS
)
_TRANSCRIPTS = st.lists(_SEGMENTS, max_size=5).map(lambda segments: _transcript(*segments))


@given(transcript=_TRANSCRIPTS)
def test_any_transcript_is_valid_webvtt(transcript: Transcript) -> None:
    before = 0
    for start, end, text in _vtt_cues(as_vtt(transcript)):
        assert before <= start < end
        before = start
        assert re.fullmatch(r"(<v [^<>\n]+>)?[^<>]+", text)
        assert re.fullmatch(r"([^&]|&(amp|lt|gt);)*", text)


@given(transcript=_TRANSCRIPTS)
def test_any_transcript_is_valid_subrip(transcript: Transcript) -> None:
    numbers = [number for number, _, _ in _srt_cues(as_srt(transcript))]
    assert numbers == list(range(1, len(numbers) + 1))


@given(transcript=_TRANSCRIPTS)
def test_text_has_a_line_a_segment_and_nothing_that_speaks_to_a_terminal(transcript: Transcript) -> None:
    text = as_text(transcript)
    assert text.count("\n") == len(transcript.segments)
    assert re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", text) is None


def test_webvtt_names_the_speaker_and_escapes_what_it_must() -> None:
    transcript = _transcript(Segment(speaker="R&D <x>", start=1, end=2.5, text="a --> b & <i>"))
    assert as_vtt(transcript) == (
        "WEBVTT\n\n00:00:01.000 --> 00:00:02.500\n<v R&amp;D &lt;x&gt;>a --&gt; b &amp; &lt;i&gt;\n"
    )


def test_subrip_names_the_speaker_and_keeps_its_arrows_to_itself() -> None:
    transcript = _transcript(
        Segment(speaker="Ada", start=3600, end=3601, text="a --> b\n\nc"),
        Segment(speaker=None, start=3602, end=3603, text="d"),
    )
    assert as_srt(transcript) == (
        "1\n01:00:00,000 --> 01:00:01,000\nAda: a --\u2060> b c\n\n2\n01:00:02,000 --> 01:00:03,000\nd\n"
    )


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("</B> < i > 1 < 2 <3", "<\u2060/B> <\u2060 i > 1 < 2 <3"),
        ("{\\an8} {x}", "{\u2060\\an8} {x}"),
        ("at 00:00:01,000 00:00:02.5", "at 00:00:01\u2060,000 00:00:02\u2060.5"),
        ("12:30, then 1.5", "12:30, then 1.5"),
    ],
)
def test_what_looks_like_subrips_own_signs_is_shown_and_not_obeyed(said: str, written: str) -> None:
    assert _srt_texts(_transcript(Segment(speaker=None, start=0, end=1, text=said))) == [written]
    assert written.replace("\u2060", "") == said


def test_text_says_when_and_who_where_that_is_known() -> None:
    transcript = _transcript(
        Segment(speaker="Ada", start=3661.9, end=None, text="one"),
        Segment(speaker=None, start=None, end=None, text="two"),
    )
    assert as_text(transcript) == "[01:01:01] Ada: one\ntwo\n"


def test_an_empty_transcript_is_an_empty_file_of_each_kind() -> None:
    assert (as_text(_transcript()), as_vtt(_transcript()), as_srt(_transcript())) == ("", "WEBVTT\n", "")


def test_a_segment_without_text_has_no_cue() -> None:
    assert _vtt_cues(as_vtt(_transcript(Segment(speaker="Ada", start=1, end=2, text=" \n ")))) == []


def test_a_cue_that_would_end_before_it_starts_lasts_as_long_as_its_text() -> None:
    transcript = _transcript(Segment(speaker=None, start=10, end=9, text="x" * 30))
    assert _vtt_cues(as_vtt(transcript)) == [(10_000, 12_000, "x" * 30)]


def test_a_cue_without_times_follows_the_one_before() -> None:
    transcript = _transcript(
        Segment(speaker=None, start=10, end=11, text="one"),
        Segment(speaker=None, start=None, end=None, text="two"),
    )
    assert _vtt_cues(as_vtt(transcript))[1] == (11_000, 11_500, "two")


def test_times_that_only_the_words_have_are_taken_from_them() -> None:
    words = (Word(text="good", start=4, end=4.5), Word(text="morning", start=4.5, end=5))
    transcript = _transcript(Segment(speaker=None, start=None, end=None, text="good morning", words=words))
    assert _vtt_cues(as_vtt(transcript)) == [(4_000, 5_000, "good morning")]


def test_a_long_segment_becomes_cues_that_fit_a_screen_and_lose_no_text() -> None:
    text = " ".join(f"word{number}," for number in range(200))
    cues = _vtt_cues(as_vtt(_transcript(_spoken(text))))
    assert " ".join(cue_text for _, _, cue_text in cues) == text
    assert all(len(cue_text) <= 84 and end - start <= 7_000 for start, end, cue_text in cues)


def test_a_script_without_spaces_is_cut_between_its_words() -> None:
    text = "今日は良い天気ですね" * 20
    words = tuple(Word(text=sign, start=number, end=number + 1) for number, sign in enumerate(text))
    segment = Segment(speaker=None, start=0, end=200, text=text, words=words)
    cues = _vtt_cues(as_vtt(_transcript(segment)))
    assert "".join(cue_text for _, _, cue_text in cues) == text
    assert len(cues) > 20


@pytest.mark.parametrize("word", ["not there", ""])
def test_words_that_do_not_fit_the_text_leave_the_segment_whole(word: str) -> None:
    words = (Word(text=word, start=None, end=None), Word(text="b", start=50, end=60))
    transcript = _transcript(Segment(speaker=None, start=1, end=60, text="a b", words=words))
    assert _vtt_cues(as_vtt(transcript)) == [(1_000, 60_000, "a b")]


def test_a_long_segment_without_words_times_becomes_cues_that_share_its_time() -> None:
    text = " ".join(f"word{number}," for number in range(200))
    cues = _vtt_cues(as_vtt(_transcript(Segment(speaker=None, start=10, end=110, text=text))))
    assert " ".join(cue_text for _, _, cue_text in cues) == text
    assert all(len(cue_text) <= 84 for _, _, cue_text in cues)
    assert [start for start, _, _ in cues[1:]] == [end for _, end, _ in cues[:-1]]
    assert (cues[0][0], cues[-1][1]) == (10_000, 110_000)


def test_a_word_of_a_megabyte_becomes_cues_none_of_which_begins_inside_a_sign() -> None:
    text = "e\u0301ก่" * 250_000
    cues = _vtt_cues(as_vtt(_transcript(Segment(speaker="n" * 100_000, start=0, end=1, text=text))))
    spoken = [cue_text.removeprefix(f"<v {'n' * 84}>") for _, _, cue_text in cues]
    assert "".join(spoken) == text
    assert {cue_text[0] for cue_text in spoken} <= {"e", "ก"}


def test_a_sign_of_a_megabyte_is_cut_all_the_same() -> None:
    cues = _vtt_cues(
        as_vtt(_transcript(Segment(speaker=None, start=0, end=1, text="e" + "\u0301" * 1_000_000)))
    )
    assert max(len(cue_text) for _, _, cue_text in cues) == 168


def test_what_would_turn_the_direction_of_a_line_is_left_out_and_marks_of_a_script_stay() -> None:
    transcript = _transcript(
        Segment(speaker="\u202eadA", start=0, end=1, text="\u2067שלום\u200f \u202dمی\u200cخواهم")
    )
    assert as_text(transcript) == "[00:00:00] adA: שלום\u200f می\u200cخواهم\n"
    assert _vtt_cues(as_vtt(transcript)) == [(0, 1_000, "<v adA>שלום\u200f می\u200cخواهم")]


def test_no_moment_is_beyond_what_players_can_read() -> None:
    transcript = _transcript(
        Segment(speaker=None, start=359_999.9, end=None, text="x" * 84),
        Segment(speaker=None, start=None, end=None, text="y" * 84),
        Segment(speaker=None, start=1e300, end=math.inf, text="z"),
    )
    cues = _vtt_cues(as_vtt(transcript))
    assert [text[0] for _, _, text in cues] == ["x", "y", "z"]
    assert max(end for _, end, _ in cues) == 359_999_999


def test_words_whose_times_go_back_leave_the_segment_whole() -> None:
    words = (Word(text="a", start=100, end=101), Word(text="b", start=1, end=120))
    transcript = _transcript(Segment(speaker=None, start=1, end=120, text="a b", words=words))
    assert _vtt_cues(as_vtt(transcript)) == [(1_000, 120_000, "a b")]


def test_sixty_thousand_words_become_captions() -> None:
    segments = [_spoken(" ".join(["word"] * 1000)) for _ in range(60)]
    transcript = _transcript(*segments)
    assert sum(cue.count("word") for _, _, cue in _vtt_cues(as_vtt(transcript))) == 60_000
    assert as_srt(transcript).count("word") == as_text(transcript).count("word") == 60_000


def _spoken(text: str) -> Segment:
    words = tuple(
        Word(text=word, start=number / 2, end=number / 2 + 0.4) for number, word in enumerate(text.split())
    )
    return Segment(speaker=None, start=0, end=len(words) / 2, text=text, words=words)


def _transcript(*segments: Segment) -> Transcript:
    return Transcript(
        provider="p",
        meeting_id="m",
        version=1,
        language=None,
        duration_seconds=None,
        speakers=(),
        segments=segments,
        source=Source(event="e", shape="s"),
    )


_VTT_TIMES = re.compile(r"(\d{2,}):([0-5]\d):([0-5]\d)\.(\d{3}) --> (\d{2,}):([0-5]\d):([0-5]\d)\.(\d{3})")
_SRT_TIMES = re.compile(r"\d{2,}:[0-5]\d:[0-5]\d,\d{3} --> \d{2,}:[0-5]\d:[0-5]\d,\d{3}")


def _vtt_cues(file: str) -> list[tuple[int, int, str]]:
    """A strict reader: a header, then blocks of a line of times (here in ms) and a line of text."""
    header, *blocks = file.encode().decode().removesuffix("\n").split("\n\n")
    assert header == "WEBVTT"
    cues = []
    for block in blocks:
        times, text = block.split("\n")
        found = _VTT_TIMES.fullmatch(times)
        assert found
        start, end = _milliseconds(found.groups()[:4]), _milliseconds(found.groups()[4:])
        assert "-->" not in text
        cues.append((start, end, text))
    return cues


def _srt_texts(transcript: Transcript) -> list[str]:
    return [text for _, _, text in _srt_cues(as_srt(transcript))]


def _srt_cues(file: str) -> list[tuple[int, str, str]]:
    cues = []
    for block in file.removesuffix("\n").split("\n\n") if file else []:
        number, times, text = block.split("\n")
        assert _SRT_TIMES.fullmatch(times)
        assert "-->" not in text
        cues.append((int(number), times, text))
    return cues


def _milliseconds(parts: tuple[str, ...]) -> int:
    hours, minutes, seconds, rest = map(int, parts)
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + rest
