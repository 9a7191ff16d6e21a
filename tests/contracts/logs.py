"""What the log's contract is written in: short words for appending, taking and looking."""

import asyncio
from collections.abc import Sequence

from infra.eventlog.base import EventLog, Subscription
from schemas.envelope import Record
from schemas.topics import WEBHOOKS

DEADLINE_SECONDS = 20


async def append(eventlog: EventLog, value: bytes | str, key: str = "bot-1", topic: str = WEBHOOKS) -> None:
    await eventlog.append(topic, key=key, value=_bytes(value), headers={"ce_id": "e1"})


async def take(subscription: Subscription, count: int, at_once: int = 100) -> list[Record]:
    """The next `count` records, no more."""
    records: list[Record] = []
    async with asyncio.timeout(DEADLINE_SECONDS):
        while len(records) < count:
            records += await subscription.fetch(min(at_once, count - len(records)))
    return records


async def everything(eventlog: EventLog, topic: str = WEBHOOKS) -> list[Record]:
    return [record async for record in eventlog.scan(topic)]


def values(records: Sequence[Record]) -> list[str]:
    return [record.value.decode() for record in records]


def _bytes(value: bytes | str) -> bytes:
    return value.encode() if isinstance(value, str) else value
