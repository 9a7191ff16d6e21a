"""Some things at a time, of any number."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Coroutine
from typing import Any, TypeVar

_T = TypeVar("_T")


async def side_by_side(jobs: AsyncIterable[Coroutine[Any, Any, _T]], *, at_once: int) -> AsyncGenerator[_T]:
    """What each job gives, in the order in which they are done; no more than `at_once` are held.

    The first that raises ends it, and so does closing: those that run then are cancelled and waited for.
    """
    running: set[asyncio.Task[_T]] = set()
    try:
        async for job in jobs:
            running.add(asyncio.create_task(job))
            if len(running) >= at_once:
                for done in await _first_done(running):
                    running.discard(done)
                    yield done.result()
        while running:
            for done in await _first_done(running):
                running.discard(done)
                yield done.result()
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _first_done(running: set[asyncio.Task[_T]]) -> set[asyncio.Task[_T]]:
    return (await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED))[0]
