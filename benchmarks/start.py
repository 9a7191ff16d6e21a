"""How long the program takes until it is ready, and what it holds in memory when it has nothing to do."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from urllib.request import urlopen

import psutil

STARTS = 5
IDLE_SECONDS = 3


def main() -> int:
    ready, bare, held = [], [], []
    for number in range(STARTS):
        bare.append(_seconds("pass"))
        with tempfile.TemporaryDirectory() as folder:
            seconds, megabytes = _start(Path(folder), idle_seconds=IDLE_SECONDS if number == 0 else 0)
            ready.append(seconds)
            held.append(megabytes)
    help_seconds = median(_seconds("-m", "adjourn", "--help") for _ in range(STARTS))
    print(f"ready after    {median(ready):.2f} s   ({median(ready) / median(bare):.0f} × a bare Python)")
    print(f"adjourn --help {help_seconds:.2f} s   ({help_seconds / median(bare):.1f} × a bare Python)")
    print(f"idle memory    {held[0]:.0f} MB resident, {IDLE_SECONDS} s after the start")
    return 0


def _seconds(*arguments: str) -> float:
    line = [sys.executable, *(arguments if arguments[0] == "-m" else ("-c", *arguments))]
    began = time.perf_counter()
    subprocess.run(line, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def _start(folder: Path, idle_seconds: float) -> tuple[float, float]:
    """Seconds until `/readyz` says 200, in an empty folder, and the megabytes held after `idle_seconds`."""
    told = folder / "told"
    (folder / ".env").write_text("ADJOURN_PORT=0\nADJOURN_MEETING_BAAS_API_KEYS=key\n")
    began = time.perf_counter()
    with told.open("wb") as stderr:
        process = subprocess.Popen([sys.executable, "-m", "adjourn", "run"], cwd=folder, stderr=stderr)
    try:
        while b"listening" not in (text := told.read_bytes()):
            time.sleep(0.005)
        url = text.decode().partition('"url": "')[2].partition("/webhooks")[0]
        with urlopen(f"{url}/readyz") as answer:
            assert answer.status == 200
        seconds = time.perf_counter() - began
        time.sleep(idle_seconds)
        return seconds, psutil.Process(process.pid).memory_info().rss / 1e6
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    sys.exit(main())
