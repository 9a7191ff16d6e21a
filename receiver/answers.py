"""What goes back: small JSON bodies, and problem+json (RFC 9457) for everything that is not 2xx."""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from starlette.types import Send

PROBLEM_JSON = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Problem:
    """`detail` is a sentence for whoever reads the sender's log: nothing that a stranger may not know."""

    status: HTTPStatus
    detail: str
    headers: Sequence[tuple[bytes, bytes]] = ()

    def body(self, **more: object) -> bytes:
        document = {"type": "about:blank", "title": self.status.phrase, "status": self.status.value}
        return json.dumps(document | {"detail": self.detail} | more).encode()


async def send_json(send: Send, status: int, body: bytes) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def send_problem(
    send: Send, problem: Problem, *, before_closing: Callable[[], Awaitable[None]] | None = None
) -> None:
    """With `before_closing` the connection ends after this; the client has the answer when that is called."""
    body = problem.body()
    headers = [
        (b"content-type", PROBLEM_JSON.encode()),
        (b"content-length", b"%d" % len(body)),
        *problem.headers,
    ]
    if before_closing is None:
        await send({"type": "http.response.start", "status": problem.status.value, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        return
    headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": problem.status.value, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": True})
    await before_closing()
    await send({"type": "http.response.body", "body": b""})
