"""`adjourn verify` on a folder in which things were broken, as people and programs read it."""

import json
import os
import pty
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.adjourn.program import API_KEY, DEADLINE_SECONDS, Program
from tests.adjourn.test_whole_way import V1_MEETING

ASKED = ("verify", "verify --json", "verify --since 1h")
ASKED_LAST = (*ASKED, "verify --since 2999-01-01", "verify --since soon")


@dataclass(frozen=True)
class Verified:
    """What each command said while all was well, and when three files were not."""

    program: Program
    before: dict[str, subprocess.CompletedProcess[str]]
    after: dict[str, subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def verified(tmp_path_factory: pytest.TempPathFactory) -> Verified:
    program = Program(
        tmp_path_factory.mktemp("verified"),
        settings={
            "ADJOURN_MEETING_BAAS_API_KEYS": API_KEY,
            "ADJOURN_DOWNLOAD_ALLOW": "127.0.0.1",
            "ADJOURN_SUMMARY": "off",
        },
    )
    with program.running():
        sent = program.run("send", "complete", "--media")
        assert sent.returncode == 0, sent.stderr
    before = answers(program, ASKED)
    folder = program.folder / "var/objects/meeting-baas" / V1_MEETING
    with (folder / "video.mp4").open("r+b") as video:
        video.write(b"\xff")
    (folder / "audio.wav").unlink()
    (folder / "readme.txt").write_text("who put this here?")
    return Verified(program, before, answers(program, ASKED_LAST))


def answers(program: Program, asked: Sequence[str]) -> dict[str, subprocess.CompletedProcess[str]]:
    with ThreadPoolExecutor(4) as pool:
        said = pool.map(lambda command: program.run(*command.split()), asked)
        return dict(zip(asked, said, strict=True))


def test_where_all_is_well_it_says_so(verified: Verified) -> None:
    said = verified.before["verify"]
    assert (said.returncode, said.stderr) == (0, "")
    assert said.stdout.startswith("All is well: 5 objects, ")


def test_what_is_wrong_is_a_line_each_and_a_table_that_says_what_to_do(verified: Verified) -> None:
    said = verified.after["verify"]
    assert said.returncode == 1
    folder = f"meeting-baas/{V1_MEETING}"
    lines = [line.split() for line in said.stdout.splitlines()]
    assert [words[:2] for words in lines[:3]] == [
        ["changed", f"{folder}/video.mp4"],
        ["missing", f"{folder}/audio.wav"],
        ["unknown", f"{folder}/readme.txt"],
    ]
    table = {words[0]: words[1] for words in lines[5:]}
    assert table == {"well": "3", "missing": "1", "changed": "1", "unknown": "1"}
    assert "Restore it from a backup" in said.stdout
    assert said.stderr == ("Error: 3 of 6 objects are not as they should be. The table says what to do.\n")


def test_programs_get_a_line_for_each_object(verified: Verified) -> None:
    before = [json.loads(line) for line in verified.before["verify --json"].stdout.splitlines()]
    assert sorted(line["name"].rpartition("/")[2] for line in before) == [
        "audio.wav",
        "manifest.json",
        "transcript.json",
        "transcript.vtt",
        "video.mp4",
    ]
    assert {line["verdict"] for line in before} == {"well"}
    said = verified.after["verify --json"]
    after = {line["name"].rpartition("/")[2]: line for line in map(json.loads, said.stdout.splitlines())}
    assert (said.returncode, len(after)) == (1, 6)
    assert after["video.mp4"]["verdict"] == "changed"
    assert after["video.mp4"]["sha256"] != after["video.mp4"]["expected_sha256"]
    assert (after["audio.wav"]["verdict"], after["audio.wav"]["size"]) == ("missing", None)
    assert "missing: Restore it from a backup" in said.stderr


def test_since_takes_how_long_ago_and_dates(verified: Verified) -> None:
    assert "All is well: 5 objects" in verified.before["verify --since 1h"].stdout
    assert verified.after["verify --since 1h"].returncode == 1
    nothing = verified.after["verify --since 2999-01-01"]
    assert (nothing.returncode, nothing.stdout) == (0, "Nothing is stored that could be verified.\n")
    assert verified.after["verify --since soon"].returncode == 2
    assert "soon is no date" in verified.after["verify --since soon"].stderr


def test_on_a_terminal_a_bar_shows_how_far_it_is_and_elsewhere_there_is_none(verified: Verified) -> None:
    ours, theirs = pty.openpty()
    environment = verified.program.environment() | {"TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen(
        verified.program.command("verify"),
        cwd=verified.program.folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        shown = b""
        while chunk := read_or_end(ours):
            shown += chunk
        process.wait(DEADLINE_SECONDS)
    os.close(ours)
    assert b"verifying" in shown
    assert b"kB" in shown
    assert "verifying" not in verified.after["verify"].stderr


def read_or_end(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # how a terminal ends
        return b""


def test_in_the_wrong_folder_it_is_a_sentence(tmp_path: Path) -> None:
    said = Program(tmp_path).run("verify")
    assert said.returncode == 1
    assert said.stderr.startswith("Error: There is no var/objects here")
    assert list(tmp_path.iterdir()) == []
