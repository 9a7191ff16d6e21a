"""Local web servers for what samples link to, and for what their senders' APIs answer."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from threading import Event, Thread

from aiohttp import web

from adjourn import samples

_LINKS_LEAD_TO = b"https://media.example"


@asynccontextmanager
async def serve_media(*folders: Path, api: Path | None = None) -> AsyncIterator[str]:
    """Serve the files of these folders on a free port of this machine, by name, whatever the path before it.

    Below `api` are answers by the path of the question (`v1/things/7.json` for `/v1/things/7`), whose links
    lead here. Yields the server's address (`http://127.0.0.1:…`, no slash at its end); ranges work, as at a
    real source.
    """
    address = ""

    async def answer(request: web.Request) -> web.StreamResponse:
        said = None if api is None else (api / f"{request.path.strip('/')}.json").resolve()
        if said is not None and api is not None and said.is_relative_to(api) and said.is_file():
            body = said.read_bytes().replace(_LINKS_LEAD_TO, address.encode())
            return web.Response(body=body, content_type="application/json")
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
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        yield address
    finally:
        await runner.cleanup()


@contextmanager
def sample_api(provider: str) -> Iterator[str]:
    """Answer as a sender's API does, in a thread, from its samples and what they link to: its address."""
    started, stop, address = Event(), asyncio.Event(), ""
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        nonlocal address
        async with serve_media(*samples.linked_folders(), api=samples.api_folder(provider)) as address:
            started.set()
            await stop.wait()

    thread = Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    started.wait()
    try:
        yield address
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()
