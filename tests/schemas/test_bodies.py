"""Any bytes at all: an event, a broken event, or not an event; never another exception."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.identity import BrokenEvent, Identity, NotAnEvent
from schemas.meeting_baas import identify, observe, parse_transcript
from tests.schemas.payloads import BOT, encode, event, record, status

CHANNELS = ("webhook-v1", "webhook-v2", "callback", "alert")
NAMES = (
    "bot.status_change",
    "complete",
    "failed",
    "bot.completed",
    "bot.chat_message",
    "calendar.sync_events",
)

NOT_EVENTS = {
    "empty": b"",
    "blank": b"  \n",
    "null": b"null",
    "a number": b"7",
    "text": b'"complete"',
    "an array": b'[{"event": "complete"}]',
    "truncated": event("complete")[:-5],
    "followed by more": event("complete") + b"{}",
    "a form": b"event=complete&bot_id=1",
    "with a byte order mark": b"\xef\xbb\xbf" + event("complete"),
    "UTF-16": event("complete").decode().encode("utf-16"),
    "not UTF-8": b'{"event": "complete", "data": {"bot_id": "\xff\xfe"}}',
    "a control character in text": b'{"event": "com\nplete"}',
    "100,000 brackets": b"[" * 100_000,
    "100,000 brackets, closed": b'{"event": "x", "data": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "100,000 objects": b'{"data":' * 100_000 + b"1" + b"}" * 100_000,
    "10^5000": b'{"event": "complete", "data": {"bot_id": 1' + b"0" * 5000 + b"}}",
    "two keys without a comma": b'{"event": "complete" "data": {}}',
}

ANY_PACE = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # the machine may be busy

TEXT = st.text(st.characters(exclude_categories=()))  # halves of surrogate pairs too
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
KNOWN_NAMES = """bot_id calendar_id alert_rule_id alert_type status code created_at sent_at error message_id
    sender_name video mp4 transcription participants speakers transcript duration_seconds joined_at
    data_deleted start_time affected_event_uuids last_updated_ts"""
KNOWN_FIELDS = st.sampled_from(KNOWN_NAMES.split())
PLAUSIBLE = JSON | st.just(BOT) | st.dictionaries(KNOWN_FIELDS, JSON, max_size=4)
PARTS = st.dictionaries(KNOWN_FIELDS, PLAUSIBLE, max_size=8)


@st.composite
def nearly_events(draw: st.DrawFn) -> dict[str, Any]:
    """Objects with the right field names and anything under them."""
    body = draw(PARTS)
    body |= draw(
        st.fixed_dictionaries({}, optional={"event": st.sampled_from(NAMES) | JSON, "data": PARTS | JSON})
    )
    return body


@pytest.mark.parametrize("name", NOT_EVENTS)
@pytest.mark.parametrize("channel", CHANNELS)
def test_what_is_no_json_object_is_not_an_event(name: str, channel: str) -> None:
    with pytest.raises(NotAnEvent) as caught:
        identify(NOT_EVENTS[name], channel)
    reason = str(caught.value)
    assert reason.isprintable()
    assert 3 < len(reason) < 120


@pytest.mark.parametrize("name", NOT_EVENTS)
def test_a_record_that_is_not_an_event_is_broken_for_consumers(name: str) -> None:
    with pytest.raises(BrokenEvent):
        observe(record(NOT_EVENTS[name]))


@ANY_PACE
@given(st.binary(max_size=200) | st.binary(max_size=60).map(lambda tail: event("complete")[:-1] + tail))
def test_any_bytes_are_judged(body: bytes) -> None:
    for channel in CHANNELS:
        assert isinstance(judged(identify, body, channel), Identity | NotAnEvent | BrokenEvent)


@ANY_PACE
@given(nearly_events(), st.sampled_from(CHANNELS))
def test_any_object_is_an_event_or_broken_and_consumers_agree(value: dict[str, Any], channel: str) -> None:
    body = json.dumps(value).encode()
    verdict = judged(identify, body, channel)
    assert isinstance(verdict, Identity | BrokenEvent)
    reading = judged(observe, record(body, verdict.type))
    assert isinstance(reading, BrokenEvent) == isinstance(verdict, BrokenEvent)


@ANY_PACE
@given(nearly_events(), st.sampled_from(CHANNELS))
def test_names_and_keys_are_printable_and_short_whatever_came(value: dict[str, Any], channel: str) -> None:
    verdict = judged(identify, json.dumps(value).encode(), channel)
    assert isinstance(verdict, Identity | BrokenEvent)
    assert verdict.type.isascii()
    assert verdict.type.isprintable()
    assert 0 < len(verdict.type) <= 106
    assert verdict.key.isprintable()
    assert len(verdict.key) <= 256


@ANY_PACE
@given(JSON, st.sampled_from(("meeting-baas.v1.webhook", "meeting-baas.v1.rest", "meeting-baas.v2.output")))
def test_any_json_as_a_transcript_is_read_or_broken(value: Any, shape: str) -> None:
    segment = {
        "words": value,
        "text": value,
        "start": value,
        "end": value,
        "speaker": value,
        "language": value,
    }
    for document in (
        value,
        {"transcript": value},
        {"transcript": [segment]},
        {"bot_data": {"transcripts": [segment, segment]}},
        {"result": {"utterances": [segment], "languages": value, "total_duration": value}},
    ):
        outcome = judged(parse_transcript, shape, json.dumps(document).encode())
        assert not isinstance(outcome, Exception) or isinstance(outcome, BrokenEvent)


@pytest.mark.parametrize("half", [rb"\ud800", rb"\udfff", rb"Ada \ud83d"])
def test_half_a_surrogate_pair_does_not_cost_the_event(half: bytes) -> None:
    body = (
        b'{"event": "bot.chat_message", "data": {"bot_id": "b", "message_id": "1", "sender_name": "'
        + half
        + b'"}}'
    )
    assert identify(body, "webhook-v2").key == "b"
    observation = observe(record(body))
    assert observation is not None
    assert observation.detail.encode().decode().endswith("?")


def test_an_id_of_half_a_surrogate_pair_is_kept_as_what_can_be_written() -> None:
    assert identify(rb'{"event": "complete", "data": {"bot_id": "b\ud800"}}', "webhook-v1").key == "b?"


def test_a_few_hundred_levels_are_only_unusual() -> None:
    deep: list[Any] = []
    for _ in range(400):
        deep = [deep]
    assert identify(event("complete", extra=deep), "webhook-v1").key == BOT


def test_nan_and_repeated_keys_are_read_as_python_reads_them() -> None:
    body = b'{"event": "complete", "data": {"bot_id": "a", "bot_id": "b", "duration_seconds": NaN}}'
    assert identify(body, "webhook-v1").key == "b"
    assert observe(record(body)) is not None


def test_bodies_may_be_indented_and_their_text_escaped() -> None:
    value = json.loads(status("call_ended"))
    spellings = (json.dumps(value, indent=4).encode(), encode(value).replace(b"bot_id", rb"b\u006ft_id"))
    assert {identify(body, "webhook-v1") for body in spellings} == {
        identify(status("call_ended"), "webhook-v1")
    }


def judged(reading: Callable[..., object], *arguments: object) -> object:
    """What the reading returns, or the error it is allowed to raise."""
    try:
        return reading(*arguments)
    except (NotAnEvent, BrokenEvent) as error:
        return error
