"""Looking at how fast bytes come, and at who waits for whom: the reader or the source."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass


@dataclass(slots=True)
class Look:
    """It began at `began` on the `clock` (seconds), when `offset` was reached; its reader `waited` since."""

    clock: Callable[[], float]
    offset: int = 0
    began: float = 0.0
    waited: float = 0.0

    def begin(self, offset: int) -> None:
        self.offset, self.began, self.waited = offset, self.clock(), 0.0

    @property
    def seconds(self) -> float:
        return self.clock() - self.began

    @property
    def waited_share(self) -> float:
        return self.waited / max(self.seconds, 1e-9)

    def rate(self, offset: int) -> float:
        """Bytes a second, up to an offset that is reached now."""
        return (offset - self.offset) / max(self.seconds, 1e-9)

    async def watched(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The same chunks."""
        while True:
            began = self.clock()
            chunk = await anext(chunks, None)
            self.waited += self.clock() - began
            if chunk is None:
                return
            yield chunk
