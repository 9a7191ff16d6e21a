"""Moving a file of any size in bounded memory, off the event loop where it costs time."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Sequence
from time import monotonic
from typing import Any, TypeVar

T = TypeVar("T")

Piece = Sequence[bytes]
"""Some of a file's bytes, in the chunks in which they came: joining them would cost much."""


async def in_pieces(
    chunks: AsyncIterator[bytes], *, least_bytes: int, most_bytes: int, seconds: float
) -> AsyncGenerator[Piece]:
    """The same bytes in pieces of `least_bytes` and more, the last one smaller; none for no bytes.

    Of a fast source a piece takes what comes in `seconds`, until it has `most_bytes`: what is done for each
    piece costs less of a fast source's time, and of a slow one no more is at risk than must be. Where no more
    can come, a piece that did is given before that is told.
    """
    held: list[bytes] = []
    size, began = 0, monotonic()
    try:
        async for chunk in chunks:
            held.append(chunk)
            size += len(chunk)
            if size >= most_bytes or (size >= least_bytes and monotonic() - began >= seconds):
                yield held
                held, size, began = [], 0, monotonic()
    except Exception:
        if size >= least_bytes:
            yield held
        raise
    if size:
        yield held


def behind(piece: Piece, size: int) -> Piece:
    """The piece without its first `size` bytes."""
    return [b"".join(piece)[size:]] if size > 0 else piece


async def handed_on(pieces: AsyncIterator[T], keep: Callable[[T], Coroutine[Any, Any, None]]) -> None:
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
