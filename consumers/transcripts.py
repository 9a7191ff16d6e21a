"""Transcripts: from whatever a sender makes to `transcript.json`, WebVTT, and rows that can be searched.

Order of work: the version before is kept under its number, then the objects are replaced, then one
transaction records it all. Who dies in between begins again: what is not recorded is written anew, and a
version that was kept is not touched.
"""

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlalchemy.exc import IntegrityError

from consumers.base import Consumer, Services
from consumers.copying.source import Source as LinkedFile
from consumers.copying.wanted import Wanted
from consumers.forgotten import Forgotten, refuse_forgotten, writing_of
from consumers.observed import observed
from consumers.replacing import put_over
from consumers.urgency import soonest_expiry
from infra.database.artifacts import add_artifact, artifacts_of
from infra.database.transcripts import TranscriptVersion, add_version, versions_of
from infra.errors import Poison, Retryable
from infra.objects.base import ObjectExists, StoredObject
from schemas.captions import as_vtt
from schemas.envelope import Record
from schemas.facts import TRANSCRIPT_STORED, Fact, TranscriptStored
from schemas.identity import BrokenEvent, NotAnEvent
from schemas.lenient import parse_json
from schemas.manifest import Artifact, ArtifactKind
from schemas.meeting import Link, Observation, ParsedTranscript, TranscriptSource
from schemas.names import object_name
from schemas.providers import ProviderSchema, provider_of
from schemas.topics import WEBHOOKS
from schemas.transcript import Source, Transcript

MAX_TRANSCRIPT_BYTES: Final = 256 * 1024 * 1024
"""Held in memory as a whole. A 4 h meeting with every word's time takes some 5 MB."""

_NEWEST: Final = "transcript.json"
_CAPTIONS: Final = "transcript.vtt"


def _now() -> datetime:
    return datetime.now(UTC)


async def handle(
    record: Record,
    services: Services,
    *,
    now: Callable[[], datetime] = _now,
    max_bytes: int = MAX_TRANSCRIPT_BYTES,
) -> Sequence[Fact]:
    """Store the transcript that a webhook holds or links to, as a new version where it says something new.

    What is stored already, whichever event brought it, is no new version and causes the same fact again.
    Of a meeting that was forgotten nothing is stored.
    """
    provider, said = provider_of(record), observed(record)
    if provider is None or said is None or said.transcript is None:
        return ()
    with suppress(Forgotten):
        async with services.database.reading() as tx:
            await refuse_forgotten(tx, said.provider, said.meeting_id)
        try:
            parsed = await _read(provider, said.transcript, said, record, services, max_bytes)
        except (Poison, Retryable):  # a link dies, what it led to may be stored
            versions = await _versions(said, services)
            stored = _last(versions, lambda version: version.source_event == record.id)
            if stored is None:
                raise
        else:
            source = Source(event=record.id, shape=said.transcript.shape)
            async with services.database.alone_with(said.provider, said.meeting_id):
                stored = await _stored(parsed, said, source, services, now())
        return (await _fact(stored, said, services),)
    return ()


CONSUMER: Final = Consumer("transcripts", (WEBHOOKS,), handle, urgency=soonest_expiry)


@dataclass(frozen=True, slots=True)
class _Made:
    version: TranscriptVersion
    transcript: Transcript
    json: bytes
    vtt: bytes


async def _stored(
    parsed: ParsedTranscript, said: Observation, source: Source, services: Services, stored_at: datetime
) -> TranscriptVersion:
    """The version that says this: one that was stored before, or a new one."""
    there = {file: await services.objects.stat(_object_name(said, file)) for file in (_NEWEST, _CAPTIONS)}
    versions = await _versions(said, services)
    made = await asyncio.to_thread(_make, parsed, said, len(versions) + 1, source)
    before = _last(versions, lambda version: version.content_sha256 == made.version.content_sha256)
    if before is not None:
        return before
    await _keep_newest(len(versions), said, services)
    await _store(made, there, said, services, stored_at)
    return made.version


async def _versions(said: Observation, services: Services) -> list[TranscriptVersion]:
    async with services.database.reading() as tx:
        return await versions_of(tx, said.provider, said.meeting_id)


def _last(
    versions: Sequence[TranscriptVersion], matches: Callable[[TranscriptVersion], bool]
) -> TranscriptVersion | None:
    return next((version for version in reversed(versions) if matches(version)), None)


async def _read(
    provider: ProviderSchema,
    source: TranscriptSource,
    said: Observation,
    record: Record,
    services: Services,
    max_bytes: int,
) -> ParsedTranscript:
    body = record.value if source.url is None else await _fetch(source.url, said, record, services, max_bytes)
    try:
        return await asyncio.to_thread(provider.parse_transcript, source.shape, body)
    except BrokenEvent as error:
        if source.url is not None and not await asyncio.to_thread(_is_json, body):
            raise Retryable("what came is no whole transcript, perhaps an error page.") from None
        raise Poison(str(error)) from error


def _is_json(body: bytes) -> bool:
    try:
        parse_json(body)
    except NotAnEvent:
        return False
    return True


async def _fetch(url: str, said: Observation, record: Record, services: Services, max_bytes: int) -> bytes:
    wanted = Wanted(Link("transcript", url), said, record.id, record.type)
    body = bytearray()
    async with LinkedFile(wanted, services, wanted.link).open() as download:
        async for chunk in download.chunks():
            body += chunk
            if len(body) > max_bytes:
                raise Poison(f"a transcript of more than {max_bytes} bytes")
    return bytes(body)


def _make(parsed: ParsedTranscript, said: Observation, version: int, source: Source) -> _Made:
    speakers = dict.fromkeys(segment.speaker for segment in parsed.segments if segment.speaker)
    transcript = Transcript(
        provider=said.provider,
        meeting_id=said.meeting_id,
        version=version,
        language=parsed.language,
        duration_seconds=parsed.duration_seconds,
        speakers=tuple(speakers),
        segments=parsed.segments,
        source=source,
    )
    as_json = transcript.model_dump_json().encode()
    row = TranscriptVersion(
        version=version,
        language=parsed.language,
        duration_seconds=parsed.duration_seconds,
        speakers=transcript.speakers,
        words=sum(len(segment.words or segment.text.split()) for segment in parsed.segments),
        source_event=source.event,
        shape=source.shape,
        content_sha256=_content_sha256(parsed),
        sha256=hashlib.sha256(as_json).hexdigest(),
    )
    return _Made(row, transcript, as_json, as_vtt(transcript).encode())


def _content_sha256(parsed: ParsedTranscript) -> str:
    digest = hashlib.sha256(repr((parsed.language, parsed.duration_seconds)).encode())
    for segment in parsed.segments:
        digest.update(segment.model_dump_json().encode())
    return digest.hexdigest()


async def _keep_newest(version: int, said: Observation, services: Services) -> None:
    """Copy `transcript.json` to its number. Where that is there, the newest may be half replaced already."""
    kept = _object_name(said, _name_of_older(version))
    if version == 0 or await services.objects.stat(kept) is not None:
        return
    body = b"".join([chunk async for chunk in services.objects.read(_object_name(said, _NEWEST))])
    with suppress(ObjectExists):
        await services.objects.put(kept, body, media_type="application/json")


async def _store(
    made: _Made,
    there: Mapping[str, StoredObject | None],
    said: Observation,
    services: Services,
    stored_at: datetime,
) -> None:
    objects, key = services.objects, (said.provider, said.meeting_id)
    newest = _artifact("transcript", _NEWEST, "application/json", made.json, made, stored_at)
    captions = _artifact("captions", _CAPTIONS, "text/vtt", made.vtt, made, stored_at)
    for artifact, body in ((newest, made.json), (captions, made.vtt)):
        name = _object_name(said, artifact.name)
        await put_over(objects, there[artifact.name], name, body, media_type=artifact.media_type)
    try:
        async with writing_of(services.database, *key) as tx:
            await add_version(tx, *key, made.version, made.transcript.segments)
            before = [artifact for artifact in await artifacts_of(tx, *key) if artifact.name == _NEWEST]
            for artifact in before:
                name = _name_of_older(made.version.version - 1)
                await add_artifact(tx, *key, artifact.model_copy(update={"name": name}))
            await add_artifact(tx, *key, newest)
            await add_artifact(tx, *key, captions)
    except Forgotten:
        for name in (_NEWEST, _CAPTIONS, _name_of_older(made.version.version - 1)):
            await objects.delete(_object_name(said, name))
        raise
    except IntegrityError as error:
        raise Retryable("another worker stored a version of this transcript meanwhile") from error


def _artifact(
    kind: ArtifactKind, name: str, media_type: str, body: bytes, made: _Made, stored_at: datetime
) -> Artifact:
    return Artifact(
        name=name,
        kind=kind,
        media_type=media_type,
        size=len(body),
        sha256=hashlib.sha256(body).hexdigest(),
        verified="structure",
        source_event=made.version.source_event,
        stored_at=stored_at,
    )


async def _fact(version: TranscriptVersion, said: Observation, services: Services) -> Fact:
    async with services.database.reading() as tx:
        artifacts = await artifacts_of(tx, said.provider, said.meeting_id)
    artifact = next(one for one in artifacts if one.sha256 == version.sha256)
    body = TranscriptStored(
        **artifact.model_dump(),
        provider=said.provider,
        meeting_id=said.meeting_id,
        url=services.objects.url(_object_name(said, artifact.name)),
        version=version.version,
        language=version.language,
        words=version.words,
    )
    return Fact(TRANSCRIPT_STORED, said.provider, said.meeting_id, body, distinct=version.sha256)


def _name_of_older(version: int) -> str:
    return f"transcript.{version}.json"


def _object_name(said: Observation, file: str) -> str:
    return object_name(said.provider, said.meeting_id, file)
