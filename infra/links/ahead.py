"""A whole file, in order, over as many connections as make it come faster.

One connection reads until it has shown to be slow: its reader mostly waits, and will for some time. Then the
file comes in pieces, two side by side, then three and four, as long as each brings what it should. Where they
bring no more than the one did, or anything goes wrong with them, one goes on alone from where they ended.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import structlog

from infra.errors import Poison, Retryable
from infra.links.base import DeadLink, Download, Links, Validator, known_again
from infra.links.looks import Look
from infra.links.pace import Crew, Pace
from infra.links.pieces import Pieces, Room

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class AheadLinks:
    """`links`, but files and rests of files are read ahead where the source gives parts."""

    links: Links
    pace: Pace
    room: Room

    def open(
        self, url: str, *, first: int = 0, last: int | None = None, unchanged: Validator | None = None
    ) -> AbstractAsyncContextManager[Download]:
        opening = self.links.open(url, first=first, last=last, unchanged=unchanged)
        return opening if last is not None else self._ahead(url, opening)

    @asynccontextmanager
    async def _ahead(
        self, url: str, opening: AbstractAsyncContextManager[Download]
    ) -> AsyncIterator[Download]:
        async with AsyncExitStack() as answers:
            answer = await answers.enter_async_context(opening)
            if answer.length is None or not known_again(answer):
                yield answer
                return
            known = Validator(answer.etag, answer.modified, answer.length)
            pieces = Pieces(self.links, url, known, answer.length, self.pace.piece_bytes, self.room)
            try:
                yield _Ahead(answer, answers, pieces, self.pace, Look(asyncio.get_running_loop().time))
            finally:
                await pieces.drop()


@dataclass(slots=True)
class _Ahead:
    """A `Download` as its first `answer` describes it, which is open as long as `answers`."""

    answer: Download
    answers: AsyncExitStack
    pieces: Pieces
    pace: Pace
    look: Look
    alone_rate: float = 0.0

    @property
    def length(self) -> int | None:
        return self.answer.length

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
        at = self.first
        async for chunk in self._alone():
            at += len(chunk)
            yield chunk
        if not self.pieces.under_way:
            return
        try:
            async for chunk in self._side_by_side():
                at += len(chunk)
                yield chunk
        except (Retryable, Poison) as exc:
            log.info("goes on alone", at=at, reason=str(exc))
        await self.pieces.drop()
        if at < self.pieces.length:
            async for chunk in self._rest(at):
                yield chunk

    async def _alone(self) -> AsyncIterator[bytes]:
        """The file up to a piece that is under way, or all of it."""
        pieces, at, tried = self.pieces, self.first, False
        self.look.begin(at)
        async for chunk in self.look.watched(self.answer.chunks()):
            if pieces.under_way and at + len(chunk) >= pieces.under_way[0].first:
                piece = pieces.under_way[0]
                if await piece.is_under_way(self.pace.patience_seconds):
                    await self.answers.aclose()
                    yield chunk[: piece.first - at]
                    return
                await pieces.drop()
            at += len(chunk)
            yield chunk
            if not tried and self.look.seconds > self.pace.look_seconds:
                if self._may_go_faster(at) and self._hold(2):
                    tried, self.alone_rate = True, self.look.rate(at)
                    pieces.begin(at + int(self.alone_rate * self.pace.look_seconds))
                self.look.begin(at)

    async def _side_by_side(self) -> AsyncIterator[bytes]:
        """The pieces, up to the end of the file or until one connection would do as well."""
        pieces, look, crew = self.pieces, self.look, Crew(self.pace, self.alone_rate)
        pieces.fill(crew.connections)
        look.begin(pieces.reached)
        while pieces.under_way:
            async for chunk in look.watched(pieces.under_way[0].chunks()):
                yield chunk
            pieces.under_way.popleft()
            reached = pieces.reached
            if not crew.settled and self._has_looked(crew.connections):
                may_grow = self._may_go_faster(reached) and self._hold(crew.connections + 1)
                crew.judge(look.rate(reached), may_grow=may_grow)
                self._hold(crew.connections)
                look.begin(reached)
            if crew.connections > 1:
                pieces.fill(crew.connections)

    async def _rest(self, at: int) -> AsyncIterator[bytes]:
        opening = self.pieces.links.open(self.pieces.url, first=at, unchanged=self.pieces.unchanged)
        try:
            rest = await self.answers.enter_async_context(opening)
        except DeadLink as dead:
            raise Retryable(f"Stopped after {at} of {self.length} bytes. {dead}") from dead
        if rest.first != at:
            raise Retryable(f"Stopped after {at} of {self.length} bytes: the source gives no parts any more.")
        async for chunk in rest.chunks():
            yield chunk

    def _may_go_faster(self, at: int) -> bool:
        """Whether it is the source that is slow, and will be for long."""
        rest_seconds = (self.pieces.length - at) / max(self.look.rate(at), 1)
        return (
            self.look.waited_share >= self.pace.least_waited
            and rest_seconds > self.pace.least_looks_left * self.pace.look_seconds
        )

    def _has_looked(self, connections: int) -> bool:
        came = self.pieces.reached - self.look.offset
        return self.look.seconds > self.pace.look_seconds and came >= 2 * connections * self.pace.piece_bytes

    def _hold(self, connections: int) -> bool:
        return connections <= self.pace.most_connections and self.pieces.hold(connections)
