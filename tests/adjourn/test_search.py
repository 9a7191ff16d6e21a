"""`adjourn search` and `adjourn transcript` on a meeting of people with hostile names."""

import asyncio
import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from infra.database.engine import open_database
from infra.database.meetings import Meeting, save_meeting
from infra.database.transcripts import TranscriptVersion, add_version
from schemas.meeting import State
from schemas.transcript import Segment, Source, Transcript
from tests.adjourn.program import Program

PROVIDER, EVE = "meeting-baas", "Eve <b>\x1b[31m\u202e**x**"
JOINED = {"may": datetime(2026, 5, 4, 9, 30).astimezone(), "june": datetime(2026, 6, 4, 9, 30).astimezone()}
SAID = [
    Segment(speaker="Zoë", start=65, end=70, text="The budget review is on friday."),
    Segment(speaker=EVE, start=71, end=75, text="Review --> of the <i>budget</i>, and the invitations\x07"),
]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Program:
    program = Program(tmp_path_factory.mktemp("searched"))
    asyncio.run(store(program.folder))
    return program


async def store(folder: Path) -> None:
    async with open_database(f"sqlite:///{folder}/var/adjourn.db") as database:
        await database.setup()
        for name, joined in JOINED.items():
            version = TranscriptVersion(1, "en", 75, (), 15, "event", "s", "0" * 64, "0" * 64)
            async with database.transaction() as tx:
                await add_version(tx, PROVIDER, name, version, SAID)
                await save_meeting(tx, meeting(name, joined))
            stored = folder / "var" / "objects" / PROVIDER / name / "transcript.json"
            stored.parent.mkdir(parents=True)
            stored.write_text(transcript(name).model_dump_json())


def meeting(name: str, joined: datetime) -> Meeting:
    people = ("Zoë", EVE, "Ada", "Bob", "Cleo")
    return Meeting(PROVIDER, name, State.COMPLETED, joined, None, 75, people, None, None, 1, 1)


def transcript(name: str) -> Transcript:
    return Transcript(
        provider=PROVIDER,
        meeting_id=name,
        version=1,
        language="en",
        duration_seconds=75,
        speakers=("Zoë", EVE),
        segments=tuple(SAID),
        source=Source(event="event", shape="s"),
    )


def test_people_see_the_meeting_the_moment_and_the_speaker(program: Program) -> None:
    done = program.run("search", "budget review", "--since", "2026-06-01")
    about, said = done.stdout.splitlines()
    assert about.startswith(f"{PROVIDER}/june  2026-06-04 09:30:00  Zoë, Eve <b>")
    assert about.endswith("Ada, Bob and 1 more")
    assert said == "   0:01:05  Zoë: The budget review is on friday."


def test_programs_get_all_of_it(program: Program) -> None:
    [hit] = program.json("search", "invit*", "--until", "2026-05-04")
    assert hit == {
        "provider": PROVIDER,
        "meeting_id": "may",
        "start": 71.0,
        "speaker": EVE,
        "text": SAID[1].text,
        "at": JOINED["may"].astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "participants": ["Zoë", EVE, "Ada", "Bob", "Cleo"],
    }


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (["budget", "review"], 4),
        (["budget review"], 2),
        (['"budget rev*" friday'], 2),
        (["budget", "--speaker", "zoe"], 2),
        (["budget", "--speaker", "eve", "--until", "2026-06-03"], 1),
        (["budget", "--provider", PROVIDER, "--limit", "3"], 3),
        (["budget", "--since", "1d"], 0),
        (["budget AND review"], 0),
    ],
)
def test_what_is_asked_for_is_found(program: Program, asked: Sequence[str], found: int) -> None:
    assert len(program.json("search", *asked)) == found


def test_nothing_that_was_said_speaks_to_the_terminal(program: Program) -> None:
    for arguments in (["search", "invitations"], ["transcript", "may"]):
        told = program.run(*arguments).stdout
        assert "invitations" in told
        assert re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", told) is None


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["w" + " w".join(map(str, range(200)))], "200 words at once: 100 is the most"),
        (["x", "--since", "yesterday"], "is no date"),
        (["x", "--provider", "nobody"], "nobody"),
    ],
)
def test_what_cannot_be_asked_is_wrong_usage(program: Program, arguments: Sequence[str], why: str) -> None:
    done = program.run("search", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert why in done.stderr


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("text", "[00:01:11] Eve <b>[31m**x**: Review --> of the <i>budget</i>, and the invitations\n"),
        (
            "vtt",
            "00:01:11.000 --> 00:01:15.000\n<v Eve &lt;b&gt;[31m**x**>Review --&gt; of the "
            "&lt;i&gt;budget&lt;/i&gt;, and the invitations\n",
        ),
        ("srt", "2\n00:01:11,000 --> 00:01:15,000\nEve <\u2060b>[31m**x**: Review --\u2060> of the "),
    ],
)
def test_a_transcript_in_each_form_shows_what_was_said_and_obeys_nothing(
    program: Program, form: str, said: str
) -> None:
    assert said in program.run("transcript", "may", "--format", form).stdout


def test_a_transcript_as_json_has_names_and_words_as_they_came(program: Program) -> None:
    told = program.run("transcript", "may", "--format", "json").stdout
    assert Transcript.model_validate(json.loads(told)) == transcript("may")
