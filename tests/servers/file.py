"""A file as a web server gives it: of any size, in parts, with validators, and with every fault of its own.

movie = File(joined(held(HEAD), noise(2 * GB)), etag='"1"', bytes_per_second=20 * MB)
async with serve_media({"/movie": movie}) as source:
    movie.cuts.append(1000)                  # the next answer breaks off after so many bytes
    movie.content = noise(2 * GB, seed=2)    # the same name, another content
"""

import asyncio
import gzip
import hashlib
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Final, Literal

from tests.servers.media import Answer, Request

_PERIOD_BYTES: Final = 1_000_003  # a prime: a part that is put in another's place is seen
_MOST_AT_A_TIME: Final = 128 * 1024


@dataclass(frozen=True, slots=True)
class Content:
    """`read(first, length)` gives the bytes from an offset on, fewer only at the end."""

    size: int
    read: Callable[[int, int], bytes]

    def pieces(self, first: int, end: int, at_a_time: int) -> Iterator[bytes]:
        for at in range(first, end, at_a_time):
            yield self.read(at, min(at_a_time, end - at))

    def sha256(self) -> str:
        """In lower-case hex."""
        digest = hashlib.sha256()
        for piece in self.pieces(0, self.size, _MOST_AT_A_TIME):
            digest.update(piece)
        return digest.hexdigest()


def held(body: bytes) -> Content:
    return Content(len(body), lambda first, length: body[first : first + length])


def noise(size: int, seed: int = 0) -> Content:
    """Of any size in a megabyte of memory."""
    once = random.Random(seed).randbytes(_PERIOD_BYTES)
    more = once + once[:_MOST_AT_A_TIME]

    def read(first: int, length: int) -> bytes:
        at, end = first, min(first + length, size)
        parts: list[bytes] = []
        while at < end:
            begin = at % _PERIOD_BYTES
            parts.append(more[begin : begin + end - at])
            at += len(parts[-1])
        return parts[0] if len(parts) == 1 else b"".join(parts)

    return Content(size, read)


def joined(*contents: Content) -> Content:
    def read(first: int, length: int) -> bytes:
        parts: list[bytes] = []
        for content in contents:
            if first < content.size and length > 0:
                parts.append(content.read(first, length))
                length -= len(parts[-1])
            first = max(0, first - content.size)
        return b"".join(parts)

    return Content(sum(content.size for content in contents), read)


@dataclass(slots=True)
class File:
    """An `Answer`. All fields may be changed at any time, and count from the next request on.

    content, media_type      what is given
    etag, modified           sent as they are, quotes, `W/` and all
    ranges                   "given" answers 206; "ignored" says `Accept-Ranges: bytes` and answers 200;
                             "none" does not even say so
    conditions               heeds `If-Match`, `If-Unmodified-Since` and `If-Range`
    framing                  how the end of a body is told; "close" cannot tell that it was cut
    total                    `Content-Range` has the file's size, else `*`
    packed                   everything comes as gzip
    multipart                a part comes as `multipart/byteranges`
    shifted_bytes            a 206 gives, and says, a range that begins so much later than the one asked for
    content_range            said in place of the range that is given
    delay_seconds            passes before each head
    bytes_per_second         of each connection
    total_bytes_per_second   of all connections together
    first_answers            are taken off one by one, in place of the file, while there are any
    cuts                     are taken off one by one: so many bytes of body come, then the connection ends
    silent                   at a cut it falls silent instead
    """

    content: Content
    media_type: str = "application/octet-stream"
    etag: str | None = '"1"'
    modified: str | None = None
    ranges: Literal["given", "ignored", "none"] = "given"
    conditions: bool = True
    framing: Literal["length", "chunked", "close"] = "length"
    total: bool = True
    packed: bool = False
    multipart: bool = False
    shifted_bytes: int = 0
    content_range: str | None = None
    delay_seconds: float = 0
    bytes_per_second: float | None = None
    total_bytes_per_second: float | None = None
    first_answers: list[Answer] = field(default_factory=list)
    cuts: list[int] = field(default_factory=list)
    silent: bool = False
    _free_at: float = 0

    async def __call__(self, request: Request) -> None:
        if self.delay_seconds:
            await asyncio.sleep(self.delay_seconds)
        if self.first_answers:
            await self.first_answers.pop(0)(request)
            return
        asked = self._asked(request)
        if self.conditions and not self._unchanged(request):
            self._refuse(request, 412)
        elif asked is None:
            await self._give(request, 200, 0, self.content.size)
        elif asked[0] >= self.content.size:
            self._refuse(request, 416)
        else:
            await self._give(request, 206, asked[0] + self.shifted_bytes, asked[1])

    def _asked(self, request: Request) -> tuple[int, int] | None:
        """First byte and end of what the answer should hold; null for the whole."""
        said = request.header("Range")
        only_if = request.header("If-Range")
        if said is None or self.ranges != "given":
            return None
        if self.conditions and only_if is not None and only_if not in (self.etag, self.modified):
            return None
        first, _, last = said.removeprefix("bytes=").partition("-")
        return int(first), min(int(last) + 1, self.content.size) if last else self.content.size

    def _unchanged(self, request: Request) -> bool:
        etag, since = request.header("If-Match"), request.header("If-Unmodified-Since")
        if etag is not None:
            return etag == self.etag and not etag.startswith("W/")
        if since is not None and self.modified is not None:
            return parsedate_to_datetime(self.modified) <= parsedate_to_datetime(since)
        return True

    def _refuse(self, request: Request, code: int) -> None:
        where = {"Content-Range": f"bytes */{self.content.size}"} if code == 416 else {}
        request.begin(code, {"Content-Length": "0", **where})
        request.keep_alive = True

    async def _give(self, request: Request, code: int, first: int, end: int) -> None:
        end = min(end, self.content.size)
        pieces, size = self.content.pieces(first, end, self._at_a_time()), end - first
        headers = self._validators() | {"Content-Type": self.media_type}
        if code == 206:
            total = self.content.size if self.total else "*"
            headers["Content-Range"] = self.content_range or f"bytes {first}-{end - 1}/{total}"
        if code == 206 and self.multipart:
            headers["Content-Type"] = "multipart/byteranges; boundary=next"
            headers.pop("Content-Range")
        if self.packed:
            packed = gzip.compress(self.content.read(first, end - first))
            pieces, size = iter([packed]), len(packed)
            headers["Content-Encoding"] = "gzip"
        headers |= {
            "length": {"Content-Length": str(size)},
            "chunked": {"Transfer-Encoding": "chunked"},
            "close": {"Connection": "close"},
        }[self.framing]
        request.begin(code, headers)
        await self._send(request, pieces)

    async def _send(self, request: Request, pieces: Iterator[bytes]) -> None:
        left = self.cuts.pop(0) if self.cuts else None
        free_at = asyncio.get_running_loop().time()
        chunked = self.framing == "chunked"
        for whole_piece in pieces:
            piece = whole_piece[:left]
            if piece:
                await request.send(piece, chunked=chunked)
                free_at = await self._paced(len(piece), free_at)
            if left is not None:
                left -= len(piece)
                if left == 0:
                    if self.silent:
                        await asyncio.Event().wait()
                    return
        if chunked:
            await request.send(b"", chunked=True)
        request.keep_alive = self.framing != "close"

    async def _paced(self, sent: int, free_at: float) -> float:
        """Wait as long as sending should have taken; when this connection is free again."""
        now = asyncio.get_running_loop().time()
        if self.total_bytes_per_second is not None:
            self._free_at = max(self._free_at, now - 0.05) + sent / self.total_bytes_per_second
            free_at = max(free_at, self._free_at)
        if self.bytes_per_second is not None:
            free_at += sent / self.bytes_per_second
        if free_at > now:
            await asyncio.sleep(free_at - now)
        return free_at

    def _at_a_time(self) -> int:
        rates = [rate for rate in (self.bytes_per_second, self.total_bytes_per_second) if rate is not None]
        return max(1, min([_MOST_AT_A_TIME, *(int(rate / 50) for rate in rates)]))

    def _validators(self) -> dict[str, str]:
        said = {"ETag": self.etag, "Last-Modified": self.modified}
        if self.ranges != "none":
            said["Accept-Ranges"] = "bytes"
        return {name: value for name, value in said.items() if value is not None}
