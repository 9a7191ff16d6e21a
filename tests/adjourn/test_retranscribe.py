"""`adjourn retranscribe`, as people use it, against an API that speaks what is documented."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.adjourn.program import API_KEY, Program, eventually
from tests.servers.meeting_baas_api import MeetingBaasApi, serve_meeting_baas, silent
from tests.servers.meeting_baas_transcribing import said

BOT = "123e4567-e89b-12d3-a456-426614174000"


@pytest.fixture
async def api() -> AsyncIterator[MeetingBaasApi]:
    async with serve_meeting_baas() as serving:
        serving.keys = {API_KEY}
        yield serving


@pytest.fixture
def program(tmp_path: Path, api: MeetingBaasApi) -> Program:
    settings = {"ADJOURN_MEETING_BAAS_API_KEYS": API_KEY, "ADJOURN_MEETING_BAAS_API_URL": api.url}
    return Program(tmp_path, settings=settings)


def _webhook(event: str, **fields: object) -> bytes:
    return json.dumps({"event": event, "data": {"bot_id": BOT, **fields}}).encode()


def _stage(program: Program) -> str:
    asked = program.json("meeting", BOT)[0]["retranscriptions"]
    return str(asked[-1]["stage"]) if asked else ""


async def test_asked_for_by_hand_it_is_called_for_once_and_stored_when_its_webhook_comes(
    program: Program, api: MeetingBaasApi
) -> None:
    bot = api.has(BOT)

    def as_a_user() -> None:
        with program.running():
            program.post(_webhook("complete", mp4=""))
            eventually(lambda: program.run("meeting", BOT).returncode == 0, "known")
            done = program.run("retranscribe", BOT, "--provider", "gladia")
            assert done.returncode == 0, done.stderr
            assert "Asked for." in done.stdout
            eventually(lambda: _stage(program) == "called", "called for")
            again = program.run("retranscribe", BOT)
            assert again.returncode == 1
            assert "is waited for" in again.stderr
            bot.transcribing.ends(transcripts=said("quite another transcript"))
            program.post(_webhook("transcription_complete"))
            eventually(lambda: "quite another" in program.run("transcript", BOT).stdout, "stored")
            assert "by hand (gladia): being made" in program.run("meeting", BOT).stdout

    await asyncio.to_thread(as_a_user)
    assert [question["speech_to_text"]["provider"] for question in bot.transcribing.asked] == ["Gladia"]


async def test_killed_while_it_calls_it_does_not_call_again(program: Program, api: MeetingBaasApi) -> None:
    bot = api.has(BOT)
    api.afterwards["v1 retranscribe"] = silent()

    def as_a_user() -> None:
        with program.running() as process:
            program.post(_webhook("complete", mp4=""))
            eventually(lambda: program.run("meeting", BOT).returncode == 0, "known")
            assert program.run("retranscribe", BOT).returncode == 0
            eventually(lambda: len(bot.transcribing.asked) == 1, "called")
            process.send_signal(signal.SIGKILL)
            process.wait()
        api.afterwards.clear()
        assert _stage(program) == "calling"
        with program.running():
            bot.transcribing.ends(transcripts=said("it came all the same"))
            program.post(_webhook("transcription_complete"))
            eventually(lambda: _stage(program) == "done", "done", 60)
            assert "all the same" in program.run("transcript", BOT).stdout

    await asyncio.to_thread(as_a_user)
    assert len(bot.transcribing.asked) == api.asked("v1 retranscribe") == 1


async def test_the_policy_asks_for_one_that_failed(program: Program, api: MeetingBaasApi) -> None:
    bot = api.has(BOT)
    bot.transcribing.fails()
    program.settings["ADJOURN_RETRANSCRIBE"] = "failed"

    def as_a_user() -> None:
        with program.running():
            program.post(_webhook("complete", mp4=""))
            eventually(lambda: len(bot.transcribing.asked) == 1, "called")
            types = [json.loads(line)["headers"]["ce_type"] for line in _tail(program)]
            assert "retranscription.requested" in types

    await asyncio.to_thread(as_a_user)


async def test_without_a_key_it_says_what_to_set(program: Program, api: MeetingBaasApi) -> None:
    def as_a_user() -> None:
        with program.running():
            program.post(_webhook("complete", mp4=""))
            eventually(lambda: program.run("meeting", BOT).returncode == 0, "known")
        del program.settings["ADJOURN_MEETING_BAAS_API_KEYS"]
        done = program.run("retranscribe", BOT)
        assert done.returncode == 1
        assert "ADJOURN_MEETING_BAAS_" in done.stderr
        program.settings["ADJOURN_RETRANSCRIBE"] = "missing"
        assert "no key to any sender's API" in program.run("check").stderr

    await asyncio.to_thread(as_a_user)


def _tail(program: Program) -> list[str]:
    return program.run("tail", "meetings.events", "--json").stdout.splitlines()
