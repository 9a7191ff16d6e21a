"""Webhook in, recording and transcript out: the real program on documented samples, then every command."""

import base64
import hashlib
import json
import re
import subprocess
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from adjourn import samples
from tests.adjourn.program import API_KEY, SVIX_SECRET, Program

V1_MEETING = "7d1c0f52-5b0e-4f0a-9a58-2f6f3f1f7c11"
V2_MEETING = "c3a9e6d4-8f21-4d57-b6a0-5e1d90b7f2a4"


ASKED = (
    "meetings",
    "meetings --json",
    f"meeting {V2_MEETING}",
    f"meeting meeting-baas/{V1_MEETING} --json",
    "meeting no-such\x1b[31m",
    f"transcript {V1_MEETING}",
    f"transcript {V1_MEETING} --format srt",
    f"transcript {V2_MEETING} --json",
    "search invitations",
    "search INVITATIONS send --json",
    "tail meetings.webhooks",
    "tail webhooks --json",
    "tail webhooks --from latest",
    "dead-letters",
    "dead-letters --json",
    "check",
)


@dataclass(frozen=True)
class Done:
    """A folder in which two meetings were worked on, and what each command said once the program had stopped.

    `sent` is what `send` said while it ran.
    """

    program: Program
    sent: dict[str, list[str]]
    said: dict[str, subprocess.CompletedProcess[str]]

    def objects(self, meeting: str) -> Path:
        return self.program.folder / "var/objects/meeting-baas" / meeting

    def json(self, command: str) -> list[dict[str, Any]]:
        assert self.said[command].returncode == 0
        return [json.loads(line) for line in self.said[command].stdout.splitlines()]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Done:
    program = Program(
        tmp_path_factory.mktemp("whole-way"),
        settings={
            "ADJOURN_MEETING_BAAS_API_KEYS": API_KEY,
            "ADJOURN_MEETING_BAAS_SVIX_SECRETS": SVIX_SECRET,
            "ADJOURN_DOWNLOAD_ALLOW": "127.0.0.1",
        },
    )
    sent = {}
    with program.running():
        for sample in ("complete", "webhook-v2/bot.completed"):
            answer = program.run("send", sample, "--media")
            assert answer.returncode == 0, answer.stderr
            sent[sample] = answer.stdout.splitlines()
        post_broken(program)
    with ThreadPoolExecutor(4) as pool:
        said = dict(zip(ASKED, pool.map(lambda command: program.run(*command.split()), ASKED), strict=True))
    return Done(program, sent, said)


def post_broken(program: Program) -> None:
    request = urllib.request.Request(
        f"{program.url}/webhooks/meeting-baas",
        data=b'{"event": "complete", "data": {}}',
        headers={"x-meeting-baas-api-key": API_KEY},
        method="POST",
    )
    with urllib.request.urlopen(request) as answer:
        assert json.load(answer)["status"] == "quarantined"


def linked_file(name: str) -> bytes:
    return next(
        (folder / name).read_bytes() for folder in samples.linked_folders() if (folder / name).exists()
    )


@pytest.mark.parametrize(
    ("meeting", "stored"),
    [
        (V1_MEETING, {"video.mp4": "video.mp4", "audio.wav": "audio.wav"}),
        (
            V2_MEETING,
            {
                "video.mp4": "video.mp4",
                "audio.flac": "audio.flac",
                "diarization.jsonl": "diarization.jsonl",
                "raw_transcription.json": "raw_transcription.json",
            },
        ),
    ],
)
def test_the_files_of_a_meeting_are_stored_as_they_were_served(
    done: Done, meeting: str, stored: dict[str, str]
) -> None:
    for name, source in stored.items():
        assert (done.objects(meeting) / name).read_bytes() == linked_file(source)


@pytest.mark.parametrize("meeting", [V1_MEETING, V2_MEETING])
def test_the_manifest_tells_of_every_file_with_its_hash(done: Done, meeting: str) -> None:
    manifest = json.loads((done.objects(meeting) / "manifest.json").read_text())
    files = {path.name for path in done.objects(meeting).iterdir()} - {"manifest.json"}
    assert {artifact["name"] for artifact in manifest["artifacts"]} == files
    for artifact in manifest["artifacts"]:
        content = (done.objects(meeting) / artifact["name"]).read_bytes()
        assert artifact["size"] == len(content)
        assert artifact["sha256"] == hashlib.sha256(content).hexdigest()


def test_send_tells_what_it_sent_and_what_came_of_it(done: Done) -> None:
    told = done.sent["webhook-v2/bot.completed"]
    assert told[0].startswith("meeting-baas/webhook-v2/bot.completed  202 accepted  msg_")
    assert any(line.split()[0] == "diarization.jsonl" for line in told)
    assert told[-1] == f"All is there: adjourn meeting {V2_MEETING}"


def test_meetings_lists_both_as_completed(done: Done) -> None:
    found = {meeting["meeting_id"]: meeting for meeting in done.json("meetings --json")}
    assert {V1_MEETING, V2_MEETING} <= set(found)
    assert found[V2_MEETING]["state"] == "completed"
    assert found[V2_MEETING]["joined_at"] == "2026-03-03T09:59:54Z"
    assert found[V2_MEETING]["failures"] == 0
    assert "video.mp4" in [artifact["name"] for artifact in found[V2_MEETING]["artifacts"]]


def test_meetings_for_people_keeps_ids_whole(done: Done) -> None:
    told = done.said["meetings"].stdout
    assert re.search(rf"meeting-baas/{V1_MEETING} +completed", told)


def test_a_meeting_has_a_timeline_and_its_files(done: Done) -> None:
    [meeting] = done.json(f"meeting meeting-baas/{V1_MEETING} --json")
    assert meeting["timeline"][0]["type"] == "complete"
    video = next(artifact for artifact in meeting["artifacts"] if artifact["name"] == "video.mp4")
    assert video["url"] == (done.objects(V1_MEETING) / "video.mp4").as_uri()
    assert meeting["dead_letters"] == []


def test_a_meeting_for_people_names_every_part(done: Done) -> None:
    told = done.said[f"meeting {V2_MEETING}"].stdout
    for words in (f"{V2_MEETING}  completed", "Timeline", "Files", "audio.flac", "length        0:00:14"):
        assert words in told


def test_an_unknown_meeting_is_a_sentence(done: Done) -> None:
    answer = done.said["meeting no-such\x1b[31m"]
    assert answer.returncode == 1
    assert answer.stderr.startswith("Error: No meeting no-such")
    assert "\x1b" not in answer.stderr


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ("", "[00:00:05] Grace Okafor: Then I will send the invitations today."),
        (" --format srt", "00:00:05,020 --> "),
    ],
)
def test_a_transcript_in_every_form(done: Done, form: str, words: str) -> None:
    answer = done.said[f"transcript {V1_MEETING}{form}"]
    assert answer.returncode == 0
    assert words in answer.stdout


def test_a_transcript_as_json_is_one_line_of_the_stored_file(done: Done) -> None:
    [transcript] = done.json(f"transcript {V2_MEETING} --json")
    assert transcript == json.loads((done.objects(V2_MEETING) / "transcript.json").read_text())


def test_search_finds_what_was_said_whatever_its_case(done: Done) -> None:
    hits = done.json("search INVITATIONS send --json")
    assert {hit["meeting_id"] for hit in hits} == {V1_MEETING, V2_MEETING}
    assert "send the invitations" in done.said["search invitations"].stdout


def test_tail_gives_programs_the_bytes_that_came(done: Done) -> None:
    records = done.json("tail webhooks --json")
    first = next(record for record in records if record["key"] == V1_MEETING)
    assert first["topic"] == "meetings.webhooks"
    assert first["headers"]["ce_type"] == "meeting-baas.complete"
    assert json.loads(base64.b64decode(first["value"]))["event"] == "complete"
    assert API_KEY not in json.dumps(first["headers"])


def test_tail_gives_people_a_line_each_and_no_bodies(done: Done) -> None:
    told = done.said["tail meetings.webhooks"].stdout
    assert re.search(rf"meeting-baas\.complete +{V1_MEETING} +\w+ +3\.\d kB", told)
    assert "invitations" not in told


def test_tail_from_latest_shows_nothing_old(done: Done) -> None:
    assert done.said["tail webhooks --from latest"].stdout == ""


def test_a_reader_that_goes_away_is_no_error(done: Done) -> None:
    process = done.program.popen("tail", "events", "--json")
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    with process.stderr:
        assert process.stderr.read() == ""
    assert process.wait() == 0


def test_dead_letters_tell_programs_of_each_letter(done: Done) -> None:
    [letter] = done.json("dead-letters --json")
    assert (letter["consumer"], letter["kind"]) == ("receiver", "invalid")
    assert letter["type"] == "meeting-baas.complete"
    told = done.said["dead-letters"].stdout
    assert "receiver  invalid  1 letter" in told
    assert "adjourn replay" in told


def test_replay_counts_what_it_did(done: Done) -> None:
    ended = done.program.json("replay")[-1]
    assert (ended["event"], ended["healed"], ended["failed"]) == ("ended", 0, 1)


def test_check_finds_that_all_is_well(done: Done) -> None:
    answer = done.said["check"]
    assert (answer.returncode, answer.stderr) == (0, "")
    assert answer.stdout.endswith("All is well.\n")


def test_credentials_stand_in_no_file(done: Done) -> None:
    for path in (done.program.folder / "var").rglob("*"):
        if path.is_file():
            assert API_KEY.encode() not in path.read_bytes()
