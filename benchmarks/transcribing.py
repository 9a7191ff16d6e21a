"""A transcript of 60,000 words: read, stored and indexed by the consumer, on each database; and the same rows
by the driver alone, in one transaction with one statement that is run for all of them.

    python -m benchmarks.transcribing
"""

import asyncio
import json
import random
import sqlite3
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any, Final

import asyncpg
import structlog

from consumers.base import Services
from consumers.transcripts import CONSUMER
from infra.database.engine import Database, open_database
from infra.database.transcripts import TranscriptVersion, add_version
from infra.links.http import open_links
from infra.objects.open import open_objects
from schemas.envelope import Record, event_headers
from schemas.meeting_baas.transcripts import V1_WEBHOOK
from schemas.providers import PROVIDERS
from schemas.topics import WEBHOOKS
from schemas.transcript import Segment
from tests.servers.postgres import PostgresServer

WORDS = 60_000
WORDS_EACH = 16
ROUNDS = 5
GOAL_SECONDS = 2.0
GOAL_RATIO = 0.5
_COLUMNS: Final = ("provider", "meeting_id", "position", "speaker", "start", "end", "text", "words")

Row = tuple[Any, ...]
Insert = Callable[[Sequence[Row]], Awaitable[float]]


def main() -> int:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    with tempfile.TemporaryDirectory() as folder, PostgresServer() as postgres:
        postgres.begin()
        postgres.await_answer()
        file = Path(folder) / "adjourn.db"
        asyncio.run(
            _measure("SQLite", f"sqlite:///{file}", Path(folder), lambda rows: _by_sqlite3(file, rows))
        )
        asyncio.run(
            _measure("PostgreSQL", postgres.url, Path(folder), lambda rows: _by_asyncpg(postgres.url, rows))
        )
    print(f"goals          {GOAL_SECONDS:.0f} s; {GOAL_RATIO} of the driver's pace")
    return 0


async def _measure(name: str, url: str, folder: Path, by_driver: Insert) -> None:
    whole, cpu, ours, theirs = [], [], [], []
    objects = open_objects(f"file:///{folder}/{name}")
    await objects.setup()
    async with (
        open_database(url) as database,
        open_links(allow=[], max_bytes=1, connect_timeout_seconds=1, idle_timeout_seconds=1) as links,
    ):
        await database.setup()
        services = Services(objects, database, links)
        for number in range(ROUNDS):
            record = _complete(f"meeting-{number}", seed=number)
            began, cpu_began = perf_counter(), process_time()
            await CONSUMER.handle(record, services)
            whole.append(perf_counter() - began)
            cpu.append(process_time() - cpu_began)
            spoken = PROVIDERS["meeting-baas"].parse_transcript(V1_WEBHOOK, record.value).segments
            ours.append(await _by_us(database, f"again-{number}", spoken))
            theirs.append(await by_driver(await _rows_of(database, f"again-{number}")))
    ratio = median(other / own for own, other in zip(ours, theirs, strict=True))
    print(
        f"{name:<14} {median(whole):.2f} s ({median(cpu):.2f} s of our CPU) from webhook to index;"
        f" rows {median(ours):.2f} s, by the driver alone {median(theirs):.2f} s: {ratio:.2f} of its pace"
    )


async def _by_us(database: Database, meeting: str, spoken: Sequence[Segment]) -> float:
    version = TranscriptVersion(1, "en", 1.0, ("Ada",), WORDS, "e", "s", "0" * 64, "0" * 64)
    began = perf_counter()
    async with database.transaction() as tx:
        await add_version(tx, "p", meeting, version, spoken)
    return perf_counter() - began


async def _rows_of(database: Database, meeting: str) -> Sequence[Row]:
    """What was stored, to be stored by another under another name."""
    columns = ", ".join(f'"{column}"' for column in _COLUMNS)
    async with database.reading() as tx:
        query = f"SELECT {columns} FROM segments WHERE provider = 'p' AND meeting_id = '{meeting}'"
        rows = (await tx.exec_driver_sql(query)).all()
    return [("driver", *row[1:]) for row in rows]


async def _by_sqlite3(file: Path, rows: Sequence[Row]) -> float:
    columns = ", ".join(f'"{column}"' for column in _COLUMNS)
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous=FULL")
        began = perf_counter()
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(f"INSERT INTO segments ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
        connection.execute("COMMIT")
        return perf_counter() - began


async def _by_asyncpg(url: str, rows: Sequence[Row]) -> float:
    columns = ", ".join(f'"{column}"' for column in _COLUMNS)
    connection = await asyncpg.connect(url)
    try:
        began = perf_counter()
        async with connection.transaction():
            await connection.executemany(
                f"INSERT INTO segments ({columns}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)", rows
            )
        return perf_counter() - began
    finally:
        await connection.close()


def _complete(meeting: str, *, seed: int) -> Record:
    chances = random.Random(seed)
    transcript = []
    for place in range(WORDS // WORDS_EACH):
        begin = place * WORDS_EACH * 0.24
        words = [
            {
                "start": begin + 0.24 * i,
                "end": begin + 0.24 * i + 0.2,
                "word": f"w{chances.randrange(20_000)}",
            }
            for i in range(WORDS_EACH)
        ]
        transcript.append(
            {"speaker": f"Person {place % 5}", "offset": begin, "start_time": begin, "words": words}
        )
    body = {"event": "complete", "data": {"bot_id": meeting, "mp4": "", "transcript": transcript}}
    headers = event_headers(
        id=meeting,
        source="/webhooks/meeting-baas",
        type="meeting-baas.complete",
        subject=meeting,
        time="2026-01-02T03:04:05Z",
    )
    return Record(WEBHOOKS, 0, 1, meeting, 0, headers, json.dumps(body).encode())


if __name__ == "__main__":
    sys.exit(main())
