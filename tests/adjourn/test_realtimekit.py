"""The real program with RealtimeKit: samples signed by a key of our own, its webhook made by its API."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from infra.providers.realtimekit import own_key
from tests.adjourn.program import Program
from tests.servers.realtimekit_api import TOKEN, Kit, serve_realtimekit

SESSION = "05e57591-3a4c-4f6d-9b8e-2c7d1f0a5e63"
IDS = {"ADJOURN_REALTIMEKIT_WEBHOOK_IDS": "webhook-1"}


@pytest.fixture
async def kit() -> AsyncIterator[Kit]:
    async with serve_realtimekit() as serving:
        yield serving


def with_own_key(folder: Path, **settings: str) -> Program:
    (folder / "key.pem").write_bytes(own_key.made())
    url = (folder / "key.pem").as_uri()
    return Program(folder, settings=IDS | {"ADJOURN_REALTIMEKIT_PUBLIC_KEY_URL": url} | settings)


async def run(program: Program, *arguments: str) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(program.run, *arguments)


def test_a_recording_and_its_transcript_are_stored_from_signed_webhooks(tmp_path: Path) -> None:
    program = with_own_key(tmp_path, ADJOURN_DOWNLOAD_ALLOW="127.0.0.1")
    with program.running():
        for name in ("webhook/recording.statusUpdate.UPLOADED", "webhook/meeting.transcript"):
            sent = program.run("send", "--media", f"realtimekit/{name}")
            assert sent.returncode == 0, sent.stderr
        shown = program.run("transcript", SESSION)
    assert "Then I will send the invitations today." in shown.stdout
    stored = {path.name for path in (tmp_path / "var/objects/realtimekit" / SESSION).iterdir()}
    assert {"video.mp4", "audio.wav", "transcript.json", "transcript.vtt"} <= stored


def test_without_a_key_of_our_own_it_is_said_that_only_they_can_sign(tmp_path: Path) -> None:
    sent = Program(tmp_path, settings=IDS).run("send", "realtimekit/webhook/meeting.started")
    assert sent.returncode == 1
    assert "Only RealtimeKit can sign its events" in sent.stderr


def test_a_file_that_is_no_key_is_said_to_be_none(tmp_path: Path) -> None:
    program = with_own_key(tmp_path)
    (tmp_path / "key.pem").write_text("no key")
    sent = program.run("send", "realtimekit/webhook/meeting.started")
    assert sent.returncode == 1
    assert "is no private key in PEM" in sent.stderr


def test_check_says_whether_there_is_a_key_to_judge_by(tmp_path: Path) -> None:
    program = with_own_key(tmp_path)
    assert "Webhooks of realtimekit can be authenticated." in program.run("check").stdout
    (tmp_path / "key.pem").unlink()
    (tmp_path / "var/realtimekit-key.json").unlink()
    assert "its public key cannot be fetched" in program.run("check").stderr


async def test_register_makes_a_webhook_and_tells_its_id(kit: Kit, tmp_path: Path) -> None:
    settings = {"ADJOURN_REALTIMEKIT_API_URL": kit.api_url, "ADJOURN_REALTIMEKIT_API_TOKEN": TOKEN}
    program = Program(tmp_path, settings=settings)
    told = await run(program, "register", "https://hooks.example", "--provider", "realtimekit", "--json")
    assert told.returncode == 0, told.stderr
    answer = json.loads(told.stdout)
    assert (answer["is_set"], answer["url"]) == (True, "https://hooks.example/webhooks/realtimekit")
    assert "ADJOURN_REALTIMEKIT_WEBHOOK_IDS=webhook-1 " in answer["by_hand"][0]
    assert kit.webhooks["webhook-1"]["url"] == answer["url"]


def test_register_says_what_it_needs_where_it_has_no_token(tmp_path: Path) -> None:
    told = Program(tmp_path).run("register", "https://hooks.example", "--provider", "realtimekit")
    assert told.returncode == 0, told.stderr
    assert "ADJOURN_REALTIMEKIT_API_TOKEN" in told.stdout
    assert "ADJOURN_REALTIMEKIT_API_URL=" in told.stdout
