"""What many appends at once share, and what they do not."""

import asyncio
import sqlite3
import struct
from contextlib import closing
from pathlib import Path

from infra.eventlog.base import MAX_RECORD_BYTES
from infra.eventlog.sqlite import tables
from tests.infra.eventlog.conftest import OpenSqlite, append, everything


def commits(log_path: Path) -> int:
    """How many commits are in the write-ahead log: frames that carry the size of the database."""
    ahead = Path(f"{log_path}-wal").read_bytes()
    page_bytes = struct.unpack_from(">I", ahead, 8)[0]
    salt = ahead[16:24]
    headers = [ahead[at : at + 24] for at in range(32, len(ahead), 24 + page_bytes)]
    return sum(1 for header in headers if header[8:16] == salt and header[4:8] != bytes(4))


def test_every_commit_is_fsynced(log_path: Path) -> None:
    with closing(sqlite3.connect(log_path, isolation_level=None)) as connection:
        tables.prepare_writing(connection, [])

        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL


async def test_appends_at_once_share_a_commit(open_sqlite: OpenSqlite, log_path: Path) -> None:
    log = await open_sqlite()
    await append(log, "first")
    before = commits(log_path)

    await asyncio.gather(*(append(log, str(n)) for n in range(200)))

    assert commits(log_path) - before == 1


async def test_appends_that_come_while_a_commit_runs_share_the_next_one(
    open_sqlite: OpenSqlite, log_path: Path
) -> None:
    log = await open_sqlite()
    await append(log, "first")
    before = commits(log_path)

    async def append_in_turn() -> None:
        for number in range(10):
            await append(log, str(number))

    await asyncio.gather(*(append_in_turn() for _ in range(50)))

    assert commits(log_path) - before <= 20


async def test_each_of_the_largest_records_is_durable_before_the_next_is_taken(
    open_sqlite: OpenSqlite, log_path: Path
) -> None:
    log = await open_sqlite()
    await append(log, "first")
    large = bytes(MAX_RECORD_BYTES // 4).decode()
    appends = [asyncio.ensure_future(append(log, large)) for _ in range(4)]

    done, rest = await asyncio.wait(appends, return_when=asyncio.FIRST_COMPLETED)

    assert len(done) < 4
    await asyncio.gather(*rest)
    assert len(await everything(log)) == 5


async def test_the_loop_runs_on_while_a_commit_waits_for_the_disk(open_sqlite: OpenSqlite) -> None:
    log = await open_sqlite()
    running = asyncio.ensure_future(append(log, bytes(MAX_RECORD_BYTES).decode()))
    turns = 0
    while not running.done():
        await asyncio.sleep(0)
        turns += 1

    assert turns > 100
