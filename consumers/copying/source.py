"""The file behind a link: read on where a connection breaks, by a fresh link where the old one is dead."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final

import structlog

from consumers.base import Services
from consumers.copying import metrics
from consumers.copying.wanted import Wanted
from consumers.renewal import expires_soon, fresh_link
from infra.errors import Poison, Retryable
from infra.links.base import DeadLink, Download, FileChanged, Validator, known_again
from schemas.meeting import Link

_PROGRESS_BYTES: Final = 64 * 1024
"""A source that breaks off before it gave so much is not asked again at once."""

log = structlog.get_logger()


@dataclass(slots=True)
class Source:
    """`link` is the one to follow now. It is renewed once at most; where it is to be asked for first, just
    before each question."""

    wanted: Wanted
    services: Services
    link: Link
    renewed: bool = False

    @asynccontextmanager
    async def open(self, *, first: int = 0, unchanged: Validator | None = None) -> AsyncIterator[Download]:
        """As `Links.open`, to the end of the file. Where the source breaks off after some progress, `chunks`
        asks for the rest by itself and gives it."""
        async with AsyncExitStack() as answers:
            answer = await self.ask(answers, first, unchanged)
            yield _Mended(self, answers, answer, await self._length(answer))

    async def ask(self, answers: AsyncExitStack, first: int, unchanged: Validator | None) -> Download:
        """An answer that is open as long as `answers`."""
        no_other: Exception | None = None
        is_new = False
        if self.wanted.link.ask_first or expires_soon(self.link):
            try:
                is_new = await self._renew()
            except (Retryable, Poison) as exc:
                no_other = exc  # it may be our clock that is wrong, and the link good
        if not self.link.url:
            raise no_other or Poison(
                "The event has no link to the file, and there is no key to ask its sender's API for one:"
                " set that, and replay it."
            )
        try:
            return await self._follow(answers, first, unchanged)
        except DeadLink as dead:
            if no_other is not None:
                raise no_other from dead
            if is_new and self.wanted.link.ask_first:  # it may be made before its file is there
                raise Retryable(f"The link that was just asked for leads nowhere yet: {dead}") from dead
            if not await self._renew():
                raise
            return await self._follow(answers, first, unchanged)

    async def _length(self, answer: Download) -> int | None:
        """Of the whole file: where the answer to all of it does not tell, that to a byte of it may."""
        if answer.length is not None or not known_again(answer):
            return answer.length
        same = Validator(answer.etag, answer.modified)
        with suppress(Retryable, Poison):
            async with self.services.links.open(self.link.url, last=0, unchanged=same) as byte:
                if (byte.etag, byte.modified) == (answer.etag, answer.modified):
                    return byte.length
        return None

    async def _follow(self, answers: AsyncExitStack, first: int, unchanged: Validator | None) -> Download:
        opening = self.services.links.open(self.link.url, first=first, unchanged=unchanged)
        return await answers.enter_async_context(opening)

    async def _renew(self) -> bool:
        if self.renewed and not self.wanted.link.ask_first:
            return False
        self.renewed = True
        fresh = await fresh_link(self.link, self.wanted.seen, self.wanted.event_type, self.services)
        if fresh is None:
            return False
        self.link = fresh
        metrics.RENEWED.inc()
        return True


@dataclass(frozen=True, slots=True)
class _Mended:
    """A `Download` that is as `answer` says, but for its `length`, which may have been asked for."""

    source: Source
    answers: AsyncExitStack
    answer: Download
    length: int | None

    @property
    def first(self) -> int:
        return self.answer.first

    @property
    def etag(self) -> str | None:
        return self.answer.etag

    @property
    def modified(self) -> str | None:
        return self.answer.modified

    @property
    def ranges(self) -> bool:
        return self.answer.ranges

    @property
    def media_type(self) -> str:
        return self.answer.media_type

    async def chunks(self) -> AsyncIterator[bytes]:
        answer, at = self.answer, self.first
        while True:
            began = at
            try:
                async for chunk in answer.chunks():
                    at += len(chunk)
                    yield chunk
                return
            except FileChanged:
                raise
            except Retryable as broken:
                if not known_again(self) or at - began < _PROGRESS_BYTES:
                    raise
                log.info("broke off", at=at, reason=str(broken))
                answer = await self._rest(at)
                if answer.first != at:
                    raise

    async def _rest(self, at: int) -> Download:
        await self.answers.aclose()
        unchanged = Validator(self.etag, self.modified, self.length)
        return await self.source.ask(self.answers, at, unchanged)
