"""Following links in tests: with bounds that a test can reach, to servers on this machine."""

from contextlib import AbstractAsyncContextManager

from infra.links.base import Links
from infra.links.http import open_links
from infra.links.pace import Pace
from tests.servers.media import Answer, serve_media

BODY = bytes(range(256)) * 4096
SECRET = "X-Amz-Signature=f00dcafe"


def links_to(
    *allow: str,
    max_bytes: int = 1 << 30,
    idle_seconds: float = 5,
    connect_seconds: float = 5,
    pace: Pace | None = None,
) -> AbstractAsyncContextManager[Links]:
    return open_links(
        allow=allow,
        max_bytes=max_bytes,
        connect_timeout_seconds=connect_seconds,
        idle_timeout_seconds=idle_seconds,
        pace=pace or Pace(),
    )


async def fetched(links: Links, url: str) -> bytes:
    async with links.open(url) as download:
        return b"".join([chunk async for chunk in download.chunks()])


async def fetched_from(
    answer: Answer, *, max_bytes: int = 1 << 30, idle_seconds: float = 5, connect_seconds: float = 5
) -> bytes:
    """What one answer of a server gives, asked for by a presigned link."""
    async with (
        serve_media({"/file": answer}) as server,
        links_to(
            "127.0.0.1", max_bytes=max_bytes, idle_seconds=idle_seconds, connect_seconds=connect_seconds
        ) as links,
    ):
        return await fetched(links, f"{server.url}/file?{SECRET}")
