"""Links over http(s) by aiohttp: every connection is judged; no cookies, proxies or credentials."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, Literal

import aiohttp
from yarl import URL

from infra.errors import Poison, Retryable
from infra.links.addresses import Allowed, is_allowed, is_public, parse_address, parse_allowed, plain_host
from infra.links.ahead import AheadLinks
from infra.links.base import Download, Links, Validator
from infra.links.bodies import HttpDownload, reason
from infra.links.heads import Asked, asking, read_head, request_headers
from infra.links.pace import Pace
from infra.links.pieces import Room
from infra.links.urls import parsed, redirected, shown

_MOST_REDIRECTS: Final = 5
_READ_BUFFER_BYTES: Final = 256 * 1024
_REFUSED: Final = -1000  # no operating system's errno, nor a resolver's: says that we did not even try
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})

_Trust = Literal["host", "network", "public"]
"""Which addresses a connection may go to: any, those of the allowed networks, or also all public ones."""


@asynccontextmanager
async def open_links(
    *,
    allow: Sequence[str],
    max_bytes: int,
    connect_timeout_seconds: float,
    idle_timeout_seconds: float,
    pace: Pace = Pace(),  # noqa: B008
) -> AsyncIterator[Links]:
    """Links that follow https to public addresses, and http(s) to hosts and networks in `allow`.

    A file may have `max_bytes`. `idle_timeout_seconds` is how long a source may stay silent, or nearly so.
    Files are read ahead at a `pace`.
    Raises `ValueError` when `allow` holds a broken network.
    """
    allowed = parse_allowed(allow)
    timeout = aiohttp.ClientTimeout(
        total=None, connect=connect_timeout_seconds, sock_read=idle_timeout_seconds
    )
    trusts: tuple[_Trust, ...] = ("host", "network", "public")
    async with AsyncExitStack() as stack:
        sessions = {
            trust: await stack.enter_async_context(_session(trust, allowed, timeout)) for trust in trusts
        }
        links = HttpLinks(
            allowed, sessions, max_bytes, connect_timeout_seconds + idle_timeout_seconds, idle_timeout_seconds
        )
        yield AheadLinks(links, pace, Room(pace.held_bytes))


def _session(trust: _Trust, allowed: Allowed, timeout: aiohttp.ClientTimeout) -> aiohttp.ClientSession:
    def judged_socket(addr_info: tuple[Any, ...]) -> socket.socket:
        family, type_, protocol, _, sockaddr = addr_info
        address = parse_address(sockaddr[0])
        if not (
            trust == "host" or is_allowed(address, allowed) or (trust == "public" and is_public(address))
        ):
            raise OSError(_REFUSED, "refused")
        return socket.socket(family, type_, protocol)

    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, use_dns_cache=False, socket_factory=judged_socket),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "adjourn"},
        auto_decompress=False,
        timeout=timeout,
        read_bufsize=_READ_BUFFER_BYTES,
    )


@dataclass(frozen=True, slots=True)
class HttpLinks:
    """See `open_links`. `head_timeout_seconds` bounds a hop, from the name's look-up to the answer's head."""

    allowed: Allowed
    sessions: dict[_Trust, aiohttp.ClientSession]
    max_bytes: int
    head_timeout_seconds: float
    idle_timeout_seconds: float

    def open(
        self, url: str, *, first: int = 0, last: int | None = None, unchanged: Validator | None = None
    ) -> AbstractAsyncContextManager[Download]:
        return self._open(url, asking(first, last, unchanged))

    @asynccontextmanager
    async def _open(self, url: str, asked: Asked | None) -> AsyncIterator[Download]:
        target = parsed(url)
        for _ in range(1 + _MOST_REDIRECTS):
            async with await self._ask(target, asked) as answer:
                if answer.status not in _REDIRECTS:
                    yield self._download(answer, asked, shown(target))
                    return
                target = redirected(target, answer.headers.get("Location", ""))
        raise Poison(f"{shown(target)}: redirected more than {_MOST_REDIRECTS} times.")

    async def _ask(self, target: URL, asked: Asked | None) -> aiohttp.ClientResponse:
        try:
            async with asyncio.timeout(self.head_timeout_seconds):
                session = self.sessions[self._trust(target)]
                return await session.get(target, headers=request_headers(asked), allow_redirects=False)
        except aiohttp.InvalidURL:
            # It quotes the query, and so do others.
            raise Poison(f"{shown(target)} is not a link that can be followed.") from None
        except aiohttp.ClientResponseError:
            raise Retryable(f"{shown(target)}: the answer is not HTTP.") from None
        except aiohttp.ClientConnectorError as exc:
            if exc.errno == _REFUSED:
                raise Poison(
                    f"{shown(target)}: only https to public addresses and allowed hosts are followed."
                ) from exc
            raise Retryable(f"{shown(target)}: no connection ({reason(exc)}).") from exc
        except (aiohttp.ClientError, TimeoutError, OSError) as exc:
            raise Retryable(f"{shown(target)}: no answer ({reason(exc)}).") from exc

    def _trust(self, target: URL) -> _Trust:
        if plain_host(target.host or "") in self.allowed.hosts:
            return "host"
        return "public" if target.scheme == "https" else "network"

    def _download(self, answer: aiohttp.ClientResponse, asked: Asked | None, shown: str) -> Download:
        head = read_head(answer.status, answer.headers, answer.content_length, asked, shown)
        if head.length is not None and head.length > self.max_bytes:
            raise Poison(f"{shown}: {head.length} bytes, and {self.max_bytes} are allowed.")
        return HttpDownload(head, answer.content, shown, self.max_bytes, self.idle_timeout_seconds)
