"""MPEG transport streams: packets of 188 bytes, by ISO/IEC 13818-1 §2.4.3.2.

Proved: nothing; but that the last packet is not whole is told.
Cannot tell: a stream cut between two packets. It says nowhere how long it is.
"""

from typing import Final

from consumers.structure.reading import NOTHING_OF_THE_FORMAT, Reading, Steps, follow

_SYNC_BYTE: Final = 0x47
_PACKET_BYTES: Final = 188


def transport_stream(reading: Reading) -> Steps[bool | None]:
    packets, _ = yield from follow(reading, _length)
    return None if packets else False


def _length(held: bytes, at: int) -> int:
    return _PACKET_BYTES if held[at] == _SYNC_BYTE else NOTHING_OF_THE_FORMAT
