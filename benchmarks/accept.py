"""What it costs to accept an event durably, against a bare ASGI application under the same server.

`wrk` drives one server after the other in alternating rounds, for a machine's mood changes within minutes.
CPU is the server process's own, all its threads, user and system: the steadier figure.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psutil

from benchmarks.accept_servers import API_KEY

CONNECTIONS = 64
ROUNDS = 3
ROUND_SECONDS = 4
LARGE_CONNECTIONS = 4

_SCRIPT = """
wrk.method = "POST"
wrk.headers["content-type"] = "application/json"
wrk.headers["x-meeting-baas-api-key"] = "%s"
local file = assert(io.open("%s", "rb"))
wrk.body = file:read("*a")
file:close()
done = function(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format('{"requests": %%d, "seconds": %%f, "p50": %%f, "p99": %%f, "errors": %%d}\\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
"""


@dataclass(frozen=True, slots=True)
class Round:
    """Times in milliseconds, CPU in microseconds a request."""

    per_second: float
    p50: float
    p99: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Server:
    name: str
    port: int
    process: psutil.Process


def main() -> int:
    if shutil.which("wrk") is None:
        print(
            "This needs wrk, a load generator: `apt-get install wrk` or `brew install wrk`.", file=sys.stderr
        )
        return 1
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder, "small.json"), Path(folder, "large.json")
        small.write_bytes(small_event())
        large.write_bytes(complete_event(300_000))
        with _server("bare") as bare, _server("ours", folder) as ours:
            for server in (bare, ours):
                _drive(server, small, CONNECTIONS, 1)
            rounds: dict[str, list[Round]] = {"bare": [], "ours": []}
            for _ in range(ROUNDS):
                for server in (bare, ours):
                    rounds[server.name].append(_drive(server, small, CONNECTIONS, ROUND_SECONDS))
            large_bare, large_ours = (
                _drive(server, large, LARGE_CONNECTIONS, ROUND_SECONDS) for server in (bare, ours)
            )
    plain, durable = _middle(rounds["bare"]), _middle(rounds["ours"])
    print(f"{len(small_event())} byte event, {CONNECTIONS} connections, median of {ROUNDS} rounds")
    _print("bare ASGI application", plain)
    _print("receiver, fsynced", durable)
    print(f"  throughput {durable.per_second / plain.per_second:.2f} of bare (wanted: at least 0.65)")
    print(f"  CPU a request {durable.cpu / plain.cpu:.2f} × bare (wanted: at most 1.5)")
    print(f"  p99 {durable.p99:.1f} ms (wanted: below 25)")
    print(f"300 KB complete, {LARGE_CONNECTIONS} connections")
    _print("bare ASGI application", large_bare)
    _print("receiver, fsynced", large_ours)
    print(f"  CPU a request {large_ours.cpu / 1000:.2f} ms (wanted: at most 3)")
    return 0


def small_event() -> bytes:
    """A v1 status event, as it comes most often."""
    status = {
        "code": "in_call_recording",
        "created_at": "2025-06-11T12:00:00.000Z",
        "start_time": 1749643200123,
    }
    event = {"bot_id": "123e4567-e89b-12d3-a456-426614174000", "status": status}
    return json.dumps({"event": "bot.status_change", "data": event}).encode()


def complete_event(size_bytes: int) -> bytes:
    """A v1 `complete` whose transcript makes it at least so large."""
    words = [{"start": i / 3, "end": i / 3 + 0.25, "word": f"word{i}"} for i in range(50)]
    segment = {"speaker": "John Doe", "offset": 1.5, "start_time": 1.5, "end_time": 2.4, "words": words}
    count = size_bytes // len(json.dumps(segment)) + 1
    event = {
        "bot_id": "123e4567-e89b-12d3-a456-426614174000",
        "transcript": [segment] * count,
        "speakers": ["John Doe"],
        "mp4": "https://example.com/video.mp4?X-Amz-Expires=7200",
    }
    return json.dumps({"event": "complete", "data": event}).encode()


def _drive(server: Server, body: Path, connections: int, seconds: int) -> Round:
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(_SCRIPT % (API_KEY, body))
        script.flush()
        url = f"http://127.0.0.1:{server.port}/webhooks/meeting-baas"
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", script.name, url]
        before = server.process.cpu_times()
        printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        after = server.process.cpu_times()
    figures = json.loads(printed.splitlines()[-1])
    if figures["errors"] or not figures["requests"]:
        raise SystemExit(f"{server.name} did not answer every request with 2xx: {printed}")
    cpu_seconds = after.user + after.system - before.user - before.system
    requests = figures["requests"]
    return Round(requests / figures["seconds"], figures["p50"], figures["p99"], cpu_seconds / requests * 1e6)


@contextmanager
def _server(name: str, *arguments: str) -> Iterator[Server]:
    command = [sys.executable, "-m", "benchmarks.accept_servers", name, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Server(name, int(process.stdout.readline()), psutil.Process(process.pid))
        finally:
            process.terminate()


def _middle(rounds: list[Round]) -> Round:
    return Round(*(median(getattr(r, name) for r in rounds) for name in Round.__slots__))


def _print(name: str, measured: Round) -> None:
    print(
        f"  {name:<22} {measured.per_second:8.0f}/s   p50 {measured.p50:6.2f} ms   p99 {measured.p99:6.2f} ms"
        f"   {measured.cpu:7.1f} µs CPU"
    )


if __name__ == "__main__":
    sys.exit(main())
