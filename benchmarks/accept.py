"""What it costs to accept an event durably, against a bare ASGI application under the same server.

`wrk` drives one server after the other in alternating rounds, for a machine's mood changes within minutes.
CPU is the server process's own, all its threads, user and system: the steadier figure. Both run under the
same uvicorn; the receiver takes the small event by its shortcut around ASGI, the large one by ASGI.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from benchmarks.load import (
    Round,
    Server,
    complete_event,
    drive,
    middle,
    print_round,
    small_event,
    wrk_is_here,
)

CONNECTIONS = 64
ROUNDS = 3
ROUND_SECONDS = 4
LARGE_CONNECTIONS = 4


def main() -> int:
    if not wrk_is_here():
        return 1
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder, "small.json"), Path(folder, "large.json")
        small.write_bytes(small_event())
        large.write_bytes(complete_event(300_000))
        with _server("bare") as bare, _server("ours", folder) as ours:
            for server in (bare, ours):
                drive(server, small, CONNECTIONS, 1)
            rounds: dict[str, list[Round]] = {"bare": [], "ours": []}
            for _ in range(ROUNDS):
                for server in (bare, ours):
                    rounds[server.name].append(drive(server, small, CONNECTIONS, ROUND_SECONDS))
            large_bare, large_ours = (
                drive(server, large, LARGE_CONNECTIONS, ROUND_SECONDS) for server in (bare, ours)
            )
    plain, durable = middle(rounds["bare"]), middle(rounds["ours"])
    print(f"{len(small_event())} byte event, {CONNECTIONS} connections, median of {ROUNDS} rounds")
    print_round("bare ASGI application", plain)
    print_round("receiver, fsynced", durable)
    print(f"  throughput {durable.per_second / plain.per_second:.2f} of bare (wanted: at least 0.65)")
    print(f"  CPU a request {durable.cpu / plain.cpu:.2f} × bare (wanted: at most 1.5)")
    print(f"  p99 {durable.p99:.1f} ms (wanted: below 25)")
    print(f"300 KB complete, {LARGE_CONNECTIONS} connections")
    print_round("bare ASGI application", large_bare)
    print_round("receiver, fsynced", large_ours)
    print(f"  CPU a request {large_ours.cpu / 1000:.2f} ms (wanted: at most 3)")
    return 0


@contextmanager
def _server(name: str, *arguments: str) -> Iterator[Server]:
    command = [sys.executable, "-m", "benchmarks.accept_servers", name, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Server(name, int(process.stdout.readline()), psutil.Process(process.pid))
        finally:
            process.terminate()


if __name__ == "__main__":
    sys.exit(main())
