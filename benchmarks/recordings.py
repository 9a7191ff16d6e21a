"""What it costs to store recordings that come over HTTP in a folder.

A large one, against a plain `cp` of the same file: the whole consumer runs (link, limits, sha256, fsync, row)
in a process of its own, from a source in another. Rounds alternate, because a disk's mood changes within a
minute, and each begins when all that was written is on the disk. `cp` leaves its file in memory and ours is
durable: `cp` and fsync is shown beside it. Then many small ones, of meetings that all end on the hour.

    python -m benchmarks.recordings [MEGABYTES]
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from time import perf_counter

from benchmarks.source import source_of
from benchmarks.storing import Stored, stored

ROUNDS = 3
GOAL_SHARE = 0.5
GOAL_GROWTH_MB = 64
GOAL_MEETINGS_PER_SECOND = 100
MEETINGS = 500
SMALL_BYTES = 200 * 1000
AT_ONCE = 32
MB = 1024 * 1024


def main(megabytes: int = 1024) -> int:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        recording = folder / "recording.mp4"
        make(recording, megabytes)
        with source_of(recording) as source:
            _one_large(recording, f"{source}/{megabytes * MB}/recording", folder, megabytes)
            _many_small([f"{source}/{SMALL_BYTES}/{number}" for number in range(MEETINGS)], folder)
    return 0


def make(recording: Path, megabytes: int) -> None:
    """One that begins as an MP4 does."""
    with recording.open("wb") as file:
        file.write(b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41".ljust(MB, b"\0"))
        noise = os.urandom(MB)
        for _ in range(megabytes - 1):
            file.write(noise)


def _one_large(recording: Path, link: str, folder: Path, megabytes: int) -> None:
    copied, synced, runs = [], [], []
    for _ in range(ROUNDS):
        plain, durable = _copy(recording, folder / "copy.mp4")
        copied.append(plain)
        synced.append(durable)
        runs.append(_stored([link], folder, at_once=1))
    ours = median(one.seconds for one in runs)
    cpu = median(one.cpu_seconds for one in runs)
    growth = max(one.growth_mb for one in runs)
    print(f"a recording of {megabytes} MB, median of {ROUNDS} rounds")
    _print("cp", megabytes, median(copied))
    _print("cp and fsync", megabytes, median(synced))
    _print("fetched, hashed and stored", megabytes, ours, f"  {cpu:.2f} s of CPU")
    share, durable_share = median(copied) / ours, median(synced) / ours
    print(f"  {share:.2f} of the speed of cp, {durable_share:.2f} of cp and fsync; {GOAL_SHARE} wanted")
    print(f"  memory grew by {growth:.0f} MB; below {GOAL_GROWTH_MB} wanted")


def _many_small(links: Sequence[str], folder: Path) -> None:
    runs = [_stored(links, folder, at_once=AT_ONCE) for _ in range(ROUNDS)]
    rate = len(links) / median(one.seconds for one in runs)
    cpu = median(one.cpu_seconds for one in runs) / len(links) * 1000
    print(f"{len(links)} meetings of {SMALL_BYTES // 1000} KB, {AT_ONCE} at once, median of {ROUNDS} rounds")
    print(f"  {rate:.0f}/s, {cpu:.1f} ms of CPU each; {GOAL_MEETINGS_PER_SECOND}/s wanted")


def _print(name: str, megabytes: int, seconds: float, more: str = "") -> None:
    print(f"  {name:<28}{megabytes / seconds:8,.0f} MB/s {seconds:7.2f} s{more}")


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


def _stored(links: Sequence[str], folder: Path, *, at_once: int) -> Stored:
    there = folder / "stored"
    there.mkdir()
    os.sync()
    try:
        return stored(links, f"file:///{there}/objects", there, at_once=at_once)
    finally:
        shutil.rmtree(there)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
