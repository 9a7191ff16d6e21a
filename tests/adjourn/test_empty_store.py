"""Commands where nothing has come yet, and where nothing was ever set up."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from adjourn import samples
from tests.adjourn.program import API_KEY, Program

ASKING = [
    ("meetings",),
    ("tail", "webhooks"),
    ("tail", "dead-letters"),
    ("dead-letters", "--all"),
    ("search", "anything"),
]


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Program:
    program = Program(tmp_path_factory.mktemp("empty"), settings={"ADJOURN_MEETING_BAAS_API_KEYS": API_KEY})
    for _ in range(2):  # it may be repeated
        assert [line["part"] for line in program.json("setup")] == ["log", "objects", "database"]
    return program


def test_nothing_is_no_error_and_no_line_for_programs(empty: Program) -> None:
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda arguments: empty.json(*arguments), ASKING)) == [[]] * len(ASKING)


def test_people_are_told_that_there_is_nothing(empty: Program) -> None:
    assert "No meetings yet" in empty.run("meetings").stdout
    assert empty.run("replay").stdout == "There was nothing left to do.\n"


def test_sending_to_nobody_is_a_sentence(empty: Program) -> None:
    done = empty.run("send")
    assert done.returncode == 1
    assert done.stderr.startswith(f"Error: Nobody answers at {empty.url}/webhooks/meeting-baas")


def test_sending_what_no_secret_can_sign_is_a_sentence(empty: Program) -> None:
    done = empty.run("send", "callback/bot.failed")
    assert done.returncode == 1
    assert "ADJOURN_MEETING_BAAS_CALLBACK_SECRETS is not set" in done.stderr


def test_serving_media_asks_for_the_setting_that_lets_it_be_downloaded(empty: Program) -> None:
    done = empty.run("send", "--media")
    assert done.returncode == 1
    assert "ADJOURN_DOWNLOAD_ALLOW=127.0.0.1" in done.stderr


def test_the_list_of_samples_is_a_line_each(empty: Program) -> None:
    assert empty.run("send", "--list").stdout.splitlines() == list(samples.names())


@pytest.mark.parametrize("arguments", [("tail", "webhooks"), ("replay",)])
def test_the_wrong_folder_is_a_sentence_and_stays_clean(arguments: tuple[str, ...], tmp_path: Path) -> None:
    done = Program(tmp_path).run(*arguments)
    assert done.returncode == 1
    assert done.stdout == ""
    assert str(tmp_path) in done.stderr
    assert "adjourn setup" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_check_says_all_that_is_wrong_in_sentences(tmp_path: Path) -> None:
    done = Program(tmp_path).run("check")
    assert done.returncode == 1
    for words in ("There is no var/log.db", "There is no var/objects", "No secret is set"):
        assert words in done.stderr
    assert "Traceback" not in done.stderr
