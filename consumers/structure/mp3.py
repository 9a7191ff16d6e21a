"""MP3: frames one after another, by ISO/IEC 11172-3 §2.4.2.3, and 13818-3 for the lower sampling rates.

Around them there may be tags (ID3v1 and ID3v2 of id3.org, APEv2). The first frame may be silent and hold a
header that LAME and others write, `Xing` or `Info`, with the number of bytes from that frame on.

Proved: there are as many bytes as that header says.
Cannot tell: a file without such a header, cut between two frames; frames that come after those the header
counts, as where files were put one behind the other. That the last frame is not whole is told.
"""

import struct
from collections.abc import Iterator, Mapping
from typing import Final

from consumers.structure.reading import (
    NEEDS_MORE,
    NOTHING_OF_THE_FORMAT,
    Reading,
    Steps,
    follow,
    skip,
    take,
)


def mp3(reading: Reading) -> Steps[bool | None]:
    yield from follow(reading, _tag_length)
    header = yield from take(reading, 4)
    length = _frame_length(header, 0)
    if length == NOTHING_OF_THE_FORMAT:
        return None
    size = _size_said(header + (yield from take(reading, length - 4)))
    if size is None:
        yield from follow(reading, _length)
        return None
    yield from skip(reading, max(0, size - length))
    _, to_the_end = yield from follow(reading, _tag_length)
    return True if to_the_end else None


def _size_said(frame: bytes) -> int | None:
    version, mono = frame[1] >> 3 & 0b11, frame[3] >> 6 == 0b11
    begin = 4 + _SIDE_BYTES[version == _MPEG_1, mono]
    if len(frame) < begin + 16 or frame[begin : begin + 4] not in (b"Xing", b"Info"):
        return None
    flags, first, second = struct.unpack_from(">III", frame, begin + 4)
    size: int = second if flags & _HAS_FRAMES else first
    return size if flags & _HAS_BYTES and size else None


def _length(held: bytes, at: int) -> int:
    return _frame_length(held, at) if held[at] == 0xFF else _tag_length(held, at)


def _frame_length(held: bytes, at: int) -> int:
    if at + 3 > len(held):
        return NEEDS_MORE
    if held[at] != 0xFF:
        return NOTHING_OF_THE_FORMAT
    return _FRAME_BYTES.get(held[at + 1] << 8 | held[at + 2], NOTHING_OF_THE_FORMAT)


def _tag_length(held: bytes, at: int) -> int:
    head = held[at : at + 16]
    if not any(tag.startswith(head[:3]) for tag in (b"ID3", b"TAG", b"APE")):
        return NOTHING_OF_THE_FORMAT
    if len(head) < 16:
        return NEEDS_MORE
    if head.startswith(b"TAG"):
        return 128
    if head.startswith(b"APETAGEX"):
        return 32 + int.from_bytes(head[12:16], "little")
    if head.startswith(b"ID3"):
        size = head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9]
        return 10 + size + (10 if head[5] & _HAS_FOOTER else 0)
    return NOTHING_OF_THE_FORMAT


_HAS_FRAMES: Final = 1
_HAS_BYTES: Final = 2
_HAS_FOOTER: Final = 0x10
_MPEG_1: Final = 0b11
_LAYER_2: Final = 0b10
_LAYER_3: Final = 0b01

# By whether it is MPEG 1, and mono: what stands between the frame's header and LAME's.
_SIDE_BYTES: Final = {(True, False): 32, (True, True): 17, (False, False): 17, (False, True): 9}
_HERTZ: Final[Mapping[int, tuple[int, int, int]]] = {
    _MPEG_1: (44_100, 48_000, 32_000),
    0b10: (22_050, 24_000, 16_000),
    0b00: (11_025, 12_000, 8_000),
}
# By the index in the header, from 1 on.
_KILOBITS_A_SECOND: Final[Mapping[tuple[bool, int], tuple[int, ...]]] = {
    (True, _LAYER_2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, _LAYER_3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, _LAYER_2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, _LAYER_3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}


def _frame_bytes() -> Iterator[tuple[int, int]]:
    """The second and third byte of every header there can be, and how long its frame is."""
    for version, rates in _HERTZ.items():
        for layer in (_LAYER_2, _LAYER_3):
            slots = 72_000 if layer == _LAYER_3 and version != _MPEG_1 else 144_000
            for index, kilobits in enumerate(_KILOBITS_A_SECOND[version == _MPEG_1, layer], 1):
                for rate, hertz in enumerate(rates):
                    for bits in range(8):  # protected or not, padded or not, private or not
                        second = 0b1110_0000 | version << 3 | layer << 1 | bits >> 2
                        third = index << 4 | rate << 2 | bits & 0b11
                        yield second << 8 | third, slots * kilobits // hertz + (bits >> 1 & 1)


_FRAME_BYTES: Final = dict(_frame_bytes())
