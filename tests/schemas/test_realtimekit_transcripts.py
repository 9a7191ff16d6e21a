"""RealtimeKit's transcripts in CSV and JSON, and its summaries in plain text and Markdown."""

import csv
import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adjourn import samples
from schemas.identity import BrokenEvent
from schemas.meeting import ParsedTranscript
from schemas.realtimekit import parse_summary, parse_transcript

FILE, TEXT = "realtimekit.transcript", "realtimekit.summary"
SAID = [
    ("Ada Lindqvist", "Good morning. The launch is on Thursday."),
    ("Grace Okafor", "Then I will send the invitations today."),
    ("Ada Lindqvist", "Thank you. Let us meet again on Friday."),
]
BEGAN = datetime(2026, 6, 3, 10, 0, 1, 520_000, tzinfo=UTC)


def artifact(name: str) -> bytes:
    folders = [folder for folder in samples.linked_folders() if "realtimekit" in folder.parts]
    return (folders[0] / f"weekly-sync.{name}").read_bytes()


def rows(*rows: list[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows(rows)
    return text.getvalue().encode()


def row(start: str, text: str, name: str = "Ada", custom_id: str = "c-1") -> list[str]:
    return [start, "p-1", "u-1", custom_id, name, text]


def parse(data: bytes) -> ParsedTranscript:
    return parse_transcript(FILE, data)


@pytest.mark.parametrize(
    "name", ["transcript.csv", "transcript.times.csv", "transcript.header.csv", "transcript.json"]
)
def test_every_dialect_tells_the_conversation_of_the_recording(name: str) -> None:
    parsed = parse(artifact(name))
    assert [(segment.speaker, segment.text) for segment in parsed.segments] == SAID
    assert parsed.reason is None


def test_milliseconds_count_from_the_start() -> None:
    parsed = parse(artifact("transcript.csv"))
    assert [segment.start for segment in parsed.segments] == [0.52, 5.02, 9.6]
    assert parsed.began_at is None


@pytest.mark.parametrize("name", ["transcript.times.csv", "transcript.header.csv"])
def test_times_of_the_day_count_from_the_first_and_say_when_that_was(name: str) -> None:
    parsed = parse(artifact(name))
    assert [segment.start for segment in parsed.segments] == [0.0, 4.5, 9.08]
    assert parsed.began_at == BEGAN


def test_only_json_tells_ends() -> None:
    assert [segment.end for segment in parse(artifact("transcript.json")).segments] == [3.33, 7.61, 12.57]
    assert {segment.end for segment in parse(artifact("transcript.csv")).segments} == {None}


def test_rows_are_put_in_order_and_those_without_words_left_out() -> None:
    parsed = parse(rows(row("5000", "later"), row("6000", "  "), row("1000", "first")))
    assert [(segment.start, segment.text) for segment in parsed.segments] == [(1.0, "first"), (5.0, "later")]


def test_text_may_hold_commas_quotes_and_line_breaks() -> None:
    parsed = parse(rows(row("1", 'He said: "yes, no"\r\nand left')))
    assert parsed.segments[0].text == 'He said: "yes, no" and left'


def test_commas_that_nobody_quoted_belong_to_the_text() -> None:
    assert parse(b"1,p,u,c,Ada,yes, and no\n").segments[0].text == "yes, and no"


def test_a_byte_order_mark_is_no_part_of_the_first_time() -> None:
    assert parse(b"\xef\xbb\xbf" + rows(row("1500", "hello"))).segments[0].start == 1.5


def test_a_megabyte_in_one_field_is_read() -> None:
    assert len(parse(rows(row("1", "word " * 250_000))).segments[0].text) > 10**6


@pytest.mark.parametrize("name", ["", " "])
def test_who_has_no_name_has_the_id_that_we_gave_them(name: str) -> None:
    assert parse(rows(row("1", "hi", name, "user-7"))).segments[0].speaker == "user-7"
    assert parse(rows(row("1", "hi", name, ""))).segments[0].speaker is None


@pytest.mark.parametrize("time", ["", "soon", "-5", "NaN", "Infinity", "9e99", "2026-13-45T00:00:00Z"])
def test_what_is_no_time_is_not_known(time: str) -> None:
    parsed = parse(rows(row("1000", "one"), row(time, "two")))
    assert [(segment.start, segment.text) for segment in parsed.segments] == [(1.0, "one"), (None, "two")]


@pytest.mark.parametrize("data", [b"", b"\n", b"[]", rows(["Timestamp", "a", "b", "c", "d", "Transcript"])])
def test_an_empty_transcript_says_that_there_are_no_words(data: bytes) -> None:
    parsed = parse(data)
    assert (parsed.segments, parsed.reason) == ((), "The sender found no words.")


@pytest.mark.parametrize(
    "data",
    [
        b"<html><body>Forbidden</body></html>",
        b"Access denied",
        b'"1","p","u","c","Ada","hi"\n"2","p"\n',
        b"\xff\xfe\x00",
        b'{"success": false}',
        b"[7]",
        b"[{",
    ],
)
def test_what_is_no_transcript_is_said_to_be_none(data: bytes) -> None:
    with pytest.raises(BrokenEvent):
        parse(data)


def test_another_shape_is_not_read() -> None:
    with pytest.raises(BrokenEvent):
        parse_transcript("meeting-baas.v2.output", b"")


_CELLS = st.text(max_size=20)


@given(st.lists(st.lists(_CELLS, min_size=6, max_size=6), max_size=5))
def test_any_six_columns_are_a_transcript(cells: list[list[str]]) -> None:
    kept = [each for each in cells if any(cell.strip() for cell in each)]
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([["0", "p", "u", "c", "n", "t"], *kept])
    for segment in parse(text.getvalue().encode("utf-8", "replace")).segments:
        assert segment.text
        assert segment.start is None or segment.start >= 0


_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@given(st.lists(st.fixed_dictionaries({"startTime": _VALUES, "endTime": _VALUES, "peerData": _VALUES})))
def test_whatever_stands_in_json_is_read_or_left_out(objects: list[dict[str, Any]]) -> None:
    data = json.dumps([each | {"sentence": "hi"} for each in objects]).encode()
    assert len(parse(data).segments) == len(objects)


def test_a_summary_in_markdown_has_its_parts() -> None:
    summary = parse_summary(TEXT, artifact("summary.md"))
    assert summary.overview == ("The launch is on Thursday, and the invitations go out today.",)
    assert [(part.title, [item for item, _ in part.items]) for part in summary.sections] == [
        ("Key points", ["The launch is on Thursday.", "The group meets again on Friday."]),
        ("Action items", ["Grace Okafor sends the invitations today."]),
    ]


def test_a_summary_in_plain_text_is_its_paragraphs() -> None:
    summary = parse_summary(TEXT, artifact("summary.txt") + b"\nOn Friday they meet.\n")
    assert summary.overview == (
        "The launch is on Thursday. Grace Okafor sends the invitations today, and the group meets again on "
        "Friday.",
        "On Friday they meet.",
    )
    assert summary.sections == ()


@pytest.mark.parametrize("data", [b"", b" \n\n", b"\xff\xfe"])
def test_a_summary_without_words_is_none(data: bytes) -> None:
    with pytest.raises(BrokenEvent):
        parse_summary(TEXT, data)


@given(st.text())
def test_any_text_is_a_summary_or_said_to_be_none(text: str) -> None:
    data = text.encode("utf-8", "replace")
    try:
        summary = parse_summary(TEXT, data)
    except BrokenEvent:
        return
    assert summary.overview or summary.sections
