"""`adjourn summary` by the real program: printed, for programs, made again, and by a language model."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from subprocess import CompletedProcess

import pytest

from tests.adjourn.program import API_KEY, Program
from tests.adjourn.test_whole_way import V1_MEETING
from tests.servers.openai_api import KEY, MODEL, OpenAiApi, serve_openai


@dataclass(frozen=True)
class Done:
    """What each command said, and how often the model was asked."""

    said: dict[str, CompletedProcess[str]]
    asked: int


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Done:
    said = {}
    with served() as api:
        program = Program(
            tmp_path_factory.mktemp("summary"),
            settings={
                "ADJOURN_MEETING_BAAS_API_KEYS": API_KEY,
                "ADJOURN_DOWNLOAD_ALLOW": "127.0.0.1",
                "ADJOURN_SUMMARY_URL": api.url,
                "ADJOURN_SUMMARY_MODEL": MODEL,
                "ADJOURN_SUMMARY_API_KEY": KEY,
            },
        )
        with program.running():
            sent = program.run("send", "complete", "--media")
            assert sent.returncode == 0, sent.stderr
        said["first"] = program.run("summary", V1_MEETING)
        said["json"] = program.run("summary", V1_MEETING, "--json")
        asked_offline = len(api.questions)
        program.settings["ADJOURN_SUMMARY"] = "openai"
        said["again"] = program.run("summary", V1_MEETING, "--again")
        said["events"] = program.run("tail", "events", "--json")
        program.settings["ADJOURN_SUMMARY"] = "off"
        said["off"] = program.run("summary", V1_MEETING, "--again")
        (program.folder / "var/objects/meeting-baas" / V1_MEETING / "summary.md").unlink()
        said["none"] = program.run("summary", V1_MEETING)
        assert asked_offline == 0
        return Done(said, len(api.questions))


def test_it_is_printed_as_it_is_stored(done: Done) -> None:
    said = done.said["first"]
    assert said.returncode == 0, said.stderr
    assert "# Summary" in said.stdout
    assert "This summary is extractive" in said.stdout


def test_programs_get_one_object(done: Done) -> None:
    told = json.loads(done.said["json"].stdout)
    assert told["by"] == "extractive"
    assert told["document"] == done.said["first"].stdout


def test_it_is_made_again_by_whom_the_setting_says(done: Done) -> None:
    assert "written by a language model" in done.said["again"].stdout
    assert done.asked == 1


def test_every_summary_is_told_of_as_a_fact(done: Done) -> None:
    records = [json.loads(line) for line in done.said["events"].stdout.splitlines()]
    sources = [
        record["headers"]["ce_source"]
        for record in records
        if record["headers"]["ce_type"] == "summary.stored"
    ]
    assert sources == ["/consumers/summaries", "/commands/summary"]


@pytest.mark.parametrize(("command", "sentence"), [("off", "Summaries are off"), ("none", "has no summary")])
def test_what_cannot_be_is_a_sentence(done: Done, command: str, sentence: str) -> None:
    said = done.said[command]
    assert said.returncode == 1
    assert sentence in said.stderr


@contextmanager
def served() -> Iterator[OpenAiApi]:
    """In a thread of its own: the program is waited for in this one."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    serving = serve_openai()
    try:
        yield asyncio.run_coroutine_threadsafe(serving.__aenter__(), loop).result(20)
    finally:
        asyncio.run_coroutine_threadsafe(serving.__aexit__(None, None, None), loop).result(20)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
