"""A linked file that is no transcript that we can read: kept as it came, for whoever can."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from consumers.base import Services
from consumers.copying.names import free_name, twin_of
from consumers.copying.wanted import Wanted
from consumers.forgotten import Forgotten, writing_of
from consumers.media import HEAD_BYTES, Format, recognise
from infra.database.artifacts import add_artifact, artifacts_of
from infra.errors import Retryable
from infra.objects.base import ObjectExists
from schemas.facts import RECORDING_STORED, ArtifactStored, Fact
from schemas.manifest import Artifact

_FORMAT: Final = Format("transcription", "json", "application/json")


async def keep_unread(body: bytes, wanted: Wanted, services: Services) -> Sequence[Fact]:
    """Store a file of JSON as `transcription.json`, once whatever brings it; not one that only says that
    something went wrong.

    Raises `Retryable`; `Forgotten`.
    """
    if recognise("raw_transcription", body[:HEAD_BYTES]) is None:
        return ()
    async with services.database.alone_with(*wanted.meeting):
        artifact = await _kept(body, wanted, services)
    provider, meeting_id = wanted.meeting
    told = ArtifactStored(
        **artifact.model_dump(),
        provider=provider,
        meeting_id=meeting_id,
        url=services.objects.url(wanted.folder + artifact.name),
    )
    distinct = f"{artifact.sha256} {artifact.name}"
    return (Fact(RECORDING_STORED, provider, meeting_id, told, distinct=distinct),)


async def _kept(body: bytes, wanted: Wanted, services: Services) -> Artifact:
    async with services.database.reading() as tx:
        known = {artifact.name: artifact for artifact in await artifacts_of(tx, *wanted.meeting)}
    name = await free_name(services.objects, wanted.folder, _FORMAT, ())
    artifact = Artifact(
        name=name.removeprefix(wanted.folder),
        kind="raw_transcription",
        media_type=_FORMAT.media_type,
        size=len(body),
        sha256=hashlib.sha256(body).hexdigest(),
        verified="structure",
        source_event=wanted.event,
        stored_at=datetime.now(UTC),
    )
    twin = await twin_of(artifact, wanted.folder, known, services.objects)
    if twin is not None:
        artifact = known.get(twin) or artifact.model_copy(update={"name": twin})
    else:
        try:
            await services.objects.put(name, body, media_type=_FORMAT.media_type)
        except ObjectExists as exc:
            raise Retryable("another file has just been stored under its name.") from exc
    if artifact.name not in known:
        await _record(artifact, wanted, services)
    return artifact


async def _record(artifact: Artifact, wanted: Wanted, services: Services) -> None:
    try:
        async with writing_of(services.database, *wanted.meeting) as tx:
            await add_artifact(tx, *wanted.meeting, artifact, source=wanted.source)
    except Forgotten:
        await services.objects.delete(wanted.folder + artifact.name)
        raise
