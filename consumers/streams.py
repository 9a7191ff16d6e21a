"""Moving a file of any size in bounded memory, off the event loop where it costs time."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from typing import Any


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


async def handed_on(pieces: AsyncIterator[bytes], keep: Callable[[bytes], Coroutine[Any, Any, None]]) -> None:
    """Give `keep` one piece after the other, each while the next one comes in: two pieces are held.

    Where no more can come, the last that did is kept before that is told.
    """
    keeping = asyncio.create_task(asyncio.sleep(0))
    try:
        async for piece in pieces:
            await keeping
            keeping = asyncio.create_task(keep(piece))
        await keeping
    except Exception:
        await keeping
        raise
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)


async def digest_of(chunks: AsyncIterator[bytes]) -> str:
    """The sha256 of all the bytes, in lower-case hex."""
    digest = hashlib.sha256()
    async for chunk in chunks:
        await asyncio.to_thread(digest.update, chunk)
    return digest.hexdigest()
