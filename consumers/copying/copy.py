"""The copy of one file, step by step: it is asked for, then adopted, begun or resumed, moved, and finished.

`docs/recordings.md` draws these steps and the ways between them.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Final

import structlog

from consumers.base import Services
from consumers.copying import metrics
from consumers.copying.ending import finish, is_named, read_back
from consumers.copying.journal import Journal, begun
from consumers.copying.moving import dropped_if_changed, move
from consumers.copying.names import format_of, free_name, is_there
from consumers.copying.proof import Proof, proof_of_all, proof_of_rest
from consumers.copying.source import Source, known_again
from consumers.copying.wanted import Wanted
from consumers.media import HEAD_BYTES, Format, recognise
from consumers.streams import in_pieces
from infra.clock import wall_clock_ms
from infra.database.artifacts import artifacts_from
from infra.database.downloads import UnfinishedDownload, downloads_of
from infra.errors import Retryable
from infra.links.base import Download, FileChanged, Validator
from infra.objects.base import Upload
from schemas.manifest import Artifact

_PIECE_BYTES: Final = max(512 * 1024, HEAD_BYTES)
_WORTH_RESUMING_BYTES: Final = 4 * 1024 * 1024
"""A smaller file is fetched again: that is cheaper than to write down how far it is."""
_MOST_BEGINNINGS: Final = 3

log = structlog.get_logger()


async def copy(wanted: Wanted, services: Services, *, silence_seconds: float) -> Artifact:
    """The artifact that holds the file, stored now or before.

    What was begun is gone on with, whoever began it: another worker that moves on is waited for, one that has
    not for `silence_seconds` has lost it.
    Raises `Retryable`, `Poison`, `Halt`, and `Forgotten` where the meeting was forgotten meanwhile.
    """
    source = Source(wanted, services, wanted.link)
    with metrics.RUNNING.track_inprogress():
        for _ in range(_MOST_BEGINNINGS):
            download = await begun(wanted, services)
            try:
                if download is None:
                    artifact = await _begin(source)
                else:
                    artifact = await _resume(source, Journal(wanted, services, download), silence_seconds)
            except FileChanged:
                continue
            if artifact is not None:
                return artifact
    raise Retryable("the file at the link, or who copies it, keeps changing.")


async def _begin(source: Source) -> Artifact | None:
    """Null where another worker was quicker to begin."""
    wanted, services = source.wanted, source.services
    async with source.open() as answer, aclosing(in_pieces(answer.chunks(), _PIECE_BYTES)) as pieces:
        there = await _copied_before(answer, wanted, services)
        if there is not None:
            metrics.ADOPTED.inc()
            return there
        head = await anext(pieces, b"")
        form = recognise(wanted.link.kind, head)
        if form is None:
            raise Retryable("what came is no such file, perhaps an error page." if head else "nothing came.")
        name = await _new_name(form, wanted, services)
        resumable = _can_be_resumed(answer)
        async with services.objects.begin(name, media_type=form.media_type, resumable=resumable) as upload:
            journal = Journal(wanted, services, _download(wanted, name, form, upload, answer))
            if not await journal.begin():
                return None
            proof = proof_of_all(form, answer.length)
            async with dropped_if_changed(journal), aclosing(_after(head, pieces)) as all_pieces:
                await move(all_pieces, upload, proof, journal)
            return await finish(upload, proof, journal)


async def _resume(source: Source, journal: Journal, silence_seconds: float) -> Artifact | None:
    """Null where there is nothing to go on with: another worker was through with it, or nothing is left."""
    objects, download = source.services.objects, journal.download
    async with objects.resume(
        download.name, download.upload_id, media_type=download.media_type, saved=download.saved
    ) as upload:
        if upload is not None:
            log.info("resumed", name=download.name, at=upload.saved, bytes=download.size)
            metrics.RESUMED.inc()
            async with dropped_if_changed(journal):
                proof = await _move_rest(source, upload, journal)
            return await finish(upload, proof, journal)
    if await is_named(journal):
        return await read_back(journal)
    if await journal.is_abandoned(silence_seconds):
        await journal.drop()
    return None


async def _move_rest(source: Source, upload: Upload, journal: Journal) -> Proof:
    download = journal.download
    size = download.size or 0
    if upload.saved == size:
        return proof_of_rest(size, size)
    unchanged = Validator(download.etag, download.modified, size)
    async with (
        source.open(first=upload.saved, unchanged=unchanged) as answer,
        aclosing(in_pieces(answer.chunks(), _PIECE_BYTES)) as pieces,
    ):
        if answer.first == 0:  # the source gives no part
            proof = proof_of_all(format_of(download.name, download.media_type), size)
        else:
            proof = proof_of_rest(size, answer.first)
        await move(pieces, upload, proof, journal)
    return proof


async def _copied_before(answer: Download, wanted: Wanted, services: Services) -> Artifact | None:
    """The artifact that came from just this file of this link, as another event announced it before."""
    if answer.etag is None or answer.length is None:
        return None
    kind, source = wanted.link.kind, wanted.source
    async with services.database.reading() as tx:
        found = await artifacts_from(
            tx, *wanted.meeting, kind=kind, source=source, etag=answer.etag, size=answer.length
        )
    for artifact in found:
        if await is_there(artifact, wanted.folder, services.objects):
            return artifact
    return None


async def _new_name(form: Format, wanted: Wanted, services: Services) -> str:
    """One that no object has, and that no other copy will give its own."""
    async with services.database.reading() as tx:
        taken = [download.name for download in await downloads_of(tx, *wanted.meeting)]
    return await free_name(services.objects, wanted.folder, form, taken)


def _can_be_resumed(answer: Download) -> bool:
    return known_again(answer) and (answer.length or 0) > _WORTH_RESUMING_BYTES


def _download(
    wanted: Wanted, name: str, form: Format, upload: Upload, answer: Download
) -> UnfinishedDownload:
    provider, meeting_id = wanted.meeting
    now_ms = wall_clock_ms()
    return UnfinishedDownload(
        provider=provider,
        meeting_id=meeting_id,
        kind=wanted.link.kind,
        source=wanted.source,
        name=name,
        media_type=form.media_type,
        upload_id=upload.id,
        etag=answer.etag,
        modified=answer.modified,
        size=answer.length,
        saved=0,
        whole=False,
        event_id=wanted.event,
        started_ms=now_ms,
        updated_ms=now_ms,
    )


async def _after(head: bytes, pieces: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
    yield head
    async for piece in pieces:
        yield piece
