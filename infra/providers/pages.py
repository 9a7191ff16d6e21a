"""Lists that come in pages: one after the other, patiently, and never round in a circle."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from infra.errors import Poison, Retryable
from infra.providers.base import KeyRefused, Undocumented

T = TypeVar("T")

_TRIES: Final = 4
_LONGEST_WAIT_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """`next` is what the API calls the next page by; null after the last."""

    items: Sequence[T]
    next: str | None


async def items_of_pages(
    ask: Callable[[str | None], Awaitable[Page[T]]], *, pause_seconds: float = 1
) -> AsyncIterator[T]:
    """What is on all pages, which `ask` gives: the first for null, then each by what the one before said.

    A page that does not come is asked for again, after `pause_seconds`, then twice as long, or as the other
    side says. A place in the list that is not known there any more begins the list anew, once: some items
    come again then, as they do where the list changes meanwhile. Raises `Retryable` where it cannot be read
    to its end, and `Poison` where not even the first page is to be had.
    """
    place: str | None = None
    been_at: set[str] = set()
    began_anew = False
    while True:
        try:
            page = await _patiently(ask, place, pause_seconds)
        except Poison as refused:
            if place is None:
                raise
            if began_anew:
                raise Retryable("The list breaks off: its next page is not to be had.") from refused
            began_anew, place = True, None
            been_at.clear()
            continue
        for item in page.items:
            yield item
        if page.next is None:
            return
        if page.next in been_at:
            raise Retryable("The list leads in a circle: a page says that one before it comes next.")
        been_at.add(page.next)
        place = page.next


async def _patiently(
    ask: Callable[[str | None], Awaitable[Page[T]]], place: str | None, pause_seconds: float
) -> Page[T]:
    for tries in range(1, _TRIES):
        try:
            return await ask(place)
        except (KeyRefused, Undocumented):
            raise
        except Retryable as error:
            wait = max(pause_seconds * 2.0 ** (tries - 1), error.after_seconds or 0)
            if wait > _LONGEST_WAIT_SECONDS:
                raise
            await asyncio.sleep(wait)
    return await ask(place)
