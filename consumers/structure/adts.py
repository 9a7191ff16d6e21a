"""AAC in ADTS: frames one after another, by ISO/IEC 13818-7 §6.2.

Proved: nothing; but that the last frame is not whole is told.
Cannot tell: a stream cut between two frames. It says nowhere how long it is.
"""

from typing import Final

from consumers.structure.reading import NEEDS_MORE, NOTHING_OF_THE_FORMAT, Reading, Steps, follow

_HEADER_BYTES: Final = 7


def adts(reading: Reading) -> Steps[bool | None]:
    frames, _ = yield from follow(reading, _length)
    return None if frames else False


def _length(held: bytes, at: int) -> int:
    if held[at] != 0xFF:
        return NOTHING_OF_THE_FORMAT
    if at + _HEADER_BYTES > len(held):
        return NEEDS_MORE
    length = (held[at + 3] & 0b11) << 11 | held[at + 4] << 3 | held[at + 5] >> 5
    if held[at + 1] & 0b1111_0110 != 0b1111_0000 or length < _HEADER_BYTES:
        return NOTHING_OF_THE_FORMAT
    return length
