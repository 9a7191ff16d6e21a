"""What a request sends: chunks as they came, without a copy of them all."""

import base64
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Event


class GivenUp(Exception):
    """Nobody wants what is being sent any more."""


@dataclass(slots=True)
class Body:
    """As much of a file as boto3 reads of one. Once `given_up` is set, no more of it is sent."""

    chunks: Sequence[memoryview]
    given_up: Event
    next_chunk: int = 0

    def __len__(self) -> int:
        return sum(map(len, self.chunks))

    def read(self, size: int = -1) -> bytes | memoryview:
        """The next chunk, whatever its size: all who read this take what they get."""
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


def crc32(chunks: Sequence[memoryview], of_what_came_before: int = 0) -> int:
    crc = of_what_came_before
    for chunk in chunks:
        crc = zlib.crc32(chunk, crc)
    return crc


def as_header(crc: int) -> str:
    return base64.b64encode(crc.to_bytes(4, "big")).decode()
