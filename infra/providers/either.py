"""Two APIs for the meetings of one sender: the second is asked for what the first knows nothing of."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from infra.errors import Retryable
from infra.providers.base import (
    Ended,
    FinalEvent,
    Holdings,
    NotOffered,
    ProviderApi,
    TranscriptDocument,
    Transcription,
    UnknownUpstream,
)
from schemas.meeting import Link


@asynccontextmanager
async def open_either(
    first: AbstractAsyncContextManager[ProviderApi], second: AbstractAsyncContextManager[ProviderApi]
) -> AsyncIterator[ProviderApi]:
    async with first as one, second as another:
        yield Either(one, another)


@dataclass(frozen=True, slots=True)
class Either:
    """What the first says of a meeting counts, unless it knows no such meeting."""

    first: ProviderApi
    second: ProviderApi

    async def links(self, meeting_id: str, event_type: str) -> Sequence[Link]:
        try:
            return await self.first.links(meeting_id, event_type)
        except UnknownUpstream:
            return await self.second.links(meeting_id, event_type)

    async def holdings(self, meeting_id: str, event_type: str) -> Holdings:
        try:
            return await self.first.holdings(meeting_id, event_type)
        except UnknownUpstream:
            return await self.second.holdings(meeting_id, event_type)

    async def delete(self, meeting_id: str, event_type: str) -> None:
        try:
            await self.first.delete(meeting_id, event_type)
        except UnknownUpstream:
            await self.second.delete(meeting_id, event_type)

    async def ended(self, since: datetime) -> AsyncIterator[Ended]:
        """All that either says; where one breaks off, the other is read to its end all the same. One that has
        no such list is no trouble as long as the other has."""
        broken: Retryable | None = None
        lacking: list[NotOffered] = []
        for api in (self.first, self.second):
            try:
                async for one in api.ended(since):
                    yield one
            except Retryable as error:
                broken = error
            except NotOffered as error:
                lacking.append(error)
        if broken is not None:
            raise broken
        if len(lacking) == 2:
            raise lacking[0]

    async def final_event(self, meeting_id: str, event_type: str) -> FinalEvent | None:
        try:
            return await self.first.final_event(meeting_id, event_type)
        except UnknownUpstream:
            return await self.second.final_event(meeting_id, event_type)

    async def transcript(self, meeting_id: str, event_type: str) -> TranscriptDocument | None:
        try:
            return await self.first.transcript(meeting_id, event_type)
        except UnknownUpstream:
            return await self.second.transcript(meeting_id, event_type)

    async def transcription(self, meeting_id: str, event_type: str) -> Transcription:
        return await self.first.transcription(meeting_id, event_type)

    async def retranscribe(
        self, meeting_id: str, event_type: str, *, provider: str | None, language: str | None, key: str | None
    ) -> None:
        await self.first.retranscribe(meeting_id, event_type, provider=provider, language=language, key=key)
