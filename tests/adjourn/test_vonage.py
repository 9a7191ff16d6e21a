"""Vonage by the real program: proved by a signature or by the path; 23blocks polled where it is all."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.adjourn.program import Program, eventually
from tests.consumers.storing import MOVIE
from tests.servers.twentythree_blocks_api import APP_ID, TOKEN, serve_twentythree_blocks
from tests.servers.vonage_api import serve_vonage

WORD = "sample-word-in-the-path"
SECRETS = "session:sample-secret-of-sessions,archive:sample-secret-of-archives"
HOUR = timedelta(hours=1)


def all_that_was_written(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_without_signatures_the_path_is_the_proof_and_is_told_nowhere(tmp_path: Path) -> None:
    program = Program(
        tmp_path, settings={"ADJOURN_VONAGE_PATH_TOKEN": WORD, "ADJOURN_RECONCILE_MINUTES": "0"}
    )
    process = program.popen("run")
    try:
        eventually(lambda: program.is_ready(process), "ready")
        sent = program.run("send", "vonage/session/sessionCreated")
        checked = program.run("check", "--url", f"{program.url}/webhooks/vonage", "--provider", "vonage")
        process.terminate()
        told = "".join(process.communicate(timeout=program.deadline_seconds))
    finally:
        process.kill()
        process.communicate()

    assert (sent.returncode, checked.returncode) == (0, 0), sent.stderr + checked.stderr
    assert "200 accepted" in sent.stdout
    assert "takes a signed event" in checked.stdout
    assert WORD not in told + sent.stdout + sent.stderr + checked.stdout + checked.stderr
    assert WORD.encode() not in all_that_was_written(tmp_path)


def test_each_category_is_signed_with_its_own_secret(tmp_path: Path) -> None:
    program = Program(tmp_path, settings={"ADJOURN_VONAGE_SIGNATURE_SECRETS": SECRETS})
    with program.running():
        sent = program.run("send", "vonage/session/sessionDestroyed")
        without = program.run("send", "vonage/captions/started")

    assert "200 accepted" in sent.stdout
    assert without.returncode == 1
    assert "good for the category captions" in without.stderr


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"ADJOURN_VONAGE_API_KEY": "1"}, "ADJOURN_VONAGE_API_SECRET"),
        ({"ADJOURN_VONAGE_APPLICATION_ID": "a"}, "ADJOURN_VONAGE_PRIVATE_KEY_FILE"),
        (
            {"ADJOURN_VONAGE_APPLICATION_ID": "a", "ADJOURN_VONAGE_PRIVATE_KEY_FILE": "/nowhere"},
            "cannot be read",
        ),
    ],
)
def test_half_of_what_the_api_needs_stops_the_start_with_a_sentence(
    tmp_path: Path, given: dict[str, str], words: str
) -> None:
    program = Program(tmp_path, settings={"ADJOURN_VONAGE_PATH_TOKEN": WORD, **given})

    done = program.run("run")

    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr


async def test_where_the_account_is_not_ours_23blocks_is_polled(tmp_path: Path) -> None:
    ended = datetime.now(UTC) - HOUR
    async with serve_twentythree_blocks() as blocks, serve_vonage() as files:
        files.files["/v.mp4"] = MOVIE
        blocks.has(
            "m1",
            "2_MX-session",
            title="Launch",
            participants=["ada", "grace"],
            status="ended",
            start_time=(ended - HOUR).isoformat(),
            end_time=ended.isoformat(),
            recording_url=files.link("/v.mp4"),
        )
        program = Program(
            tmp_path,
            settings={
                "ADJOURN_VONAGE_PATH_TOKEN": WORD,
                "ADJOURN_23BLOCKS_API_URL": blocks.url,
                "ADJOURN_23BLOCKS_TOKEN": TOKEN,
                "ADJOURN_23BLOCKS_APP_ID": APP_ID,
                "ADJOURN_DOWNLOAD_ALLOW": "127.0.0.1",
            },
        )
        meeting, listed = await asyncio.to_thread(_polled, program)

    assert meeting["state"] == "completed"
    assert meeting["described"] == {
        "system": "23blocks",
        "id": "m1",
        "title": "Launch",
        "participants": ["ada", "grace"],
    }
    assert [artifact["name"] for artifact in meeting["artifacts"]] == ["video.mp4"]
    assert "Launch (23blocks m1): ada, grace" in " ".join(listed.split())


def _polled(program: Program) -> tuple[dict[str, Any], str]:
    """The meeting by 23blocks' own id, and the table of meetings."""
    with program.running():
        assert program.run("reconcile", "--since", "1d").returncode == 0

        def stored() -> dict[str, Any] | None:
            done = program.run("meeting", "m1", "--json")
            if done.returncode != 0:
                return None
            [found] = program.json("meeting", "m1")
            return found if found["artifacts"] and found["described"] else None

        meeting = eventually(stored, "stored")
        return meeting, program.run("meetings").stdout
