"""Handlers that tests of replay are written in."""

from collections.abc import Sequence

from consumers.base import Consumer, Handler, Services
from infra.errors import Poison, Retryable
from schemas.envelope import Record
from schemas.facts import Fact
from schemas.topics import WEBHOOKS


async def fails(record: Record, services: Services) -> Sequence[Fact]:
    raise Poison("gone")


async def never_ready(record: Record, services: Services) -> Sequence[Fact]:
    raise Retryable("still away")


async def bug(record: Record, services: Services) -> Sequence[Fact]:
    raise KeyError("field")


async def works(record: Record, services: Services) -> Sequence[Fact]:
    return ()


def recordings(handle: Handler = works) -> Consumer:
    return Consumer("recordings", (WEBHOOKS,), handle)


def transcripts(handle: Handler = works) -> Consumer:
    return Consumer("transcripts", (WEBHOOKS,), handle)


def seeing(into: list[str]) -> Handler:
    """Works, and keeps the ids of what it saw."""

    async def sees(record: Record, services: Services) -> Sequence[Fact]:
        into.append(record.id)
        return ()

    return sees
