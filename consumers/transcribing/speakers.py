"""Who says what, where the transcript itself does not tell: by the meeting's log of who spoke when.

The log is a file of its own, and what is wrong with it never costs the transcript: that is stored without the
names. Where the log may yet be had the event is tried again, and the names make a new version.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import structlog

from consumers.base import Services
from consumers.copying.names import is_there
from consumers.copying.wanted import Wanted
from consumers.transcribing.reading import fetch
from infra.database.artifacts import artifacts_of
from infra.database.meetings import find_meetings
from infra.errors import Poison, Retryable
from schemas.identity import BrokenEvent
from schemas.meeting import Link, ParsedTranscript, TranscriptSource
from schemas.provider import ProviderSchema
from schemas.speaking import Turn, is_named, named

_KIND: Final = "diarization"
_MOST_BYTES: Final = 64 * 1024 * 1024
"""Some hundred bytes a turn; one of 4 h takes 1 MB."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Spoken:
    """`named` says whether any name was found; `not_yet` why more may be found later on."""

    transcript: ParsedTranscript
    named: bool = False
    not_yet: Retryable | None = None


async def with_speakers(
    parsed: ParsedTranscript,
    source: TranscriptSource,
    wanted: Wanted,
    provider: ProviderSchema,
    services: Services,
) -> Spoken:
    """The same words with the names of those who say them. Never fails for the sake of a name."""
    nameless = [segment for segment in parsed.segments if not is_named(segment)]
    if not nameless and not source.numbers:
        return Spoken(parsed)
    turns: Sequence[Turn] = ()
    not_yet = None
    if any(segment.speaker not in source.numbers for segment in nameless):
        try:
            turns = await _turns(wanted, provider, services)
        except Retryable as error:
            not_yet = error
        except (Poison, BrokenEvent) as error:
            log.info("speakers not known", reason=str(error))
    people = wanted.seen.participants
    segments = await asyncio.to_thread(named, parsed.segments, turns, source.numbers, people)
    found = any(one is not other for one, other in zip(segments, parsed.segments, strict=True))
    return Spoken(replace(parsed, segments=segments), found, not_yet)


async def _turns(wanted: Wanted, provider: ProviderSchema, services: Services) -> Sequence[Turn]:
    """None where nobody has a log of the meeting."""
    body = await _stored_log(wanted, services)
    if body is None:
        link = next((link for link in wanted.seen.links if link.kind == _KIND), None)
        link = link or await _link_of_api(wanted, services)
        if link is None:
            return ()
        body = await fetch(replace(wanted, link=link), services, _MOST_BYTES)
    began = await _recording_began(wanted, services)
    return await asyncio.to_thread(provider.parse_turns, body, began)


async def _stored_log(wanted: Wanted, services: Services) -> bytes | None:
    async with services.database.reading() as tx:
        stored = [one for one in await artifacts_of(tx, *wanted.meeting) if one.kind == _KIND]
    if not stored or stored[-1].size > _MOST_BYTES:
        return None
    if not await is_there(stored[-1], wanted.folder, services.objects):
        return None
    return b"".join([chunk async for chunk in services.objects.read(wanted.folder + stored[-1].name)])


async def _link_of_api(wanted: Wanted, services: Services) -> Link | None:
    """Not all that is there of a meeting stands in its events."""
    api = services.providers.get(wanted.seen.provider)
    if api is None:
        return None
    links = await api.links(wanted.seen.meeting_id, wanted.event_type)
    return next((link for link in links if link.kind == _KIND), None)


async def _recording_began(wanted: Wanted, services: Services) -> float | None:
    provider, meeting_id = wanted.meeting
    async with services.database.reading() as tx:
        found = await find_meetings(tx, meeting_id, provider)
    began = found[0].meeting.joined_at if found else None
    return None if began is None else began.timestamp()
