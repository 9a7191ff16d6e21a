"""`adjourn verify` and `adjourn forget` with objects on S3 and rows in PostgreSQL, while the program runs."""

import json
import subprocess
from dataclasses import dataclass

import pytest

from tests.adjourn.stack import bucket_of, other_client, program_with, store_settings
from tests.adjourn.test_whole_way import V1_MEETING, V2_MEETING
from tests.servers.postgres import PostgresServer
from tests.servers.seaweed import SeaweedServer

FOLDER = "recordings/meeting-baas"


@dataclass(frozen=True)
class Done:
    """Two meetings were stored, two objects of the first broken, and the second forgotten.

    `left` are the keys in the bucket then.
    """

    well: subprocess.CompletedProcess[str]
    broken: subprocess.CompletedProcess[str]
    forgotten: subprocess.CompletedProcess[str]
    meetings: subprocess.CompletedProcess[str]
    swept: subprocess.CompletedProcess[str]
    left: list[str]


@pytest.fixture(scope="module")
def done(seaweed: SeaweedServer, postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Done:
    settings = store_settings(seaweed, postgres)
    program = program_with(settings, tmp_path_factory.mktemp("housekeeping"))
    assert program.run("setup").returncode == 0
    bucket = bucket_of(settings)
    with program.running(), other_client(seaweed) as client:
        for sample in ("complete", "webhook-v2/bot.completed"):
            sent = program.run("send", sample, "--media")
            assert sent.returncode == 0, sent.stderr
        well = program.run("verify")
        client.put_object(Bucket=bucket, Key=f"{FOLDER}/{V1_MEETING}/video.mp4", Body=b"another")
        client.delete_object(Bucket=bucket, Key=f"{FOLDER}/{V1_MEETING}/audio.wav")
        broken = program.run("verify", "--json")
        forgotten = program.run("forget", V2_MEETING, "--yes")
        meetings, swept = program.run("meetings", "--json"), program.run("check", "--sweep")
        left = [found["Key"] for found in client.list_objects_v2(Bucket=bucket)["Contents"]]
    return Done(well, broken, forgotten, meetings, swept, left)


def test_what_was_stored_is_well(done: Done) -> None:
    assert done.well.returncode == 0, done.well.stderr
    assert done.well.stdout.startswith("All is well: 14 objects, ")


def test_what_was_broken_is_found(done: Done) -> None:
    assert done.broken.returncode == 1
    lines = [json.loads(line) for line in done.broken.stdout.splitlines()]
    folder = f"meeting-baas/{V1_MEETING}"
    assert {line["name"]: line["verdict"] for line in lines if line["verdict"] != "well"} == {
        f"{folder}/video.mp4": "wrong_size",
        f"{folder}/audio.wav": "missing",
    }


def test_a_meeting_is_forgotten_in_the_bucket_and_in_the_database(done: Done) -> None:
    assert done.forgotten.returncode == 0, done.forgotten.stderr
    assert "Removed: 8 files" in done.forgotten.stdout
    assert [key for key in done.left if V2_MEETING in key] == []
    assert [key for key in done.left if V1_MEETING in key] != []
    assert [json.loads(line)["meeting_id"] for line in done.meetings.stdout.splitlines()] == [V1_MEETING]


def test_the_sweep_finds_nothing_that_anybody_left(done: Done) -> None:
    assert done.swept.returncode == 0, done.swept.stderr
    assert "is removed: 0 uploads of 0 bytes, 0 downloads" in done.swept.stdout
