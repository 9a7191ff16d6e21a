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
    """Of what is in a segment of unknown size; where that is of unknown size too, the length of its header."""
    header = _header(held, at)
    if header is None:
        return NEEDS_MORE
    element, length, size = header
    if size is None:
        return length if element in _HOLDING_OTHERS else NOTHING_OF_THE_FORMAT
    return length + size


def _header(held: bytes, at: int) -> tuple[int, int, int | None] | None:
    """The id of an element, how long its header is, and its size (null: unknown). An id of 0 is none."""
    there = len(held) - at
    if there < 1:
        return None
    id_length = 9 - held[at].bit_length()
    if id_length > 4:
        return 0, 1, 0
    if there < id_length + 1:
        return None
    behind_id = at + id_length
    size_length = 9 - held[behind_id].bit_length()
    if size_length > 8:
        return 0, 1, 0
    length = id_length + size_length
    if there < length:
        return None
    most = (1 << 7 * size_length) - 1
    size = int.from_bytes(held[behind_id : at + length], "big") & most
    return int.from_bytes(held[at:behind_id], "big"), length, None if size == most else size
