"""Transcripts of Meeting BaaS in our shape: order, times, words, languages."""

import json
import time
from typing import Any

import pytest

from schemas.identity import BrokenEvent
from schemas.meeting import ParsedTranscript
from schemas.meeting_baas import parse_transcript
from tests.schemas.payloads import encode, event

V1, REST, V2 = "meeting-baas.v1.webhook", "meeting-baas.v1.rest", "meeting-baas.v2.output"


def v1(*segments: object) -> ParsedTranscript:
    return parse_transcript(V1, event("complete", transcript=segments))


def v2(*utterances: object, **result: Any) -> ParsedTranscript:
    return parse_transcript(V2, encode({"result": {"utterances": utterances, **result}}))


def words(*texts: str) -> list[dict[str, object]]:
    return [{"word": text, "start": float(n), "end": n + 0.5} for n, text in enumerate(texts)]


def test_a_segment_has_its_speaker_its_times_and_its_words() -> None:
    (segment,) = v1(
        {"speaker": "Ada", "start_time": 1.5, "end_time": 4, "words": words("Hello", "all")}
    ).segments
    assert (segment.speaker, segment.start, segment.end, segment.text) == ("Ada", 1.5, 4, "Hello all")
    assert [(word.text, word.start, word.end) for word in segment.words] == [
        ("Hello", 0, 0.5),
        ("all", 1, 1.5),
    ]


@pytest.mark.parametrize(
    ("shape", "document"),
    [
        (
            V1,
            {
                "event": "complete",
                "data": {"transcript": [{"words": [{"word": "Hi", "start": 1, "end": 2}]}]},
            },
        ),
        (V1, {"event": "complete", "transcript": [{"text": "Hi", "start_time": 1, "end_time": 2}]}),
        (REST, {"bot_data": {"transcripts": [{"words": [{"text": "Hi", "start_time": 1, "end_time": 2}]}]}}),
        (V2, {"result": {"utterances": [{"text": "Hi", "start": 1, "end": 2}]}}),
    ],
)
def test_every_shape_is_read(shape: str, document: object) -> None:
    (segment,) = parse_transcript(shape, encode(document)).segments
    assert (segment.speaker, segment.start, segment.end, segment.text) == (None, 1, 2, "Hi")


@pytest.mark.parametrize(
    ("segment", "times"),
    [
        ({"start_time": 3, "end_time": 9}, (3, 9)),
        ({"offset": 4}, (4, None)),
        ({"offset": 4, "start_time": 3, "end_time": None, "words": words("a", "b")}, (3, None)),
        ({"words": words("a", "b")}, (0, 1.5)),
        ({"start_time": "2.5", "end_time": "3"}, (2.5, 3)),
        ({"start_time": -1, "end_time": "later"}, (None, None)),
        ({"start_time": 5, "end_time": 4}, (5, None)),
        ({"start_time": True, "end_time": []}, (None, None)),
        ({"start_time": -0.1, "end_time": None, "words": words("a", "b", "c")}, (0, 2.5)),
    ],
)
def test_what_is_no_time_is_taken_from_the_words_or_not_known(
    segment: dict[str, object], times: tuple[float | None, float | None]
) -> None:
    (read,) = v1({"text": "Hi", **segment}).segments
    assert (read.start, read.end) == times


def test_nan_and_infinity_are_not_times() -> None:
    document = (
        b'{"result": {"total_duration": NaN, "utterances": [{"text": "Hi", "start": NaN, "end": Infinity}]}}'
    )
    transcript = parse_transcript(V2, document)
    assert (transcript.segments[0].start, transcript.segments[0].end) == (None, None)
    assert transcript.duration_seconds is None


def test_segments_come_in_order_of_time() -> None:
    segments = v2(
        *({"text": text, "start": start} for text, start in (("c", 9), ("a", 1), ("b", 5)))
    ).segments
    assert [segment.text for segment in segments] == ["a", "b", "c"]


def test_segments_of_one_moment_stay_as_they_came() -> None:
    segments = v2(*({"text": text, "start": 1} for text in "bca")).segments
    assert [segment.text for segment in segments] == ["b", "c", "a"]


def test_a_segment_without_a_time_stays_behind_the_one_before_it() -> None:
    segments = v2({"text": "c", "start": 9}, {"text": "d"}, {"text": "a", "start": 1}, {"text": "b"}).segments
    assert [segment.text for segment in segments] == ["a", "b", "c", "d"]


def test_segments_in_which_nothing_is_said_are_left_out() -> None:
    assert (
        v1(
            {"speaker": "Ada", "words": []}, {"text": "  "}, {"words": [{"word": ""}, {"word": None}]}
        ).segments
        == ()
    )


def test_an_empty_transcript_is_a_transcript() -> None:
    assert v1() == ParsedTranscript(None, None, (), reason="The sender found no words.")


def test_the_senders_text_is_kept_where_there_is_one() -> None:
    (segment,) = v2({"text": " I'd say:\n yes. ", "words": words("I", "would", "say")}).segments
    assert segment.text == "I'd say: yes."
    assert [word.text for word in segment.words] == ["I", "would", "say"]


def test_words_may_carry_their_own_spaces() -> None:
    (segment,) = v1({"words": words(" Good", " mor", "ning", " all.")}).segments
    assert segment.text == "Good morning all."
    assert [word.text for word in segment.words] == ["Good", "mor", "ning", "all."]


def test_a_word_may_be_only_text() -> None:
    (segment,) = v1({"words": ["Hello", "all"]}).segments
    assert (segment.text, segment.words[0].start) == ("Hello all", None)


@pytest.mark.parametrize(
    ("given", "read"), [(0.93, 0.93), (1, 1), (1.2, None), (-1, None), ("high", None), (None, None)]
)
def test_confidence_is_between_0_and_1_or_not_known(given: object, read: float | None) -> None:
    (segment,) = v2({"words": [{"word": "Hi", "confidence": given}]}).segments
    assert segment.words[0].confidence == read


@pytest.mark.parametrize(("given", "read"), [("Ada", "Ada"), (1, "1"), ("", None), (None, None), ({}, None)])
def test_a_speaker_has_a_name_or_none(given: object, read: str | None) -> None:
    assert v2({"text": "Hi", "speaker": given}).segments[0].speaker == read


def test_the_language_is_the_one_in_which_most_was_said() -> None:
    transcript = v2(
        {"text": "Good morning, everybody.", "language": "en"},
        {"text": "Bonjour.", "language": "fr"},
        {"text": "Oui.", "language": "fr"},
        languages=["fr", "en"],
    )
    assert transcript.language == "en"


def test_where_no_segment_names_its_language_the_announced_one_counts() -> None:
    assert v2({"text": "Salve."}, languages=["la"]).language == "la"
    assert v2({"text": "Salve."}, languages=[]).language is None


def test_v1s_rest_names_languages_and_length() -> None:
    body = {"duration": 61, "bot_data": {"transcripts": [{"lang": "de", "words": [{"text": "Ja."}]}]}}
    transcript = parse_transcript(REST, encode(body))
    assert (transcript.language, transcript.duration_seconds) == ("de", 61)


def test_half_a_surrogate_pair_does_not_cost_the_transcript() -> None:
    body = rb'{"event": "complete", "data": {"transcript": [{"text": "Hi \ud83d"}]}}'
    assert parse_transcript(V1, body).segments[0].text == "Hi ?"


@pytest.mark.parametrize(
    ("shape", "body", "reason"),
    [
        (V1, b"{", "not JSON"),
        (V1, b"<Error>expired</Error>", "not JSON"),
        (V1, b"[]", "not a list"),
        (V1, event("complete"), "not a list"),
        (V1, event("complete", transcript={"words": []}), "not a list"),
        (V1, event("complete", transcript=["Hello"]), r"data\.transcript\[0\]: not an object"),
        (REST, encode({"bot_data": None}), r"bot_data\.transcripts: not a list"),
        (V2, encode({"result": []}), r"result\.utterances: not a list"),
        (V2, event("complete", transcript=[]), r"result\.utterances: not a list"),
        ("vonage.archive", b"{}", "not a shape"),
    ],
)
def test_what_is_not_in_the_shape_is_broken_and_says_where(shape: str, body: bytes, reason: str) -> None:
    with pytest.raises(BrokenEvent, match=reason):
        parse_transcript(shape, body)


def test_sixty_thousand_words_take_less_than_a_second() -> None:
    segments = [
        {"speaker": f"Speaker {n % 4}", "start_time": n * 2.4, "words": words(*["word"] * 10)}
        for n in range(6000)
    ]
    body = event("complete", transcript=segments)
    took_seconds = []
    for _ in range(3):
        began = time.process_time()
        transcript = parse_transcript(V1, body)
        took_seconds.append(time.process_time() - began)
    assert sum(len(segment.words) for segment in transcript.segments) == 60_000
    assert min(took_seconds) < 1


def test_a_transcript_survives_its_own_json() -> None:
    (segment,) = v2({"text": "東京 🗼", "speaker": "Zoë", "start": 0.1, "end": 0.2}).segments
    assert json.loads(segment.model_dump_json())["text"] == "東京 🗼"
