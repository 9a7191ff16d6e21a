"""A way around ASGI for small requests that came whole.

A task, its messages and their coroutines cost as much as all that is done for an event. uvicorn parses, keeps
connections and times them as ever; it only starts no task where a shortcut takes the request. All that is not
the usual still goes through ASGI.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from starlette.types import ASGIApp, Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

Respond = Callable[[bytes], None]
"""Answers 202 with a JSON body."""

Leave = Callable[[ASGIApp], None]
"""Leaves it to an ASGI application to answer."""

_ANSWER: Final = (
    b"HTTP/1.1 202 Accepted\r\n%bcontent-type: application/json\r\ncontent-length: %d\r\n%b\r\n%b"
)


class Shortcut(Protocol):
    """Takes a request, by its scope and its whole body, or returns false and has done nothing.

    Of the two callables it calls one, once, at any time after it has returned.
    """

    def __call__(self, scope: Scope, body: bytes, respond: Respond, leave: Leave) -> bool: ...


class ShortcutProtocol(HttpToolsProtocol):
    """A connection. `shortcuts` by path."""

    def __init__(self, shortcuts: Mapping[str, Shortcut], **of_uvicorn: Any) -> None:
        super().__init__(**of_uvicorn)
        self._shortcuts = shortcuts
        self._parsing = False
        self._begun: RequestResponseCycle | None = None
        self._default_headers: list[tuple[bytes, bytes]] = []
        self._default_lines = b""

    def data_received(self, data: bytes) -> None:
        self._parsing = True
        try:
            HttpToolsProtocol.data_received(self, data)
        finally:
            self._parsing = False
        cycle = self._begun
        if cycle is not None:
            self._begun = None
            if not self._is_taken(cycle):
                HttpToolsProtocol._start_asgi_task(self, cycle, self.app)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Wait for what else was received: perhaps that is all of the body."""
        if self._parsing and app is self.app:
            self._begun = cycle
        else:
            HttpToolsProtocol._start_asgi_task(self, cycle, app)

    def _is_taken(self, cycle: RequestResponseCycle) -> bool:
        shortcut = self._shortcuts.get(cycle.scope["path"])
        if shortcut is None or cycle.more_body or cycle.waiting_for_100_continue or self.flow.write_paused:
            return False

        def respond(body: bytes) -> None:
            self._respond(cycle, body)

        def leave(app: Any) -> None:
            HttpToolsProtocol._start_asgi_task(self, cycle, app)

        scope: Any = cycle.scope
        return shortcut(scope, bytes(cycle.body), respond, leave)

    def _respond(self, cycle: RequestResponseCycle, body: bytes) -> None:
        """As uvicorn's `send` does."""
        if cycle.disconnected:
            return
        if cycle.default_headers is not self._default_headers:
            self._default_headers = cycle.default_headers
            self._default_lines = b"".join(b"%b: %b\r\n" % header for header in cycle.default_headers)
        last_line = b"" if cycle.keep_alive else b"connection: close\r\n"
        self.transport.write(_ANSWER % (self._default_lines, len(body), last_line, body))
        cycle.response_started = cycle.response_complete = True
        if not cycle.keep_alive:
            self.transport.close()
        cycle.on_response()
        cycle.on_response = _nothing  # or connection and request would hold each other


def _nothing() -> None:
    return None
