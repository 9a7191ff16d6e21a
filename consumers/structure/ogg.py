"""Ogg: pages, by RFC 3533.

Proved: every page has the checksum it says, and the last page of each logical stream, which is marked as such
(§6, header type 0x04), is there. A file whose recorder died before it wrote those marks is called broken.
Cannot tell: whether another stream came behind the last one that ended (§4, chaining).
"""

import struct
import zlib
from typing import Final

from consumers.structure.reading import Reading, Steps, at_end, take

_LAST_PAGE: Final = 0x04
_MOST_STREAMS: Final = 1024
_MIRRORED: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def ogg(reading: Reading) -> Steps[bool | None]:
    """Streams that ended are forgotten, so that their number is no matter."""
    running: set[int] = set()
    pages = 0
    while not (yield from at_end(reading)):
        header = yield from take(reading, 27)
        magic, flags, stream, crc, segments = struct.unpack("<4sxB8xI4xIB", header)
        if magic != b"OggS":
            return False if running or not pages else None
        lengths = yield from take(reading, segments)
        body = yield from take(reading, sum(lengths))
        if _crc(header[:22] + bytes(4) + header[26:] + lengths + body) != crc:
            return False
        pages += 1
        if flags & _LAST_PAGE:
            running.discard(stream)
        else:
            running.add(stream)
        if len(running) > _MOST_STREAMS:
            return None
    return pages > 0 and not running


def _crc(page: bytes) -> int:
    """CRC-32 with the bits the other way round than zlib's, and nothing inverted."""
    mirrored = zlib.crc32(page.translate(_MIRRORED), 0xFFFF_FFFF) ^ 0xFFFF_FFFF
    return int.from_bytes(mirrored.to_bytes(4, "little").translate(_MIRRORED), "big")
