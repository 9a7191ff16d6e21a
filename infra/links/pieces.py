"""Pieces of a file that are fetched side by side, each in a task of its own."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from infra.errors import Retryable
from infra.links.base import FileChanged, Links, Validator

_PROGRESS_BYTES: Final = 64 * 1024
"""A piece that breaks off before so much of it came is not asked for again at once."""


@dataclass(slots=True)
class Room:
    """How many bytes downloads may still hold, all together."""

    free_bytes: int


@dataclass(slots=True)
class Piece:
    """The bytes from `first` to before `end`, of which those before `at` have come."""

    first: int
    end: int
    at: int
    came: asyncio.Queue[bytes | None] = field(default_factory=asyncio.Queue)
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    fetching: asyncio.Task[None] | None = None

    async def is_under_way(self, patience_seconds: float) -> bool:
        """Whether any of it has come. Where that is not known yet, it is waited for so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(patience_seconds):
                await self.begun.wait()
        return self.at > self.first

    async def chunks(self) -> AsyncIterator[bytes]:
        """Once, in order, as they come. Raises what broke it, when all that came was given."""
        while (chunk := await self.came.get()) is not None:
            yield chunk
        if self.fetching is not None:
            await self.fetching


@dataclass(slots=True)
class Pieces:
    """The rest of a file that is `unchanged` and ends at `length`, in pieces. `under_way` are in order."""

    links: Links
    url: str
    unchanged: Validator
    length: int
    piece_bytes: int
    room: Room
    next: int = 0
    under_way: deque[Piece] = field(default_factory=deque)
    held_bytes: int = 0

    @property
    def reached(self) -> int:
        """What has come, as an offset: as if there were no gaps."""
        return self.next - sum(piece.end - piece.at for piece in self.under_way)

    def hold(self, number: int) -> bool:
        """Whether there is room for so many; if not, nothing changes."""
        more = number * self.piece_bytes - self.held_bytes
        if more > self.room.free_bytes:
            return False
        self.room.free_bytes -= more
        self.held_bytes += more
        return True

    def begin(self, first: int) -> None:
        """Ask for the first one, unless the file ends before it."""
        self.next = first
        self.fill(1)

    def fill(self, number: int) -> None:
        """Ask for the next ones, until so many are under way."""
        while len(self.under_way) < number and self.next < self.length:
            end = min(self.next + self.piece_bytes, self.length)
            piece = Piece(self.next, end, self.next)
            piece.fetching = asyncio.create_task(self._fetch(piece))
            self.under_way.append(piece)
            self.next = end

    async def drop(self) -> None:
        """Give up those that are under way, and all room."""
        fetching = [piece.fetching for piece in self.under_way if piece.fetching is not None]
        for task in fetching:
            task.cancel()
        await asyncio.gather(*fetching, return_exceptions=True)
        self.under_way.clear()
        self.hold(0)

    async def _fetch(self, piece: Piece) -> None:
        """Where it breaks off after some progress, the rest is asked for again. Raises as `Links.open`."""
        try:
            while piece.at < piece.end:
                began = piece.at
                try:
                    await self._read(piece)
                except FileChanged:
                    raise
                except Retryable:
                    if piece.at - began < _PROGRESS_BYTES:
                        raise
        finally:
            piece.begun.set()
            piece.came.put_nowait(None)

    async def _read(self, piece: Piece) -> None:
        opening = self.links.open(self.url, first=piece.at, last=piece.end - 1, unchanged=self.unchanged)
        async with opening as part:
            if part.first != piece.at:
                raise Retryable("The source gives no parts any more.")
            async for chunk in part.chunks():
                piece.at += len(chunk)
                piece.begun.set()
                piece.came.put_nowait(chunk)
