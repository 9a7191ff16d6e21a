"""CRC-32 as S3 has it: of a part, and of the whole from those of its parts, none of which is read again."""

import base64
import zlib
from collections.abc import Iterable
from typing import Final

_POLYNOMIAL: Final = 0xEDB88320
_ONE: Final = 1 << 31
_EIGHTH_POWER: Final = _ONE >> 8
"""Of x: a byte of zeros at the end. Coefficients stand in reverse, as they do in a CRC."""


def crc32(chunks: Iterable[bytes | memoryview]) -> int:
    crc = 0
    for chunk in chunks:
        crc = zlib.crc32(chunk, crc)
    return crc


def crc32_of_all(parts: Iterable[tuple[int, int]]) -> int:
    """The CRC of a whole, from the CRCs and sizes of its parts in their order."""
    whole = 0
    shifts: dict[int, int] = {}
    for crc, size in parts:
        if size not in shifts:
            shifts[size] = _zeros(size)
        whole = _product(shifts[size], whole) ^ crc
    return whole


def as_header(crc: int) -> str:
    return base64.b64encode(crc.to_bytes(4, "big")).decode()


def from_header(header: str) -> int:
    return int.from_bytes(base64.b64decode(header), "big")


def _zeros(count: int) -> int:
    """What a CRC is multiplied by for so many bytes of zeros after it."""
    power, square = _ONE, _EIGHTH_POWER
    while count:
        if count & 1:
            power = _product(power, square)
        square = _product(square, square)
        count >>= 1
    return power


def _product(one: int, other: int) -> int:
    """Of two polynomials over GF(2), modulo that of CRC-32."""
    product = 0
    while one:
        if one & _ONE:
            product ^= other
        one = (one << 1) & 0xFFFFFFFF
        other = (other >> 1) ^ (_POLYNOMIAL if other & 1 else 0)
    return product
