"""Moving a file of any size in bounded memory, off the event loop where it costs time."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator

from infra.objects.base import Upload


async def in_pieces(chunks: AsyncIterator[bytes], piece_bytes: int) -> AsyncGenerator[bytes]:
    """The same bytes in pieces of at least `piece_bytes`, the last one smaller; none for no bytes."""
    held: list[bytes] = []
    size = 0
    async for chunk in chunks:
        held.append(chunk)
        size += len(chunk)
        if size >= piece_bytes:
            yield b"".join(held)
            held, size = [], 0
    if size:
        yield b"".join(held)


async def copied(head: bytes, pieces: AsyncIterator[bytes], upload: Upload) -> tuple[int, str]:
    """Write `head` and then all `pieces`; how many bytes that were, and their sha256 in lower-case hex.

    A piece is hashed and written, each in a thread, while the next one comes in: two pieces are held.
    """
    digest = hashlib.sha256()

    async def keep(piece: bytes) -> None:
        await asyncio.gather(asyncio.to_thread(digest.update, piece), upload.write(piece))

    size = len(head)
    keeping = asyncio.create_task(keep(head))
    try:
        async for piece in pieces:
            await keeping
            keeping = asyncio.create_task(keep(piece))
            size += len(piece)
        await keeping
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
    return size, digest.hexdigest()


async def digest_of(chunks: AsyncIterator[bytes]) -> str:
    """The sha256 of all the bytes, in lower-case hex."""
    digest = hashlib.sha256()
    async for chunk in chunks:
        await asyncio.to_thread(digest.update, chunk)
    return digest.hexdigest()
