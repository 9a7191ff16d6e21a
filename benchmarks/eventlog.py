"""What the log costs, against a plain sqlite3 loop that fsyncs the same batches and reads the same rows.

Both take turns, for a machine's mood changes within minutes. CPU is this process's own, all threads, user and
system: the steadier figure.
"""

import asyncio
import sqlite3
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

import uvloop

from infra.eventlog.sqlite.log import SqliteLog
from schemas.envelope import event_headers
from schemas.topics import WEBHOOKS

ROUNDS = 3

HEADERS = event_headers(
    id="msg_2mN8PGxQ4tT0vKq3wYb7Zc1LdEf",
    source="/webhooks/meeting-baas",
    type="meeting-baas.bot.completed",
    subject="6b1f0a4e-52a4-4c2f-9d7c-0e9a5a3f1c11",
    time="2026-11-11T10:00:00Z",
)
_READ_COUNT = 20_000
_WIDTHS = (10, 10, 7, 9, 8, 9, 9)
_KEY = "6b1f0a4e-52a4-4c2f-9d7c-0e9a5a3f1c11"


@dataclass(frozen=True, slots=True)
class Load:
    """`at_once` appends wait at any moment; the plain loop commits that many rows at a time."""

    name: str
    value: bytes
    at_once: int
    batches: int

    @property
    def count(self) -> int:
        return self.at_once * self.batches


@dataclass(frozen=True, slots=True)
class Round:
    """CPU in microseconds a record; latencies in milliseconds, of an append or of a plain commit."""

    per_second: float
    cpu: float
    p50: float = 0
    p99: float = 0


LOADS = (
    Load("0.25 KB, 64 at once", bytes(250), at_once=64, batches=100),
    Load("0.25 KB, one at a time", bytes(250), at_once=1, batches=200),
    Load("300 KB, 16 at once", bytes(300_000), at_once=16, batches=6),
)


def main() -> int:
    print(
        f"{'':24}{'ours/s':>10}{'plain/s':>10}{'ratio':>7}{'CPU µs':>9}{'plain':>8}{'p50 ms':>9}{'p99 ms':>9}"
    )
    for load in LOADS:
        ours, plain = _in_turn(partial(_append, load), partial(_plain_append, load))
        _print(load.name, ours, plain)
    ours, plain = _in_turn(_read, _plain_read)
    _print("reading, 500 a fetch", ours, plain)
    return 0


def _in_turn(ours: Callable[[Path], Awaitable[Round]], plain: Callable[[Path], Round]) -> tuple[Round, Round]:
    rounds: list[tuple[Round, Round]] = []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            mine = uvloop.run(_awaited(ours(Path(folder, "ours.db"))))
            rounds.append((mine, plain(Path(folder, "plain.db"))))
    return middle([mine for mine, _ in rounds]), middle([theirs for _, theirs in rounds])


async def _append(load: Load, path: Path) -> Round:
    log = SqliteLog(path)
    await log.setup()
    latencies: list[float] = []

    async def append_in_turn() -> None:
        for _ in range(load.batches):
            began = time.perf_counter()
            await log.append(WEBHOOKS, key=_KEY, value=load.value, headers=HEADERS)
            latencies.append(time.perf_counter() - began)

    meter = _Meter()
    await asyncio.gather(*(append_in_turn() for _ in range(load.at_once)))
    result = meter.read(load.count, latencies)
    await log.close()
    return result


def _plain_append(load: Load, path: Path) -> Round:
    row = (1, _KEY.encode(), str(HEADERS).encode(), load.value)
    latencies = []
    with closing(_plain_table(path)) as connection:
        meter = _Meter()
        for _ in range(load.batches):
            began = time.perf_counter()
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT INTO records VALUES (NULL, ?, ?, ?, ?)", [row] * load.at_once)
            connection.execute("COMMIT")
            latencies.append(time.perf_counter() - began)
        return meter.read(load.count, latencies)


async def _read(path: Path) -> Round:
    log = SqliteLog(path)
    await log.setup()
    await asyncio.gather(
        *(log.append(WEBHOOKS, key=_KEY, value=bytes(250), headers=HEADERS) for _ in range(_READ_COUNT))
    )
    meter = _Meter()
    async with log.subscribe([WEBHOOKS], "benchmark") as subscription:
        count = 0
        while count < _READ_COUNT:
            count += len(await subscription.fetch(500))
    result = meter.read(count, [])
    await log.close()
    return result


def _plain_read(path: Path) -> Round:
    row = (1, _KEY.encode(), str(HEADERS).encode(), bytes(250))
    with closing(_plain_table(path)) as connection:
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO records VALUES (NULL, ?, ?, ?, ?)", [row] * _READ_COUNT)
        connection.execute("COMMIT")
        meter = _Meter()
        last = count = 0
        while count < _READ_COUNT:
            rows = connection.execute(
                "SELECT * FROM records WHERE offset > ? ORDER BY offset LIMIT 500", (last,)
            ).fetchall()
            last = rows[-1][0]
            count += len(rows)
        return meter.read(count, [])


def _plain_table(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL").fetchall()
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(
        "CREATE TABLE records"
        " (offset INTEGER PRIMARY KEY, time_ms INTEGER, key BLOB, headers BLOB, value BLOB)"
    )
    return connection


class _Meter:
    def __init__(self) -> None:
        self.seconds, self.cpu_seconds = time.perf_counter(), time.process_time()

    def read(self, count: int, latencies: list[float]) -> Round:
        seconds = time.perf_counter() - self.seconds
        cpu_seconds = time.process_time() - self.cpu_seconds
        ordered = sorted(latencies) or [0.0]
        p50, p99 = (ordered[int(len(ordered) * share)] * 1000 for share in (0.5, 0.99))
        return Round(count / seconds, cpu_seconds / count * 1e6, p50, p99)


async def _awaited(round_: Awaitable[Round]) -> Round:
    return await round_


def middle(rounds: list[Round]) -> Round:
    return Round(*(median(getattr(r, name) for r in rounds) for name in Round.__slots__))


def _print(name: str, ours: Round, plain: Round) -> None:
    ratio = f"{ours.per_second / plain.per_second:.2f}"
    rates = f"{ours.per_second:,.0f}", f"{plain.per_second:,.0f}", ratio
    costs = f"{ours.cpu:.1f}", f"{plain.cpu:.1f}", f"{ours.p50:.2f}", f"{ours.p99:.2f}"
    print(name.ljust(24) + "".join(f.rjust(width) for f, width in zip(rates + costs, _WIDTHS, strict=True)))


if __name__ == "__main__":
    raise SystemExit(main())
