"""A replay that is killed, again and again: everything is done, and nothing is there twice.

`ADJOURN_TEST_REPLAY_KILLS=20 make test ARGS=tests/faults/test_replay_killed.py` runs the long version, of
500 records for each kill.
"""

import json
import os
import random
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.adjourn.letters import Buried, bury, no_event
from tests.adjourn.program import API_KEY, Program
from tests.adjourn.stack import program_with, stack_settings

KILLS = int(os.environ.get("ADJOURN_TEST_REPLAY_KILLS", "3"))
RECORDS = 500 * KILLS
DEADLINE_SECONDS = 200


def embedded(request: pytest.FixtureRequest, folder: Path) -> Program:
    settings = {"ADJOURN_MEETING_BAAS_API_KEYS": API_KEY}
    return Program(folder, settings=settings, deadline_seconds=DEADLINE_SECONDS)


def servers(request: pytest.FixtureRequest, folder: Path) -> Program:
    settings = stack_settings(*(request.getfixturevalue(name) for name in ("kafka", "seaweed", "postgres")))
    return program_with(settings, folder)


STACKS: dict[str, Callable[[pytest.FixtureRequest, Path], Program]] = {
    "embedded": embedded,
    "servers": servers,
}


@pytest.mark.parametrize("stack", STACKS)
def test_a_replay_that_is_killed_again_and_again_does_all_and_nothing_twice(
    stack: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    program = STACKS[stack](request, tmp_path)
    assert program.run("setup").returncode == 0
    ended = [f"bot-{number}" for number in range(RECORDS // 10)]
    bury(program, [*letters(ended, RECORDS), no_event("never")])
    dice, told = random.Random(7), Counter[str]()

    for _ in range(KILLS):
        told.update(killed_after(program, dice.randrange(1, 2 * RECORDS // KILLS * 9 // 10)))
    began, *_, ended_whole = program.json("replay")
    [_, _, once_more] = program.json("replay")

    assert sum(told.values()) > RECORDS // 10, "killed before it had begun: the test tested nothing"
    assert (began["goes_on"], ended_whole["event"]) == (True, "ended")
    assert (once_more["healed"], once_more["failed"]) == (0, 1)
    [letter] = program.json("dead-letters")
    assert letter["event_id"] == "never"
    assert len(program.json("dead-letters", "--all")) == RECORDS + 1
    meetings = program.json("meetings", "--limit", str(RECORDS))
    assert sorted(meeting["meeting_id"] for meeting in meetings) == sorted(ended)
    assert {meeting["state"] for meeting in meetings} == {"failed"}
    facts = {record["headers"]["ce_id"] for record in program.json("tail", "events")}
    assert len(facts) == len(ended)


def letters(ended: list[str], records: int) -> Iterator[Buried]:
    """Of each meeting that it failed, which is kept and told as a fact; and others that ask for little."""
    for number in range(records):
        if number < len(ended):
            meeting = ended[number]
            said = {"event": "failed", "data": {"bot_id": meeting, "error": "CannotJoinMeeting"}}
            body, kind, consumer = json.dumps(said).encode(), "meeting-baas.failed", "meetings"
        else:
            meeting, body, kind, consumer = f"bot-{number % 500}", b"{}", "meeting-baas.other", "recordings"
        yield Buried(f"event-{number}", meeting, body, number, consumer=consumer, type=kind)


def killed_after(program: Program, count: int) -> Counter[str]:
    """Kill -9 after so many records were told of; how often each was."""
    told: Counter[str] = Counter()
    process = program.popen("replay", "--json")
    assert process.stdout is not None
    with process.stdout:
        for line in process.stdout:
            event = json.loads(line)
            if event["event"] == "done":
                told[event["event_id"]] += 1
            if told.total() >= count:
                break
        process.send_signal(signal.SIGKILL)
    assert process.stderr is not None
    process.stderr.close()
    process.wait()
    return told
