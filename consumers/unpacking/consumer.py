"""The streams of a meeting, each a file of its own: taken out of the zip in which they came.

The zip itself stays: it is what the sender gave. It is read where it is stored, so that nothing of it is on
this machine's disk.
"""

import hashlib
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import structlog
from pydantic import ValidationError

from consumers.base import Consumer, Services
from consumers.copying.known import Known, look
from consumers.copying.names import free_name, is_there, twin_of
from consumers.forgotten import Forgotten, writing_of
from consumers.media import Format, recognise
from consumers.unpacking.zipped import Member, Zip, open_zip
from infra.database.artifacts import add_artifact
from infra.errors import Poison, Retryable
from infra.objects.base import ObjectExists
from schemas.envelope import Record
from schemas.facts import RECORDING_STORED, ArtifactStored, Fact
from schemas.manifest import Artifact, ArtifactKind
from schemas.names import object_name, safe_segment
from schemas.topics import EVENTS

_MOST_MANIFEST_BYTES: Final = 16 * 1024 * 1024
_MANIFEST: Final = Format("streams", "json", "application/json")

log = structlog.get_logger()


async def handle(record: Record, services: Services) -> Sequence[Fact]:
    """Store what is in a zip of streams: a fact for each that is stored, now or before.

    A file that is no recording is passed over. Raises `Poison` for a zip that is none, or in which one of
    them is broken: that carries the facts of the others.
    """
    if record.type != RECORDING_STORED:
        return ()
    try:
        told = ArtifactStored.model_validate_json(record.value)
    except ValidationError as error:
        raise Poison("a fact that cannot be read") from error
    if told.kind != "streams" or told.media_type != "application/zip":
        return ()
    with suppress(Forgotten):
        return await _unpack(told, record.id, services)
    return ()


CONSUMER: Final = Consumer("unpacking", (EVENTS,), handle)


@dataclass(frozen=True, slots=True)
class _File:
    """`sort` is what the zip's manifest says of it; `source` tells it from all others, in whatever zip."""

    member: Member
    sort: ArtifactKind
    source: str
    event: str
    meeting: tuple[str, str]

    @property
    def folder(self) -> str:
        return object_name(*self.meeting, "")


async def _unpack(told: ArtifactStored, event: str, services: Services) -> Sequence[Fact]:
    meeting = (told.provider, told.meeting_id)
    name = object_name(*meeting, told.name)
    if await services.objects.stat(name) is None:
        raise Retryable("the zip is not where it was stored.")
    facts: list[Fact] = []
    failures: list[Poison] = []
    async with open_zip(services.objects, name, told.size) as opened:
        sorts = _sorts(await _manifest(opened))
        for index, member in enumerate(opened.members):
            source = hashlib.sha256(f"{told.sha256} {index} {member.name}".encode("utf-8", "replace"))
            file = _File(member, sorts.get(member.name, "video"), source.hexdigest(), event, meeting)
            try:
                artifact = await _stored(file, opened, services)
            except Poison as error:
                failures.append(error)
                continue
            if artifact is not None:
                facts.append(_fact(artifact, meeting, services))
    if failures:
        reason = " ".join(dict.fromkeys(map(str, failures)))
        raise Poison(f"{len(failures)} of {len(opened.members)} files: {reason}", facts=facts)
    return facts


async def _stored(file: _File, opened: Zip, services: Services) -> Artifact | None:
    """Null for a file that is neither a recording nor the zip's own manifest."""
    known = await look(file.meeting, services)
    for stored in known.stored:
        if stored.source == file.source and await is_there(stored.artifact, file.folder, services.objects):
            return stored.artifact
    async with aclosing(opened.chunks(file.member)) as pieces:
        head = await anext(pieces, b"")
        form = _form(file, head)
        if form is None:
            log.info("passed over", reason="it is no recording", bytes=file.member.size)
            return None
        return await _store(file, form, head, pieces, known, services)


async def _store(
    file: _File,
    form: Format,
    head: bytes,
    rest: AsyncGenerator[bytes],
    known: Known,
    services: Services,
) -> Artifact:
    objects, digest, size = services.objects, hashlib.sha256(), 0
    name = await free_name(objects, file.folder, form, ())
    async with objects.begin(name, media_type=form.media_type) as upload:
        async for piece in _after(head, rest):
            digest.update(piece)
            size += len(piece)
            await upload.write(piece)
        artifact = Artifact(
            name=name.removeprefix(file.folder),
            kind="stream",
            media_type=form.media_type,
            size=size,
            sha256=digest.hexdigest(),
            verified="length",
            source_event=file.event,
            stored_at=datetime.now(UTC),
        )
        twin = await twin_of(artifact, file.folder, known.artifacts, objects)
        if twin is None:
            try:
                await upload.finish()
            except ObjectExists as error:
                raise Retryable("another file has just been stored under its name.") from error
    if twin is not None:
        artifact = artifact.model_copy(update={"name": twin})
    try:
        async with writing_of(services.database, *file.meeting) as tx:
            await add_artifact(tx, *file.meeting, artifact, source=file.source)
    except Forgotten:
        await objects.delete(file.folder + artifact.name)
        raise
    return artifact


async def _after(head: bytes, rest: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    yield head
    async for piece in rest:
        yield piece


def _form(file: _File, head: bytes) -> Format | None:
    """A recording is named by the zip's name for it, which holds the stream's id."""
    if _is_manifest(file.member):
        return _MANIFEST if head.lstrip()[:1] == b"{" else None
    found = recognise(file.sort, head)
    if found is None or found.extension == "bin":
        return None
    base = file.member.name.replace("\\", "/").rpartition("/")[2]
    stem = safe_segment(base.rpartition(".")[0] or base).replace(".", "_")
    return Format(f"stream-{stem}", found.extension, found.media_type)


async def _manifest(opened: Zip) -> Mapping[str, Any]:
    """What the zip says of its files; nothing where it does not say."""
    for member in opened.members:
        if _is_manifest(member):
            with suppress(Poison, ValueError, RecursionError):
                said = json.loads(b"".join([piece async for piece in opened.chunks(member)]))
                if isinstance(said, dict) and isinstance(said.get("files"), list):
                    return said
    return {}


def _is_manifest(member: Member) -> bool:
    return member.name.lower().endswith(".json") and member.size <= _MOST_MANIFEST_BYTES


def _sorts(manifest: Mapping[str, Any]) -> Mapping[str, ArtifactKind]:
    """A stream without a type of video is sound alone."""
    sorts: dict[str, ArtifactKind] = {}
    for file in manifest.get("files", ()):
        if isinstance(file, dict) and isinstance(file.get("filename"), str):
            sorts[file["filename"]] = "video" if file.get("videoType") else "audio"
    return sorts


def _fact(artifact: Artifact, meeting: tuple[str, str], services: Services) -> Fact:
    provider, meeting_id = meeting
    body = ArtifactStored(
        **artifact.model_dump(),
        provider=provider,
        meeting_id=meeting_id,
        url=services.objects.url(object_name(provider, meeting_id, artifact.name)),
    )
    return Fact(RECORDING_STORED, provider, meeting_id, body, distinct=f"{artifact.sha256} {artifact.name}")
