"""One face for both generations: the type of a meeting's event tells which of them has the meeting."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from infra.providers.base import (
    Ended,
    FinalEvent,
    Holdings,
    ProviderApi,
    TranscriptDocument,
    Transcription,
    UnknownUpstream,
)
from infra.providers.meeting_baas.final import final_event_in_v1, final_event_in_v2
from infra.providers.meeting_baas.listing import ended
from infra.providers.meeting_baas.session import opened_session
from infra.providers.meeting_baas.v1 import V1
from infra.providers.meeting_baas.v2 import V2
from schemas.meeting import Link
from schemas.meeting_baas import v1, v2


@asynccontextmanager
async def open_meeting_baas(
    url: str, key: str, *, timeout_seconds: float = 30, pause_seconds: float = 1
) -> AsyncIterator[ProviderApi]:
    """The API at `url` (without `/v2`), asked with `key`. A call takes `timeout_seconds` at most, besides the
    time for which it waits for its turn."""
    async with opened_session(url, key, timeout_seconds, pause_seconds) as session:
        yield MeetingBaas(V1(session), V2(session))


@dataclass(frozen=True, slots=True)
class MeetingBaas:
    v1: V1
    v2: V2

    async def links(self, meeting_id: str, event_type: str) -> Sequence[Link]:
        return await self._generation(event_type).links(meeting_id)

    async def holdings(self, meeting_id: str, event_type: str) -> Holdings:
        return await self._generation(event_type).holdings(meeting_id)

    async def delete(self, meeting_id: str, event_type: str) -> None:
        await self._generation(event_type).delete(meeting_id)

    async def transcript(self, meeting_id: str, event_type: str) -> TranscriptDocument | None:
        return await self._generation(event_type).transcript(meeting_id)

    async def transcription(self, meeting_id: str, event_type: str) -> Transcription:
        return await self._generation(event_type).transcription(meeting_id)

    async def retranscribe(
        self, meeting_id: str, event_type: str, *, provider: str | None, language: str | None, key: str | None
    ) -> None:
        generation = self._generation(event_type)
        await generation.retranscribe(meeting_id, provider=provider, language=language, key=key)

    def ended(self, since: datetime) -> AsyncIterator[Ended]:
        return ended(self.v1, self.v2, since)

    async def final_event(self, meeting_id: str, event_type: str) -> FinalEvent | None:
        if isinstance(self._generation(event_type), V1):
            return await final_event_in_v1(self.v1, meeting_id)
        try:
            return await final_event_in_v2(self.v2, meeting_id)
        except UnknownUpstream:
            if event_type.removeprefix("meeting-baas.") not in v1.EVENTS:
                raise
            return await final_event_in_v1(self.v1, meeting_id)  # both generations have events of this name

    def _generation(self, event_type: str) -> V1 | V2:
        """Where both generations have an event of one name, only v2 ends a meeting by it."""
        name = event_type.removeprefix("meeting-baas.")
        return self.v1 if name in v1.EVENTS and name not in v2.EVENTS else self.v2
