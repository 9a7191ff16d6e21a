"""Waiting for something, but no longer than until everything is to stop."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


async def unless(stop: asyncio.Event, wait: Awaitable[T]) -> T | None:
    """What `wait` gives; null, and it is given up, when `stop` is set before."""
    stopped, waiting = asyncio.ensure_future(stop.wait()), asyncio.ensure_future(wait)
    try:
        await asyncio.wait([stopped, waiting], return_when=asyncio.FIRST_COMPLETED)
        return waiting.result() if waiting.done() else None
    finally:
        stopped.cancel()
        waiting.cancel()
        await asyncio.gather(stopped, waiting, return_exceptions=True)
