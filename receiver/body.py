"""The body of a request: read once and within bounds."""

import asyncio
import math
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


async def read(
    receive: Receive, announced: bytes | None, limits: BodyLimits, task: asyncio.Task[Any]
) -> bytes:
    """The whole body, by `task`, which is the one that runs. `announced` is the content-length.

    Raises `ClientGone`, `TooSlow`, and `TooLarge` while there is more to come: what is too large once it is
    whole is returned.
    """
    if announced is not None and int(announced) > limits.max_bytes:
        raise TooLarge
    chunks: list[bytes] = []
    size, end = 0, math.inf
    while True:
        try:
            message = await limits.idle.wait(receive(), task)
        except TimeoutError:
            raise TooSlow from None
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(chunks)  # a single one is not copied
        size += len(chunks[-1])
        if size > limits.max_bytes:
            raise TooLarge
        now = task.get_loop().time()
        if now > end:
            raise TooSlow
        end = min(end, now + limits.seconds)


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
