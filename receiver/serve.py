"""An ASGI application under uvicorn, as one of several tasks of a loop that belongs to someone else."""

import asyncio
import errno
import gc
import socket
from collections.abc import Callable
from functools import partial
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from infra.errors import Halt
from receiver.app import ReceiverApp
from receiver.shortcut import ShortcutProtocol

_KEEP_ALIVE_SECONDS = 75  # load balancers hang up after 60 s: were we first, a request could cross with that
_BACKLOG = 2048


async def serve(
    app: ASGIApp,
    *,
    host: str,
    port: int,
    ready: Callable[[str, int], None],
    stop: asyncio.Event,
    grace_seconds: int = 10,
    keep_alive_seconds: int = _KEEP_ALIVE_SECONDS,
    beside_others: bool = False,
) -> None:
    """Serve until `stop` is set, then refuse what is new, finish what has come in, and return.

    Calls `ready(host, port)` once a client can connect; port 0 takes a free one. What has not been finished
    `grace_seconds` after `stop` is cancelled. A connection that was idle for `keep_alive_seconds` is closed.
    Signals are left alone: whoever owns the loop sets `stop`. Raises `Halt` when nobody can listen there.
    `beside_others` is for several processes at one port, which another has reserved for them.
    """
    listening = _listen(host, port, beside_others=beside_others)
    protocol: Any = partial(ShortcutProtocol, app.shortcuts) if isinstance(app, ReceiverApp) else "httptools"
    config = uvicorn.Config(
        app,
        http=protocol,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=_BACKLOG,
        timeout_keep_alive=keep_alive_seconds,
        timeout_graceful_shutdown=grace_seconds,
    )
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    # Not `server.serve()`: that takes over the signals, and raises them again when it is done.
    await server.startup(sockets=[listening])
    # What has been loaded so far stays: let no collection walk over it again.
    gc.collect()
    gc.freeze()
    ticking = asyncio.create_task(server.main_loop())
    try:
        ready(host, listening.getsockname()[1])
        await stop.wait()
    finally:
        ticking.cancel()
        await asyncio.wait([ticking])
        await server.shutdown(sockets=[listening])
        if server.server_state.tasks:  # cancelled, but not yet told
            await asyncio.wait(server.server_state.tasks, timeout=1)


def reserve(host: str, port: int) -> socket.socket:
    """Hold a port for processes that serve there `beside_others`; 0 takes a free one, the socket knows which.

    Each of them has a queue of its own, and the kernel spreads the connections: were there one queue for all,
    who wakes first would take nearly everything. Close it when the last of them has ended. Raises `Halt` when
    somebody listens there already, or nobody can.
    """
    with _listen(host, port, beside_others=False) as alone:
        address = alone.getsockname()
        reserved = socket.socket(alone.family, socket.SOCK_STREAM)
    try:
        for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
            reserved.setsockopt(socket.SOL_SOCKET, option, 1)
        reserved.bind(address)
    except OSError as exc:
        reserved.close()
        raise Halt(_why_not(host, port, exc)) from exc
    return reserved


def _listen(host: str, port: int, *, beside_others: bool) -> socket.socket:
    try:
        family, *_ = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listening = socket.create_server(
            (host, port), family=family, backlog=_BACKLOG, reuse_port=beside_others
        )
    except OSError as exc:
        raise Halt(_why_not(host, port, exc)) from exc
    listening.setblocking(False)
    return listening


def _why_not(host: str, port: int, exc: OSError) -> str:
    if exc.errno == errno.EADDRINUSE:
        return (
            f"Port {port} on {host} is used by another program: stop that one, or set another ADJOURN_PORT."
        )
    if exc.errno == errno.EACCES:
        return f"We may not listen on port {port}: set an ADJOURN_PORT above 1023."
    return (
        f"We cannot listen on {host}, port {port}: {exc.strerror}. ADJOURN_HOST must be an address we have."
    )
