"""Deleting at the provider, as a setting asks for it: off by default."""

import asyncio
from pathlib import Path

from adjourn import samples
from adjourn.media_server import serve_media
from tests.adjourn.program import API_KEY, DEADLINE_SECONDS, SVIX_SECRET, Program, eventually
from tests.adjourn.test_whole_way import V2_MEETING
from tests.servers.meeting_baas_api import serve_meeting_baas

CONFIGURED = {
    "ADJOURN_MEETING_BAAS_API_KEYS": API_KEY,
    "ADJOURN_MEETING_BAAS_SVIX_SECRETS": SVIX_SECRET,
    "ADJOURN_DOWNLOAD_ALLOW": "127.0.0.1",
}
FILES = {
    "video": "/video.mp4",
    "audio": "/audio.flac",
    "diarization": "/diarization.jsonl",
    "raw_transcription": "/raw_transcription.json",
    "transcription": "/output_transcription.json",
}


async def deletions(folder: Path, **more: str) -> tuple[int, list[str]]:
    """How often the provider was asked to delete the meeting, and the facts, once it was stored here."""
    async with serve_media(*samples.linked_folders()) as source, serve_meeting_baas(source) as api:
        api.keys = {API_KEY}
        api.has(V2_MEETING, **FILES)
        program = Program(folder, settings=CONFIGURED | {"ADJOURN_MEETING_BAAS_API_URL": api.url, **more})
        process = program.popen("run")
        try:
            await asyncio.to_thread(eventually, lambda: program.is_ready(process), "ready")
            sent = await asyncio.to_thread(program.run, "send", "webhook-v2/bot.completed", "--media")
            assert sent.returncode == 0, sent.stderr
            await asyncio.to_thread(
                eventually, lambda: is_worked_on(program), "worked on", 2 * DEADLINE_SECONDS
            )
            facts = await asyncio.to_thread(program.json, "tail", "events")
        finally:
            process.terminate()
            await asyncio.to_thread(process.communicate, timeout=DEADLINE_SECONDS)
        return api.asked("v2 delete-data"), [fact["headers"]["ce_type"] for fact in facts]


def is_worked_on(program: Program) -> bool:
    return "Every record has been worked on." in program.run("check").stdout


async def test_where_the_setting_asks_for_it_what_is_stored_and_verified_is_deleted(tmp_path: Path) -> None:
    asked, facts = await deletions(tmp_path, ADJOURN_DELETE_UPSTREAM="after-verified")
    assert asked == 1
    assert facts.count("upstream.deleted") == 1


async def test_by_default_nothing_is_ever_deleted_there(tmp_path: Path) -> None:
    asked, facts = await deletions(tmp_path)
    assert asked == 0
    assert "upstream.deleted" not in facts


def test_its_consumer_is_not_started_alone_where_it_is_off(tmp_path: Path) -> None:
    answer = Program(tmp_path, settings=CONFIGURED).run("consume", "upstream")
    assert answer.returncode == 1
    assert answer.stderr == (
        "Error: upstream is off: set ADJOURN_DELETE_UPSTREAM=after-verified to have it run.\n"
    )
