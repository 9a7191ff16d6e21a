"""What killed processes left is swept up when consumers start, and what may be gone on with stays."""

import asyncio
import json
import os
import signal
import time
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from structlog.testing import capture_logs

from adjourn.sweeping import keep_swept
from infra.database.downloads import add_download
from infra.database.engine import open_database
from infra.errors import Retryable
from infra.objects.base import ObjectStore, Swept
from infra.objects.open import open_objects
from tests.adjourn.program import API_KEY, DEADLINE_SECONDS, Program, eventually
from tests.consumers.holding import copy_of, name_of
from tests.consumers.storing import opened_bench

FOUR_HOURS_SECONDS = 4 * 3600


async def left_behind(folder: Path, file: str, *, written_down: bool) -> Path:
    """The file of an upload that was left in its middle four hours ago."""
    objects = open_objects(f"file:///{folder}/var/objects")
    before = set(parts_in(folder))
    async with objects.begin(name_of(file), media_type="video/mp4", resumable=True) as upload:
        await upload.write(b"half of it")
    if written_down:
        async with (
            open_database(f"sqlite:///{folder}/var/adjourn.db") as database,
            database.transaction() as tx,
        ):
            when_ms = int((time.time() - FOUR_HOURS_SECONDS) * 1000)
            await add_download(tx, copy_of("bot-1", name_of(file), upload_id=upload.id, when_ms=when_ms))
    new = set(parts_in(folder)) - before
    for part in new:
        os.utime(part, (time.time() - FOUR_HOURS_SECONDS,) * 2)
    return max(new, key=lambda part: part.stat().st_size)


def parts_in(folder: Path) -> list[Path]:
    return [path for path in (folder / "var/objects/.uploads").rglob("*") if path.is_file()]


@pytest.mark.parametrize("command", ["run", "consume"])
async def test_a_start_sweeps_up_what_nobody_goes_on_with(command: str, tmp_path: Path) -> None:
    program = Program(tmp_path, settings={"ADJOURN_MEETING_BAAS_API_KEYS": API_KEY})
    assert program.run("setup").returncode == 0
    stray = await left_behind(tmp_path, "video.mp4", written_down=False)
    kept = await left_behind(tmp_path, "video.2.mp4", written_down=True)
    process = program.popen(command)
    try:
        await asyncio.to_thread(eventually, lambda: not stray.exists(), "swept")
    finally:
        process.send_signal(signal.SIGTERM)
        _, logged = process.communicate(timeout=DEADLINE_SECONDS)
    assert kept.exists()
    [line] = [line for line in map(json.loads, logged.splitlines()) if line["event"] == "swept"]
    assert (line["uploads"], line["size"], line["downloads"], line["objects"]) == (1, 10, 0, 0)
    assert process.returncode == 0


class Away:
    """A store that does not answer."""

    async def sweep(self, older_than_seconds: float, *, keep: Collection[str] = ()) -> Swept:
        raise Retryable("the store does not answer")


async def test_a_store_that_is_away_is_told_and_stops_nobody(tmp_path: Path) -> None:
    stop = asyncio.Event()
    async with opened_bench(tmp_path, {}) as bench:
        services = replace(bench.services, objects=cast(ObjectStore, Away()))
        with capture_logs() as told:
            sweeping = asyncio.create_task(keep_swept(services, stop))
            async with asyncio.timeout(DEADLINE_SECONDS):
                while not told:
                    await asyncio.sleep(0.01)
            stop.set()
            await sweeping
    assert told == [{"event": "not_swept", "log_level": "warning", "reason": "The store does not answer."}]
