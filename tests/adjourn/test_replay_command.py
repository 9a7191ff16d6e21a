"""`adjourn replay` as a person uses it, by the real program on the embedded stack."""

import json
import signal
from pathlib import Path

import pytest

from tests.adjourn.letters import a_status, bury, no_event
from tests.adjourn.program import API_KEY, Program

SETTINGS = {"ADJOURN_MEETING_BAAS_API_KEYS": API_KEY}


@pytest.fixture
def program(tmp_path: Path) -> Program:
    program = Program(tmp_path, settings=SETTINGS, deadline_seconds=60)
    assert program.run("setup").returncode == 0
    bury(program, [no_event("never"), *(a_status(f"event-{n}", f"bot-{n}", n) for n in range(40))])
    return program


def test_a_dry_run_says_what_would_run_and_touches_nothing(program: Program) -> None:
    told = program.run("replay", "--dry-run", "--meeting", "bot-3")
    assert "meetings  exhausted  the database is away  1" in told.stdout
    assert told.stdout.endswith("1 record would be done again. Nothing was touched.\n")
    assert program.json("replay", "--dry-run") == [
        {"consumer": "meetings", "kind": "exhausted", "reason": "the database is away", "records": 40},
        {"consumer": "receiver", "kind": "invalid", "reason": "the body is not JSON", "records": 1},
    ]
    assert len(program.json("dead-letters", "--all")) == 41
    assert len(program.json("dead-letters")) == 41
    assert program.json("meetings") == []
    assert program.json("replay", "--meeting", "bot-3")[0]["goes_on"] is False


def test_what_was_killed_goes_on_with_the_same_command_and_says_so(program: Program) -> None:
    command = ("replay", "--since", "1d", "--limit", "30")
    process = program.popen(*command, "--json", "--rate", "10")
    assert process.stdout is not None
    told = [json.loads(process.stdout.readline()) for _ in range(12)]
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert [told[0]["event"], told[0]["goes_on"], told[0]["records"]] == ["began", False, 30]

    other = program.json("replay", "--consumer", "receiver")
    assert other[0]["goes_on"] is False
    again = program.run(*command)

    assert "Going on with the replay that began at" in again.stdout
    assert "0 failed again" in again.stdout or "1 failed again" in again.stdout
    assert len(program.json("meetings")) == 29, "the one that fails is one of the thirty"
    assert program.json(*command)[0]["goes_on"] is False


def test_a_signal_ends_it_in_order_and_restart_begins_anew(program: Program) -> None:
    process = program.popen("replay", "--rate", "0.5", "--limit", "30")
    assert process.stderr is not None
    assert _has_begun(program)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate()

    assert process.returncode == 1
    assert "are left." in out
    assert err.endswith("Error: Stopped. The same command goes on where it was.\n")
    events = program.json("replay", "--limit", "30", "--restart")
    assert (events[0]["goes_on"], events[0]["records"]) == (False, 30)


def _has_begun(program: Program) -> bool:
    """Once a meeting is there."""
    return any(program.json("meetings") for _ in range(100))


def test_the_same_replay_does_not_run_twice_at_once(program: Program) -> None:
    process = program.popen("replay", "--rate", "0.5")
    assert _has_begun(program)
    second = program.run("replay")
    another = program.run("replay", "--meeting", "bot-39")
    process.send_signal(signal.SIGKILL)
    process.communicate()

    assert second.returncode == 1
    assert second.stderr.startswith("Error: The same replay is running already")
    assert another.stdout == "1 healed, 0 failed again.\n"
    assert program.run("replay").returncode == 0


def test_what_failed_can_be_republished(program: Program) -> None:
    told = program.run("replay", "--to", "events", "--meeting", "bot-1")
    assert told.stdout == "1 republished to meetings.events.\n"
    [record] = program.json("tail", "events")
    assert (record["key"], record["headers"]["ce_id"]) == ("bot-1", "event-1")
    assert record["headers"]["replay"]
    assert len(program.json("dead-letters")) == 41


def test_a_slice_that_nobody_reads_is_a_sentence(program: Program) -> None:
    told = program.run("replay", "--from-topic", "events", "--consumer", "recordings")
    assert told.stderr == "Error: recordings does not read meetings.events.\n"
