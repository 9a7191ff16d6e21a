"""Waterr's transcripts and analyses, in each shape that is published and some that are not."""

import json
from typing import Any

import pytest

from adjourn import samples
from schemas.identity import BrokenEvent
from schemas.meeting import ParsedSummary, ParsedTranscript
from schemas.summary import SummaryHead
from schemas.summary_page import given_as_markdown
from schemas.waterr import parse_summary, parse_transcript
from schemas.waterr.summaries import ANALYSIS
from schemas.waterr.transcripts import SENTENCES

SAID = [
    ("Ada Lindqvist", 1.0, "Good morning. The launch is on Thursday."),
    ("Grace Okafor", 5.0, "Then I will send the invitations today."),
    ("Ada Lindqvist", 9.0, "Thank you. Let us meet again on Friday."),
]
SENTENCE = {"speaker": "Ada", "message": "good morning", "start_duration": 1, "sequence_number": 1}


def transcript(answer: Any) -> ParsedTranscript:
    return parse_transcript(SENTENCES, json.dumps(answer).encode())


def summary(answer: Any) -> ParsedSummary:
    return parse_summary(ANALYSIS, json.dumps(answer).encode())


def section(parsed: ParsedSummary, title: str) -> list[str]:
    return [text for one in parsed.sections if one.title == title for text, _ in one.items]


@pytest.mark.parametrize("place", ["meetings", "transcripts/meeting"])
def test_the_samples_of_the_api_say_the_same(place: str) -> None:
    folder = samples.api_folder("waterr") / "v1" / place
    [file] = folder.glob("*.json")
    segments = parse_transcript(SENTENCES, file.read_bytes()).segments
    assert [(one.speaker, one.start, one.text) for one in segments] == SAID


def test_sentences_are_in_the_order_of_their_numbers() -> None:
    numbers = [3, "1", 2]
    sentences = [{**SENTENCE, "message": str(number), "sequence_number": number} for number in numbers]
    found = transcript({"sentenced_transcripts": sentences}).segments
    assert [segment.text for segment in found] == ["1", "2", "3"]


@pytest.mark.parametrize(
    "answer",
    [
        [SENTENCE],
        {"data": [SENTENCE]},
        {"success": True, "data": [{"id": "t", "sentences": [SENTENCE]}]},
        {
            "status": "success",
            "data": {"id": 1, "sentenced_transcripts": [SENTENCE], "participants": [{"name": "x"}]},
        },
        [{"id": "t", "segments": [{"text": "good morning", "start": "1", "name": "Ada"}]}],
    ],
)
def test_sentences_are_found_in_whatever_is_around_them(answer: Any) -> None:
    [segment] = transcript(answer).segments
    assert (segment.speaker, segment.start, segment.text) == ("Ada", 1.0, "good morning")


def test_what_is_broken_in_a_sentence_costs_no_other() -> None:
    odd = [
        {**SENTENCE, "start_duration": "soon", "speaker": None},
        {**SENTENCE, "start_duration": -1},
        {**SENTENCE, "message": None},
        "text",
        None,
    ]
    found = transcript({"sentenced_transcripts": odd}).segments
    assert [(segment.speaker, segment.start) for segment in found] == [(None, None), ("Ada", None)]


def test_a_transcript_without_sentences_says_so() -> None:
    assert transcript({"data": {"sentenced_transcripts": []}}).reason == "it holds no sentences"


@pytest.mark.parametrize("answer", [{}, {"data": {"id": 1}}, "text", 7, None])
def test_what_holds_no_list_is_no_transcript(answer: Any) -> None:
    with pytest.raises(BrokenEvent):
        transcript(answer)


@pytest.mark.parametrize("shape", ["waterr.other", ""])
def test_another_shape_is_refused(shape: str) -> None:
    with pytest.raises(BrokenEvent):
        parse_transcript(shape, b"[]")
    with pytest.raises(BrokenEvent):
        parse_summary(shape, b"{}")


def test_a_list_in_lists_ends_somewhere() -> None:
    deep = json.loads("[" * 200 + "]" * 200)
    assert transcript(deep).segments == ()


def test_webhook_and_legacy_twin_say_the_same() -> None:
    bodies = [samples.read(f"waterr/{era}/session.analysis_complete").body for era in ("webhook", "legacy")]
    assert parse_summary(ANALYSIS, bodies[0]) == parse_summary(ANALYSIS, bodies[1])


def test_a_webhook_says_all_that_it_has() -> None:
    found = parse_summary(ANALYSIS, samples.read("waterr/webhook/session.analysis_complete").body)
    assert found.overview[0].startswith("The launch is on Thursday.")
    assert [one.title for one in found.sections] == [
        "Highlights",
        "Goals",
        "Strengths",
        "Growth areas",
        "Recommendations",
        "Scores",
    ]
    assert found.sections[0].items == (("The launch is on Thursday", 1.0), ("Invitations today", 5.0))
    assert section(found, "Goals")[0] == "Clear next steps: 4: Each step has a person and a day."


@pytest.mark.parametrize(
    ("goals", "told"),
    [
        ({"goal_results": [{"goal": "G", "result": {"score": 4, "feedback": "F"}}]}, "G: 4: F"),
        ({"GoalResults": [{"goal_id": "7", "score": "4.5", "feedback": "F"}]}, "4.5: F"),
        (
            {"goal_results": [{"goal": "G", "score": 4, "short_description": "", "long_description": "L"}]},
            "G: 4: L",
        ),
        ({"goals": [{"name": "N", "score": 0, "feedback": None}]}, "N: 0"),
    ],
)
def test_goals_are_read_in_each_of_their_shapes(goals: dict[str, Any], told: str) -> None:
    for answer in ({"analysis": goals}, {"data": {"analysis": goals}}, {"data": goals}, goals):
        assert section(summary(answer), "Goals") == [told]


@pytest.mark.parametrize(
    "value", ["one\ntwo", ["one", "two"], ["one", "", None, "two"], [{"a": "one"}, "two"]]
)
def test_text_and_arrays_are_the_same(value: Any) -> None:
    assert section(summary({"summary": "s", "strengths": value}), "Strengths") == ["one", "two"]


@pytest.mark.parametrize("answer", [{}, [], None, "x", {"analysis": {}}, {"data": {"analysis_id": "a"}}])
def test_what_holds_no_analysis_is_none(answer: Any) -> None:
    with pytest.raises(BrokenEvent):
        summary(answer)


def test_nothing_that_they_write_is_markup() -> None:
    parsed = summary(
        {"summary": "# big <script>alert(1)</script>", "strengths": ["[x](javascript:1)", "*b*"]}
    )
    head = SummaryHead.model_validate(
        {
            "by": "waterr",
            "provider": "waterr",
            "meeting_id": "7",
            "transcript_version": None,
            "transcript_sha256": None,
            "language": None,
            "made_at": "2026-06-27T09:21:25Z",
        }
    )
    page = given_as_markdown(head, parsed)
    assert "<script>" not in page
    assert "\n\\# big" in page
    assert r"\[x\](javascript:1)" in page
