"""MP4, M4A, QuickTime: boxes, by ISO/IEC 14496-12 (ISO base media file format), as are those of QuickTime.

Proved: every box is as long as it says (§4.2); `moov`, which says where the samples are, and `mdat`, which
holds them, are both there; no chunk of samples begins behind the end (`stco`, `co64`: §8.7.5). A file in
fragments (§8.8) tells its end by the index `mfra` that comes after the last of them (§8.8.9).
Cannot tell: fragments without that index, cut between two of them; a last box that goes on "to the end of the
file"; whether boxes that nothing points to (`free`, `uuid`) came after the last one.
"""

import struct
from dataclasses import dataclass
from typing import Final

from consumers.structure.reading import Reading, Steps, at_end, skip, skip_rest, skip_to, take

_HOLDING_OFFSETS: Final = frozenset({b"trak", b"mdia", b"minf", b"stbl"})
_OFFSETS: Final = {b"stco": ("I", 4), b"co64": ("Q", 8)}
_OFFSETS_AT_A_TIME: Final = 8192


@dataclass(slots=True)
class _Seen:
    """`highest` is the offset of the chunk that begins last in the file."""

    moov: bool = False
    mdat: bool = False
    fragments: bool = False
    waits_for_mdat: bool = False
    index: bool = False
    to_the_end: bool = False
    highest: int = -1


def mp4(reading: Reading) -> Steps[bool | None]:
    seen = _Seen()
    understood = True
    while understood and not (yield from at_end(reading)):
        understood = yield from _box(reading, seen)
    if not (seen.moov and seen.mdat) or seen.waits_for_mdat:
        return False
    if not understood:
        return None
    if seen.highest > reading.position:
        return False
    if seen.to_the_end or (seen.fragments and not seen.index):
        return None
    return True


def _box(reading: Reading, seen: _Seen) -> Steps[bool]:
    """Read a box of the outermost level; whether it is one."""
    start = reading.position
    size, kind = yield from _header(reading)
    if size is not None and size < reading.position - start:
        return False
    match kind:
        case b"moov":
            seen.moov = True
        case b"moof":
            seen.fragments, seen.waits_for_mdat, seen.index = True, True, False
        case b"mfra":
            seen.index = True
        case b"mdat":
            seen.mdat, seen.waits_for_mdat = True, False
    if size is None:
        seen.to_the_end = True
        yield from skip_rest(reading)
        return True
    if kind == b"moov":
        yield from _movie(reading, start + size, seen)
    yield from skip_to(reading, start + size)
    return True


def _header(reading: Reading) -> Steps[tuple[int | None, bytes]]:
    """The size of the whole box, null where it goes on to the end of the file, and its type."""
    size, kind = struct.unpack(">I4s", (yield from take(reading, 8)))
    if size == 1:
        (size,) = struct.unpack(">Q", (yield from take(reading, 8)))
        return size, kind
    return size or None, kind


def _movie(reading: Reading, end: int, seen: _Seen) -> Steps[None]:
    """Look through the boxes of `moov`, as far as they are well made."""
    while reading.position + 8 <= end:
        start = reading.position
        size, kind = yield from _header(reading)
        if size is None or size < reading.position - start:
            return
        if kind in _HOLDING_OFFSETS:
            continue
        inside = min(start + size, end)
        if kind == b"mvex":
            seen.fragments = True
        elif kind in _OFFSETS:
            yield from _offsets(reading, inside, *_OFFSETS[kind], seen)
        yield from skip_to(reading, inside)


def _offsets(reading: Reading, end: int, code: str, width: int, seen: _Seen) -> Steps[None]:
    yield from skip(reading, 4)
    (count,) = struct.unpack(">I", (yield from take(reading, 4)))
    count = min(count, (end - reading.position) // width)
    while count > 0:
        some = min(count, _OFFSETS_AT_A_TIME)
        offsets = struct.unpack(f">{some}{code}", (yield from take(reading, some * width)))
        seen.highest = max(seen.highest, *offsets)
        count -= some
