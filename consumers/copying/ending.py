"""How a copy ends: its file gets a name and then a row. What the meeting has already is not kept twice."""

from datetime import UTC, datetime
from typing import Final

import structlog

from consumers.copying import metrics
from consumers.copying.journal import Journal
from consumers.copying.known import Known
from consumers.copying.names import twin_of
from consumers.copying.proof import Proof
from consumers.forgotten import Forgotten, writing_of
from consumers.streams import digest_of
from infra.database.artifacts import add_artifact
from infra.database.downloads import remove_download
from infra.errors import Retryable
from infra.objects.base import ObjectExists, Upload
from schemas.manifest import Artifact, Verified
from schemas.meeting import Link

_ANOTHER: Final = "what came has not the sha256 that its sender told of."

log = structlog.get_logger()


async def finish(upload: Upload, proof: Proof, journal: Journal, known: Known) -> Artifact:
    """The artifact that holds a file whose bytes have all come: a new one, or one that holds the same.

    Raises `Retryable` where not all of them came, or another file has its name by now; `Forgotten`.
    """
    verified = proof.verified()
    await journal.note_whole()
    if proof.sha256 is None:
        await _name(upload, journal)
        return await read_back(journal, known)
    if _is_another(proof.sha256, journal):
        await journal.drop()
        raise Retryable(_ANOTHER)
    if verified == "none":
        verified = _by_the_senders_word(proof.size, journal.wanted.link)
    artifact = _artifact(journal, proof.size, proof.sha256, verified)
    twin = await twin_of(artifact, journal.wanted.folder, known.artifacts, journal.services.objects)
    if twin is not None:
        return await _adopt(twin, known, artifact, journal)
    await _name(upload, journal)
    return await _record(artifact, journal)


async def is_named(journal: Journal, known: Known) -> bool:
    """Whether the file got its name already, and only its row is missing."""
    download = journal.download
    found = await journal.services.objects.stat(download.name) if download.whole else None
    return (
        found is not None
        and found.size == download.size
        and download.name.removeprefix(journal.wanted.folder) not in known.artifacts
    )


async def read_back(journal: Journal, known: Known) -> Artifact:
    """The artifact that holds a file that came as long as announced, in more than one attempt, and has its
    name: the digest is that of the object. Raises `Forgotten`."""
    objects, download = journal.services.objects, journal.download
    sha256 = await digest_of(objects.read(download.name))
    if _is_another(sha256, journal):
        await objects.delete(download.name)
        await journal.drop()
        raise Retryable(_ANOTHER)
    artifact = _artifact(journal, download.size or 0, sha256, "length")
    twin = await twin_of(artifact, journal.wanted.folder, known.artifacts, objects)
    if twin is not None:
        await objects.delete(download.name)
        return await _adopt(twin, known, artifact, journal)
    return await _record(artifact, journal)


def _by_the_senders_word(size: int, link: Link) -> Verified:
    """What proves a file of the right digest, where neither its source nor its structure tells."""
    return "length" if link.size == size else "none" if link.sha256 is None else "structure"


def _is_another(sha256: str, journal: Journal) -> bool:
    """Whether a file has not the digest that its sender told of."""
    return journal.wanted.link.sha256 not in (None, sha256)


async def _name(upload: Upload, journal: Journal) -> None:
    try:
        await upload.finish()
    except ObjectExists as exc:
        await journal.drop()
        raise Retryable("another file has just been stored under its name.") from exc


async def _adopt(twin: str, known: Known, artifact: Artifact, journal: Journal) -> Artifact:
    """What holds the same bytes under the name `twin`; one that no row told of gets its row now."""
    await journal.drop()
    if twin in known.artifacts:
        metrics.ADOPTED.inc()
        return known.artifacts[twin]
    return await _record(artifact.model_copy(update={"name": twin}), journal)


async def _record(artifact: Artifact, journal: Journal) -> Artifact:
    wanted, services, download = journal.wanted, journal.services, journal.download
    try:
        async with writing_of(services.database, *wanted.meeting) as tx:
            await add_artifact(tx, *wanted.meeting, artifact, source=wanted.source, etag=download.etag)
            if journal.is_written:
                await remove_download(tx, download)
    except Forgotten:
        await journal.drop()
        await services.objects.delete(wanted.folder + artifact.name)
        raise
    metrics.STORED.inc()
    log.info("stored", name=artifact.name, bytes=artifact.size, verified=artifact.verified)
    return artifact


def _artifact(journal: Journal, size: int, sha256: str, verified: Verified) -> Artifact:
    download = journal.download
    return Artifact(
        name=download.name.removeprefix(journal.wanted.folder),
        kind=journal.wanted.link.kind,
        media_type=download.media_type,
        size=size,
        sha256=sha256,
        verified=verified,
        source_event=journal.wanted.event,
        stored_at=datetime.now(UTC),
    )
