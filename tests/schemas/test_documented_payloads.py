"""Whatever the sender's own schemas allow is accepted, in every envelope, with fields that nobody named."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.meeting_baas import identify, observe, parse_transcript
from tests.schemas.documented import DATA, ENVELOPES, SURPRISES
from tests.schemas.payloads import record

Envelope = Callable[[str, dict[str, Any], object], dict[str, Any]]

FEW = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)  # times 18 events


@pytest.mark.parametrize(("channel", "name"), DATA)
@FEW
@given(drawn=st.data(), envelope=ENVELOPES, above=SURPRISES, inside=SURPRISES)
def test_what_the_documents_allow_is_accepted(
    channel: str,
    name: str,
    drawn: st.DataObject,
    envelope: Envelope,
    above: dict[str, Any],
    inside: dict[str, Any],
) -> None:
    data = drawn.draw(DATA[channel, name])
    body = json.dumps({**above, **envelope(name, {**inside, **data}, {"customer_id": "northwind"})}).encode()
    identity = identify(body, channel)
    assert identity.type == name
    assert identity.key == (data.get("bot_id") or data["calendar_id"])


@pytest.mark.parametrize(("channel", "name"), [key for key in DATA if not key[1].startswith("calendar.")])
@FEW
@given(drawn=st.data(), first=ENVELOPES, second=ENVELOPES, surprises=SURPRISES)
def test_an_event_says_the_same_in_every_envelope(
    channel: str,
    name: str,
    drawn: st.DataObject,
    first: Envelope,
    second: Envelope,
    surprises: dict[str, Any],
) -> None:
    data = drawn.draw(DATA[channel, name])
    bare = json.dumps(first(name, data, None)).encode()
    adorned = json.dumps({**surprises, **second(name, {**data, **surprises}, {"a": 1})}).encode()
    assert observe(record(bare, name)) == observe(record(adorned, name))


@FEW
@given(data=DATA["webhook-v1", "complete"], envelope=ENVELOPES)
def test_a_transcript_that_a_completion_announces_can_be_read(
    data: dict[str, Any], envelope: Envelope
) -> None:
    body = json.dumps(envelope("complete", data, None)).encode()
    observation = observe(record(body, "complete"))
    assert observation is not None
    if observation.transcript is None:
        assert not data.get("transcript")
    else:
        segments = parse_transcript(observation.transcript.shape, body).segments
        assert len(segments) <= len(data["transcript"])
        starts = [segment.start for segment in segments if segment.start is not None]
        assert starts == sorted(starts)
