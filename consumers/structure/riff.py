"""WAV and AVI: chunks, by Microsoft's Multimedia Programming Interface 1.0 (RIFF), EBU Tech 3306 (RF64),
ITU-R BS.2088 (BW64) and the OpenDML AVI File Format Extensions 1.02 (`AVIX`, `indx`).

Proved: the file is as long as its outermost size says, in 32 bits or in those of `ds64`; its `data` or `movi`
is whole; and an AVI in several parts reaches to the last one that its indexes point to.
Cannot tell: what was written to a pipe, where the sizes were never filled in (0, 0xFFFFFFFF, about 2 GiB).
"""

import struct
from dataclasses import dataclass
from typing import Final

from consumers.structure.reading import Reading, Steps, at_end, skip, skip_to, take

_LONG: Final = (b"RF64", b"BW64")
_IN_DS64: Final = 0xFFFF_FFFF
_SLOPPY_BYTES: Final = 8
"""Some writers count the outermost header as well, or leave out the last pad byte."""

_INDEX_OF_INDEXES: Final = 0
_MOST_INDEXES: Final = 4096


@dataclass(slots=True)
class _Seen:
    """`reach`: where the last part ends that an index points to. `data_size`: the one in `ds64`."""

    content: bool = False
    unknown: bool = False
    data_size: int = _IN_DS64
    reach: int = 0


def riff(reading: Reading) -> Steps[bool | None]:
    seen = _Seen()
    while True:
        start = reading.position
        magic, size, form = struct.unpack("<4sI4s", (yield from take(reading, 12)))
        if magic in _LONG:
            size = yield from _long_size(reading, seen)
        elif magic != b"RIFF":
            return None if seen.content else False
        if _never_filled_in(size):
            return None
        end = start + 8 + size
        ended = yield from _chunks(reading, end, seen)
        if seen.unknown:
            return None
        if not seen.content:
            return False
        if ended and reading.position < end:
            return None if end - reading.position <= _SLOPPY_BYTES else False
        if (yield from at_end(reading)):
            return seen.reach <= reading.position
        if form != b"AVI " and form != b"AVIX":
            return None


def _never_filled_in(size: int) -> bool:
    """SoX and arecord leave about 2 GiB there."""
    return size in (0, 0xFFFF_FFFF) or 0x7FFF_F000 <= size <= 0x8000_0100


def _long_size(reading: Reading, seen: _Seen) -> Steps[int]:
    kind, length, size, seen.data_size = struct.unpack("<4sIQQ", (yield from take(reading, 24)))
    if kind != b"ds64":
        return 0
    yield from skip(reading, max(0, length - 16))
    return int(size)


def _chunks(reading: Reading, end: int, seen: _Seen) -> Steps[bool]:
    """Go through the chunks that begin before `end`; whether the file ends behind one of them."""
    while reading.position < end:
        if (yield from at_end(reading)):
            return True
        kind, size = struct.unpack("<4sI", (yield from take(reading, 8)))
        start = reading.position
        if kind == b"LIST":
            of = yield from take(reading, 4)
            if of in (b"hdrl", b"strl"):
                continue
            kind = of
        if kind == b"data" and size == _IN_DS64:
            size = seen.data_size
        if kind in (b"data", b"movi"):
            seen.content = True
            seen.unknown = seen.unknown or _never_filled_in(size)
            if seen.unknown:
                return False
        if kind == b"indx":
            yield from _index(reading, start + size, seen)
        yield from skip_to(reading, start + size)
        if size % 2 and not (yield from at_end(reading)):
            yield from skip(reading, 1)
    return False


def _index(reading: Reading, end: int, seen: _Seen) -> Steps[None]:
    if end - reading.position < 24:
        return
    kind, count = struct.unpack("<3xBI16x", (yield from take(reading, 24)))
    if kind != _INDEX_OF_INDEXES:
        return
    for _ in range(min(count, _MOST_INDEXES, (end - reading.position) // 16)):
        offset, size = struct.unpack("<QI4x", (yield from take(reading, 16)))
        seen.reach = max(seen.reach, offset + size)
