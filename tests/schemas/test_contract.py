"""The generated documents: well formed, complete, and true of every sample event."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from adjourn import samples
from infra.eventlog.kafka.topics import wanted
from schemas.contract.documents import documents
from schemas.contract.messages import WEBHOOKS as WEBHOOK_MESSAGES
from schemas.dead_letter import dead_letter_headers
from schemas.envelope import Record
from schemas.facts import FACTS
from schemas.providers import PROVIDERS
from schemas.topics import DEAD_LETTERS, EVENTS, TOPICS, WEBHOOKS
from tests.schemas.contract import ASYNCAPI, kept, messages_for, payload_faults, schema_file
from tests.schemas.documented import DATA, ENVELOPES, SURPRISES
from tests.schemas.receiving import received
from tests.schemas.test_documented_payloads import FEW, Envelope

JSON_SCHEMAS = [name.removeprefix("json/") for name in documents() if name.startswith("json/")]


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for each in part.values():
            yield from references(each)
    elif isinstance(part, list):
        for each in part:
            yield from references(each)


@pytest.mark.parametrize("name", JSON_SCHEMAS)
def test_a_json_schema_is_one(name: str) -> None:
    Draft202012Validator.check_schema(schema_file(name))


def test_every_schema_in_the_asyncapi_document_is_one() -> None:
    for message in ASYNCAPI["components"]["messages"].values():
        for schema in (message["headers"], message.get("payload", {}), message["bindings"]["kafka"]["key"]):
            Draft202012Validator.check_schema(schema)
    for schema in ASYNCAPI["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_every_reference_leads_somewhere() -> None:
    found = set(references(ASYNCAPI))
    assert len(found) > len(FACTS)
    for reference in found:
        part = ASYNCAPI
        for step in reference.removeprefix("#/").split("/"):
            part = part[step]


def test_the_topics_are_ours_behind_a_prefix() -> None:
    assert [channel["address"] for channel in ASYNCAPI["channels"].values()] == [
        f"{{prefix}}{topic}" for topic in TOPICS
    ]


@pytest.mark.parametrize("topic", TOPICS)
def test_a_topic_is_said_to_be_configured_as_setup_does_it(topic: str) -> None:
    said = ASYNCAPI["channels"][topic]["bindings"]["kafka"]["topicConfiguration"]
    done = wanted(topic, retention_days=30, replication=3)
    assert {name: value if isinstance(value, list) else str(value) for name, value in said.items()} == {
        name: [done[name]] if name == "cleanup.policy" else done[name] for name in said
    }


def test_every_sender_has_messages_and_every_fact_is_one() -> None:
    assert WEBHOOK_MESSAGES.keys() == PROVIDERS.keys()
    assert list(ASYNCAPI["channels"][EVENTS]["messages"]) == list(FACTS)
    assert {f"{name}.json" for name in FACTS} <= set(JSON_SCHEMAS)


@pytest.mark.parametrize("name", samples.names())
def test_a_sample_is_the_message_that_has_its_type(name: str) -> None:
    sample = samples.read(name)
    record = received(sample.body, sample.channel, sample.provider)
    message = kept(record)
    assert message in ASYNCAPI["components"]["messages"]
    assert record.type == message or record.type.startswith(f"{message}.")


@pytest.mark.parametrize(("channel", "name"), DATA)
@FEW
@given(drawn=st.data(), envelope=ENVELOPES, above=SURPRISES, inside=SURPRISES)
def test_what_the_documents_of_a_sender_allow_is_a_message(
    channel: str,
    name: str,
    drawn: st.DataObject,
    envelope: Envelope,
    above: dict[str, Any],
    inside: dict[str, Any],
) -> None:
    data = drawn.draw(DATA[channel, name])
    body = {**above, **envelope(name, {**inside, **data}, {"customer_id": "northwind"})}
    assert kept(received(json.dumps(body).encode(), channel)) == f"meeting-baas.{name}"


@pytest.mark.parametrize(("channel", "name"), DATA)
@FEW
@given(drawn=st.data())
def test_what_stands_partly_in_data_and_partly_beside_nulls_is_a_message(
    channel: str, name: str, drawn: st.DataObject
) -> None:
    fields = drawn.draw(DATA[channel, name])
    inside = drawn.draw(st.sets(st.sampled_from(sorted(fields))))
    data = {field: fields[field] if field in inside else None for field in fields}
    beside = {field: value for field, value in fields.items() if field not in inside}
    body = {**beside, "event": name, "data": data}
    assert kept(received(json.dumps(body).encode(), channel)) == f"meeting-baas.{name}"


def test_an_event_that_nobody_knows_is_any_other_of_its_sender() -> None:
    record = received(b'{"event": "bot.levitated", "data": {"bot_id": "b"}}', "webhook-v2")
    assert kept(record) == "meeting-baas.any-other"


def test_an_event_that_lacks_what_we_rely_on_is_no_message() -> None:
    assert payload_faults("meeting-baas.complete", {"data": {}})
    assert payload_faults("meeting-baas.complete", {"data": {"bot_id": "b", "mp4": {}}})
    assert payload_faults("meeting-baas.bot.status_change", {"data": {"bot_id": "b", "status": {"code": 7}}})
    assert not payload_faults("meeting-baas.complete", {"data": {"bot_id": "b", "mp4": None}})


def test_a_letter_without_its_reason_is_no_dead_letter() -> None:
    record = received(samples.read("webhook-v1/complete").body, "webhook-v1")
    headers = dead_letter_headers(
        record.headers,
        consumer="recordings",
        kind="poison",
        error="gone",
        attempts=3,
        topic=WEBHOOKS,
        partition=1,
        offset=7,
        time="2026-01-02T03:04:05.000Z",
    )
    for left_out in [name for name in headers if name.startswith("dl_")]:
        rest = {name: value for name, value in headers.items() if name != left_out}
        assert messages_for(Record(DEAD_LETTERS, 0, 1, record.key, 0, rest, record.value)) == []
    assert kept(Record(DEAD_LETTERS, 0, 1, record.key, 0, headers, record.value)) == "dead-letter"
