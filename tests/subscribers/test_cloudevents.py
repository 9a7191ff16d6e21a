"""Others' CloudEvents SDK reads our records as the specification has them."""

import json

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event

from adjourn import samples
from infra.eventlog.kafka.records import message_headers, message_key
from schemas.dead_letter import dead_letter_headers
from schemas.envelope import Record
from tests.schemas.receiving import received


def message(record: Record) -> KafkaMessage:
    """As a subscriber's client gives it."""
    return KafkaMessage(dict(message_headers(record.headers)), message_key(record.key), record.value)


@pytest.mark.parametrize("name", samples.names())
def test_a_webhook_is_a_cloudevent(name: str) -> None:
    sample = samples.read(name)
    record = received(sample.body, sample.channel, sample.provider)
    event = from_binary_event(message(record))
    assert event.get_specversion() == "1.0"
    assert (event.get_id(), event.get_type()) == (record.id, record.type)
    assert (event.get_source(), event.get_subject()) == (f"/webhooks/{sample.provider}", record.key)
    time = event.get_time()
    assert time is not None
    assert time.utcoffset() is not None
    assert event.get_datacontenttype() == "application/json"
    assert event.get_data() == json.loads(sample.body)
    assert event.get_extension("partitionkey") == record.key


def test_a_dead_letter_is_still_the_cloudevent_it_was() -> None:
    record = received(samples.read("webhook-v1/complete").body, "webhook-v1")
    headers = dead_letter_headers(
        record.headers,
        consumer="recordings",
        kind="poison",
        error="it is gone",
        attempts=1,
        topic=record.topic,
        partition=0,
        offset=1,
        time="2026-01-02T03:04:05.000Z",
    )
    letter = Record("meetings.dead-letters", 0, 1, record.key, 0, headers, record.value)
    assert from_binary_event(message(letter)).get_attributes() == (
        from_binary_event(message(record)).get_attributes()
    )
