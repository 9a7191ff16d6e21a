"""Recordings and the files beside them: fetched while their links live, stored whole, named by what they are.

`manifest.json` is not written here. The rows of the database are the truth, and the consumer `meetings`
renders the manifest from them on every fact that something was stored: so a manifest has one writer.
"""

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from itertools import count
from typing import Final

import structlog

from consumers.base import Consumer, Services
from consumers.media import HEAD_BYTES, Format, recognise
from consumers.observed import observed
from consumers.streams import copied, digest_of, in_pieces
from infra.database.artifacts import add_artifact, artifacts_of
from infra.errors import Poison, Retryable
from infra.objects.base import ObjectExists, ObjectStore, StoredObject, Upload
from schemas.envelope import Record
from schemas.facts import RECORDING_STORED, ArtifactStored, Fact
from schemas.manifest import Artifact, ArtifactKind
from schemas.meeting import Link, Observation
from schemas.names import object_name
from schemas.topics import WEBHOOKS

_KINDS: Final[frozenset[ArtifactKind]] = frozenset(
    {"video", "audio", "diarization", "raw_transcription", "chat"}
)
_PIECE_BYTES: Final = max(512 * 1024, HEAD_BYTES)

log = structlog.get_logger()


async def handle(record: Record, services: Services) -> Sequence[Fact]:
    """Store every file that the webhook links to: a fact for each that is stored, now or before.

    What this event has brought already is not fetched again. Where a link fails the others are stored all the
    same, then the failures are raised as one that carries the facts: `Retryable` while any may yet work.
    """
    seen = observed(record)
    if seen is None:
        return ()
    links = [link for link in seen.links if link.kind in _KINDS]
    missing, stored = await _missing(links, seen, record.id, services) if links else ([], [])
    failures: list[tuple[ArtifactKind, Retryable | Poison]] = []
    for link in missing:
        try:
            stored.append(await _store(link, seen, record.id, services))
        except (Retryable, Poison) as exc:
            failures.append((link.kind, exc))
    facts = [_fact(artifact, seen, services.objects) for artifact in stored]
    if failures:
        raise _together(failures, facts)
    return facts


CONSUMER: Final = Consumer("recordings", (WEBHOOKS,), handle)


async def _missing(
    links: Sequence[Link], seen: Observation, event: str, services: Services
) -> tuple[list[Link], list[Artifact]]:
    """The links whose files this event has not brought yet, and the artifacts that it has."""
    there = [
        artifact
        for artifact in (await _known(seen, services)).values()
        if artifact.source_event == event
        and artifact.kind in _KINDS
        and await _is_there(artifact, seen, services.objects)
    ]
    kinds = [artifact.kind for artifact in there]
    wanted = [link.kind for link in links]
    missing = [link for link in links if kinds.count(link.kind) < wanted.count(link.kind)]
    return missing, there


async def _is_there(artifact: Artifact, seen: Observation, objects: ObjectStore) -> bool:
    found = await objects.stat(_folder(seen) + artifact.name)
    return found is not None and found.size == artifact.size


async def _store(link: Link, seen: Observation, event: str, services: Services) -> Artifact:
    """The artifact that holds what the link leads to: a new one, or one that held the same bytes before."""
    objects, folder = services.objects, _folder(seen)
    async with (
        services.links.open(link.url) as download,
        aclosing(in_pieces(download.chunks(), _PIECE_BYTES)) as pieces,
    ):
        head = await anext(pieces, b"")
        form = recognise(link.kind, head)
        if form is None:
            raise Retryable("what came is no such file, perhaps an error page." if head else "nothing came.")
        name, others = await _free_name(objects, folder, form)
        async with objects.begin(folder + name, media_type=form.media_type) as upload:
            size, sha256 = await copied(head, pieces, upload)
            known = await _known(seen, services)
            twin = await _twin(others, size, sha256, known, objects)
            if twin is None:
                await _finish(upload)
    if twin in known:
        return known[twin]
    artifact = Artifact(
        name=twin or name,
        kind=link.kind,
        media_type=form.media_type,
        size=size,
        sha256=sha256,
        verified="none" if download.length is None else "length",
        source_event=event,
        stored_at=datetime.now(UTC),
    )
    async with services.database.transaction() as tx:
        await add_artifact(tx, seen.provider, seen.meeting_id, artifact)
    log.info("stored", name=artifact.name, bytes=size, verified=artifact.verified)
    return artifact


async def _finish(upload: Upload) -> None:
    try:
        await upload.finish()
    except ObjectExists as exc:
        raise Retryable("another file has just been stored under its name.") from exc


async def _free_name(objects: ObjectStore, folder: str, form: Format) -> tuple[str, list[StoredObject]]:
    """`video.mp4`, or where that is taken `video.2.mp4` and so on; and the objects that have those names."""
    others: list[StoredObject] = []
    for number in count(1):
        name = f"{form.stem}.{form.extension}" if number == 1 else f"{form.stem}.{number}.{form.extension}"
        found = await objects.stat(folder + name)
        if found is None:
            break
        others.append(found)
    return name, others


async def _known(seen: Observation, services: Services) -> dict[str, Artifact]:
    async with services.database.reading() as tx:
        artifacts = await artifacts_of(tx, seen.provider, seen.meeting_id)
    return {artifact.name: artifact for artifact in artifacts}


async def _twin(
    others: Sequence[StoredObject],
    size: int,
    sha256: str,
    known: Mapping[str, Artifact],
    objects: ObjectStore,
) -> str | None:
    """The name of the one among `others` that holds the same bytes.

    One that the database does not know was stored just before we were killed: it is read.
    """
    for other in others:
        if other.size == size:
            name = other.name.rpartition("/")[2]
            held = known[name].sha256 if name in known else await digest_of(objects.read(other.name))
            if held == sha256:
                return name
    return None


def _folder(seen: Observation) -> str:
    return object_name(seen.provider, seen.meeting_id, "")


def _fact(artifact: Artifact, seen: Observation, objects: ObjectStore) -> Fact:
    body = ArtifactStored(
        **artifact.model_dump(),
        provider=seen.provider,
        meeting_id=seen.meeting_id,
        url=objects.url(_folder(seen) + artifact.name),
    )
    distinct = f"{artifact.sha256} {artifact.name}"
    return Fact(RECORDING_STORED, seen.provider, seen.meeting_id, body, distinct)


def _together(
    failures: Sequence[tuple[ArtifactKind, Retryable | Poison]], facts: Sequence[Fact]
) -> Retryable | Poison:
    reason = " ".join(f"{kind}: {error}" for kind, error in failures)
    later = [error for _, error in failures if isinstance(error, Retryable)]
    if not later:
        return Poison(reason, facts=facts)
    asked = [error.after_seconds for error in later if error.after_seconds is not None]
    return Retryable(reason, max(asked, default=None), facts=facts)
