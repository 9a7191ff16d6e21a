"""A source of files that can misbehave, byte by byte: what no well-kept HTTP server would let us send."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass(slots=True)
class Media:
    """`answers` by path may be changed at any time. `requests` are the heads that came, oldest first."""

    url: str
    answers: dict[str, Answer]
    requests: list[str] = field(default_factory=list)

    def asked(self, path: str) -> int:
        """How often a path was asked for, whatever the query."""
        return sum(head.split(" ")[1].partition("?")[0] == path for head in self.requests)


@asynccontextmanager
async def serve_media(answers: Mapping[str, Answer], *, host: str = "127.0.0.1") -> AsyncIterator[Media]:
    """One answer a connection; a path that is not in the table is a 404."""
    media = Media("", dict(answers))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            media.requests.append(head)
            path = head.split(" ")[1].partition("?")[0]
            await media.answers.get(path, status(404))(writer)
            await writer.drain()
        writer.close()
        with suppress(ConnectionError, asyncio.CancelledError):
            await writer.wait_closed()

    serving: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(serve(reader, writer))
        serving.add(task)
        task.add_done_callback(serving.discard)

    server = await asyncio.start_server(connected, host, 0)
    media.url = f"http://{host}:{server.sockets[0].getsockname()[1]}"
    try:
        yield media
    finally:
        server.close()
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving)
        await server.wait_closed()


def whole(body: bytes, media_type: str = "application/octet-stream") -> Answer:
    return _raw(_head(200, {"Content-Type": media_type, "Content-Length": str(len(body))}) + body)


def without_length(body: bytes) -> Answer:
    """The end of the connection is the end of the file, for all that anybody can tell."""
    return _raw(_head(200, {"Connection": "close"}) + body)


def chunked(body: bytes) -> Answer:
    return _raw(_head(200, {"Transfer-Encoding": "chunked"}) + _chunk(body) + _chunk(b""))


def cut_short(body: bytes, announced: int) -> Answer:
    """Announces more than it sends."""
    return _raw(_head(200, {"Content-Length": str(announced)}) + body)


def cut_short_chunked(body: bytes) -> Answer:
    """Ends without the last chunk."""
    return _raw(_head(200, {"Transfer-Encoding": "chunked"}) + _chunk(body))


def status(code: int, body: bytes = b"", **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return _raw(_head(code, {"Content-Length": str(len(body)), **named}) + body)


def redirect(location: str, code: int = 302) -> Answer:
    return status(code, Location=location)


def gzipped(body: bytes) -> Answer:
    packed = gzip.compress(body)
    return _raw(_head(200, {"Content-Encoding": "gzip", "Content-Length": str(len(packed))}) + packed)


def not_http() -> Answer:
    return _raw(b"\x16\x03\x01 hello, this is no web server\r\n\r\n")


def endless() -> Answer:
    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(_head(200, {"Connection": "close"}))
        while True:
            writer.write(bytes(64 * 1024))
            await writer.drain()

    return answer


def dripping(every_seconds: float) -> Answer:
    """A byte at a time, for ever."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(_head(200, {"Content-Length": "1000000"}))
        while True:
            writer.write(b"\0")
            await writer.drain()
            await asyncio.sleep(every_seconds)

    return answer


def silent(before: bytes = b"") -> Answer:
    """Sends this, then nothing more, and stays."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(before)
        await asyncio.Event().wait()

    return answer


def silent_after(body: bytes, announced: int) -> Answer:
    return silent(_head(200, {"Content-Length": str(announced)}) + body)


def _raw(everything: bytes) -> Answer:
    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(everything)

    return answer


def _head(code: int, headers: Mapping[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {code} Said", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _chunk(body: bytes) -> bytes:
    return f"{len(body):x}\r\n".encode() + body + b"\r\n"
