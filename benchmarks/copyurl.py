"""What it costs to bring recordings from a fast source into S3, against `rclone copyurl` of the same files.

Ours does more: it proves each file complete, keeps its sha256, and could go on after a kill. Both run in turn
against a real S3 server that shares this machine's cores. rclone's time is that of its whole process, ours
that of a consumer that is running already; memory is that of the whole process for both.

    python -m benchmarks.copyurl [MEGABYTES]
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

from benchmarks.recordings import make
from benchmarks.source import source_of
from benchmarks.storing import Stored, stored
from tests.servers.seaweed import SeaweedServer

ROUNDS = 4
GOAL_SHARE = 1.0
GOAL_GROWTH_MB = 80
AT_ONCE = 8
MB = 1024 * 1024
_BUCKET = "copied"
_RCLONE = Path(sys.executable).with_name("rclone")


@dataclass(frozen=True, slots=True)
class Turn:
    theirs: Stored
    ours: Stored


def main(megabytes: int = 1024) -> int:
    if not _RCLONE.exists():
        print("This needs rclone, which `make bench` installs.", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder, SeaweedServer() as server:
        server.start()
        variables = _variables(server)
        _rclone(["mkdir", f"s3:{_BUCKET}"], variables)
        recording = Path(folder) / "recording.mp4"
        make(recording, megabytes)
        with source_of(recording) as source:
            for count, each in ((1, megabytes), (AT_ONCE, megabytes)):
                links = [f"{source}/{each * MB}/recording-{number}.mp4" for number in range(count)]
                turns = [_turn(links, variables, ours_first=bool(turn % 2)) for turn in range(ROUNDS)]
                print(f"{count} of {each} MB at once, median of {ROUNDS} rounds")
                _print("rclone", count * each, [turn.theirs for turn in turns])
                _print("ours", count * each, [turn.ours for turn in turns])
                share = median(turn.theirs.seconds / turn.ours.seconds for turn in turns)
                growth = max(turn.ours.growth_mb for turn in turns)
                print(f"  {share:.2f} of rclone's speed; {GOAL_SHARE} wanted")
                print(f"  memory grew by {growth:.0f} MB; below {GOAL_GROWTH_MB} wanted")
    return 0


def _variables(server: SeaweedServer) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": server.endpoint_url,
        "AWS_ACCESS_KEY_ID": server.access_key,
        "AWS_SECRET_ACCESS_KEY": server.secret_key,
        "AWS_DEFAULT_REGION": "us-east-1",
        "RCLONE_CONFIG": "",
        "RCLONE_CONFIG_S3_TYPE": "s3",
        "RCLONE_CONFIG_S3_PROVIDER": "SeaweedFS",
        "RCLONE_CONFIG_S3_ENDPOINT": server.endpoint_url,
        "RCLONE_CONFIG_S3_ENV_AUTH": "true",
    }


def _turn(links: Sequence[str], variables: Mapping[str, str], *, ours_first: bool) -> Turn:
    """Who comes second finds a server that still tidies up after the first: they take turns at that, too."""
    with tempfile.TemporaryDirectory() as folder:
        if ours_first:
            ours = _ours(links, Path(folder), variables)
            return Turn(_theirs(links, Path(folder), variables), ours)
        theirs = _theirs(links, Path(folder), variables)
        return Turn(theirs, _ours(links, Path(folder), variables))


def _theirs(links: Sequence[str], folder: Path, variables: Mapping[str, str]) -> Stored:
    names = folder / "urls.csv"
    names.write_text("".join(f"{link},{link.rpartition('/')[2]}\n" for link in links))
    os.sync()
    copying = ["copyurl", "--urls", str(names), "--transfers", str(len(links))]
    done = _rclone([*copying, f"s3:{_BUCKET}/theirs"], variables)
    _rclone(["purge", f"s3:{_BUCKET}/theirs"], variables)
    return done


def _ours(links: Sequence[str], folder: Path, variables: Mapping[str, str]) -> Stored:
    os.sync()
    done = stored(links, f"s3://{_BUCKET}/ours", folder, at_once=len(links), variables=variables)
    _rclone(["purge", f"s3:{_BUCKET}/ours"], variables)
    return done


def _rclone(arguments: Sequence[str], variables: Mapping[str, str]) -> Stored:
    began = perf_counter()
    rclone = subprocess.Popen([_RCLONE, *arguments], env=os.environ | variables)
    _, status, used = os.wait4(rclone.pid, 0)
    seconds = perf_counter() - began
    rclone.returncode = os.waitstatus_to_exitcode(status)
    if rclone.returncode != 0:
        raise subprocess.CalledProcessError(rclone.returncode, ["rclone", *arguments])
    peak = used.ru_maxrss / 1024
    return Stored(seconds, used.ru_utime + used.ru_stime, peak, peak)


def _print(name: str, megabytes: int, turns: Sequence[Stored]) -> None:
    speed = megabytes / median(turn.seconds for turn in turns)
    cpu = median(turn.cpu_seconds for turn in turns)
    peak = max(turn.peak_mb for turn in turns)
    print(f"  {name:<8}{speed:6,.0f} MB/s  {cpu:5.2f} s of CPU  {peak:4.0f} MB of memory")


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
