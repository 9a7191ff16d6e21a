"""A file that comes in pieces of any size, read as if it were all there.

A format is a generator that takes what it wants to look at and skips the rest; where the next bytes have
not come yet it yields. So each format is written down once, from its first byte to its last.
"""

import sys
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Final, TypeAlias, TypeVar

T = TypeVar("T")
Steps: TypeAlias = Generator[None, None, T]
"""What to `yield from`: it yields where it must wait, and returns a `T`."""

NOTHING_OF_THE_FORMAT: Final = -1
NEEDS_MORE: Final = 0


class Cut(Exception):
    """The file ended where more of it had to come."""


@dataclass(slots=True)
class Reading:
    """`held[at:]` is what came and was not read yet. `before` counts the bytes of the file before `held`.

    Of the bytes that come, the next `to_skip` are not held at all.
    """

    held: bytes = b""
    at: int = 0
    before: int = 0
    to_skip: int = 0
    ended: bool = False

    @property
    def position(self) -> int:
        """How many bytes of the file were read or skipped."""
        return self.before + self.at


def more(reading: Reading) -> Steps[None]:
    """Wait for more. Raises `Cut` where the file has ended."""
    if reading.ended:
        raise Cut
    yield


def at_end(reading: Reading) -> Steps[bool]:
    """Whether the file ends here; waits until that is known."""
    while reading.at == len(reading.held) and not reading.ended:
        yield
    return reading.at == len(reading.held)


def take(reading: Reading, count: int) -> Steps[bytes]:
    """The next `count` bytes, which are held: the caller bounds them. Raises `Cut` where there are fewer."""
    taken = bytearray()
    while True:
        part = reading.held[reading.at : reading.at + count - len(taken)]
        reading.at += len(part)
        if len(part) == count:
            return part
        taken += part
        if len(taken) == count:
            return bytes(taken)
        yield from more(reading)


def skip(reading: Reading, count: int) -> Steps[None]:
    """Leave out `count` bytes, however many those are. Raises `Cut` where there are fewer."""
    there = min(count, len(reading.held) - reading.at)
    reading.at += there
    reading.to_skip = count - there
    while reading.to_skip:
        yield from more(reading)


def skip_to(reading: Reading, position: int) -> Steps[None]:
    """Go on at `position` of the file; where that was passed already, stay. Raises `Cut` as `skip`."""
    yield from skip(reading, max(0, position - reading.position))


def skip_rest(reading: Reading) -> Steps[None]:
    """Leave out all that is still to come."""
    reading.at = len(reading.held)
    while not reading.ended:
        reading.to_skip = sys.maxsize
        yield
    reading.to_skip = 0


def last(reading: Reading, count: int) -> Steps[bytes]:
    """The last `count` bytes of the file, which are held, or all that are left where those are fewer."""
    kept = bytearray()
    while not (yield from at_end(reading)):
        kept += reading.held[reading.at :]
        reading.at = len(reading.held)
        if len(kept) > 2 * count:
            del kept[:-count]
    return bytes(kept[-count:])


def follow(reading: Reading, length_at: Callable[[bytes, int], int]) -> Steps[tuple[int, bool]]:
    """Go from element to element; how many there were, and whether they reach to the end of the file.

    `length_at(held, at)` is the length of the element that begins there: `NEEDS_MORE` where too little of it
    is held to tell, `NOTHING_OF_THE_FORMAT` where it is none, which ends the walk. It is called for each
    element, and some have 200 bytes: let it be short. Raises `Cut` where the last element is not whole.
    """
    elements = 0
    while not (yield from at_end(reading)):
        held, at = reading.held, reading.at
        length = NEEDS_MORE
        while at < len(held) and (length := length_at(held, at)) > 0:
            at += length
            elements += 1
        if at > len(held):
            yield from skip(reading, at - reading.at)
            continue
        reading.at = at
        if length == NOTHING_OF_THE_FORMAT:
            return elements, False
        if length == NEEDS_MORE:
            yield from more(reading)
    return elements, True
