"""kill -9 at any moment: what was answered 2xx is not lost, and no half file stands under a final name.

The real program runs and is killed in the middle of receiving, downloading and storing.
`ADJOURN_TEST_KILL_ROUNDS=100 make test ARGS=tests/faults` runs the long version.
"""

import asyncio
import hashlib
import json
import os
import random
import signal
import sys
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiohttp
from aiohttp import web

from tests.ports import free_port

ROUNDS = int(os.environ.get("ADJOURN_TEST_KILL_ROUNDS", "4"))
KEY = "key-of-the-kill-test"
VIDEO_BYTES = 600_000
SETTLE_SECONDS = 60


def video_of(bot_id: str) -> bytes:
    """A body that begins like an MP4 and differs for every meeting."""
    head = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"
    return head + random.Random(bot_id).randbytes(VIDEO_BYTES)


def complete_of(bot_id: str, media: str) -> bytes:
    words = [{"start": 1.0, "end": 1.4, "word": "Hello"}, {"start": 1.5, "end": 2.0, "word": bot_id[:8]}]
    segment = {"speaker": "Ada", "offset": 1.0, "start_time": 1.0, "end_time": 2.0, "words": words}
    inner = {
        "bot_id": bot_id,
        "mp4": f"{media}/{bot_id}/video.mp4",
        "speakers": ["Ada"],
        "transcript": [segment],
    }
    return json.dumps({"event": "complete", "data": inner}).encode()


@asynccontextmanager
async def media_server() -> AsyncIterator[str]:
    """Serves each meeting's video in pieces, so that a kill finds downloads half-way."""

    async def video(request: web.Request) -> web.StreamResponse:
        body = video_of(request.match_info["bot"])
        answer = web.StreamResponse(headers={"content-length": str(len(body)), "content-type": "video/mp4"})
        with suppress(ConnectionError):  # the reader was killed: that is the point
            await answer.prepare(request)
            for start in range(0, len(body), 60_000):
                await answer.write(body[start : start + 60_000])
                await asyncio.sleep(0.005)
        return answer

    app = web.Application()
    app.router.add_get("/{bot}/video.mp4", video)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


class Program:
    """`adjourn run` in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            "PATH": os.environ["PATH"],
            "ADJOURN_LOG_URL": "sqlite:///var/log.db",
            "ADJOURN_OBJECTS_URL": "file:///var/objects",
            "ADJOURN_DATABASE_URL": "sqlite:///var/adjourn.db",
            "ADJOURN_PORT": str(self.port),
            "ADJOURN_MEETING_BAAS_API_KEYS": KEY,
            "ADJOURN_DOWNLOAD_ALLOW": "127.0.0.1",
        }

    async def command(self, *arguments: str) -> asyncio.subprocess.Process:
        with (self.folder / "stderr.log").open("ab") as errors:
            return await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "adjourn",
                *arguments,
                cwd=self.folder,
                env=self.environment,
                stdout=asyncio.subprocess.PIPE if arguments[0] != "run" else asyncio.subprocess.DEVNULL,
                stderr=errors,
            )

    async def start(self, http: aiohttp.ClientSession) -> asyncio.subprocess.Process:
        process = await self.command("run")
        deadline = time.monotonic() + SETTLE_SECONDS
        while time.monotonic() < deadline:
            assert process.returncode is None, (self.folder / "stderr.log").read_text()[-2000:]
            with suppress(aiohttp.ClientError):
                async with http.get(f"{self.url}/readyz") as answer:
                    if answer.status == 200:
                        return process
            await asyncio.sleep(0.05)
        raise AssertionError("not ready in time: " + (self.folder / "stderr.log").read_text()[-2000:])


async def send_until_cancelled(
    program: Program, http: aiohttp.ClientSession, media: str, accepted: dict[str, str]
) -> None:
    """Post new meetings one after another; `accepted` holds the answer's id of each that got a 202."""
    while True:
        bot_id = str(uuid.uuid4())
        with suppress(aiohttp.ClientError):
            async with http.post(
                f"{program.url}/webhooks/meeting-baas",
                data=complete_of(bot_id, media),
                headers={"x-meeting-baas-api-key": KEY, "content-type": "application/json"},
            ) as answer:
                assert answer.status == 202, await answer.text()
                accepted[bot_id] = (await answer.json())["id"]
        await asyncio.sleep(0.03)


def wrong_files(folder: Path) -> list[str]:
    """Recordings under their final name that are not what the source served."""
    videos = (folder / "var/objects/meeting-baas").glob("*/video*.mp4")
    return [str(path) for path in videos if path.read_bytes() != video_of(path.parent.name)]


def meetings_left(folder: Path, accepted: dict[str, str]) -> set[str]:
    """Meetings that were accepted and do not yet have all they should."""
    root = folder / "var/objects/meeting-baas"
    return {
        bot
        for bot in accepted
        if not (root / bot / "transcript.json").exists()
        or not (root / bot / "manifest.json").exists()
        or "video.mp4" not in (root / bot / "manifest.json").read_text()
        or "transcript.json" not in (root / bot / "manifest.json").read_text()
    }


async def test_nothing_answered_2xx_is_lost_however_often_the_program_is_killed(tmp_path: Path) -> None:
    accepted: dict[str, str] = {}
    program = Program(tmp_path)
    dice = random.Random(20)
    async with media_server() as media, aiohttp.ClientSession() as http:
        for _ in range(ROUNDS):
            process = await program.start(http)
            sending = asyncio.create_task(send_until_cancelled(program, http, media, accepted))
            await asyncio.sleep(dice.uniform(0.05, 0.8))
            process.send_signal(signal.SIGKILL)
            await process.wait()
            sending.cancel()
            with suppress(asyncio.CancelledError):
                await sending
            assert wrong_files(tmp_path) == []
        assert accepted, "no round accepted anything: the test tested nothing"

        process = await program.start(http)
        deadline = time.monotonic() + SETTLE_SECONDS + len(accepted)
        while meetings_left(tmp_path, accepted) and time.monotonic() < deadline:
            await asyncio.sleep(0.2)
        assert meetings_left(tmp_path, accepted) == set()
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0

    assert wrong_files(tmp_path) == []
    logged = await (await program.command("tail", "meetings.webhooks", "--json")).communicate()
    ids = {json.loads(line)["headers"]["ce_id"] for line in logged[0].splitlines()}
    assert set(accepted.values()) <= ids
    for bot_id in accepted:
        folder = tmp_path / "var/objects/meeting-baas" / bot_id
        manifest = json.loads((folder / "manifest.json").read_text())
        for artifact in manifest["artifacts"]:
            stored = (folder / artifact["name"]).read_bytes()
            assert hashlib.sha256(stored).hexdigest() == artifact["sha256"]
            assert len(stored) == artifact["size"]
