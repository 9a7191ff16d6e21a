"""What never came is found by the real program, asked by hand or by itself."""

import asyncio
import json
import re
import signal
import sqlite3
import subprocess
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import web

from adjourn import samples
from adjourn.media_server import serve_media
from tests.adjourn.program import API_KEY, DEADLINE_SECONDS, SVIX_SECRET, Program, eventually
from tests.servers.meeting_baas_api import MeetingBaasApi, serve_meeting_baas, silent, status
from tests.servers.meeting_baas_listing import Ending

FILES = {"video": "/video.mp4", "audio": "/audio.flac", "transcription": "/output_transcription.json"}
OURS = {
    "ADJOURN_MEETING_BAAS_API_KEYS": API_KEY,
    "ADJOURN_MEETING_BAAS_SVIX_SECRETS": SVIX_SECRET,
    "ADJOURN_DOWNLOAD_ALLOW": "127.0.0.1",
    "ADJOURN_RECONCILE_MINUTES": "0",
}


@dataclass(frozen=True)
class Place:
    """A program in a folder of its own, and the provider that it asks."""

    program: Program
    upstream: MeetingBaasApi

    async def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return await asyncio.to_thread(self.program.run, *arguments)

    async def json(self, *arguments: str) -> list[dict[str, Any]]:
        return await asyncio.to_thread(self.program.json, *arguments)

    def ended(self, bot: str, **files: str) -> None:
        self.upstream.has(bot, **(files or FILES)).ending = Ending(datetime.now(UTC) - timedelta(hours=2))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[subprocess.Popen[str]]:
        process = self.program.popen("run")
        try:
            await asyncio.to_thread(eventually, lambda: self.program.is_ready(process), "ready")
            yield process
        finally:
            process.terminate()
            await asyncio.to_thread(process.communicate, timeout=DEADLINE_SECONDS)

    async def until_stored(self, *bots: str) -> None:
        def are_stored() -> bool:
            known = {meeting["meeting_id"]: meeting for meeting in self.program.json("meetings")}
            kinds = [{one["kind"] for one in known.get(bot, {}).get("artifacts", ())} for bot in bots]
            return all({"video", "audio", "transcript"} <= of_bot for of_bot in kinds)

        await asyncio.to_thread(eventually, are_stored, f"stored: {bots}", 2 * DEADLINE_SECONDS)


@asynccontextmanager
async def opened_place(folder: Path, **more: str) -> AsyncIterator[Place]:
    async with serve_media(*samples.linked_folders()) as source, serve_meeting_baas(source) as upstream:
        upstream.keys = {API_KEY}
        settings = OURS | {"ADJOURN_MEETING_BAAS_API_URL": upstream.url, **more}
        yield Place(Program(folder, settings=settings), upstream)


async def test_one_command_finds_a_meeting_that_was_missed_and_says_when_nothing_is_missing(
    tmp_path: Path,
) -> None:
    async with opened_place(tmp_path) as place, place.running():
        place.ended("bot-1")
        tried = await place.run("reconcile", "--since", "1d", "--dry-run")
        assert "missing    meeting-baas/bot-1  Missing: the event bot.completed." in tried.stdout
        assert "without --dry-run it is" in tried.stdout
        done = await place.run("reconcile", "--since", "1d")
        assert done.returncode == 0, done.stderr
        assert numbers(done.stdout) == [1, 0, 1, 1, 0, 0]
        assert "in the log, not stored yet" in done.stdout
        await place.until_stored("bot-1")
        await asyncio.to_thread(eventually, lambda: worked_on(place.program), "worked on")
        again = await place.run("reconcile", "--since", "1d")
        assert numbers(again.stdout) == [1, 1, 0, 0, 0, 0]
        assert again.stdout.endswith("Nothing is missing.\n")
        told = await place.run("meeting", "bot-1")
        assert "bot.completed      reconciled" in told.stdout


async def test_who_waits_is_told_of_what_is_stored(tmp_path: Path) -> None:
    async with opened_place(tmp_path) as place, place.running():
        place.ended("bot-1")
        [counts] = await place.json("reconcile", "--since", "1d", "--wait")
        assert (counts["known"], counts["complete"], counts["missing"]) == (1, 1, 0)
        [meeting] = await asyncio.to_thread(place.program.json, "meetings")
        assert {"video", "audio", "transcript"} <= {one["kind"] for one in meeting["artifacts"]}


async def test_who_waits_for_what_cannot_be_stored_is_told_so(tmp_path: Path) -> None:
    async with opened_place(tmp_path, ADJOURN_DOWNLOAD_ALLOW="") as place, place.running():
        place.ended("bot-1")
        told = await place.run("reconcile", "--since", "1d", "--wait")
        assert told.returncode == 1
        assert "meeting-baas: 1 of 1 are still missing something." in told.stderr


async def test_for_programs_each_gap_is_a_line_and_the_last_one_counts(tmp_path: Path) -> None:
    async with opened_place(tmp_path) as place:
        assert (await place.run("setup")).returncode == 0
        place.ended("bot-1")
        await place.run("reconcile", "--since", "1d", "--dry-run")
        with closing(sqlite3.connect(tmp_path / "var/adjourn.db")) as database:
            assert database.execute("SELECT count(*) FROM reconciliations").fetchone() == (0,), "a dry run"
        gap, counts = await place.json("reconcile", "--since", "1d")
        assert (gap["meeting_id"], gap["verdict"]) == ("bot-1", "fetched")
        assert (counts["known"], counts["fetched"], counts["dry_run"]) == (1, 1, False)


async def test_a_run_compares_by_itself_and_its_metrics_say_when(tmp_path: Path) -> None:
    async with (
        opened_place(tmp_path, ADJOURN_RECONCILE_MINUTES="0.02") as place,
        place.running(),
    ):
        place.ended("bot-1")
        listed = {"bot_id": "bot-1", "status": "completed", "ended_at": None}
        place.upstream.instead["v2 bots"] = status(200, {"success": True, "data": [listed], "cursor": None})
        await place.until_stored("bot-1")
        page = await asyncio.to_thread(metrics, place.program)
        assert re.search(r'adjourn_reconcile_fetched_total\{provider="meeting-baas"\} 1', page)
        assert "adjourn_reconcile_last_run_seconds{" in page


async def test_a_provider_that_refuses_our_key_is_told_once_and_stops_nothing(tmp_path: Path) -> None:
    async with opened_place(tmp_path, ADJOURN_RECONCILE_MINUTES="0.02") as place:
        place.upstream.keys.clear()
        process = place.program.popen("run")
        try:
            await asyncio.to_thread(
                eventually, lambda: place.upstream.asked("v1 bots") >= 3, "asked three times"
            )
            assert place.program.is_ready(process)
        finally:
            process.terminate()
            _, told = await asyncio.to_thread(process.communicate, timeout=DEADLINE_SECONDS)
        lines = [json.loads(line) for line in told.splitlines() if '"not_reconciled"' in line]
        assert len(lines) == 1
        assert "ADJOURN_MEETING_BAAS_API_KEYS" in lines[0]["reason"]


async def test_a_list_that_breaks_off_is_a_sentence_and_what_came_before_is_done(tmp_path: Path) -> None:
    async with opened_place(tmp_path) as place:
        assert (await place.run("setup")).returncode == 0
        for number in range(3):
            place.ended(f"bot-{number}")
        place.upstream.lists.page, place.upstream.lists.ignores_cursors = 2, True
        done = await place.run("reconcile", "--since", "1d")
        assert done.returncode == 1
        assert done.stderr.startswith("Error: meeting-baas: The list leads in a circle")
        assert numbers(done.stdout)[3] == 2


async def test_a_provider_that_does_not_answer_is_no_provider_of_which_nothing_is_missing(
    tmp_path: Path,
) -> None:
    async with opened_place(tmp_path) as place:
        assert (await place.run("setup")).returncode == 0
        place.upstream.keys.clear()
        done = await place.run("reconcile", "--since", "1d")
        assert done.returncode == 1
        assert done.stdout == ""
        assert "ADJOURN_MEETING_BAAS_API_KEYS" in done.stderr


async def test_without_a_key_to_any_api_it_says_what_to_do(tmp_path: Path) -> None:
    async with opened_place(tmp_path, ADJOURN_MEETING_BAAS_API_KEYS="") as place:
        assert (await place.run("setup")).returncode == 0
        done = await place.run("reconcile")
        assert done.returncode == 1
        assert "no provider that we may ask" in done.stderr


async def test_who_is_killed_half_way_is_followed_by_one_who_does_the_rest(tmp_path: Path) -> None:
    async with opened_place(tmp_path) as place:
        assert (await place.run("setup")).returncode == 0
        bots = [f"bot-{number:02}" for number in range(60)]
        for bot in bots:
            place.ended(bot, video="/video.mp4")
        place.upstream.lists.page, place.upstream.lists.before_page = 50, no_second_page
        process = place.program.popen("reconcile", "--since", "1d")
        await asyncio.to_thread(
            eventually, lambda: place.upstream.asked("v2 bots") >= 4, "asked twice for it"
        )
        process.send_signal(signal.SIGKILL)
        await asyncio.to_thread(process.communicate, timeout=DEADLINE_SECONDS)
        place.upstream.lists.before_page = lambda number: None
        before = len(await place.json("tail", "webhooks"))
        assert 0 < before < len(bots)
        release(tmp_path)
        done = await place.run("reconcile", "--since", "1d")
        assert done.returncode == 0, done.stderr
        records = await place.json("tail", "webhooks")
        ids = {(record["key"], record["headers"]["ce_id"]) for record in records}
        assert len(ids) == len(bots), "what was handed over twice is the same event"


async def test_a_second_one_waits_for_the_first_and_says_for_whom(tmp_path: Path) -> None:
    async with opened_place(tmp_path) as place:
        assert (await place.run("setup")).returncode == 0
        place.ended("bot-1")
        place.upstream.instead["v2 bot"] = silent()
        first = place.program.popen("reconcile", "--since", "1d")
        await asyncio.to_thread(eventually, lambda: place.upstream.asked("v2 bot") >= 1, "asked")
        second = place.program.popen("reconcile", "--since", "1d")
        assert second.stderr is not None
        told = await asyncio.to_thread(second.stderr.readline)
        assert told.startswith(f"Process {first.pid} on ")
        assert told.endswith("compares with meeting-baas now. Waiting for it.\n")
        del place.upstream.instead["v2 bot"]
        first.terminate()
        await asyncio.to_thread(first.communicate, timeout=DEADLINE_SECONDS)
        release(tmp_path)
        said, _ = await asyncio.to_thread(second.communicate, timeout=DEADLINE_SECONDS)
        assert numbers(said)[3] == 1


def no_second_page(number: int) -> None:
    if number > 0:
        raise web.HTTPServiceUnavailable


def release(folder: Path) -> None:
    """As if the minute had passed in which the dead have their turn."""
    with sqlite3.connect(folder / "var/adjourn.db", timeout=10) as database:
        database.execute("UPDATE reconciliations SET held_until_ms = 0")
    database.close()


def numbers(said: str) -> list[int]:
    """The row of the table: known, complete, missing, fetched, waiting, impossible."""
    row = next(line for line in said.splitlines() if line.strip() and line.split()[0].isdecimal())
    return [int(number) for number in row.split()]


def worked_on(program: Program) -> bool:
    return "Every record has been worked on." in program.run("check").stdout


def metrics(program: Program) -> str:
    with urllib.request.urlopen(f"{program.url}/metrics", timeout=DEADLINE_SECONDS) as answer:
        return str(answer.read().decode())
