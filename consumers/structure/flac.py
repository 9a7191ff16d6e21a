"""FLAC, by RFC 9639.

Proved: the last frame is whole (its CRC-16, §9.3, covers it to the end of the file), and the sample it ends
with is the last one that `STREAMINFO` counts (§8.2).
Cannot tell: a stream whose encoder did not know how many samples there would be, cut between two frames;
frames so large that they are not held.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from consumers.structure.reading import Reading, Steps, last, skip, take

_MOST_HELD: Final = 1024 * 1024
_MOST_SUMMED: Final = 4 * _MOST_HELD
_ID3V1_BYTES: Final = 128
_STREAMINFO: Final = 0
_FRAME_HEADER_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class _StreamInfo:
    """`samples` of each channel in the whole stream, 0: not known. `frame_bytes`: no frame is longer."""

    block: int
    samples: int
    frame_bytes: int


def flac(reading: Reading) -> Steps[bool | None]:
    info = None
    if (yield from take(reading, 4)) != b"fLaC":
        return False
    is_last = False
    while not is_last:
        (head,) = struct.unpack(">I", (yield from take(reading, 4)))
        is_last, kind, length = bool(head >> 31), head >> 24 & 0x7F, head & 0xFF_FFFF
        if kind == _STREAMINFO and length == 34:
            info = _stream_info((yield from take(reading, length)))
        else:
            yield from skip(reading, length)
    if info is None or info.frame_bytes > _MOST_HELD:
        return None
    tail = yield from last(reading, info.frame_bytes + _ID3V1_BYTES)
    if tail[-_ID3V1_BYTES:].startswith(b"TAG"):
        tail = tail[:-_ID3V1_BYTES]
    return _judge(info, tail)


def _stream_info(body: bytes) -> _StreamInfo:
    block, longest, packed = struct.unpack(">2xH3x3sQ16x", body)
    channels, bits, samples = (packed >> 41 & 7) + 1, (packed >> 36 & 31) + 1, packed & 0xF_FFFF_FFFF
    # Stored as it is, with a bit more where a channel holds the difference to another.
    plain = channels * (block * (bits + 1) // 8 + 64) + _FRAME_HEADER_BYTES
    return _StreamInfo(block, samples, max(plain, int.from_bytes(longest, "big")))


def _judge(info: _StreamInfo, tail: bytes) -> bool | None:
    summed = 0
    for begin, end_sample in _frames(info, tail):
        summed += len(tail) - begin
        if summed > _MOST_SUMMED:
            return None
        if _crc_16(tail[begin:]) == 0:
            if info.samples == 0 or end_sample > info.samples:
                return None
            return end_sample == info.samples
    return False


def _frames(info: _StreamInfo, tail: bytes) -> Iterator[tuple[int, int]]:
    """Where frames may begin, the last one first, and with how many samples of the stream they end."""
    begin = len(tail)
    while (begin := tail.rfind(b"\xff", 0, begin)) >= 0:
        end_sample = _end_sample(info, tail[begin : begin + _FRAME_HEADER_BYTES])
        if end_sample is not None:
            yield begin, end_sample


def _end_sample(info: _StreamInfo, header: bytes) -> int | None:
    """Null where this is no whole header of a frame (§9.1)."""
    if len(header) < 6 or header[1] & 0b1111_1110 != 0b1111_1000:
        return None
    block_code, rate_code = header[2] >> 4, header[2] & 0b1111
    number_bytes = _LENGTH_BY_LEADING_ONES[8 - (header[4] ^ 0xFF).bit_length()]
    block_at = 4 + number_bytes
    block_bytes = {6: 1, 7: 2}.get(block_code, 0)
    crc_at = block_at + block_bytes + {12: 1, 13: 2, 14: 2}.get(rate_code, 0)
    if not number_bytes or block_code == 0 or crc_at >= len(header) or _crc_8(header[: crc_at + 1]):
        return None
    number = header[4] & (0x7F >> number_bytes if number_bytes > 1 else 0x7F)
    for byte in header[5:block_at]:
        number = number << 6 | byte & 0x3F
    if block_bytes:
        block = int.from_bytes(header[block_at : block_at + block_bytes], "big") + 1
    else:
        block = _BLOCKS[block_code]
    numbers_samples = header[1] & 1
    return block + (number if numbers_samples else number * info.block)


_LENGTH_BY_LEADING_ONES: Final = (1, 0, 2, 3, 4, 5, 6, 7, 0)
_BLOCKS: Final = (0, 192, 576, 1152, 2304, 4608, 0, 0, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768)


def _table(polynomial: int, bits: int) -> tuple[int, ...]:
    """What each byte makes of a CRC of so many bits."""
    sums = []
    for byte in range(256):
        crc = byte << bits - 8
        for _ in range(8):
            crc = crc << 1 ^ (polynomial if crc >> bits - 1 else 0)
        sums.append(crc)
    return tuple(sums)


_CRC_8: Final = _table(0x107, 8)
_CRC_16: Final = _table(0x18005, 16)


def _crc_8(header: bytes) -> int:
    crc = 0
    for byte in header:
        crc = _CRC_8[crc ^ byte]
    return crc


def _crc_16(frame: bytes) -> int:
    crc = 0
    for byte in frame:
        crc = crc << 8 & 0xFFFF ^ _CRC_16[crc >> 8 ^ byte]
    return crc
