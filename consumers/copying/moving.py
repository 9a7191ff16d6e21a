"""The bytes of a file on their way: from the source past its proof into the store, and a note of how far."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from consumers.copying import metrics
from consumers.copying.journal import Journal
from consumers.copying.proof import Proof
from consumers.copying.telling import Telling
from consumers.streams import Piece, behind, handed_on
from infra.links.base import FileChanged
from infra.objects.base import Upload

log = structlog.get_logger()


async def move(pieces: AsyncIterator[Piece], upload: Upload, proof: Proof, journal: Journal) -> None:
    """All of them. What the upload had already when it was opened goes past the proof only."""
    there = upload.saved
    file = journal.download.name.rpartition("/")[2]
    telling = Telling(file, journal.download.size, proof.size)

    async def keep(piece: Piece) -> None:
        missing = behind(piece, there - proof.size)
        await asyncio.gather(asyncio.to_thread(proof.take, piece), upload.write(*missing))
        metrics.BYTES.inc(sum(map(len, missing)))
        telling.at(proof.size)
        journal.note(upload.saved)

    try:
        await handed_on(pieces, keep)
    finally:
        await journal.settle()


@asynccontextmanager
async def dropped_if_changed(journal: Journal) -> AsyncIterator[None]:
    """Nothing is left of a copy whose file is another one by now."""
    try:
        yield
    except FileChanged as exc:
        log.info("started over", name=journal.download.name, reason=str(exc))
        metrics.STARTED_OVER.inc()
        await journal.drop()
        raise
