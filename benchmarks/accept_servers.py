"""The two servers that `benchmarks.accept` compares, each a process of its own: `bare`, and `ours FOLDER`.

Prints its port once it can be used, and ends on SIGTERM.
"""

import asyncio
import logging
import signal
import sys
from pathlib import Path

import structlog
import uvloop
from starlette.types import ASGIApp, Receive, Scope, Send

from benchmarks.load import API_KEY
from infra.eventlog.open import open_log
from receiver import meeting_baas
from receiver.app import create_app
from receiver.serve import serve

_ANSWER = b'{"id": "d41d8cd98f00b204e9800998ecf8427e", "status": "accepted"}'


async def bare_app(_: Scope, receive: Receive, send: Send) -> None:
    """The least that any receiver does: read the body, answer."""
    more = True
    while more:
        message = await receive()
        more = message.get("more_body", False)
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(_ANSWER))]
    await send({"type": "http.response.start", "status": 202, "headers": headers})
    await send({"type": "http.response.body", "body": _ANSWER})


async def _run(app: ASGIApp) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await serve(app, host="127.0.0.1", port=0, ready=lambda _, port: print(port, flush=True), stop=stop)


async def _ours(folder: Path) -> None:
    log = open_log(f"sqlite:///{folder}/log.db")
    await log.setup()
    scheme = meeting_baas.scheme(api_keys=[API_KEY], svix_secrets=[], callback_secrets=[], alert_secrets=[])
    assert scheme is not None
    await _run(create_app(log=log, schemes={"meeting-baas": scheme}))
    await log.close()


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.INFO))
    uvloop.run(_run(bare_app) if sys.argv[1] == "bare" else _ours(Path(sys.argv[2])))
