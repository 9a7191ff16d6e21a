"""Forgetting a meeting: all of it goes, nothing comes back, and it can be killed at any point."""

import asyncio
import json
import signal
import sys
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select

from consumers.forget import Removed, forget
from consumers.sweep import sweep
from infra.database.downloads import add_download, downloads_of
from infra.database.events import MeetingEvent, add_event
from infra.database.failures import Failure, add_failure
from infra.database.forgotten import forgotten_meetings
from infra.database.outcomes import last_successes
from infra.database.tables import METADATA
from infra.errors import Retryable
from infra.eventlog.sqlite.log import SqliteLog
from schemas.facts import MEETING_FORGOTTEN
from schemas.meeting import Observation
from schemas.topics import EVENTS
from tests.consumers.holding import FILES, NOW_MS, copy_of, hold, name_of
from tests.consumers.running import opened_log
from tests.consumers.storing import PROVIDER, VIDEO, Bench, opened_bench
from tests.servers.file import File, held, joined, noise

KEY = (PROVIDER, "bot-1")


@dataclass(frozen=True)
class Kept:
    """Two meetings with files, rows of every sort, and a file on its way; only one is to be forgotten."""

    bench: Bench
    log: SqliteLog
    folder: Path

    async def forget(self, now_ms: int = NOW_MS) -> Removed:
        services = self.bench.services
        return await forget(
            KEY,
            objects=services.objects,
            database=services.database,
            log=self.log,
            now_ms=lambda: now_ms,
        )

    async def forget_and_die(self, step: str, number: int) -> None:
        """In a process that is killed when it is to do this step the so manieth time."""
        arguments = ("-m", "tests.consumers.forgetting_child", str(self.folder), step, str(number))
        child = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdin=DEVNULL)
        assert await child.wait() == -signal.SIGKILL

    async def facts(self) -> list[tuple[str, dict[str, object]]]:
        """The ids and bodies of those that say that a meeting was forgotten."""
        return [
            (record.id, json.loads(record.value))
            async for record in self.log.scan(EVENTS)
            if record.type == MEETING_FORGOTTEN
        ]

    async def rows(self, meeting: str) -> set[str]:
        """The tables that have any of a meeting."""
        found = set()
        async with self.bench.services.database.reading() as tx:
            for table in METADATA.sorted_tables:
                if "meeting_id" in table.c and await tx.scalar(
                    select(table.c.meeting_id).where(table.c.meeting_id == meeting).limit(1)
                ):
                    found.add(table.name)
        return found

    def parts(self) -> list[Path]:
        return list((self.folder / "objects/.uploads").glob("*"))


@pytest.fixture
async def kept(tmp_path: Path) -> AsyncIterator[Kept]:
    async with opened_bench(tmp_path, {}) as bench, opened_log(tmp_path) as log:
        for meeting in ("bot-1", "bot-2"):
            await hold(bench.services.objects, bench.services.database, meeting)
            await begin_copy(bench, meeting)
            await tell(bench, meeting)
        yield Kept(bench, log, tmp_path)


async def begin_copy(bench: Bench, meeting: str) -> None:
    """One that was left in its middle, to be resumed."""
    services, name = bench.services, name_of("video.2.mp4", meeting)
    async with services.objects.begin(name, media_type="video/mp4", resumable=True) as upload:
        await upload.write(b"half of it")
    async with services.database.transaction() as tx:
        assert await add_download(tx, copy_of(meeting, name, upload_id=upload.id))


async def tell(bench: Bench, meeting: str) -> None:
    said = Observation(provider=PROVIDER, meeting_id=meeting, type="bot.completed")
    failure = Failure(
        consumer="recordings",
        event_id=f"event-of-{meeting}",
        event_type="meeting-baas.bot.completed",
        provider=PROVIDER,
        meeting_id=meeting,
        kind="poison",
        error="gone",
        attempts=1,
        failed_ms=NOW_MS + 5000,
        partition=0,
        offset=1,
    )
    async with bench.services.database.transaction() as tx:
        await add_event(tx, MeetingEvent(f"event-of-{meeting}", NOW_MS, said))
        await add_failure(tx, failure)


async def test_all_of_it_goes_and_nothing_of_another(kept: Kept) -> None:
    before = await kept.rows("bot-2")
    removed = await kept.forget()
    size = sum(map(len, FILES.values()))
    assert (removed.objects, removed.downloads, removed.events) == (3, 1, 1)
    assert removed.size > size
    assert await kept.rows("bot-1") == {"forgotten"}
    assert await kept.rows("bot-2") == before == {"artifacts", "downloads", "events", "failures"}
    assert await kept.bench.stored() == [
        name_of(file, "bot-2") for file in ("audio.flac", "manifest.json", "video.mp4")
    ]
    assert len(kept.parts()) == 1


async def test_it_is_told_as_a_fact(kept: Kept) -> None:
    await kept.forget()
    [(_, body)] = await kept.facts()
    assert body == {
        "provider": PROVIDER,
        "meeting_id": "bot-1",
        "at": "2027-01-15T08:00:00Z",
        "objects": 3,
    }


async def test_again_it_is_the_same_fact_of_the_same_time(kept: Kept) -> None:
    first = await kept.forget()
    again = await kept.forget(now_ms=NOW_MS + 60_000)
    assert again == Removed(0, 0, 0, 0, first.forgotten_ms)
    facts = await kept.facts()
    assert len(facts) == 2
    assert facts[0][0] == facts[1][0]
    assert facts[0][1]["at"] == facts[1][1]["at"]


async def test_its_dead_letters_are_closed_also_where_a_clock_was_ahead(kept: Kept) -> None:
    await kept.forget()
    async with kept.bench.services.database.reading() as tx:
        found = await last_successes(tx, "recordings", ["event-of-bot-1", "event-of-bot-2"])
    assert found == {"event-of-bot-1": NOW_MS + 5001}


async def test_what_comes_of_it_later_is_not_kept(kept: Kept) -> None:
    await kept.forget()
    assert await kept.bench.handle(kept.bench.completed(video="/v")) == ()
    assert kept.bench.source.requests == []
    assert await kept.rows("bot-1") == {"forgotten"}


async def test_a_copy_that_runs_meanwhile_ends_without_a_trace(kept: Kept) -> None:
    bench = kept.bench
    bench.source.answers["/slow"] = File(joined(held(VIDEO), noise(8_000_000)), bytes_per_second=2_000_000)
    event = bench.completed(video="/slow", event="event-3")
    copying = asyncio.create_task(bench.handle(event))
    while "event-3" not in await copies_of(kept):
        assert not copying.done()
        await asyncio.sleep(0.05)
    await kept.forget()
    with suppress(Retryable):  # it learns of it when it writes down how far it is
        assert await copying == ()
    assert await bench.handle(event) == ()
    assert await kept.rows("bot-1") == {"forgotten"}
    assert [name for name in await bench.stored() if "bot-1" in name] == []
    assert len(kept.parts()) == 1  # of the other meeting


async def copies_of(kept: Kept) -> list[str]:
    """The events that caused what is on its way of the meeting."""
    async with kept.bench.services.database.reading() as tx:
        return [download.event_id for download in await downloads_of(tx, *KEY)]


@pytest.mark.parametrize(
    ("step", "number"), [("discard", 1), ("list", 1), ("delete", 1), ("delete", 3), ("append", 1)]
)
async def test_killed_at_any_point_it_is_to_be_repeated(kept: Kept, step: str, number: int) -> None:
    await kept.forget_and_die(step, number)
    assert await kept.rows("bot-1") == {"forgotten"}  # from the first step on nobody knows it
    services = kept.bench.services
    async with services.database.reading() as tx:
        [killed] = await forgotten_meetings(tx, "bot-1")
    assert (await kept.forget()).forgotten_ms == killed.forgotten_ms
    await sweep(services.objects, services.database, stray_seconds=0, now_ms=lambda: NOW_MS)
    assert [name for name in await kept.bench.stored() if "bot-1" in name] == []
    assert len(kept.parts()) == 1  # of the other meeting
    assert {fact["meeting_id"] for _, fact in await kept.facts()} == {"bot-1"}


async def test_a_sweep_goes_on_with_what_was_killed(kept: Kept) -> None:
    """All but the fact, which only the command tells."""
    await kept.forget_and_die("list", 1)
    services = kept.bench.services
    swept = await sweep(services.objects, services.database)
    assert swept.objects == 3
    assert [name for name in await kept.bench.stored() if "bot-1" in name] == []
