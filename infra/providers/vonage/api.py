"""Vonage's API as any sender's."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from infra.errors import Poison, Retryable
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
from infra.providers.manners import opened_client
from infra.providers.vonage.ending import ended, final_event
from infra.providers.vonage.session import Archive, Session, undocumented
from infra.providers.vonage.tokens import Authorize
from schemas.meeting import Link
from schemas.vonage.archives import IN_BUCKET, RUNNING, is_individual, links_of, transcript_of
from schemas.vonage.events import ARCHIVE, EVENTS

InBucket = Callable[[str], Awaitable[str]]
"""A link, for some minutes, to an object of the customer's own bucket."""

_GONE = frozenset({"expired", "deleted"})


@asynccontextmanager
async def open_vonage(
    url: str,
    project: str,
    authorize: Authorize,
    *,
    in_bucket: InBucket | None = None,
    timeout_seconds: float = 30,
) -> AsyncIterator[ProviderApi]:
    """The API at `url` (no more than its host) for a project or application. `in_bucket` is null where
    archives stay with Vonage. A call takes `timeout_seconds` at most, besides the time for its turn."""
    async with opened_client({}, timeout_seconds) as client:
        yield Vonage(
            Session(client, f"{url.rstrip('/')}/v2/project/{project}", authorize), project, in_bucket
        )


@dataclass(frozen=True, slots=True)
class Vonage:
    """A meeting is a session, and what there is of it are its archives."""

    session: Session
    project: str
    in_bucket: InBucket | None = None

    async def links(self, meeting_id: str, event_type: str) -> Sequence[Link]:
        archives = await self.session.of_session(meeting_id)
        if all(archive.get("status") in _GONE for archive in archives):
            raise DeletedUpstream(
                "Vonage has no archive of this session any more: it keeps them for 72 hours."
            )
        links = [link for archive in archives for link in await self._links(archive)]
        if not links and any(map(self._is_out_of_reach, archives)):
            raise Poison(
                "The archive is in your own bucket: set ADJOURN_VONAGE_BUCKET_URL, and replay what failed."
            )
        return links

    async def holdings(self, meeting_id: str, event_type: str) -> Holdings:
        archives = await self.session.of_session(meeting_id)
        for archive in archives:
            _see_documented(archive)
        if any(archive["status"] in RUNNING for archive in archives):
            raise Retryable("Vonage is not done with an archive of this session yet.")
        return Holdings(
            tuple([link for archive in archives for link in await self._links(archive)]),
            transcript=any(transcript_of(archive) is not None for archive in archives),
            others=tuple(
                f"archive {archive['id']}, in your own bucket"
                for archive in archives
                if self._is_out_of_reach(archive)
            ),
        )

    async def delete(self, meeting_id: str, event_type: str) -> None:
        archives = await self.session.of_session(meeting_id)
        if any(archive.get("status") in RUNNING for archive in archives):
            raise Retryable("Vonage is not done with an archive of this session yet.")
        for archive in archives:
            await self.session.delete(archive)

    def ended(self, since: datetime) -> AsyncIterator[Ended]:
        return ended(self.session, since)

    async def final_event(self, meeting_id: str, event_type: str) -> FinalEvent | None:
        return await final_event(self.session, meeting_id, event_type)

    async def transcript(self, meeting_id: str, event_type: str) -> TranscriptDocument | None:
        """The newest archive's that has one."""
        for archive in await self.session.of_session(meeting_id):
            source = transcript_of(archive)
            for link in await self._links(archive) if source is not None else ():
                if source is not None and link.kind == "raw_transcription":
                    return TranscriptDocument(source.shape, b"", link.url)
        return None

    async def transcription(self, meeting_id: str, event_type: str) -> Transcription:
        raise NotOffered("Vonage makes a transcription only where it was asked for when its archive began.")

    async def retranscribe(
        self, meeting_id: str, event_type: str, *, provider: str | None, language: str | None, key: str | None
    ) -> None:
        raise NotOffered("Vonage makes a transcription only where it was asked for when its archive began.")

    async def _links(self, archive: Archive) -> Sequence[Link]:
        """As far as they can be followed. One to an object in the customer's own bucket is made here."""
        found = []
        for link in links_of(archive):
            if link.url:
                found.append(link)
            elif self.in_bucket is not None and _is_in_bucket(archive):
                name = f"{self.project}/{link.id}/{_file(link, archive)}"
                found.append(replace(link, url=await self.in_bucket(name)))
        return found

    def _is_out_of_reach(self, archive: Archive) -> bool:
        return self.in_bucket is None and _is_in_bucket(archive)


def _file(link: Link, archive: Archive) -> str:
    if link.kind in ("raw_transcription", "transcript"):
        return "transcription.json"
    return "archive.zip" if is_individual(archive) else "archive.mp4"


def _is_in_bucket(archive: Archive) -> bool:
    transcription = archive.get("transcription")
    of_it = transcription.get("status") if isinstance(transcription, dict) else None
    return IN_BUCKET in (archive.get("status"), of_it)


def _see_documented(archive: Archive) -> None:
    if not isinstance(archive.get("id"), str):
        raise undocumented("id")
    if archive.get("status") not in EVENTS[ARCHIVE]:
        raise undocumented("status")
    if not isinstance(archive.get("url"), str | None):
        raise undocumented("url")
