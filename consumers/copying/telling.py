"""One line now and then of a copy that takes long, for whoever reads the log."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import structlog

_EVERY_SECONDS: Final = 30

log = structlog.get_logger()


@dataclass(slots=True)
class Telling:
    """Of a file that has `size` bytes, null where nobody knows; `first` of them were there before."""

    name: str
    size: int | None
    first: int = 0
    now_seconds: Callable[[], float] = time.monotonic
    _told: tuple[float, int] = field(init=False)

    def __post_init__(self) -> None:
        self._told = self.now_seconds(), self.first

    def at(self, count: int) -> None:
        """So many bytes are there: told half a minute after the last time, with the speed since then."""
        then, before = self._told
        seconds = self.now_seconds() - then
        if seconds >= _EVERY_SECONDS:
            self._told = then + seconds, count
            speed = round((count - before) / seconds)
            log.info("copying", name=self.name, bytes=count, of=self.size, bytes_per_second=speed)
