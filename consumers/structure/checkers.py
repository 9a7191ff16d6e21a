"""Whether a file is whole, told by its own structure, for sources that do not say how long it is.

True: the format's own structure proves that nothing is missing. False: the file ends before its structure
does, or lacks what it cannot be without. Null: the format cannot tell, or what came is not understood: a file
that is refused is lost, so none is called broken on a guess. What a format proves is said in its module.
"""

from collections.abc import Callable, Mapping
from typing import Final, Protocol, TypeAlias

from consumers.media import Format
from consumers.structure.adts import adts
from consumers.structure.flac import flac
from consumers.structure.json_text import json_lines, json_text
from consumers.structure.matroska import matroska
from consumers.structure.mp3 import mp3
from consumers.structure.mp4 import mp4
from consumers.structure.ogg import ogg
from consumers.structure.reading import Cut, Reading, Steps
from consumers.structure.riff import riff
from consumers.structure.transport_stream import transport_stream

_HELD_AT_A_TIME: Final = 256 * 1024

Walk: TypeAlias = Callable[[Reading], Steps[bool | None]]


class Checker(Protocol):
    """Holds little of the file, whatever its bytes say, and raises on none of them."""

    def feed(self, chunk: bytes | memoryview) -> None:
        """The next bytes of the file, from the first on, in pieces of any size."""

    def complete(self) -> bool | None:
        """Whether what was fed is a whole file; null where its structure cannot tell. Ends the feeding."""


def checker_for(form: Format) -> Checker | None:
    """Null where we know no structure of the format."""
    walk = _WALKS.get(form.extension)
    return None if walk is None else _Walking(walk)


class _Walking:
    """Brings the bytes to a walk, in small pieces, and none of those that it skips."""

    def __init__(self, walk: Walk) -> None:
        self._reading = Reading()
        self._steps = walk(self._reading)
        self._walks = True
        self._verdict: bool | None = None

    def feed(self, chunk: bytes | memoryview) -> None:
        rest = memoryview(chunk)
        reading = self._reading
        while self._walks and rest:
            skipped = min(reading.to_skip, len(rest))
            reading.to_skip -= skipped
            reading.before += skipped
            piece = rest[skipped : skipped + _HELD_AT_A_TIME]
            rest = rest[skipped + len(piece) :]
            if piece:
                self._go_on(piece)

    def complete(self) -> bool | None:
        self._reading.ended = True
        if self._walks:
            self._advance()
        return self._verdict

    def _go_on(self, piece: memoryview) -> None:
        reading = self._reading
        reading.before += reading.at
        reading.held = reading.held[reading.at :] + piece
        reading.at = 0
        self._advance()

    def _advance(self) -> None:
        try:
            next(self._steps)
        except StopIteration as end:
            self._verdict, self._walks = end.value, False
        except Cut:
            self._verdict, self._walks = False, False


_WALKS: Final[Mapping[str, Walk]] = {
    "mp4": mp4,
    "m4a": mp4,
    "mov": mp4,
    "wav": riff,
    "avi": riff,
    "webm": matroska,
    "mkv": matroska,
    "mka": matroska,
    "flac": flac,
    "ogg": ogg,
    "mp3": mp3,
    "aac": adts,
    "ts": transport_stream,
    "json": json_text,
    "jsonl": json_lines,
}
