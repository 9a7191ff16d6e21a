"""The body of a request: read once and within bounds."""

import asyncio
from dataclasses import dataclass

from starlette.types import Message, Receive

from receiver.deadline import Deadline

_DRAIN_IDLE_SECONDS = 2
_DRAIN_SECONDS = 10


class TooLarge(Exception):
    """The body is, or says that it is, larger than we take."""


class TooSlow(Exception):
    """The body did not come on, or not to its end, in the time we give."""


class ClientGone(Exception):
    """The client left before its body had come whole."""


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """`seconds` for the whole body; `idle` is how long it may go without any progress."""

    max_bytes: int
    seconds: float
    idle: Deadline


class Body:
    """`whole` says whether everything has come, so that nothing is left on the connection."""

    __slots__ = ("_limits", "_receive", "whole")

    def __init__(self, receive: Receive, limits: BodyLimits) -> None:
        self._receive = receive
        self._limits = limits
        self.whole = False

    async def read(self, announced: bytes | None) -> bytes:
        """All of it. `announced` is the content-length. Raises `TooLarge`, `TooSlow`, `ClientGone`."""
        if announced is not None and int(announced) > self._limits.max_bytes:
            raise TooLarge
        first = await self._next()
        chunk: bytes = first.get("body", b"")
        if self.whole and len(chunk) <= self._limits.max_bytes:
            return chunk
        return await self._rest(chunk)

    async def _rest(self, first: bytes) -> bytes:
        loop = asyncio.get_running_loop()
        end = loop.time() + self._limits.seconds
        chunks, size = [first], len(first)
        while size <= self._limits.max_bytes:
            if self.whole:
                return b"".join(chunks)
            if loop.time() > end:
                raise TooSlow
            chunk: bytes = (await self._next()).get("body", b"")
            chunks.append(chunk)
            size += len(chunk)
        raise TooLarge

    async def _next(self) -> Message:
        try:
            message = await self._limits.idle.wait(self._receive())
        except TimeoutError:
            raise TooSlow from None
        if message["type"] == "http.disconnect":
            self.whole = True
            raise ClientGone
        self.whole = not message.get("more_body", False)
        return message

    async def drain(self) -> None:
        """Take what still comes, as many bytes again as a body may have, and forget it.

        A connection that is closed while bytes wait in it is reset, and the client never sees our answer.
        """
        drained = 0
        try:
            async with asyncio.timeout(_DRAIN_SECONDS):
                while not self.whole and drained <= self._limits.max_bytes:
                    async with asyncio.timeout(_DRAIN_IDLE_SECONDS):
                        message = await self._receive()
                    drained += len(message.get("body", b""))
                    self.whole = not message.get("more_body", False)
        except (TimeoutError, asyncio.CancelledError):
            return
