"""What a request sends: bytes from memory as they came, or from a file piece by piece."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Event
from typing import Final, Protocol

PIECE_BYTES: Final = 256 * 1024


class GivenUp(Exception):
    """Nobody wants what is being sent any more."""


class Body(Protocol):
    """As much of a file as boto3 reads of one. Once it is given up, no more of it is sent."""

    def __len__(self) -> int: ...

    def read(self, size: int = -1) -> bytes | memoryview:
        """The next piece, whatever its size, valid until the one after it: who reads takes what he gets."""

    def tell(self) -> int: ...

    def seek(self, position: int) -> None:
        """To a position that `tell` told, or 0."""


@dataclass(slots=True)
class HeldBody:
    """Chunks in memory, without a copy of them all. A position is the number of a chunk."""

    chunks: Sequence[memoryview]
    given_up: Event
    next_chunk: int = 0

    def __len__(self) -> int:
        return sum(map(len, self.chunks))

    def read(self, size: int = -1) -> bytes | memoryview:
        if self.given_up.is_set():
            raise GivenUp
        if self.next_chunk == len(self.chunks):
            return b""
        self.next_chunk += 1
        return self.chunks[self.next_chunk - 1]

    def tell(self) -> int:
        return self.next_chunk

    def seek(self, position: int) -> None:
        self.next_chunk = position


class FileBody:
    """The first `size` bytes of a file that somebody else has opened, whose own position stays."""

    def __init__(self, descriptor: int, size: int, given_up: Event) -> None:
        self._descriptor, self._size, self._given_up = descriptor, size, given_up
        self._position = 0
        self._piece = memoryview(bytearray(min(size, PIECE_BYTES)))

    def __len__(self) -> int:
        return self._size

    def read(self, size: int = -1) -> bytes | memoryview:
        if self._given_up.is_set():
            raise GivenUp
        wanted = min(len(self._piece), self._size - self._position)
        if wanted == 0:
            return b""
        read = os.preadv(self._descriptor, [self._piece[:wanted]], self._position)
        if read == 0:
            raise GivenUp  # somebody has cut the file
        self._position += read
        return self._piece[:read]

    def tell(self) -> int:
        return self._position

    def seek(self, position: int) -> None:
        self._position = position
