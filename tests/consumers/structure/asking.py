"""What the checker of a format answers to a file."""

from pathlib import Path
from typing import Final

from consumers.media import Format
from consumers.structure.checkers import Checker, checker_for

SAMPLES: Final = Path(__file__).parent / "samples"
WHOLE_AT_ONCE: Final = 1 << 20


def answer(extension: str, body: bytes, *, piece_bytes: int = WHOLE_AT_ONCE) -> bool | None:
    checker = checker_of(extension)
    for begin in range(0, len(body), piece_bytes):
        checker.feed(memoryview(body)[begin : begin + piece_bytes])
    return checker.complete()


def checker_of(extension: str) -> Checker:
    checker = checker_for(Format("video", extension, "video/any"))
    assert checker is not None
    return checker


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()
