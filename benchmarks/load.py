"""Load on a webhook URL by `wrk`, and what it costs the server: its own CPU, with all its processes."""

import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psutil

API_KEY = "benchmark-key"

_MEETING = "123e4567-e89b-12d3-a456-426614174000"
_MEETINGS = 64
_SCRIPT = """
wrk.method = "POST"
wrk.headers["content-type"] = "application/json"
wrk.headers["x-meeting-baas-api-key"] = "%s"
local requests, next_one = {}, 0
function init(arguments)
  local file = assert(io.open("%s", "rb"))
  local before, after = file:read("*a"):match("^(.-)%s(.*)$")
  file:close()
  for meeting = 1, %d do
    requests[meeting] = wrk.format(nil, nil, nil, before .. string.format("%%08d%s", meeting) .. after)
  end
end
function request()
  next_one = next_one %% #requests + 1
  return requests[next_one]
end
function done(summary, latency, requests)
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
    """`process` and its children are what is measured."""

    name: str
    port: int
    process: psutil.Process

    def cpu_seconds(self) -> float:
        family = [self.process, *self.process.children(recursive=True)]
        return sum(times.user + times.system for times in (member.cpu_times() for member in family))


def wrk_is_here() -> bool:
    """False, and a sentence on stderr, where it is not."""
    if shutil.which("wrk") is None:
        print(
            "This needs wrk, a load generator: `apt-get install wrk` or `brew install wrk`.", file=sys.stderr
        )
        return False
    return True


def drive(server: Server, body: Path, connections: int, seconds: int) -> Round:
    """Post what is in `body`, in turns for each of some meetings. Ends the program where one is refused."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        pattern = _MEETING.replace("-", "%-")
        script.write(_SCRIPT % (API_KEY, body, pattern, _MEETINGS, _MEETING[8:]))
        script.flush()
        url = f"http://127.0.0.1:{server.port}/webhooks/meeting-baas"
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", script.name, url]
        before = server.cpu_seconds()
        printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        cpu_seconds = server.cpu_seconds() - before
    figures = json.loads(printed.splitlines()[-1])
    if figures["errors"] or not figures["requests"]:
        raise SystemExit(f"{server.name} did not answer every request with 2xx: {printed}")
    requests = figures["requests"]
    return Round(requests / figures["seconds"], figures["p50"], figures["p99"], cpu_seconds / requests * 1e6)


def middle(rounds: list[Round]) -> Round:
    return Round(*(median(getattr(r, name) for r in rounds) for name in Round.__slots__))


def print_round(name: str, measured: Round) -> None:
    print(
        f"  {name:<22} {measured.per_second:8.0f}/s   p50 {measured.p50:6.2f} ms   p99 {measured.p99:6.2f} ms"
        f"   {measured.cpu:7.1f} µs CPU"
    )


def small_event() -> bytes:
    """A v1 status event, as it comes most often."""
    status = {
        "code": "in_call_recording",
        "created_at": "2025-06-11T12:00:00.000Z",
        "start_time": 1749643200123,
    }
    event = {"bot_id": _MEETING, "status": status}
    return json.dumps({"event": "bot.status_change", "data": event}).encode()


def complete_event(size_bytes: int) -> bytes:
    """A v1 `complete` whose transcript makes it at least so large."""
    words = [{"start": i / 3, "end": i / 3 + 0.25, "word": f"word{i}"} for i in range(50)]
    segment = {"speaker": "John Doe", "offset": 1.5, "start_time": 1.5, "end_time": 2.4, "words": words}
    count = size_bytes // len(json.dumps(segment)) + 1
    event = {
        "bot_id": _MEETING,
        "transcript": [segment] * count,
        "speakers": ["John Doe"],
        "mp4": "https://example.com/video.mp4?X-Amz-Expires=7200",
    }
    return json.dumps({"event": "complete", "data": event}).encode()
