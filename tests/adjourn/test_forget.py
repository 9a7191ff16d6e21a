"""`adjourn forget` beside a program that copies the meeting's recording just then; what is shown of it."""

import asyncio
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest

from adjourn import samples
from adjourn.sending import with_links_to
from tests.adjourn.program import API_KEY, DEADLINE_SECONDS, Program, eventually
from tests.adjourn.test_whole_way import V1_MEETING as MEETING
from tests.consumers.storing import VIDEO, WAV
from tests.servers.file import File, held, joined, noise
from tests.servers.media import serve_media, whole

T = TypeVar("T")

SIZE = 60_000_000 + len(VIDEO)


@dataclass(frozen=True)
class Done:
    """What each command said while the recording was copied, then as it was forgotten, then when its webhook
    had come once more."""

    program: Program
    copying: dict[str, subprocess.CompletedProcess[str]]
    unasked: subprocess.CompletedProcess[str]
    forgotten: subprocess.CompletedProcess[str]
    afterwards: dict[str, subprocess.CompletedProcess[str]]
    left: list[str]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Done:
    program = Program(
        tmp_path_factory.mktemp("forgotten"),
        settings={"ADJOURN_MEETING_BAAS_API_KEYS": API_KEY, "ADJOURN_DOWNLOAD_ALLOW": "127.0.0.1"},
    )
    with program.running():
        return asyncio.run(forget_in_the_middle(program))


async def forget_in_the_middle(program: Program) -> Done:
    slow = File(joined(held(VIDEO), noise(SIZE - len(VIDEO))), total_bytes_per_second=500_000)
    async with serve_media({f"/{MEETING}/video.mp4": slow, f"/{MEETING}/audio.wav": whole(WAV)}) as source:
        body = with_links_to(samples.read("webhook-v1/complete"), source.url)
        assert await asyncio.to_thread(program.post, body) == "accepted"
        await asyncio.to_thread(eventually, lambda: is_copied(program), "on its way")
        copying = await said(program, "meetings", f"meeting {MEETING}", f"meeting {MEETING} --json")
        unasked = await asyncio.to_thread(program.run, "forget", MEETING)
        forgotten = await asyncio.to_thread(program.run, "forget", MEETING, "--yes")
        assert await asyncio.to_thread(program.post, body) == "accepted"
        await asyncio.to_thread(eventually, lambda: is_worked_on(program), "worked on", 2 * DEADLINE_SECONDS)
        afterwards = await said(program, f"forget {MEETING} --yes --json")
        afterwards |= await said(program, "meetings", f"meeting {MEETING}", "verify", "tail events")
        left = [
            str(path.relative_to(program.folder))
            for path in (program.folder / "var/objects").rglob("*")
            if path.is_file()
        ]
    return Done(program, copying, unasked, forgotten, afterwards, left)


def is_copied(program: Program) -> bool:
    return any(download["saved"] for meeting in program.json("meetings") for download in meeting["downloads"])


def is_worked_on(program: Program) -> bool:
    return "Every record has been worked on." in program.run("check").stdout


async def said(program: Program, *commands: str) -> dict[str, subprocess.CompletedProcess[str]]:
    answers = (asyncio.to_thread(program.run, *command.split()) for command in commands)
    return dict(zip(commands, await asyncio.gather(*answers), strict=True))


def test_a_copy_that_runs_is_shown_to_people(done: Done) -> None:
    told = done.copying["meetings"].stdout
    assert "on their way" in told
    assert "video.mp4 " in told
    assert " of 60.5 MB" in told
    page = done.copying[f"meeting {MEETING}"].stdout
    assert "On their way\n  video.mp4 " in page


def test_a_copy_that_runs_is_shown_to_programs(done: Done) -> None:
    [download] = json.loads(done.copying[f"meeting {MEETING} --json"].stdout)["downloads"]
    assert (download["name"], download["state"], download["size"]) == ("video.mp4", "running", SIZE)
    assert 0 < download["saved"] < SIZE
    assert download["bytes_per_second"] > 0


def test_where_nobody_can_be_asked_nothing_is_forgotten(done: Done) -> None:
    assert done.unasked.returncode == 1
    assert done.unasked.stderr.endswith("is to be forgotten: add --yes.\n")


def test_it_says_what_is_gone_and_what_stays(done: Done) -> None:
    assert done.forgotten.returncode == 0, done.forgotten.stderr
    gone, stays = done.forgotten.stdout.splitlines()
    assert gone.startswith(f"meeting-baas/{MEETING} is forgotten since ")
    assert "1 on their way" in gone
    assert "until they are 30 days old" in stays


def test_nothing_is_left_and_nothing_comes_back(done: Done) -> None:
    assert done.left == []
    assert "No meetings yet" in done.afterwards["meetings"].stdout
    assert done.afterwards["verify"].stdout == "Nothing is stored that could be verified.\n"


def test_a_meeting_that_was_forgotten_says_so_and_when(done: Done) -> None:
    answer = done.afterwards[f"meeting {MEETING}"]
    assert answer.returncode == 1
    assert answer.stderr.startswith(f"Error: The meeting {MEETING} was forgotten on 20")


def test_it_may_be_repeated_and_is_the_same_fact(done: Done) -> None:
    again = json.loads(done.afterwards[f"forget {MEETING} --yes --json"].stdout)
    assert (again["meeting_id"], again["objects"], again["downloads"], again["events"]) == (MEETING, 0, 0, 0)
    facts = [line.split() for line in done.afterwards["tail events"].stdout.splitlines()]
    ids = [words[4] for words in facts if words[2] == "meeting.forgotten"]
    assert len(ids) == 2
    assert len(set(ids)) == 1


def test_what_nobody_knows_cannot_be_forgotten(done: Done) -> None:
    answer = done.program.run("forget", "no-such\x1b[31m", "--yes")
    assert answer.returncode == 1
    assert answer.stderr.startswith("Error: Nothing is known here of a meeting no-such")
    assert "\x1b" not in answer.stderr


def test_in_the_wrong_folder_it_is_a_sentence(tmp_path: Path) -> None:
    answer = Program(tmp_path).run("forget", MEETING, "--yes")
    assert answer.returncode == 1
    assert answer.stderr.startswith("Error: There is no var/log.db here")
    assert list(tmp_path.iterdir()) == []
