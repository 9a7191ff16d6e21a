"""Summaries that a meeting's sender made itself: `summary.md`, before any of ours.

A sender that always makes one may say that it cannot: then ours is made.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

from consumers.asking import api_of
from consumers.base import Consumer, Services
from consumers.copying.wanted import Wanted
from consumers.forgotten import Forgotten, refuse_forgotten
from consumers.observed import observed
from consumers.summaries import summarise_again
from consumers.summary_document import Made, standing, store
from consumers.transcribing.reading import fetch
from consumers.urgency import soonest_expiry
from infra.errors import Poison, Retryable
from schemas.envelope import Record
from schemas.facts import Fact
from schemas.identity import BrokenEvent
from schemas.meeting import Link, Observation, SummarySource
from schemas.provider import ProviderSchema
from schemas.providers import provider_of
from schemas.summary import SummaryHead
from schemas.summary_page import given_as_markdown
from schemas.topics import WEBHOOKS

_MOST_BYTES: Final = 4 * 1024 * 1024
_TRANSCRIPT_SECONDS: Final = 60
"""How long after a sender said that it makes none its transcript may still be on its way into the store."""


async def handle(
    record: Record, services: Services, *, now_seconds: Callable[[], float] = time.time
) -> Sequence[Fact]:
    """Store the summary that a webhook holds or links to; have one made where it says that there is none.

    Of two that differ the one that the sender made later stands. Nothing is stored of a meeting that was
    forgotten.
    """
    provider = provider_of(record)
    if provider is None or not provider.makes_summaries:  # to read every event of it takes time
        return ()
    said = observed(record)
    if said is None:
        return ()
    with suppress(Forgotten):
        if said.summary is not None:
            return await _keep(record, said, said.summary, provider, services)
        if said.no_summary:
            return await _make_ours(record, said, services, now_seconds())
    return ()


CONSUMER: Final = Consumer("given-summaries", (WEBHOOKS,), handle, urgency=soonest_expiry)


async def _keep(
    record: Record, said: Observation, source: SummarySource, provider: ProviderSchema, services: Services
) -> Sequence[Fact]:
    key = (said.provider, said.meeting_id)
    async with services.database.reading() as tx:
        await refuse_forgotten(tx, *key)
    body = await _body(record, said, source, services)
    try:
        parsed = await asyncio.to_thread(provider.parse_summary, source.shape, body)
    except BrokenEvent as error:
        raise Poison(f"not a summary that we can read: {error}") from error
    made_at = said.at or datetime.fromtimestamp(record.time_ms / 1000, UTC)
    head = SummaryHead(
        by=provider.name,
        provider=said.provider,
        meeting_id=said.meeting_id,
        transcript_version=None,
        transcript_sha256=None,
        language=None,
        made_at=made_at,
    )
    made = Made(head, given_as_markdown(head, parsed).encode())
    before = await standing(key, services)
    if before is not None and not before.is_ours and before.head.made_at > made_at:
        return ()

    async def unless() -> str | None:
        return None

    return (await store(key, made, record.id, services, stored_at=datetime.now(UTC), unless=unless),)


async def _body(record: Record, said: Observation, source: SummarySource, services: Services) -> bytes:
    if source.ask_first:
        answer = await api_of(said.provider, services).final_event(said.meeting_id, record.type)
        if answer is None:
            raise Retryable("The sender's API has no summary of this meeting now.")
        return answer.body
    if source.url is not None:
        return await fetch(_wanted(record, said, source), services, _MOST_BYTES)
    return record.value


def _wanted(record: Record, said: Observation, source: SummarySource) -> Wanted:
    link = next((link for link in said.links if link.url == source.url), None)
    return Wanted(link or Link("summary", source.url or ""), said, record.id, record.type)


async def _make_ours(
    record: Record, said: Observation, services: Services, now_seconds: float
) -> Sequence[Fact]:
    if services.summariser is None or await standing((said.provider, said.meeting_id), services) is not None:
        return ()
    fact = await summarise_again((said.provider, said.meeting_id), services, cause=record.id)
    if fact is None and now_seconds < record.time_ms / 1000 + _TRANSCRIPT_SECONDS:
        raise Retryable("The sender makes no summary, and its transcript is not stored yet.", 15)
    return () if fact is None else (fact,)
