"""Waterr's API as any sender's."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

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
from infra.providers.waterr.ending import ended, final_event
from infra.providers.waterr.files import meeting_of, recordings_of, transcript_of, video_of
from infra.providers.waterr.session import Session, opened_session, safe, undocumented
from schemas.meeting import Link
from schemas.waterr.transcripts import SENTENCES

_NO_RETRANSCRIPTION: Final = "Waterr's API cannot have a transcript made again."


@asynccontextmanager
async def open_waterr(url: str, key: str, *, timeout_seconds: float = 30) -> AsyncIterator[ProviderApi]:
    """The API at `url` (with `/v1`), asked with `key`. A call takes `timeout_seconds` at most, besides the
    time for which it waits for its turn."""
    async with opened_session(url, key, timeout_seconds) as session:
        yield Waterr(session)


@dataclass(frozen=True, slots=True)
class Waterr:
    """A link to a recording is made when it is asked for, and lives for a time that is not published."""

    session: Session

    async def links(self, meeting_id: str, event_type: str) -> Sequence[Link]:
        video = await video_of(self.session, meeting_id)
        if video is None:
            await meeting_of(self.session, meeting_id)  # or nobody knows the meeting
            return ()
        return (Link("video", video),)

    async def holdings(self, meeting_id: str, event_type: str) -> Holdings:
        """The API gives a link to one recording of a meeting: others are among those that we cannot store."""
        meeting = await meeting_of(self.session, meeting_id)
        sentences = meeting.get("sentenced_transcripts")
        if not isinstance(sentences, list | None):
            raise undocumented("sentenced_transcripts")
        recordings = await recordings_of(self.session, meeting_id)
        video = await video_of(self.session, meeting_id)
        if recordings and video is None:
            raise undocumented("video_url")
        return Holdings(
            () if video is None else (Link("video", video),),
            transcript=bool(sentences) or await self.transcript(meeting_id, event_type) is not None,
            others=tuple(f"recording {number}" for number in range(2, len(recordings) + 1)),
            summary=meeting.get("analysis_status") == "completed",
        )

    async def delete(self, meeting_id: str, event_type: str) -> None:
        try:
            await self.session.ask(f"/meetings/{safe(meeting_id)}", method="DELETE")
        except UnknownUpstream:
            return

    async def transcript(self, meeting_id: str, event_type: str) -> TranscriptDocument | None:
        answer = await transcript_of(self.session, meeting_id)
        return None if answer is None else TranscriptDocument(SENTENCES, answer.body)

    async def transcription(self, meeting_id: str, event_type: str) -> Transcription:
        raise NotOffered(_NO_RETRANSCRIPTION)

    async def retranscribe(
        self, meeting_id: str, event_type: str, *, provider: str | None, language: str | None, key: str | None
    ) -> None:
        raise NotOffered(_NO_RETRANSCRIPTION)

    def ended(self, since: datetime) -> AsyncIterator[Ended]:
        return ended(self.session, since)

    async def final_event(self, meeting_id: str, event_type: str) -> FinalEvent | None:
        return await final_event(self.session, meeting_id, event_type)
