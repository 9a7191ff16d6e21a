"""Transcripts: from whatever a sender makes to `transcript.json`, WebVTT, and rows that can be searched.

Order of work: the version before is kept under its number, then the objects are replaced, then one
transaction records it all. Who dies in between begins again: what is not recorded is written anew, and a
version that was kept is not touched.
"""

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from sqlalchemy.exc import IntegrityError

from consumers.base import Consumer, Services
from consumers.copying.wanted import Wanted
from consumers.forgotten import Forgotten, refuse_forgotten, writing_of
from consumers.observed import observed
from consumers.replacing import put_over
from consumers.transcribing.reading import ask_for_transcript, fetch, link_of, read
from consumers.transcribing.speakers import Spoken, with_speakers
from consumers.transcribing.versions import Made, last, make, stored_before
from consumers.urgency import soonest_expiry
from infra.database.artifacts import add_artifact, artifacts_of
from infra.database.transcripts import TranscriptVersion, add_version, versions_of
from infra.errors import Poison, Retryable
from infra.objects.base import ObjectExists, StoredObject
from schemas.envelope import Record
from schemas.facts import TRANSCRIPT_STORED, Fact, TranscriptStored
from schemas.manifest import Artifact, ArtifactKind
from schemas.meeting import Observation, ParsedTranscript, TranscriptSource
from schemas.names import object_name
from schemas.provider import ProviderSchema
from schemas.providers import PROVIDERS, provider_of
from schemas.topics import WEBHOOKS
from schemas.transcript import Source

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
    """Store the transcript that a webhook holds, or links to, or says that its sender's API has: as a new
    version where it says something new.

    What is stored already, whichever event brought it, is no new version and causes the same fact again.
    Of a meeting that was forgotten nothing is stored. Where names of speakers may yet be had, what is stored
    has none, and `Retryable` carries its fact.
    """
    provider, said = provider_of(record), observed(record)
    if provider is None or said is None or said.transcript is None:
        return ()
    wanted = Wanted(link_of(said.transcript, said.links), said, record.id, record.type)
    if said.transcript.ask_first:
        return await store_from_api(wanted, services, now=now, max_bytes=max_bytes)
    with suppress(Forgotten):
        await _refuse_forgotten(said, services)
        try:
            is_linked = said.transcript.url is not None
            body = await fetch(wanted, services, max_bytes) if is_linked else record.value
            parsed = await read(provider, said.transcript, body, wanted, services)
        except (Poison, Retryable):  # a link dies, what it led to may be stored
            versions = await _versions(said, services)
            before = last(versions, lambda version: version.source_event == record.id)
            if before is None:
                raise
            return (await _fact(before, said, services),)
        return await _store_as_version(parsed, said.transcript, wanted, provider, services, now())
    return ()


CONSUMER: Final = Consumer("transcripts", (WEBHOOKS,), handle, urgency=soonest_expiry)


async def store_from_api(
    wanted: Wanted,
    services: Services,
    *,
    now: Callable[[], datetime] = _now,
    max_bytes: int = MAX_TRANSCRIPT_BYTES,
) -> Sequence[Fact]:
    """Store the transcript that the API of a meeting's sender has now, as `handle` does.

    `wanted` says whose it is and for which event; its link does not count. Raises as `handle`; `Poison` also
    where there is no key to that API.
    """
    said = wanted.seen
    with suppress(Forgotten):
        await _refuse_forgotten(said, services)
        source, body = await ask_for_transcript(wanted, services, max_bytes)
        wanted = replace(wanted, link=link_of(source, ()))
        parsed = await read(PROVIDERS[said.provider], source, body, wanted, services)
        return await _store_as_version(parsed, source, wanted, PROVIDERS[said.provider], services, now())
    return ()


async def stored_for(cause: Wanted, services: Services) -> Sequence[Fact]:
    """The fact that an event has caused, if a version was stored for it."""
    version = last(await _versions(cause.seen, services), lambda one: one.source_event == cause.event)
    return () if version is None else (await _fact(version, cause.seen, services),)


async def _refuse_forgotten(said: Observation, services: Services) -> None:
    async with services.database.reading() as tx:
        await refuse_forgotten(tx, said.provider, said.meeting_id)


async def _store_as_version(
    parsed: ParsedTranscript,
    source: TranscriptSource,
    wanted: Wanted,
    provider: ProviderSchema,
    services: Services,
    stored_at: datetime,
) -> Sequence[Fact]:
    said = wanted.seen
    spoken = await with_speakers(parsed, source, wanted, provider, services)
    origin = Source(event=wanted.event, shape=source.shape, reason=parsed.reason)
    async with services.database.alone_with(said.provider, said.meeting_id):
        stored = await _stored(parsed, spoken, said, origin, services, stored_at)
    fact = await _fact(stored, said, services)
    if spoken.not_yet is not None:
        reason = f"The transcript is stored, its speakers are not known yet: {spoken.not_yet}"
        raise Retryable(reason, spoken.not_yet.after_seconds, facts=[fact])
    return (fact,)


async def _stored(
    parsed: ParsedTranscript,
    spoken: Spoken,
    said: Observation,
    source: Source,
    services: Services,
    stored_at: datetime,
) -> TranscriptVersion:
    """The version that says this: one that was stored before, or a new one."""
    there = {file: await services.objects.stat(_object_name(said, file)) for file in (_NEWEST, _CAPTIONS)}
    versions = await _versions(said, services)
    made = await asyncio.to_thread(make, parsed, spoken, said, len(versions) + 1, source)
    before = stored_before(versions, made)
    if before is not None:
        return before
    await _keep_newest(len(versions), said, services)
    await _store(made, there, said, services, stored_at)
    return made.version


async def _versions(said: Observation, services: Services) -> list[TranscriptVersion]:
    async with services.database.reading() as tx:
        return await versions_of(tx, said.provider, said.meeting_id)


async def _keep_newest(version: int, said: Observation, services: Services) -> None:
    """Copy `transcript.json` to its number. Where that is there, the newest may be half replaced already."""
    kept = _object_name(said, _name_of_older(version))
    if version == 0 or await services.objects.stat(kept) is not None:
        return
    body = b"".join([chunk async for chunk in services.objects.read(_object_name(said, _NEWEST))])
    with suppress(ObjectExists):
        await services.objects.put(kept, body, media_type="application/json")


async def _store(
    made: Made,
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
    kind: ArtifactKind, name: str, media_type: str, body: bytes, made: Made, stored_at: datetime
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
