"""A source that is read ahead: at a pace that a test can wait for, or as if it were worth it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from infra.links.ahead import AheadLinks
from infra.links.pace import Pace
from infra.links.pieces import Room
from tests.infra.links.fetching import SECRET, links_to
from tests.infra.links.parts import body
from tests.servers.file import File
from tests.servers.media import Answer, Media, Request, serve_media

PACE = Pace(piece_bytes=8 * 1024, held_bytes=64 * 1024, look_seconds=0.2, patience_seconds=30)
SLOW = 100_000
"""Bytes a second: so few that a busy machine does not show."""

EAGER = Pace(
    piece_bytes=32 * 1024,
    held_bytes=256 * 1024,
    look_seconds=0,
    least_waited=0,
    least_looks_left=0,
    patience_seconds=30,
    least_gain=-100,
    least_speedup=0,
)
"""Goes up to four connections whatever they bring."""
SIZE = 1_800_000

ALONE = Pace(most_connections=1)


@dataclass(slots=True)
class Faulty:
    """`file`, but for what `piece` answers, where its pieces are asked for, and `rest`, where its end is."""

    file: File
    piece: Answer | None = None
    rest: Answer | None = None

    async def __call__(self, request: Request) -> None:
        asked = request.header("Range") or ""
        other = None if not asked else self.rest if asked.endswith("-") else self.piece
        await (other or self.file)(request)


@dataclass(frozen=True, slots=True)
class Source:
    media: Media
    links: AheadLinks
    url: str

    async def read(self) -> bytes:
        async with self.links.open(self.url) as download:
            return await body(download)

    def asked(self) -> list[str]:
        return [said or "" for said in self.media.sent_headers("/file", "Range")]

    def pieces(self) -> list[tuple[int, int]]:
        """First and last byte of each piece that was asked for."""
        parts = [said.removeprefix("bytes=").split("-") for said in self.asked() if said]
        return [(int(first), int(last)) for first, last in parts if last]


@asynccontextmanager
async def source_of(answer: Answer, pace: Pace = EAGER, *, idle_seconds: float = 5) -> AsyncIterator[Source]:
    async with (
        serve_media({"/file": answer}) as media,
        links_to("127.0.0.1", pace=ALONE, idle_seconds=idle_seconds) as links,
    ):
        ahead = AheadLinks(links, pace, Room(pace.held_bytes))
        yield Source(media, ahead, f"{media.url}/file?{SECRET}")
        assert ahead.room.free_bytes == pace.held_bytes
