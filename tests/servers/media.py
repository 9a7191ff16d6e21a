"""A source of files that can misbehave, byte by byte: what no well-kept HTTP server would let us send.

Here are the server and its simple answers; `tests/servers/file.py` has a file with ranges and validators.
"""

import asyncio
import gzip
import socket
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

_SEND_BUFFER_BYTES: Final = 256 * 1024
"""Little enough that what was given to the kernel is nearly what the other side took."""


@dataclass(slots=True)
class Request:
    """One whose answer is being written. `keep_alive` says that another may follow on its connection."""

    head: str
    writer: asyncio.StreamWriter
    served: Counter[str]
    keep_alive: bool = False

    @property
    def path(self) -> str:
        """Without the query."""
        return self.head.split(" ")[1].partition("?")[0]

    def header(self, name: str) -> str | None:
        return _header(self.head, name)

    def begin(self, code: int, headers: Mapping[str, str]) -> None:
        self.writer.write(_head(code, headers))

    async def send(self, body: bytes, *, chunked: bool = False) -> None:
        """Some of the body; where it is chunked, no bytes are its end. Raises `ConnectionError`."""
        if self.writer.is_closing():
            raise ConnectionResetError
        self.writer.write(_chunk(body) if chunked else body)
        await self.writer.drain()
        self.served[self.path] += len(body)


Answer = Callable[[Request], Awaitable[None]]


@dataclass(slots=True)
class Media:
    """`answers` by path may be changed at any time. `requests` are the heads that came, oldest first."""

    url: str
    answers: dict[str, Answer]
    requests: list[str] = field(default_factory=list)
    bytes_by_path: Counter[str] = field(default_factory=Counter)

    def asked(self, path: str) -> int:
        """How often a path was asked for, whatever the query."""
        return len(self._heads(path))

    def served(self, path: str) -> int:
        """How many bytes of body went out for a path, over all its answers."""
        return self.bytes_by_path[path]

    def sent_headers(self, path: str, name: str) -> list[str | None]:
        """One header of every request for a path, oldest first; null where a request had none."""
        return [_header(head, name) for head in self._heads(path)]

    def _heads(self, path: str) -> list[str]:
        return [head for head in self.requests if head.split(" ")[1].partition("?")[0] == path]


@asynccontextmanager
async def serve_media(
    answers: Mapping[str, Answer], *, host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[Media]:
    """A path that is not in the table is a 404. Most answers end their connection. Port 0 is any free one."""
    media = Media("", dict(answers))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            again = True
            while again:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                media.requests.append(head)
                request = Request(head, writer, media.bytes_by_path)
                await media.answers.get(request.path, status(404))(request)
                await writer.drain()
                again = request.keep_alive
        writer.close()
        with suppress(ConnectionError, asyncio.CancelledError):
            await writer.wait_closed()

    serving: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(serve(reader, writer))
        serving.add(task)
        task.add_done_callback(serving.discard)

    listening = socket.create_server((host, port))
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
    server = await asyncio.start_server(connected, sock=listening)
    media.url = f"http://{host}:{listening.getsockname()[1]}"
    try:
        yield media
    finally:
        server.close()
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving)
        await server.wait_closed()


def whole(body: bytes, media_type: str = "application/octet-stream") -> Answer:
    return _answer(200, {"Content-Type": media_type, "Content-Length": str(len(body))}, body)


def without_length(body: bytes) -> Answer:
    """The end of the connection is the end of the file, for all that anybody can tell."""
    return _answer(200, {"Connection": "close"}, body)


def chunked(body: bytes) -> Answer:
    return _answer(200, {"Transfer-Encoding": "chunked"}, _chunk(body) + _chunk(b""))


def cut_short(body: bytes, announced: int) -> Answer:
    """Announces more than it sends."""
    return _answer(200, {"Content-Length": str(announced)}, body)


def cut_short_chunked(body: bytes) -> Answer:
    """Ends without the last chunk."""
    return _answer(200, {"Transfer-Encoding": "chunked"}, _chunk(body))


def status(code: int, body: bytes = b"", **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return _answer(code, {"Content-Length": str(len(body)), **named}, body)


def redirect(location: str, code: int = 302) -> Answer:
    return status(code, Location=location)


def gzipped(body: bytes) -> Answer:
    packed = gzip.compress(body)
    return _answer(200, {"Content-Encoding": "gzip", "Content-Length": str(len(packed))}, packed)


def not_http() -> Answer:
    async def answer(request: Request) -> None:
        request.writer.write(b"\x16\x03\x01 hello, this is no web server\r\n\r\n")

    return answer


def endless() -> Answer:
    async def answer(request: Request) -> None:
        request.begin(200, {"Connection": "close"})
        while True:
            await request.send(bytes(64 * 1024))

    return answer


def dripping(every_seconds: float) -> Answer:
    """A byte at a time, for ever."""

    async def answer(request: Request) -> None:
        request.begin(200, {"Content-Length": "1000000"})
        while True:
            await request.send(b"\0")
            await asyncio.sleep(every_seconds)

    return answer


def dripping_head(every_seconds: float) -> Answer:
    """A head that has no end."""

    async def answer(request: Request) -> None:
        request.writer.write(b"HTTP/1.1 200 OK\r\nX-More: ")
        while True:
            await request.send(b"x")
            await asyncio.sleep(every_seconds)

    return answer


def silent(before: bytes = b"") -> Answer:
    """Sends this, then nothing more, and stays."""

    async def answer(request: Request) -> None:
        request.writer.write(before)
        await asyncio.Event().wait()

    return answer


def silent_after(body: bytes, announced: int) -> Answer:
    async def answer(request: Request) -> None:
        request.begin(200, {"Content-Length": str(announced)})
        await request.send(body)
        await asyncio.Event().wait()

    return answer


def _answer(code: int, headers: Mapping[str, str], body: bytes) -> Answer:
    async def answer(request: Request) -> None:
        request.begin(code, headers)
        await request.send(body)

    return answer


def _chunk(body: bytes) -> bytes:
    return f"{len(body):x}\r\n".encode() + body + b"\r\n"


def _head(code: int, headers: Mapping[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {code} Said", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _header(head: str, name: str) -> str | None:
    for line in head.split("\r\n")[1:]:
        key, _, value = line.partition(":")
        if key.lower() == name.lower():
            return value.strip()
    return None
