"""A sender's transcript, fetched where it is linked, and read. A file that is none is kept as it came."""

import asyncio
from dataclasses import replace
from datetime import datetime
from typing import Final

from consumers.asking import api_of
from consumers.base import Services
from consumers.copying.source import Source as LinkedFile
from consumers.copying.wanted import Wanted
from consumers.transcribing.unread import keep_unread
from infra.errors import Poison, Retryable
from schemas.identity import BrokenEvent, NotAnEvent
from schemas.lenient import parse_json
from schemas.meeting import Link, ParsedTranscript, TranscriptSource
from schemas.provider import ProviderSchema
from schemas.transcript import Segment

_LONGEST_MEETING_SECONDS: Final = 24 * 3600


async def read(
    provider: ProviderSchema, source: TranscriptSource, body: bytes, wanted: Wanted, services: Services
) -> ParsedTranscript:
    """What `body` says, which `source` tells how to read. `wanted` says whose it is.

    Raises `Poison` where it is no such transcript, with the fact that the file is kept where it was linked;
    `Retryable` where what came by a link is not even JSON.
    """
    try:
        parsed = await asyncio.to_thread(provider.parse_transcript, source.shape, body)
    except BrokenEvent as error:
        if source.url is not None and not await asyncio.to_thread(_is_json, body):
            raise Retryable("what came is no whole transcript, perhaps an error page.") from None
        is_kept = wanted.link.kind == "transcript" and source.url is not None
        facts = await keep_unread(body, wanted, services) if is_kept else ()
        raise Poison(f"not a transcript that we can read: {error}", facts=facts) from error
    return placed(since_beginning(parsed, wanted.seen.joined_at), wanted.seen.duration_seconds)


async def fetch(wanted: Wanted, services: Services, max_bytes: int) -> bytes:
    """The whole file behind a link. Raises `Poison` where it is larger, else as `Links.open`."""
    body = bytearray()
    async with LinkedFile(wanted, services, wanted.link).open() as download:
        async for chunk in download.chunks():
            body += chunk
            if len(body) > max_bytes:
                raise Poison(f"a {wanted.link.kind} of more than {max_bytes} bytes")
    return bytes(body)


async def ask_for_transcript(
    wanted: Wanted, services: Services, max_bytes: int
) -> tuple[TranscriptSource, bytes]:
    """What the API of a meeting's sender has now, and how it is to be read.

    Raises `Poison` where there is no key to it, `Retryable` where it has none (yet), else as `ProviderApi`
    and `fetch`.
    """
    provider, meeting_id = wanted.meeting
    document = await api_of(provider, services).transcript(meeting_id, wanted.event_type)
    if document is None:
        raise Retryable("The sender's API has no transcript of this meeting now.")
    source = TranscriptSource(document.shape, document.url)
    if document.url is None:
        return source, document.body
    return source, await fetch(replace(wanted, link=Link("transcript", document.url)), services, max_bytes)


def link_of(source: TranscriptSource, links: tuple[Link, ...]) -> Link:
    """The link to a transcript; where another kind of file is read as one, that kind's."""
    same = next(
        (link for link in links if link.url == source.url and (link.url or link.kind == "transcript")), None
    )
    return same or Link("transcript", source.url or "")


def since_beginning(parsed: ParsedTranscript, meeting_began: datetime | None) -> ParsedTranscript:
    """Times of the day counted from when the meeting began, where that is known and not long before."""
    if parsed.began_at is None or meeting_began is None:
        return parsed
    later = (parsed.began_at - meeting_began).total_seconds()
    if not 0 < later < _LONGEST_MEETING_SECONDS:
        return parsed
    segments = tuple(_shifted(segment, later) for segment in parsed.segments)
    return replace(parsed, began_at=meeting_began, segments=segments)


def placed(parsed: ParsedTranscript, meeting_seconds: float | None) -> ParsedTranscript:
    """Without times where these were added up, and parts that are longer than the meeting went beside each
    other: nobody says where each of them begins."""
    lasted = parsed.duration_seconds
    if not parsed.added_up or not meeting_seconds or lasted is None or lasted <= 1.1 * meeting_seconds + 60:
        return parsed
    segments = tuple(_without_times(segment) for segment in parsed.segments)
    return replace(parsed, duration_seconds=None, segments=segments)


def _is_json(body: bytes) -> bool:
    try:
        parse_json(body)
    except NotAnEvent:
        return False
    return True


def _shifted(segment: Segment, seconds: float) -> Segment:
    """Of one without words of its own: senders that tell times of the day tell them of whole sentences."""
    times = {"start": segment.start, "end": segment.end}
    return segment.model_copy(
        update={name: round(at + seconds, 6) for name, at in times.items() if at is not None}
    )


def _without_times(segment: Segment) -> Segment:
    nowhere = {"start": None, "end": None}
    words = tuple(word.model_copy(update=nowhere) for word in segment.words)
    return segment.model_copy(update={**nowhere, "words": words})
