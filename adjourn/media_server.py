"""A local web server for the files that samples link to."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web


@asynccontextmanager
async def serve_media(*folders: Path) -> AsyncIterator[str]:
    """Serve the files of these folders on a free port of this machine, by name, whatever the path before it.

    Yields the server's address (`http://127.0.0.1:…`, no slash at its end); ranges work, as at a real source.
    """

    async def answer(request: web.Request) -> web.StreamResponse:
        name = request.path.rpartition("/")[2]
        for folder in folders:
            if name and (folder / name).is_file():
                return web.FileResponse(folder / name)
        raise web.HTTPNotFound

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    listening = socket.create_server(("127.0.0.1", 0))
    try:
        await web.SockSite(runner, listening).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        await runner.cleanup()
