"""What it costs to upload a recording to S3, and to read it again, against boto3's own `upload_file` and
`download_file` of the same file.

Each runs in a process of its own, in turn, against a real S3 server on this machine that shares its cores.

    python -m benchmarks.objects [MEGABYTES]
"""

import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, Final

import boto3
import structlog
import uvloop

from infra.objects.open import open_objects
from tests.servers.seaweed import SeaweedServer

ROUNDS: Final = 3
GOAL_SHARE: Final = 0.9
GOAL_GROWTH_MB: Final = 64
MB: Final = 1024 * 1024
_BUCKET: Final = "measured"
_PIECE_BYTES: Final = 512 * 1024


@dataclass(frozen=True, slots=True)
class Measured:
    """`growth_mb` is how far memory went above what it was when the client had made its first request."""

    upload_seconds: float
    read_seconds: float
    cpu_seconds: float
    growth_mb: float


def main(megabytes: int = 1024) -> int:
    with tempfile.TemporaryDirectory() as folder, SeaweedServer() as server:
        server.start()
        recording = Path(folder) / "recording.mp4"
        _make(recording, megabytes)
        variables = {
            "AWS_ENDPOINT_URL": server.endpoint_url,
            "AWS_ACCESS_KEY_ID": server.access_key,
            "AWS_SECRET_ACCESS_KEY": server.secret_key,
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        theirs, ours = [], []
        for _ in range(ROUNDS):
            theirs.append(_in_a_process("theirs", recording, variables))
            ours.append(_in_a_process("ours", recording, variables))
    print(f"a recording of {megabytes} MB, median of {ROUNDS} rounds")
    _print("boto3", megabytes, theirs)
    _print("ours", megabytes, ours)
    upload = _share(theirs, ours, lambda one: one.upload_seconds)
    read = _share(theirs, ours, lambda one: one.read_seconds)
    growth = max(one.growth_mb for one in ours)
    print(f"  {upload:.2f} of boto3's speed up, {read:.2f} down; {GOAL_SHARE} wanted")
    print(f"  memory grew by {growth:.0f} MB; below {GOAL_GROWTH_MB} wanted")
    return 0


def _share(theirs: list[Measured], ours: list[Measured], seconds: Callable[[Measured], float]) -> float:
    return median(map(seconds, theirs)) / median(map(seconds, ours))


def _print(name: str, megabytes: int, runs: list[Measured]) -> None:
    up = megabytes / median(one.upload_seconds for one in runs)
    down = megabytes / median(one.read_seconds for one in runs)
    cpu = median(one.cpu_seconds for one in runs)
    growth = max(one.growth_mb for one in runs)
    print(f"  {name:<8}{up:6,.0f} MB/s up {down:6,.0f} MB/s down  {cpu:5.2f} s of CPU  {growth:4.0f} MB more")


def _make(recording: Path, megabytes: int) -> None:
    noise = os.urandom(MB)
    with recording.open("wb") as file:
        for _ in range(megabytes):
            file.write(noise)


def _in_a_process(whose: str, recording: Path, variables: dict[str, str]) -> Measured:
    os.sync()
    command = [sys.executable, "-m", "benchmarks.objects", whose, str(recording)]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=os.environ | variables).stdout
    return Measured(**json.loads(said))


async def _ours(recording: Path) -> Measured:
    objects = open_objects(f"s3://{_BUCKET}", parts_folder=str(recording.parent / "parts"))
    await objects.setup()
    before, began = _used(), perf_counter()
    async with objects.begin("ours.mp4", media_type="video/mp4") as upload:
        with recording.open("rb") as file:
            while piece := await asyncio.to_thread(file.read, _PIECE_BYTES):
                await upload.write(piece)
        await upload.finish()
    uploaded = perf_counter()
    with tempfile.TemporaryFile() as file:
        async for chunk in objects.read("ours.mp4"):
            await asyncio.to_thread(file.write, chunk)
    read = perf_counter()
    await objects.delete("ours.mp4")
    return _measured(before, uploaded - began, read - uploaded)


def _theirs(recording: Path) -> Measured:
    with closing(boto3.client("s3")) as client:
        _bucket(client)
        before, began = _used(), perf_counter()
        client.upload_file(str(recording), _BUCKET, "theirs.mp4")
        uploaded = perf_counter()
        with tempfile.NamedTemporaryFile() as file:
            client.download_file(_BUCKET, "theirs.mp4", file.name)
        read = perf_counter()
        client.delete_object(Bucket=_BUCKET, Key="theirs.mp4")
    return _measured(before, uploaded - began, read - uploaded)


def _bucket(client: Any) -> None:
    if _BUCKET not in [bucket["Name"] for bucket in client.list_buckets()["Buckets"]]:
        client.create_bucket(Bucket=_BUCKET)


def _used() -> tuple[float, float]:
    """Seconds of CPU so far; the most memory so far in megabytes."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def _measured(before: tuple[float, float], upload_seconds: float, read_seconds: float) -> Measured:
    after = _used()
    return Measured(upload_seconds, read_seconds, after[0] - before[0], after[1] - before[1])


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    match sys.argv[1:]:
        case ["ours", recording]:
            print(json.dumps(asdict(uvloop.run(_ours(Path(recording))))))
        case ["theirs", recording]:
            print(json.dumps(asdict(_theirs(Path(recording)))))
        case arguments:
            sys.exit(main(*map(int, arguments)))
