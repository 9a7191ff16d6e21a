"""A file whose parts are asked for in tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from infra.links.base import Download, Links, Validator
from tests.infra.links.fetching import SECRET, links_to
from tests.servers.file import File, noise
from tests.servers.media import Media, serve_media

SIZE = 300_000
CHANGED = "Sun, 06 Nov 1994 08:49:37 GMT"


@dataclass(frozen=True, slots=True)
class Source:
    media: Media
    links: Links
    url: str

    async def begun(self) -> Validator:
        """What the first answer told of the file."""
        async with self.links.open(self.url) as download:
            return Validator(download.etag, download.modified, download.length)

    async def part(
        self, first: int, last: int | None = None, unchanged: Validator | None = None
    ) -> tuple[int, bytes]:
        """The first offset and the bytes that came."""
        known = unchanged or await self.begun()
        async with self.links.open(self.url, first=first, last=last, unchanged=known) as download:
            return download.first, await body(download)


@asynccontextmanager
async def source_of(file: File) -> AsyncIterator[Source]:
    async with serve_media({"/file": file}) as media, links_to("127.0.0.1") as links:
        yield Source(media, links, f"{media.url}/file?{SECRET}")


async def body(download: Download) -> bytes:
    return b"".join([chunk async for chunk in download.chunks()])


def some_file() -> File:
    return File(noise(SIZE), modified=CHANGED)
