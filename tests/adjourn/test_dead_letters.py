"""`adjourn dead-letters`: listing, showing and discarding, by the real program."""

import base64
from pathlib import Path

import pytest

from tests.adjourn.letters import Buried, a_status, bury, no_event
from tests.adjourn.program import API_KEY, Program

HOSTILE = b'{"name": "\\u001b[2Jred\\u202e", "url": "https://a.example/v.mp4?X-Amz-Signature=s"}'


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Program:
    program = Program(tmp_path_factory.mktemp("letters"), settings={"ADJOURN_MEETING_BAAS_API_KEYS": API_KEY})
    assert program.run("setup").returncode == 0
    bug = Buried(
        "event-of-a-bug",
        "bot-1",
        HOSTILE,
        7,
        consumer="transcripts",
        kind="bug",
        error="KeyError in consumers/transcripts.py:42: 'words'",
        attempts=3,
        type="meeting-baas.complete",
        more={"dl_traceback": "  File consumers/transcripts.py, line 42\nKeyError: 'words'"},
    )
    statuses = (a_status(f"event-{number}", f"bot-{number}", 10 + number) for number in range(5))
    binary = Buried("event-binary", "bot-9", b"\x00\xff" * 200, 30, consumer="summaries", error="odd")
    bury(program, [bug, no_event("event-refused"), *statuses, binary])
    return program


def by_event(program: Program, event_id: str, *arguments: str) -> dict[str, object]:
    return next(each for each in program.json("dead-letters", *arguments) if each["event_id"] == event_id)


def test_each_has_an_id_by_which_it_is_shown(program: Program) -> None:
    letter = by_event(program, "event-of-a-bug")
    by_id, by_beginning, by_event_id = (
        program.run("dead-letters", "show", wanted).stdout
        for wanted in (str(letter["id"]), str(letter["id"])[:6], "event-of-a-bug")
    )
    assert by_id == by_beginning == by_event_id
    assert str(letter["id"]) in program.run("dead-letters").stdout


def test_a_bug_is_shown_with_error_headers_traceback_and_body(program: Program) -> None:
    told = program.run("dead-letters", "show", "event-of-a-bug").stdout
    assert "transcripts  bug" in told
    assert "error     KeyError in consumers/transcripts.py:42: 'words'" in told
    assert "after 3 attempts" in told
    assert "in meetings.webhooks, partition 0, offset 7" in told
    assert "  KeyError: 'words'" in told
    assert '    "url": "https://a.example/v.mp4?X-Amz-Signature=s"' in told
    assert "it may hold links that open a recording" in told


def test_what_came_moves_no_cursor(program: Program) -> None:
    told = program.run("dead-letters", "show", "event-of-a-bug").stdout
    assert "\x1b" not in told
    assert "\u202e" not in told
    assert "\N{REPLACEMENT CHARACTER}" in told or "\\u001b[2Jred" in told


def test_what_is_no_text_is_shown_in_hexadecimal(program: Program) -> None:
    told = program.run("dead-letters", "show", "event-binary").stdout
    assert "000000  00 ff 00 ff" in told
    assert "and 144 bytes more" in told


def test_a_body_can_be_had_as_it_came(program: Program) -> None:
    assert program.run("dead-letters", "show", "event-refused", "--raw").stdout == "[not json"
    [whole] = program.json("dead-letters", "show", "event-of-a-bug")
    assert base64.b64decode(whole["value"]) == HOSTILE
    assert whole["headers"]["dl_kind"] == "bug"


def test_what_there_is_none_of_is_a_sentence(program: Program) -> None:
    done = program.run("dead-letters", "show", "nothing")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "There is no dead letter nothing" in done.stderr


@pytest.mark.parametrize(
    ("options", "count"),
    [
        (("--consumer", "transcripts"), 1),
        (("--provider", "meeting-baas"), 8),
        (("--provider", "meeting-baas", "--meeting", "bot-3"), 1),
        (("--meeting", "meeting-baas/bot-3"), 1),
        (("--type", "meeting-baas.bot.*"), 6),
        (("--kind", "invalid"), 1),
        (("--error", "DATABASE is"), 5),
        (("--since", "1h"), 8),
        (("--until", "1h"), 0),
    ],
)
def test_any_part_of_them_can_be_listed(program: Program, options: tuple[str, ...], count: int) -> None:
    assert len(program.json("dead-letters", *options)) == count


def test_what_is_discarded_is_closed_and_kept_with_the_reason(tmp_path: Path) -> None:
    program = Program(tmp_path, settings={"ADJOURN_MEETING_BAAS_API_KEYS": API_KEY})
    program.run("setup")
    bury(program, [no_event("one"), no_event("two"), a_status("three", "bot-3", 3)])
    unasked = program.run("dead-letters", "discard", "--consumer", "receiver", "--why", "spam")
    one = program.run("dead-letters", "discard", "one", "--why", "sent by hand")
    rest = program.run("dead-letters", "discard", "--consumer", "receiver", "--why", "spam", "--yes")

    assert (unasked.returncode, "add --yes" in unasked.stderr) == (1, True)
    assert (one.stdout, rest.stdout) == ("1 dead letter discarded.\n", "1 dead letter discarded.\n")
    assert [letter["event_id"] for letter in program.json("dead-letters")] == ["three"]
    kept = by_event(program, "one", "--all")
    assert (kept["closed"], kept["why"]) == ("discarded", "sent by hand")
    assert kept["closed_at"]
    assert "sent by hand" in program.run("dead-letters", "show", "one").stdout
    assert program.json("replay")[-1]["failed"] == 0
    assert program.json("replay", "--again", "--consumer", "receiver")[-1]["failed"] == 2
    assert len(program.json("dead-letters")) == 2


@pytest.mark.parametrize(
    "arguments", [("--why", "spam"), ("one", "--consumer", "receiver", "--why", "x"), ("one", "--why", " ")]
)
def test_what_is_to_be_discarded_must_be_said_in_one_way_and_with_a_reason(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    assert Program(tmp_path).run("dead-letters", "discard", *arguments).returncode == 2
