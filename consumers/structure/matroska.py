"""Matroska and WebM: elements, by RFC 8794 (EBML) and RFC 9559 (Matroska).

Proved: the `Segment`, which holds everything, is as long as it says.
Cannot tell: a `Segment` of unknown size, as live recorders write it: only that its last element is not whole.
"""

from typing import Final

from consumers.structure.reading import (
    NEEDS_MORE,
    NOTHING_OF_THE_FORMAT,
    Reading,
    Steps,
    at_end,
    follow,
    more,
    skip,
)

_EBML: Final = 0x1A45DFA3
_SEGMENT: Final = 0x18538067
_CLUSTER: Final = 0x1F43B675
_NO_ELEMENT: Final = 0
_BESIDE_SEGMENTS: Final = (_EBML, _SEGMENT, 0xEC, 0xBF)
"""The last two are `Void` and `CRC-32`."""
_HOLDING_OTHERS: Final = (_EBML, _SEGMENT, _CLUSTER)


def matroska(reading: Reading) -> Steps[bool | None]:
    segment = False
    while not (yield from at_end(reading)):
        while (header := _header(reading.held, reading.at)) is None:
            yield from more(reading)
        element, length, size = header
        if element not in _BESIDE_SEGMENTS:
            return None if segment else False
        reading.at += length
        segment = segment or element == _SEGMENT
        if size is None:
            yield from follow(reading, _length)
            return None if segment else False
        yield from skip(reading, size)
    return segment


def _length(held: bytes, at: int) -> int:
    """Of what is in a segment of unknown size: where that is itself of unknown size, only its header."""
    header = _header(held, at)
    if header is None:
        return NEEDS_MORE
    element, length, size = header
    if element == _NO_ELEMENT:
        return NOTHING_OF_THE_FORMAT
    if size is None:
        return length if element in _HOLDING_OTHERS else NOTHING_OF_THE_FORMAT
    return length + size


def _header(held: bytes, at: int) -> tuple[int, int, int | None] | None:
    """The id of an element, how long its header is, and its size, null where it is unknown. Null where too
    little is held to tell."""
    there = len(held) - at
    if not there:
        return None
    id_length = _LENGTHS[held[at]]
    if id_length > _LONGEST_ID:
        return _NO_ELEMENT, 0, 0
    if there <= id_length:
        return None
    size_at = at + id_length
    size_length = _LENGTHS[held[size_at]]
    length = id_length + size_length
    if size_length > _LONGEST_SIZE:
        return _NO_ELEMENT, 0, 0
    if there < length:
        return None
    unknown = _UNKNOWN[size_length]
    size = int.from_bytes(held[size_at : at + length], "big") & unknown
    return int.from_bytes(held[at:size_at], "big"), length, None if size == unknown else size


_LONGEST_ID: Final = 4
_LONGEST_SIZE: Final = 8
_LENGTHS: Final = tuple(9 - first.bit_length() for first in range(256))
"""Of a number, by its first byte: as many zeros as it begins with, and one."""
_UNKNOWN: Final = tuple((1 << 7 * length) - 1 for length in range(_LONGEST_SIZE + 1))
"""All bits of a size set, by its length."""
