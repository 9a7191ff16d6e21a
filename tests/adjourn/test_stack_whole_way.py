"""Webhook in, recording and transcript out, on Kafka, S3 and PostgreSQL: the real program, all the way."""

import base64
import hashlib
import json
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from adjourn import samples
from adjourn.sending import with_links_to
from tests.adjourn.program import API_KEY, Program, eventually
from tests.adjourn.stack import DEADLINE_SECONDS, bucket_of, other_client, program_with, stack_settings
from tests.servers.kafka import KafkaServer
from tests.servers.postgres import PostgresServer
from tests.servers.seaweed import SeaweedServer

V1_MEETING = "7d1c0f52-5b0e-4f0a-9a58-2f6f3f1f7c11"
V2_MEETING = "c3a9e6d4-8f21-4d57-b6a0-5e1d90b7f2a4"
GONE_MEETING = "11111111-2222-4333-8444-555555555555"
"""Its links lead nowhere at first."""

ASKED = (
    "meetings --json",
    f"meeting {V2_MEETING} --json",
    f"transcript {V1_MEETING}",
    "search INVITATIONS send --json",
    "tail meetings.webhooks --json",
    "dead-letters --json",
)


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@dataclass(frozen=True)
class Done:
    """A meeting was received and worked on by one program, then two more by two programs side by side.

    `checked` and `said` are what commands said when all had been worked on; `objects` is what was in S3, by
    key, after a replay for which the files of `GONE_MEETING` were there.
    """

    program: Program
    before_setup: subprocess.CompletedProcess[str]
    set_up: list[dict[str, Any]]
    sent: dict[str, subprocess.CompletedProcess[str]]
    exit_codes: list[int | None]
    checked: subprocess.CompletedProcess[str]
    said: dict[str, subprocess.CompletedProcess[str]]
    replayed: list[dict[str, Any]]
    dead_letters_left: list[dict[str, Any]]
    objects: dict[str, bytes]

    def json(self, command: str) -> list[dict[str, Any]]:
        assert self.said[command].returncode == 0, self.said[command].stderr
        return [json.loads(line) for line in self.said[command].stdout.splitlines()]


@pytest.fixture(scope="module")
def done(
    kafka: KafkaServer,
    seaweed: SeaweedServer,
    postgres: PostgresServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Done:
    settings = stack_settings(kafka, seaweed, postgres)
    with source_of(tmp_path_factory.mktemp("source")) as (folder, source):
        # It knows nothing of any meeting.
        settings |= {"ADJOURN_MEETING_BAAS_API_URL": source}
        program = program_with(settings, tmp_path_factory.mktemp("stack"))
        before_setup = program.run("run")
        set_up = program.json("setup")
        with program.running() as alone:
            sent = {"webhook-v2/bot.completed": program.run("send", "webhook-v2/bot.completed", "--media")}
            assert program.post(b'{"event": "complete", "data": {}}') == "quarantined"
        # Who consumes is known to be ready by the receiver's answer.
        with program.running("receive", "--workers", "2") as receiver, program.running("consume") as consumer:
            sent["complete"] = program.run("send", "complete", "--media")
            assert program.post(complete_with_links_to(source)) == "accepted"
            checked = eventually(lambda: all_worked_on(program), "all worked on", DEADLINE_SECONDS)
        with ThreadPoolExecutor(2) as pool:
            answers = pool.map(lambda command: program.run(*command.split()), ASKED)
            said = dict(zip(ASKED, answers, strict=True))
        for linked in samples.linked_folders():
            shutil.copytree(linked, folder / GONE_MEETING, dirs_exist_ok=True)
        replayed = program.json("replay")
    left = program.json("dead-letters")
    with other_client(seaweed) as client:
        objects = everything_in(client, bucket_of(settings))
    exit_codes = [each.returncode for each in (alone, receiver, consumer)]
    return Done(program, before_setup, set_up, sent, exit_codes, checked, said, replayed, left, objects)


@contextmanager
def source_of(folder: Path) -> Iterator[tuple[Path, str]]:
    """A web server of the files in `folder`, and its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        serving = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        serving.start()
        try:
            yield folder, f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            serving.join()


def complete_with_links_to(source: str) -> bytes:
    body = with_links_to(samples.read("webhook-v1/complete"), source)
    return body.replace(V1_MEETING.encode(), GONE_MEETING.encode())


def all_worked_on(program: Program) -> subprocess.CompletedProcess[str] | None:
    checked = program.run("check")
    return checked if "Every record has been worked on." in checked.stdout else None


def everything_in(client: Any, bucket: str) -> dict[str, bytes]:
    found = client.list_objects_v2(Bucket=bucket)["Contents"]
    return {each["Key"]: client.get_object(Bucket=bucket, Key=each["Key"])["Body"].read() for each in found}


def linked_file(name: str) -> bytes:
    return next(
        (folder / name).read_bytes() for folder in samples.linked_folders() if (folder / name).exists()
    )


def test_before_setup_the_start_ends_with_the_sentence_that_names_it(done: Done) -> None:
    assert done.before_setup.returncode == 1
    last = done.before_setup.stderr.splitlines()[-1]
    assert last.startswith("Error: The topic own-")
    assert last.endswith("run `adjourn setup`.")
    assert "Traceback" not in done.before_setup.stderr


def test_setup_tells_of_each_part_without_a_password_or_query(done: Done) -> None:
    settings = done.program.settings
    assert {line["part"]: line["url"] for line in done.set_up} == {
        "log": settings["ADJOURN_LOG_URL"].partition("?")[0],
        "objects": settings["ADJOURN_OBJECTS_URL"],
        "database": settings["ADJOURN_DATABASE_URL"],
    }


@pytest.mark.parametrize(
    ("sample", "meeting"), [("webhook-v2/bot.completed", V2_MEETING), ("complete", V1_MEETING)]
)
def test_all_that_an_event_promises_comes(done: Done, sample: str, meeting: str) -> None:
    sent = done.sent[sample]
    assert sent.returncode == 0, sent.stderr
    assert "202 accepted" in sent.stdout
    assert sent.stdout.endswith(f"All is there: adjourn meeting {meeting}\n")


def test_one_program_and_several_end_in_order(done: Done) -> None:
    assert done.exit_codes == [0, 0, 0]


def test_check_finds_that_all_is_well_while_several_programs_run(done: Done) -> None:
    assert (done.checked.returncode, done.checked.stderr) == (0, "")
    assert done.checked.stdout.endswith("All is well.\n")


@pytest.mark.parametrize(
    ("meeting", "name", "source"),
    [
        (V1_MEETING, "video.mp4", "video.mp4"),
        (V1_MEETING, "audio.wav", "audio.wav"),
        (V2_MEETING, "audio.flac", "audio.flac"),
        (V2_MEETING, "diarization.jsonl", "diarization.jsonl"),
    ],
)
def test_files_are_in_the_bucket_as_they_were_served(
    done: Done, meeting: str, name: str, source: str
) -> None:
    assert done.objects[f"recordings/meeting-baas/{meeting}/{name}"] == linked_file(source)


@pytest.mark.parametrize("meeting", [V1_MEETING, V2_MEETING])
def test_the_manifest_in_the_bucket_tells_of_every_file_with_its_hash(done: Done, meeting: str) -> None:
    folder = f"recordings/meeting-baas/{meeting}/"
    stored = {name.removeprefix(folder): hold for name, hold in done.objects.items() if folder in name}
    manifest = json.loads(stored.pop("manifest.json"))
    assert {artifact["name"]: artifact["sha256"] for artifact in manifest["artifacts"]} == {
        name: hashlib.sha256(content).hexdigest() for name, content in stored.items()
    }


def test_on_this_machine_only_the_spool_and_no_part_of_a_file_is_kept(done: Done) -> None:
    assert not any(path.is_file() for path in (done.program.folder / "var/parts").rglob("*"))
    kept = {path.name.partition(".")[0] for path in (done.program.folder / "var").iterdir()}
    assert kept <= {"spool", "members", "parts"}


def test_meetings_lists_them_as_completed(done: Done) -> None:
    found = {meeting["meeting_id"]: meeting["state"] for meeting in done.json("meetings --json")}
    assert found == dict.fromkeys((V1_MEETING, V2_MEETING, GONE_MEETING), "completed")


def test_a_meeting_says_where_in_the_bucket_its_files_are(done: Done) -> None:
    [meeting] = done.json(f"meeting {V2_MEETING} --json")
    urls = {artifact["name"]: artifact["url"] for artifact in meeting["artifacts"]}
    root = done.program.settings["ADJOURN_OBJECTS_URL"]
    assert urls["video.mp4"] == f"{root}/meeting-baas/{V2_MEETING}/video.mp4"


def test_a_transcript_is_read_from_the_bucket(done: Done) -> None:
    told = done.said[f"transcript {V1_MEETING}"]
    assert "[00:00:05] Grace Okafor: Then I will send the invitations today." in told.stdout


def test_search_finds_what_was_said_whatever_its_case(done: Done) -> None:
    hits = done.json("search INVITATIONS send --json")
    assert {hit["meeting_id"] for hit in hits} == {V1_MEETING, V2_MEETING, GONE_MEETING}


def test_tail_gives_the_bytes_that_came_once_each(done: Done) -> None:
    records = done.json("tail meetings.webhooks --json")
    assert sorted(record["key"] for record in records) == sorted((V1_MEETING, V2_MEETING, GONE_MEETING))
    first = next(record for record in records if record["key"] == V1_MEETING)
    assert first["topic"] == "meetings.webhooks"
    assert first["headers"]["ce_type"] == "meeting-baas.complete"
    assert json.loads(base64.b64decode(first["value"]))["data"]["bot_id"] == V1_MEETING
    assert API_KEY not in json.dumps([record["headers"] for record in records])


def test_dead_letters_tell_who_gave_up_and_why(done: Done) -> None:
    letters = done.json("dead-letters --json")
    assert sorted((letter["consumer"], letter["kind"]) for letter in letters) == [
        ("receiver", "invalid"),
        ("recordings", "poison"),
    ]


def test_replay_heals_what_was_mended_and_keeps_the_rest(done: Done) -> None:
    assert (done.replayed[-1]["healed"], done.replayed[-1]["failed"]) == (1, 1)
    assert [letter["consumer"] for letter in done.dead_letters_left] == ["receiver"]
    stored = done.objects[f"recordings/meeting-baas/{GONE_MEETING}/video.mp4"]
    assert stored == linked_file("video.mp4")
