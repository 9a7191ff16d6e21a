"""What it costs to store a recording that comes over HTTP, against a plain `cp` of the same file.

The whole consumer runs (link, limits, sha256, fsync, row) in a process of its own, from a source in another.
Rounds alternate, because a disk's mood changes within a minute, and each begins when all that was written is
on the disk. `cp` leaves its file in memory and ours is durable: `cp` and fsync is shown beside it.

    python -m benchmarks.recordings [MEGABYTES]
"""

import json
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from threading import Thread
from time import perf_counter

import psutil
import structlog
import uvloop

from consumers.base import Services
from consumers.recordings import CONSUMER
from infra.database.engine import open_database
from infra.links.http import open_links
from infra.objects.open import open_objects
from schemas.envelope import Record, event_headers
from schemas.topics import WEBHOOKS

ROUNDS = 3
GOAL_SHARE = 0.5
GOAL_GROWTH_MB = 64
MB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Stored:
    """`cpu_seconds` are the storing process's own, `growth_mb` how far its memory went above its start."""

    seconds: float
    cpu_seconds: float
    growth_mb: float


def main(megabytes: int = 1024) -> int:
    copied, synced, stored = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        recording = Path(folder) / "recording.mp4"
        _make(recording, megabytes)
        with _source(recording) as url:
            for _ in range(ROUNDS):
                plain, durable = _copy(recording, Path(folder) / "copy.mp4")
                copied.append(plain)
                synced.append(durable)
                stored.append(_store_in_a_process(url, Path(folder) / "stored"))
    ours = median(one.seconds for one in stored)
    cpu = median(one.cpu_seconds for one in stored)
    growth = max(one.growth_mb for one in stored)
    print(f"a recording of {megabytes} MB, median of {ROUNDS} rounds")
    _print("cp", megabytes, median(copied))
    _print("cp and fsync", megabytes, median(synced))
    _print("fetched, hashed and stored", megabytes, ours, f"  {cpu:.2f} s of CPU")
    share, durable_share = median(copied) / ours, median(synced) / ours
    print(f"  {share:.2f} of the speed of cp, {durable_share:.2f} of cp and fsync; {GOAL_SHARE} wanted")
    print(f"  memory grew by {growth:.0f} MB; below {GOAL_GROWTH_MB} wanted")
    return 0


def _print(name: str, megabytes: int, seconds: float, more: str = "") -> None:
    print(f"  {name:<28}{megabytes / seconds:8,.0f} MB/s {seconds:7.2f} s{more}")


def _make(recording: Path, megabytes: int) -> None:
    with recording.open("wb") as file:
        file.write(b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41".ljust(MB, b"\0"))
        noise = os.urandom(MB)
        for _ in range(megabytes - 1):
            file.write(noise)


def _copy(recording: Path, copy: Path) -> tuple[float, float]:
    """Seconds until `cp` is done, and until its file is on the disk."""
    os.sync()
    began = perf_counter()
    subprocess.run(["cp", recording, copy], check=True)
    done = perf_counter()
    with copy.open("rb") as file:
        os.fsync(file.fileno())
    on_disk = perf_counter()
    copy.unlink()
    return done - began, on_disk - began


def _store_in_a_process(url: str, folder: Path) -> Stored:
    folder.mkdir()
    os.sync()
    command = [sys.executable, "-m", "benchmarks.recordings", "store", url, str(folder)]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    shutil.rmtree(folder)
    return Stored(**json.loads(said))


async def _store(url: str, folder: Path) -> Stored:
    """The consumer as it runs in production, on one event."""
    objects = open_objects(f"file:///{folder}/objects")
    await objects.setup()
    async with (
        open_database(f"sqlite:///{folder}/adjourn.db") as database,
        open_links(
            allow=["127.0.0.1"], max_bytes=1 << 40, connect_timeout_seconds=5, idle_timeout_seconds=30
        ) as links,
    ):
        await database.setup()
        services = Services(objects, database, links)
        await CONSUMER.handle(_completed(f"{url}/small", "warm"), services)
        before, began = _measured(), perf_counter()
        await CONSUMER.handle(_completed(f"{url}/recording", "measured"), services)
        seconds, after = perf_counter() - began, _measured()
    return Stored(seconds, after[0] - before[0], after[1] - before[1])


def _measured() -> tuple[float, float]:
    """Seconds of CPU so far; the most memory so far in megabytes."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def _completed(url: str, meeting: str) -> Record:
    headers = event_headers(
        id=meeting,
        source="/webhooks/meeting-baas",
        type="meeting-baas.bot.completed",
        subject=meeting,
        time="2026-01-02T03:04:05Z",
    )
    body = {"event": "bot.completed", "data": {"bot_id": meeting, "video": url}}
    return Record(WEBHOOKS, 0, 1, meeting, 0, headers, json.dumps(body).encode())


@contextmanager
def _source(recording: Path) -> Iterator[str]:
    """A server in another process that costs as little as one can."""
    command = [sys.executable, "-m", "benchmarks.recordings", "serve", str(recording)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        yield server.stdout.readline().strip()
        psutil.Process(server.pid).kill()


def _serve(recording: Path) -> None:
    """`/recording` is the file, anything else its first megabyte."""
    listening = socket.create_server(("127.0.0.1", 0))
    print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
    while True:
        connection, _ = listening.accept()
        Thread(target=_answer, args=(connection, recording), daemon=True).start()


def _answer(connection: socket.socket, recording: Path) -> None:
    with connection, recording.open("rb") as file:
        while asked := connection.recv(64 * 1024):
            length = recording.stat().st_size if b"/recording" in asked else MB
            connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n".encode())
            connection.sendfile(file, 0, length)


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    match sys.argv[1:]:
        case ["store", url, folder]:
            print(json.dumps(asdict(uvloop.run(_store(url, Path(folder))))))
        case ["serve", recording]:
            _serve(Path(recording))
        case arguments:
            sys.exit(main(*map(int, arguments)))
