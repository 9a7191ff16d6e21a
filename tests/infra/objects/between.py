"""A server between us and an S3 server: it passes on what comes, answers itself, or breaks the connection."""

import http.client
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlsplit

SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
DENIED = b"<Error><Code>AccessDenied</Code><Message>Access Denied.</Message></Error>"


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    break_after: int | None = None
    """Of the body, this many bytes are sent, and then the connection ends."""


@dataclass(frozen=True, slots=True)
class Asked:
    """`query` holds names and values as they were sent ("uploadId=…")."""

    method: str
    path: str
    query: str
    headers: dict[str, str]


PassOn = Callable[[], Answer]
Trouble = Callable[[Asked, PassOn], Answer]
"""From what was asked, and a way to hear what S3 answers to it, to what is answered instead."""


@dataclass(slots=True)
class Between:
    port: int
    trouble: Trouble = lambda asked, pass_on: pass_on()
    asked: list[Asked] = field(default_factory=list)

    @property
    def endpoint_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def between_us_and(upstream: str) -> Iterator[Between]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def serve(self) -> None:
            url = urlsplit(self.path)
            asked = Asked(self.command, url.path, url.query, {k.lower(): v for k, v in self.headers.items()})
            between.asked.append(asked)
            body = self.rfile.read(int(asked.headers.get("content-length", 0)))
            self.say(between.trouble(asked, lambda: self.pass_on(body)))

        def pass_on(self, body: bytes) -> Answer:
            connection = http.client.HTTPConnection(urlsplit(upstream).netloc)
            try:
                connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
                for name, value in self.headers.items():
                    if name.lower() != "expect":
                        connection.putheader(name, value)
                connection.endheaders(body)
                answer = connection.getresponse()
                return Answer(answer.status, answer.read(), tuple(answer.getheaders()))
            finally:
                connection.close()

        def say(self, answer: Answer) -> None:
            self.send_response(answer.status)
            headers = {name.lower(): value for name, value in answer.headers}
            if self.command != "HEAD":
                headers["content-length"] = str(len(answer.body))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body[: answer.break_after])
            if answer.break_after is not None:
                self.close_connection = True

        def do_GET(self) -> None:
            self.serve()

        def do_HEAD(self) -> None:
            self.serve()

        def do_PUT(self) -> None:
            self.serve()

        def do_POST(self) -> None:
            self.serve()

        def do_DELETE(self) -> None:
            self.serve()

        def log_message(self, *_: object) -> None:
            """Keeps quiet."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """Who is cut off, or goes away, is no news here."""

    server = Server(("127.0.0.1", 0), Handler)
    between = Between(server.server_port)
    serving = Thread(target=server.serve_forever, args=(0.05,))
    serving.start()
    try:
        yield between
    finally:
        server.shutdown()
        serving.join()
        server.server_close()
