"""A way around ASGI for small requests that came whole.

A task, its messages and their coroutines, and what uvicorn prepares for them, cost more than all that is
done for an event. uvicorn parses and keeps connections as ever; it only does not hear of a request that a
shortcut takes. All that is not the usual still goes through ASGI.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Final, Protocol

from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from receiver.admission import RequestHeaders, headers_by_name

_ANSWER: Final = (
    b"HTTP/1.1 202 Accepted\r\n%bcontent-type: application/json\r\ncontent-length: %d\r\n%b\r\n%b"
)


class Pending(Protocol):
    """A request that waits for its answer: one call of one of these, once, at any time."""

    def respond(self, body: bytes) -> None:
        """Answer 202 with a JSON body."""

    def leave(self, app: ASGIApp) -> None:
        """Let an ASGI application answer, to which nothing is told of the request but its method."""


class Shortcut(Protocol):
    """Takes a request, with its whole body, or returns false and has done nothing.

    Of `pending` it calls nothing before it has returned.
    """

    def __call__(self, method: bytes, headers: RequestHeaders, body: bytes, pending: Pending) -> bool: ...


class ShortcutProtocol(HttpToolsProtocol):
    """A connection. `shortcuts` by the target of a request, as it is sent.

    Until its last byte is there, `_shortcut` is the one that a request may take; null where uvicorn has it.
    """

    def __init__(self, shortcuts: Mapping[bytes, Shortcut], **of_uvicorn: Any) -> None:
        super().__init__(**of_uvicorn)
        self._shortcuts = shortcuts
        self._shortcut: Shortcut | None = None
        self._body: list[bytes] = []
        self._idle_since: float | None = None
        self._idle_timer: asyncio.TimerHandle | None = None
        self._default_headers: list[tuple[bytes, bytes]] = []
        self._default_lines = b""

    def data_received(self, data: bytes) -> None:
        self._idle_since = None
        HttpToolsProtocol.data_received(self, data)
        if self._shortcut is not None:  # there is more of it to come
            self._give_back()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        HttpToolsProtocol.connection_lost(self, exc)

    def on_message_begin(self) -> None:
        self.url = b""
        self.headers = []
        self.expect_100_continue = False

    def on_headers_complete(self) -> None:
        self._shortcut = self._shortcuts.get(self.url)
        if self._shortcut is not None:
            self._body = []
        if (
            self._shortcut is None
            or self.expect_100_continue
            or self.flow.write_paused
            or (self.cycle is not None and not self.cycle.response_complete)
        ):
            self._give_back()

    def on_body(self, body: bytes) -> None:
        if self._shortcut is None:
            HttpToolsProtocol.on_body(self, body)
        else:
            self._body.append(body)

    def on_message_complete(self) -> None:
        if self._shortcut is not None:
            method, headers = self.parser.get_method(), headers_by_name(self.headers)
            keep_alive = self.parser.should_keep_alive() and (
                b"connection" not in headers or self.parser.get_http_version() != "1.0"
            )
            taken: Any = _Taken(self, method, keep_alive)
            if self._shortcut(method, headers, b"".join(self._body), taken):
                self._shortcut = None
                self.cycle = taken
                return
            self._give_back()
        HttpToolsProtocol.on_message_complete(self)

    def answer(self, taken: "_Taken", body: bytes) -> None:
        """As uvicorn's `send` does."""
        self._let_go(taken, None)
        if taken.disconnected:
            return
        default_headers = self.server_state.default_headers
        if default_headers is not self._default_headers:
            self._default_headers = default_headers
            self._default_lines = b"".join(b"%b: %b\r\n" % header for header in default_headers)
        last_line = b"" if taken.keep_alive else b"connection: close\r\n"
        self.transport.write(_ANSWER % (self._default_lines, len(body), last_line, body))
        if not taken.keep_alive:
            self.transport.close()
        if self.pipeline or self.transport.is_closing():
            self.on_response_complete()
            return
        self.server_state.total_requests += 1
        self._idle_since = self.loop.time()
        if self._idle_timer is None:
            self._idle_timer = self.loop.call_later(self.timeout_keep_alive, self._end_if_idle)

    def hand_over(self, taken: "_Taken", app: Any) -> None:
        """Start a task that answers, as uvicorn does."""
        cycle = RequestResponseCycle(
            scope={"type": "http", "method": taken.method.decode()},  # type: ignore[typeddict-item]
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=False,
            keep_alive=taken.keep_alive,
            on_response=self.on_response_complete,
        )
        cycle.more_body = False
        cycle.disconnected = taken.disconnected
        self._let_go(taken, cycle)
        self._start_asgi_task(cycle, app)

    def _let_go(self, taken: "_Taken", cycle: Any) -> None:
        """Or connection and request would hold each other."""
        busy_with: object = self.cycle
        if busy_with is taken:  # and not with a next one, which came meanwhile
            self.cycle = cycle

    def _give_back(self) -> None:
        """Let uvicorn see the request that is being parsed, so far as it has come."""
        shortcut, self._shortcut = self._shortcut, None
        url, headers, expect_100_continue = self.url, self.headers, self.expect_100_continue
        HttpToolsProtocol.on_message_begin(self)
        self.url, self.expect_100_continue = url, expect_100_continue
        self.headers += headers
        HttpToolsProtocol.on_headers_complete(self)
        if shortcut is not None and self._body:
            HttpToolsProtocol.on_body(self, b"".join(self._body))

    def _end_if_idle(self) -> None:
        """One timer for many requests: to set and cancel one is a twentieth of what a request costs."""
        self._idle_timer = None
        if self._idle_since is not None:
            left = self._idle_since + self.timeout_keep_alive - self.loop.time()
            if left > 0:
                self._idle_timer = self.loop.call_later(left, self._end_if_idle)
            else:
                self.timeout_keep_alive_handler()


class _Nobody:
    """Waits for what is still received of a request that came whole."""

    def set(self) -> None:
        """As an `asyncio.Event`."""


class _Taken:
    """A `Pending`, and what uvicorn asks of the request that a connection is busy with."""

    __slots__ = ("_connection", "disconnected", "keep_alive", "method")

    message_event: Final = _Nobody()
    response_complete: Final = False

    def __init__(self, connection: ShortcutProtocol, method: bytes, keep_alive: bool) -> None:
        self._connection = connection
        self.method = method
        self.keep_alive = keep_alive
        self.disconnected = False

    def respond(self, body: bytes) -> None:
        self._connection.answer(self, body)

    def leave(self, app: ASGIApp) -> None:
        self._connection.hand_over(self, app)
