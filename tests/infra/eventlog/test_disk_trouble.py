"""A disk that is full, a file that cannot be written: `LogUnavailable`, and the log comes back by itself."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.errors import LogUnavailable
from infra.eventlog.sqlite.log import SqliteLog
from schemas.topics import WEBHOOKS
from tests.infra.eventlog.conftest import OpenSqlite, Spawn, append, everything
from tests.infra.eventlog.disks import (
    LimitedFiles,
    SetReadOnly,
    SmallDisk,
    limited_files,
    read_only_disk,
    read_only_files,
    small_disk,
)


@pytest.fixture(params=[small_disk, limited_files])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SmallDisk | LimitedFiles]:
    folder = tmp_path / "disk"
    folder.mkdir()
    with request.param(folder) as disk:
        yield disk


async def append_until_unavailable(log: SqliteLog) -> int:
    """How many appends of 10 kB succeeded before."""
    for count in range(10_000):
        try:
            await append(log, f"{count} ".ljust(10_000, "."))
        except LogUnavailable:
            return count
    raise AssertionError("the disk does not get full")


async def test_a_full_disk_loses_nothing_and_ends_when_there_is_room(
    disk: SmallDisk | LimitedFiles, open_sqlite: OpenSqlite
) -> None:
    log = await open_sqlite(disk.folder / "log.db")
    for number in range(5):
        await append(log, f"before {number}")
    disk.fill()
    kept = await append_until_unavailable(log)

    with pytest.raises(LogUnavailable, match="cannot be used: "):
        await append(log, "x" * 100_000)
    with pytest.raises(LogUnavailable):
        await asyncio.gather(*(append(log, "x" * 100_000) for _ in range(20)))
    disk.free()
    await append(log, "after")

    values = [record.value.decode().strip(".") for record in await everything(log)]
    # An append that failed may be there all the same; one that succeeded must be.
    assert [v for v in values if v.startswith("before")] == [f"before {n}" for n in range(5)]
    assert {f"{n} " for n in range(kept)} <= set(values)
    assert values[-1] == "after"


async def test_what_is_there_can_be_read_while_the_disk_is_full(
    disk: SmallDisk | LimitedFiles, open_sqlite: OpenSqlite
) -> None:
    log = await open_sqlite(disk.folder / "log.db")
    async with log.subscribe([WEBHOOKS], "recordings") as subscription:
        await append(log, "first")
        await append(log, "second")
        await subscription.fetch(1)
        disk.fill()
        await append_until_unavailable(log)

        (record,) = await subscription.fetch(1)
        assert record.value == b"second"
        disk.free()
        await subscription.commit(record)


@pytest.fixture(params=[read_only_disk, read_only_files])
def read_only(request: pytest.FixtureRequest) -> Iterator[tuple[Path, SetReadOnly]]:
    """A folder that anyone may reach, and what makes it read-only."""
    with tempfile.TemporaryDirectory() as outer:
        Path(outer).chmod(0o755)
        folder = Path(outer) / "log"
        folder.mkdir()
        with request.param(folder) as set_read_only:
            yield folder, set_read_only


async def test_a_read_only_log_is_unavailable_until_it_is_writable(
    read_only: tuple[Path, SetReadOnly], open_sqlite: OpenSqlite
) -> None:
    folder, set_read_only = read_only
    earlier = await open_sqlite(folder / "log.db")
    await append(earlier, "before")
    await earlier.close()
    set_read_only(True)
    log = await open_sqlite(folder / "log.db", setup=False)

    for attempt in (log.probe(), append(log, "during"), log.setup()):
        with pytest.raises(LogUnavailable, match=r"readonly|unable to open"):
            await attempt

    set_read_only(False)
    await log.probe()
    await append(log, "after")

    assert [record.value for record in await everything(log)] == [b"before", b"after"]


async def test_a_log_that_another_process_has_locked_is_unavailable_soon_and_only_until_then(
    open_sqlite: OpenSqlite, log_path: Path, spawn: Spawn
) -> None:
    log = await open_sqlite()
    await append(log, "before")
    holder = spawn("hold", log_path)
    assert holder.stdout
    assert holder.stdin
    assert await asyncio.to_thread(holder.stdout.readline) == "locked\n"

    began = time.perf_counter()
    appends = asyncio.gather(append(log, "during"), log.probe(), return_exceptions=True)
    assert [record.value for record in await everything(log)] == [b"before"]
    results = await appends
    assert time.perf_counter() - began < 3
    assert [str(result)[-len("database is locked") :] for result in results] == ["database is locked"] * 2

    holder.stdin.close()
    await append(log, "after")
    assert [record.value for record in await everything(log)] == [b"before", b"after"]


async def test_what_is_acknowledged_after_the_file_was_deleted_is_in_the_new_file(
    open_sqlite: OpenSqlite, log_path: Path
) -> None:
    log = await open_sqlite()
    async with log.subscribe([WEBHOOKS], "recordings") as subscription:
        for number in range(5):
            await append(log, f"lost {number}")
        await subscription.commit((await subscription.fetch(5))[-1])
        for file in log_path.parent.glob("log.db*"):
            file.unlink()

        await append(log, "anew")

        assert [record.value for record in await everything(log)] == [b"anew"]
        async with asyncio.timeout(5):
            records = await subscription.fetch(5)
        assert [record.value for record in records] == [b"anew"]
        await subscription.commit(records[0])
    assert await log.backlog([WEBHOOKS], "recordings") == 0


async def test_a_file_that_is_no_log_makes_it_unavailable_until_the_log_is_back(
    open_sqlite: OpenSqlite, log_path: Path
) -> None:
    earlier = await open_sqlite()
    await append(earlier, "kept")
    await earlier.close()
    backup = log_path.with_name("backup")
    shutil.copy(log_path, backup)
    log = await open_sqlite()
    await append(log, "gone with the file")
    rubbish = log_path.with_name("rubbish")
    rubbish.write_bytes(b"rubbish " * 10_000)
    for name in ("log.db-wal", "log.db-shm"):
        log_path.with_name(name).unlink()
    rubbish.replace(log_path)

    for _ in range(3):
        with pytest.raises(LogUnavailable):
            await append(log, "not acknowledged")
    with pytest.raises(LogUnavailable, match="not a database"):
        await log.probe()
    with pytest.raises(LogUnavailable):
        await everything(log)

    shutil.move(backup, log_path)
    await append(log, "after")
    assert [record.value for record in await everything(log)] == [b"kept", b"after"]


async def test_a_missing_folder_is_made_by_setup_and_by_nothing_else(
    open_sqlite: OpenSqlite, tmp_path: Path
) -> None:
    path = tmp_path / "not" / "there" / "log.db"
    log = await open_sqlite(path, setup=False)

    with pytest.raises(LogUnavailable, match="unable to open"):
        await append(log, "x")
    with pytest.raises(LogUnavailable, match="unable to open"):
        await everything(log)
    assert not path.parent.exists()

    await log.setup()
    await append(log, "x")
    assert len(await everything(log)) == 1


async def test_a_folder_that_cannot_be_made_is_said_so(open_sqlite: OpenSqlite, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    log = await open_sqlite(tmp_path / "file" / "log.db", setup=False)

    with pytest.raises(LogUnavailable, match="folder"):
        await log.setup()


async def test_a_log_that_was_closed_says_so(open_sqlite: OpenSqlite) -> None:
    log = await open_sqlite()
    await log.close()
    await log.close()

    for attempt in (append(log, "x"), log.probe(), everything(log)):
        with pytest.raises(LogUnavailable, match="closed"):
            await attempt


async def test_who_waits_for_records_is_told_when_the_log_is_closed(open_sqlite: OpenSqlite) -> None:
    log = await open_sqlite()
    async with log.subscribe([WEBHOOKS], "recordings") as subscription:
        waiting = asyncio.ensure_future(subscription.fetch(1))
        await asyncio.wait([waiting], timeout=0.1)
        await log.close()

        with pytest.raises(LogUnavailable, match="closed"):
            await waiting
