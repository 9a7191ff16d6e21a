"""RealtimeKit's API as any sender's.

Source: https://github.com/cloudflare/cloudflare-typescript at faaaf89:
`src/resources/realtime-kit/{recordings,sessions,webhooks}.ts`; as Dyte, https://github.com/dyte-io/docs at
0c38df2: `static/api/v2.yaml`.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from infra.providers.base import (
    DeletedUpstream,
    Ended,
    FinalEvent,
    Holdings,
    NotOffered,
    ProviderApi,
    TranscriptDocument,
    Transcription,
)
from infra.providers.realtimekit.ending import ended, final_event
from infra.providers.realtimekit.files import file_answer, links_in, recordings
from infra.providers.realtimekit.session import Session, opened_session, safe, undocumented
from schemas.lenient import moment, text
from schemas.meeting import Link
from schemas.realtimekit.events import FILES, RECORDING, STATUSES, TRANSCRIPT, UPLOADED
from schemas.realtimekit.files import links_of
from schemas.realtimekit.payload import in_camel_case
from schemas.realtimekit.transcripts import FILE

_KEPT: Final = timedelta(days=7, hours=12)
"""Seven days from when a file was made, which may be hours after the end of the session."""


@asynccontextmanager
async def open_realtimekit(
    url: str, token: str, *, timeout_seconds: float = 30
) -> AsyncIterator[ProviderApi]:
    """As `opened_session`."""
    async with opened_session(url, token, timeout_seconds) as session:
        yield RealtimeKit(session)


@dataclass(frozen=True, slots=True)
class RealtimeKit:
    session: Session

    async def links(self, meeting_id: str, event_type: str) -> Sequence[Link]:
        """Of what the event tells of; of everything where it tells of no file."""
        name = event_type.removeprefix("realtimekit.")
        found = [] if name in FILES else await self._recorded(meeting_id)
        if name != RECORDING:
            found += await self._files(meeting_id, [name] if name in FILES else FILES)
        if not found:
            await self._see_that_files_are_kept(meeting_id)
        return found

    async def holdings(self, meeting_id: str, event_type: str) -> Holdings:
        """A recording in its owner's storage is among the others: we have never had a link to it."""
        found = await recordings(self.session, meeting_id)
        for recording in found:
            _see_documented(recording)
        links = [link for one in found for link in links_of(in_camel_case(one))]
        others = [one for one in found if one["status"] == UPLOADED and not links_of(in_camel_case(one))]
        files = await self._files(meeting_id, FILES)
        return Holdings(
            (*links, *files),
            transcript=any(link.kind == "transcript" for link in files),
            others=tuple(text(one.get("output_file_name")) or str(one["id"]) for one in others),
            summary=any(link.kind == "summary" for link in files),
            can_be_deleted=False,
        )

    async def delete(self, meeting_id: str, event_type: str) -> None:
        raise NotOffered("RealtimeKit's API deletes nothing: after seven days its files are gone.")

    async def transcript(self, meeting_id: str, event_type: str) -> TranscriptDocument | None:
        found = await self._file(meeting_id, TRANSCRIPT)
        return TranscriptDocument(FILE, b"", found[0].url) if found else None

    async def transcription(self, meeting_id: str, event_type: str) -> Transcription:
        raise NotOffered("RealtimeKit's API cannot have a transcript made again.")

    async def retranscribe(
        self, meeting_id: str, event_type: str, *, provider: str | None, language: str | None, key: str | None
    ) -> None:
        raise NotOffered("RealtimeKit's API cannot have a transcript made again.")

    def ended(self, since: datetime) -> AsyncIterator[Ended]:
        return ended(self.session, since)

    async def final_event(self, meeting_id: str, event_type: str) -> FinalEvent | None:
        return await final_event(self.session, meeting_id, event_type)

    async def _see_that_files_are_kept(self, meeting_id: str) -> None:
        """Raises `DeletedUpstream` where they would be gone by now, whatever there was."""
        ended_at = moment((await self.session.data(f"/sessions/{safe(meeting_id)}")).get("ended_at"))
        if ended_at is not None and datetime.now(UTC) - ended_at > _KEPT:
            raise DeletedUpstream("RealtimeKit keeps files for seven days: those of this session are gone.")

    async def _recorded(self, meeting_id: str) -> list[Link]:
        found = await recordings(self.session, meeting_id)
        return [link for one in found for link in links_of(in_camel_case(one))]

    async def _files(self, meeting_id: str, names: Iterable[str]) -> list[Link]:
        return [link for name in names for link in await self._file(meeting_id, name)]

    async def _file(self, meeting_id: str, name: str) -> Sequence[Link]:
        answer = await file_answer(self.session, safe(meeting_id), name)
        return links_in(answer, name) if answer is not None else ()


def _see_documented(recording: Any) -> None:
    """A file whose field has another name would be overlooked."""
    if recording.get("status") not in STATUSES:
        raise undocumented("status")
    for field in ("download_url", "audio_download_url"):
        if not isinstance(recording.get(field), str | None):
            raise undocumented(field)
