"""What travels on each topic. A new sender is a line in `WEBHOOKS`, a new fact one in `facts.FACTS`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from schemas import topics
from schemas.contract import meeting_baas, realtimekit, vonage, waterr
from schemas.contract.message import Message, named
from schemas.contract.models import component
from schemas.facts import FACTS

WEBHOOKS: Final[Mapping[str, Callable[[], Sequence[Message]]]] = {
    "meeting-baas": meeting_baas.messages,
    "realtimekit": realtimekit.messages,
    "vonage": vonage.messages,
    "waterr": waterr.messages,
}


def messages_of(topic: str) -> Sequence[Message]:
    return {topics.WEBHOOKS: _webhooks, topics.EVENTS: _facts, topics.DEAD_LETTERS: _letters}[topic]()


def _webhooks() -> list[Message]:
    return [message for messages in WEBHOOKS.values() for message in messages()]


def _facts() -> list[Message]:
    return [Message(name, meaning, named(name), component(body)) for name, (body, meaning) in FACTS.items()]


def _letters() -> list[Message]:
    return [
        Message(
            "dead-letter",
            "What could not be done: bytes and headers of the record as it was, and the reason beside them.",
            {},
            None,
        )
    ]
