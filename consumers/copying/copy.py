"""The copy of one file, step by step: it is asked for, then adopted, begun or resumed, moved, and finished.

`docs/recordings.md` draws these steps and the ways between them.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress
from functools import partial
from typing import Final

import structlog

from consumers.base import Services
from consumers.copying import metrics
from consumers.copying.ending import finish, is_named, read_back
from consumers.copying.journal import Journal
from consumers.copying.known import Known, look
from consumers.copying.moving import dropped_if_changed, move
from consumers.copying.names import format_of, free_name, is_there
from consumers.copying.proof import Proof, proof_of_all, proof_of_rest
from consumers.copying.source import Source
from consumers.copying.wanted import Wanted
from consumers.media import HEAD_BYTES, Format, recognise
from consumers.streams import Piece, in_pieces
from infra.clock import wall_clock_ms
from infra.database.downloads import UnfinishedDownload
from infra.errors import Retryable
from infra.links.base import Download, FileChanged, Validator, known_again
from infra.objects.base import ObjectStore, Upload
from schemas.manifest import Artifact

_PIECES: Final = partial(
    in_pieces, least_bytes=max(512 * 1024, HEAD_BYTES), most_bytes=2 * 1024 * 1024, seconds=0.05
)
_WORTH_RESUMING_BYTES: Final = 4 * 1024 * 1024
"""A smaller file is fetched again: that is cheaper than to write down how far it is."""
_MOST_BEGINNINGS: Final = 3

log = structlog.get_logger()


async def copy(wanted: Wanted, known: Known, services: Services, *, silence_seconds: float) -> Artifact:
    """The artifact that holds the file, stored now or before.

    What was begun is gone on with, whoever began it: another worker that moves on is waited for, one that has
    not for `silence_seconds` has lost it.
    Raises `Retryable`, `Poison`, `Halt`, and `Forgotten` where the meeting was forgotten meanwhile.
    """
    source = Source(wanted, services, wanted.link)
    with metrics.RUNNING.track_inprogress():
        for _ in range(_MOST_BEGINNINGS):
            with suppress(FileChanged):
                artifact = await _begin_or_resume(source, known, silence_seconds)
                if artifact is not None:
                    return artifact
            known = await look(wanted.meeting, services)
    raise Retryable("the file at the link, or who copies it, keeps changing.")


async def _begin_or_resume(source: Source, known: Known, silence_seconds: float) -> Artifact | None:
    """Null where it is to be asked once more what is known."""
    wanted = source.wanted
    for download in known.downloads:
        if (download.kind, download.source) == (wanted.link.kind, wanted.source):
            return await _resume(source, Journal(wanted, source.services, download), known, silence_seconds)
    return await _begin(source, known)


async def _begin(source: Source, known: Known) -> Artifact | None:
    """Null where another worker was quicker to begin."""
    wanted, services = source.wanted, source.services
    async with source.open() as answer, aclosing(_PIECES(answer.chunks())) as pieces:
        there = await _copied_before(answer, known, wanted, services.objects)
        if there is not None:
            metrics.ADOPTED.inc()
            return there
        head: Piece = await anext(pieces, [])
        form = recognise(wanted.link.kind, b"".join(head))
        if form is None:
            raise Retryable("what came is no such file, perhaps an error page." if head else "nothing came.")
        taken = [download.name for download in known.downloads]
        name = await free_name(services.objects, wanted.folder, form, taken)
        resumable = _can_be_resumed(answer)
        async with services.objects.begin(name, media_type=form.media_type, resumable=resumable) as upload:
            journal = Journal(wanted, services, _download(wanted, name, form, upload, answer))
            if not await journal.begin():
                return None
            proof = proof_of_all(form, answer.length)
            async with dropped_if_changed(journal), aclosing(_after(head, pieces)) as all_pieces:
                await move(all_pieces, upload, proof, journal)
            return await finish(upload, proof, journal, known)


async def _resume(source: Source, journal: Journal, known: Known, silence_seconds: float) -> Artifact | None:
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
            return await finish(upload, proof, journal, known)
    if await is_named(journal, known):
        return await read_back(journal, known)
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
        aclosing(_PIECES(answer.chunks())) as pieces,
    ):
        if answer.first == 0:  # the source gives no part, and whoever gives the whole heeds no condition
            if not _is_of_the_same(answer, download):
                raise FileChanged("the source gives all of another file.")
            proof = proof_of_all(format_of(download.name, download.media_type), size)
        else:
            proof = proof_of_rest(size, answer.first)
        await move(pieces, upload, proof, journal)
    return proof


async def _copied_before(
    answer: Download, known: Known, wanted: Wanted, objects: ObjectStore
) -> Artifact | None:
    """The artifact that came from just this file of this link, as another event announced it before."""
    this_file = (wanted.link.kind, wanted.source, answer.etag, answer.length)
    for stored in known.stored:
        artifact = stored.artifact
        if (
            stored.etag is not None
            and (artifact.kind, stored.source, stored.etag, artifact.size) == this_file
            and await is_there(artifact, wanted.folder, objects)
        ):
            return artifact
    return None


def _can_be_resumed(answer: Download) -> bool:
    return known_again(answer) and (answer.length or 0) > _WORTH_RESUMING_BYTES


def _is_of_the_same(answer: Download, download: UnfinishedDownload) -> bool:
    if answer.length != download.size or answer.etag != download.etag:
        return False
    return download.etag is not None or answer.modified == download.modified


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


async def _after(head: Piece, pieces: AsyncIterator[Piece]) -> AsyncGenerator[Piece]:
    yield head
    async for piece in pieces:
        yield piece
