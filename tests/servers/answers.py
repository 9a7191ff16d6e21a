"""What an API may answer that it should not."""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def status(code: int, body: object = None, **headers: str) -> Answer:
    """`retry_after="3"` is `Retry-After: 3`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    async def answer(request: web.Request) -> web.Response:
        if body is None:
            return web.Response(status=code, headers=named)
        return web.json_response(body, status=code, headers=named)

    return answer


def raw(body: bytes, content_type: str = "text/html") -> Answer:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=body, content_type=content_type)

    return answer


def endless() -> Answer:
    """Begins as JSON, and has no end."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        await response.write(b'{"success": true, "data": "')
        while True:
            await response.write(b"x" * 65_536)

    return answer


def silent() -> Answer:
    async def answer(request: web.Request) -> web.Response:
        await asyncio.Event().wait()
        return web.Response()

    return answer


def dropped() -> Answer:
    """The connection ends without an answer."""

    async def answer(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    return answer
