"""The contract as one AsyncAPI 3 document: https://www.asyncapi.com/docs/reference/specification/v3.0.0."""

from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel

from schemas import topics
from schemas.contract.headers import DeadLetterHeaders, EventHeaders
from schemas.contract.message import Message
from schemas.contract.messages import messages_of
from schemas.contract.models import Schema, component, components
from schemas.facts import FACTS
from schemas.manifest import Manifest
from schemas.transcript import Transcript

VERSION: Final = 1
"""The major version: raised when something that subscribers rely on changes, and then only."""

MAX_MESSAGE_BYTES: Final = 33 * 1024 * 1024
"""Of a record with its key and headers: what a client must be able to fetch at once."""

STORED: Final[Mapping[str, type[BaseModel]]] = {"manifest.json": Manifest, "transcript.json": Transcript}
"""Documents in the object store, by name."""

_KAFKA_BINDING: Final = "0.5.0"
_KEY: Final[Schema] = {
    "type": ["string", "null"],
    "description": "The id of the meeting (calendar, alert rule): one meeting's records are in one partition,"
    " in order. Null for what is about none.",
}
_WHAT_IT_HOLDS: Final = {
    topics.WEBHOOKS: "Every authentic webhook, its body unchanged.",
    topics.EVENTS: "Facts: what the pipeline itself did and found out.",
    topics.DEAD_LETTERS: "What could not be done, with its bytes, its headers and the reason.",
}


def asyncapi() -> Schema:
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Adjourn",
            "version": str(VERSION),
            "description": "What happens after a meeting ends, for those who subscribe to it. Delivery is at"
            " least once. Within this version changes only add: pass over fields, headers and types that"
            " you do not know.",
        },
        "defaultContentType": "application/json",
        "servers": {
            "kafka": {
                "host": "{bootstrap}",
                "protocol": "kafka",
                "variables": {"bootstrap": {"default": "localhost:9092", "description": "a broker"}},
            }
        },
        "channels": {topic: _channel(topic) for topic in topics.TOPICS},
        "operations": {f"append-{topic}": _operation(topic) for topic in topics.TOPICS},
        "components": {
            "messages": {
                message.name: _message(message, topic)
                for topic in topics.TOPICS
                for message in messages_of(topic)
            },
            "schemas": components(
                [EventHeaders, DeadLetterHeaders, *(fact.body for fact in FACTS.values()), *STORED.values()]
            ),
        },
        "x-stored-documents": {name: component(model) for name, model in STORED.items()},
    }


def _channel(topic: str) -> Schema:
    return {
        "address": "{prefix}" + topic,
        "description": _WHAT_IT_HOLDS[topic],
        "parameters": {
            "prefix": {
                "default": "",
                "description": "What stands before every name where a cluster is shared, such as `staging.`.",
            }
        },
        "messages": {
            message.name: {"$ref": f"#/components/messages/{message.name}"} for message in messages_of(topic)
        },
        "bindings": {
            "kafka": {
                "topicConfiguration": _configuration(topic),
                "bindingVersion": _KAFKA_BINDING,
            }
        },
    }


def _configuration(topic: str) -> Schema:
    """What `adjourn setup` sees to. How long webhooks and facts are kept is a setting."""
    kept_for_ever = {"retention.ms": -1} if topic == topics.DEAD_LETTERS else {}
    return {"cleanup.policy": ["delete"], "max.message.bytes": MAX_MESSAGE_BYTES, **kept_for_ever}


def _operation(topic: str) -> Schema:
    return {"action": "send", "channel": {"$ref": f"#/channels/{topic}"}}


def _message(message: Message, topic: str) -> Schema:
    headers = component(DeadLetterHeaders if topic == topics.DEAD_LETTERS else EventHeaders)
    narrowed = [{"properties": {"ce_type": message.types}}] if message.types else []
    made: Schema = {
        "name": message.name,
        "summary": message.summary,
        "headers": {"type": "object", "allOf": [headers, *narrowed]},
        "bindings": {"kafka": {"key": _KEY, "bindingVersion": _KAFKA_BINDING}},
    }
    if message.payload is not None:
        made["payload"] = message.payload
    if not message.is_ours:
        made["x-promised-by"] = "the sender"
    return made
