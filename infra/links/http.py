"""Links over http(s) by aiohttp: every connection is judged; no cookies, proxies or credentials."""

import asyncio
import errno
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Final, Literal

import aiohttp
from yarl import URL

from infra.errors import Poison, Retryable
from infra.links.addresses import Allowed, is_allowed, is_public, parse_address, parse_allowed, plain_host
from infra.links.base import Download, Links

_MOST_REDIRECTS: Final = 5
_READ_AHEAD_BYTES: Final = 256 * 1024
_SLOWEST_BYTES_PER_SECOND: Final = 1024
"""Slower than this over a whole idle timeout is no progress: a meeting's video would take weeks."""
_LONGEST_RETRY_AFTER_SECONDS: Final = 3600.0
_REFUSED: Final = -1000  # no operating system's errno, nor a resolver's: says that we did not even try
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_NOT_NOW: Final = frozenset({408, 425, 429})

_Trust = Literal["host", "network", "public"]
"""Which addresses a connection may go to: any, those of the allowed networks, or also all public ones."""


@asynccontextmanager
async def open_links(
    *, allow: Sequence[str], max_bytes: int, connect_timeout_seconds: float, idle_timeout_seconds: float
) -> AsyncIterator[Links]:
    """Links that follow https to public addresses, and http(s) to hosts and networks in `allow`.

    A file may have `max_bytes`. `idle_timeout_seconds` is how long a source may stay silent, or nearly so.
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
        yield HttpLinks(
            allowed, sessions, max_bytes, connect_timeout_seconds + idle_timeout_seconds, idle_timeout_seconds
        )


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
        read_bufsize=_READ_AHEAD_BYTES,
    )


@dataclass(frozen=True, slots=True)
class HttpLinks:
    """See `open_links`. `head_timeout_seconds` bounds a hop, from the name's look-up to the answer's head."""

    allowed: Allowed
    sessions: dict[_Trust, aiohttp.ClientSession]
    max_bytes: int
    head_timeout_seconds: float
    idle_timeout_seconds: float

    def open(self, url: str) -> AbstractAsyncContextManager[Download]:
        return self._open(url)

    @asynccontextmanager
    async def _open(self, url: str) -> AsyncIterator[Download]:
        target = _parsed(url)
        for _ in range(1 + _MOST_REDIRECTS):
            async with await self._ask(target) as answer:
                if answer.status not in _REDIRECTS:
                    yield self._download(answer, _shown(target))
                    return
                target = _redirected(target, answer.headers.get("Location", ""))
        raise Poison(f"{_shown(target)}: redirected more than {_MOST_REDIRECTS} times.")

    async def _ask(self, target: URL) -> aiohttp.ClientResponse:
        shown = _shown(target)
        try:
            async with asyncio.timeout(self.head_timeout_seconds):
                return await self.sessions[self._trust(target)].get(target, allow_redirects=False)
        except aiohttp.InvalidURL:
            raise Poison(f"{shown} is not a link that can be followed.") from None  # it quotes the query
        except aiohttp.ClientResponseError:
            raise Retryable(f"{shown}: the answer is not HTTP.") from None  # it quotes the query
        except aiohttp.ClientConnectorError as exc:
            if exc.errno == _REFUSED:
                raise Poison(
                    f"{shown}: only https to public addresses and allowed hosts are followed."
                ) from exc
            raise Retryable(f"{shown}: no connection ({_reason(exc)}).") from exc
        except (aiohttp.ClientError, TimeoutError, OSError) as exc:
            raise Retryable(f"{shown}: no answer ({_reason(exc)}).") from exc

    def _trust(self, target: URL) -> _Trust:
        if plain_host(target.host or "") in self.allowed.hosts:
            return "host"
        return "public" if target.scheme == "https" else "network"

    def _download(self, answer: aiohttp.ClientResponse, shown: str) -> Download:
        if answer.status not in (200, 203):
            _raise_for(answer, shown)
        coding = answer.headers.get("Content-Encoding", "identity").strip().lower()
        if coding not in ("", "identity"):
            # It would hide the file's size from every limit, and nobody asked for it.
            raise Poison(f"{shown}: sent in the coding {coding[:20]!r}, which was not asked for.")
        if answer.content_length is not None and answer.content_length > self.max_bytes:
            raise Poison(f"{shown}: {answer.content_length} bytes, and {self.max_bytes} are allowed.")
        return _HttpDownload(answer, shown, self.max_bytes, self.idle_timeout_seconds)


@dataclass(frozen=True, slots=True)
class _HttpDownload:
    answer: aiohttp.ClientResponse
    shown: str
    max_bytes: int
    idle_timeout_seconds: float

    @property
    def length(self) -> int | None:
        return self.answer.content_length

    @property
    def media_type(self) -> str:
        return self.answer.content_type if "Content-Type" in self.answer.headers else ""

    async def chunks(self) -> AsyncIterator[bytes]:
        clock = asyncio.get_running_loop().time
        received = recent = 0
        waited = 0.0
        while True:
            began = clock()
            try:
                chunk = await self.answer.content.readany()
            except (aiohttp.ClientError, TimeoutError, OSError) as exc:
                announced = "an unknown number of" if self.length is None else self.length
                raise Retryable(
                    f"{self.shown}: stopped after {received} of {announced} bytes ({_reason(exc)})."
                ) from exc
            if not chunk:
                return
            received += len(chunk)
            if received > self.max_bytes:
                raise Poison(f"{self.shown}: more than the {self.max_bytes} bytes that are allowed.")
            # Only time spent waiting for the source counts: a slow disk is not its fault.
            waited, recent = waited + clock() - began, recent + len(chunk)
            if waited > self.idle_timeout_seconds:
                if recent < waited * _SLOWEST_BYTES_PER_SECOND:
                    raise Retryable(f"{self.shown}: too slow, {recent} bytes in {waited:.0f} s.")
                waited, recent = 0.0, 0
            yield chunk


def _parsed(link: str, base: URL | None = None) -> URL:
    """A link as it may be asked for, relative to `base` when it redirected there."""
    try:
        # Exactly as it was signed where that is possible: `URL` would write some escapes anew.
        target = URL(link, encoded=link.isascii() and link.isprintable() and " " not in link)
        if base is not None:
            target = base.join(target)
        host, _ = target.host, target.port  # both are looked at only when they are asked for
    except ValueError:
        said = "The link" if base is None else f"{_shown(base)}: the link it redirects to"
        raise Poison(f"{said} is not a URL.") from None  # the parser's text quotes it
    if target.scheme not in ("http", "https") or not host:
        raise Poison(f"{_shown(target)}: only http and https links are followed.")
    if target.user is not None or target.password is not None:
        raise Poison(f"{_shown(target)}: a link with a user name or a password in it is not followed.")
    return target


def _redirected(target: URL, location: str) -> URL:
    if not location:
        raise Poison(f"{_shown(target)}: redirected to nowhere.")
    return _parsed(location, target)


def _shown(target: URL) -> str:
    """The link for people, without what may be a credential in it."""
    port = f":{target.explicit_port}" if target.explicit_port else ""
    return f"{target.scheme}://{target.host or ''}{port}{target.raw_path}"[:200]


def _reason(exc: BaseException) -> str:
    number = exc.errno if isinstance(exc, OSError) else None
    return errno.errorcode.get(number or 0, type(exc).__name__)


def _raise_for(answer: aiohttp.ClientResponse, shown: str) -> None:
    text = f"{shown}: answered {answer.status}."
    if answer.status in _NOT_NOW or answer.status >= 500:
        raise Retryable(text, _retry_after_seconds(answer))
    if answer.status < 300:
        raise Retryable(f"{text} There is no file yet.", _retry_after_seconds(answer))
    raise Poison(text)


def _retry_after_seconds(answer: aiohttp.ClientResponse) -> float | None:
    """Null where the source says nothing that can be read. A date is measured by the source's own clock."""
    said = answer.headers.get("Retry-After", "").strip()
    try:
        if said.isdecimal():
            seconds = float(said)
        else:
            now = parsedate_to_datetime(answer.headers.get("Date", ""))
            seconds = (parsedate_to_datetime(said) - now).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(seconds, 0.0), _LONGEST_RETRY_AFTER_SECONDS)
