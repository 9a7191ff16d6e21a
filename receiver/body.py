"""The body of a request: read once and within bounds."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from starlette.types import Receive

from receiver.deadline import Deadline

_DRAIN_IDLE_SECONDS: Final = 1
_DRAIN_SECONDS: Final = 10


class TooLarge(Exception):
    """The body is, or says that it is, larger than we take."""


class TooSlow(Exception):
    """The body did not come on, or not to its end, in the time we give."""


class ClientGone(Exception):
    """The client left before its body had come whole."""


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """`seconds` for the whole body; `idle` is how long it may stand still."""

    max_bytes: int
    seconds: float
    idle: Deadline


class Body:
    """`whole` says that everything has come: nothing is left on the connection. Read by `task` alone."""

    __slots__ = ("_limits", "_receive", "task", "whole")

    def __init__(self, receive: Receive, limits: BodyLimits, task: asyncio.Task[Any]) -> None:
        self.task = task
        self._receive = receive
        self._limits = limits
        self.whole = False

    async def read(self, announced: bytes | None) -> bytes:
        """All of it. `announced` is the content-length. Raises `TooLarge`, `TooSlow`, `ClientGone`."""
        limits = self._limits
        if announced is not None and int(announced) > limits.max_bytes:
            raise TooLarge
        first = await self._next()
        if self.whole and len(first) <= limits.max_bytes:
            return first
        return await self._rest(first)

    async def _rest(self, first: bytes) -> bytes:
        limits = self._limits
        clock = asyncio.get_running_loop().time
        end = clock() + limits.seconds
        chunks, size = [first], len(first)
        while size <= limits.max_bytes:
            if self.whole:
                return b"".join(chunks)
            if clock() > end:
                raise TooSlow
            chunks.append(await self._next())
            size += len(chunks[-1])
        raise TooLarge

    async def _next(self) -> bytes:
        try:
            message = await self._limits.idle.wait(self._receive(), self.task)
        except TimeoutError:
            raise TooSlow from None
        if message["type"] == "http.disconnect":
            raise ClientGone
        self.whole = not message.get("more_body", False)
        chunk: bytes = message.get("body", b"")
        return chunk

    async def drain(self) -> None:
        if not self.whole:
            await drain(self._receive, self._limits.max_bytes)
            self.whole = True


async def drain(receive: Receive, max_bytes: int) -> None:
    """Take what still comes, to a limit of bytes and time, and forget it.

    A connection that is closed while bytes wait in it is reset, and the client never sees our answer.
    """
    drained, more = 0, True
    with suppress(TimeoutError, asyncio.CancelledError):
        async with asyncio.timeout(_DRAIN_SECONDS):
            while more and drained <= max_bytes:
                async with asyncio.timeout(_DRAIN_IDLE_SECONDS):
                    message = await receive()
                drained += len(message.get("body", b""))
                more = message.get("more_body", False)
