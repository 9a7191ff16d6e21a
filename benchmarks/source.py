"""A source of recordings in another process that costs as little as one can: `python -m benchmarks.source`.

It gives the first so many bytes of a file under any path, whole or in parts: `/BYTES/whatever`.
"""

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import psutil

_LONGEST_REQUEST = 64 * 1024


@contextmanager
def source_of(recording: Path) -> Iterator[str]:
    """Its URL."""
    command = [sys.executable, "-m", "benchmarks.source", str(recording)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            psutil.Process(server.pid).kill()


def serve(recording: Path) -> None:
    listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
    print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
    while True:
        connection, _ = listening.accept()
        Thread(target=_answer, args=(connection, recording), daemon=True).start()


def _answer(connection: socket.socket, recording: Path) -> None:
    with connection, recording.open("rb") as file:
        while asked := connection.recv(_LONGEST_REQUEST):
            method, path, _ = asked.split(b" ", 2)
            size = int(path.split(b"/")[1])
            part = re.search(rb"\r\nrange: bytes=(\d+)-(\d*)", asked, re.IGNORECASE)
            first = int(part[1]) if part else 0
            last = int(part[2]) if part and part[2] else size - 1
            status = (
                f"206 Partial Content\r\nContent-Range: bytes {first}-{last}/{size}" if part else "200 OK"
            )
            connection.sendall(
                f"HTTP/1.1 {status}\r\nContent-Length: {last + 1 - first}\r\nAccept-Ranges: bytes\r\n"
                f'ETag: "{size}"\r\nContent-Type: video/mp4\r\n\r\n'.encode()
            )
            if method != b"HEAD":
                try:
                    connection.sendfile(file, first, last + 1 - first)
                except OSError:
                    return


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
