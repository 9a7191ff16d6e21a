"""Summaries without a model: what is picked, and how long it takes."""

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.summaries.extractive import summary_of
from schemas.transcript import Segment
from tests.infra.summaries.talking import spoken, transcript
from tests.servers.server import ROOT

BUDGET = [
    "The marketing budget for the spring campaign is too small for three countries.",
    "A larger marketing budget would let the campaign reach Spain and Portugal in spring.",
    "The campaign costs are mostly video, and the budget for video was cut last year.",
    "We decided to move the marketing budget for Portugal into the autumn.",
    "I will send the new campaign budget to finance by Thursday.",
]
SERVERS = [
    "The database servers run out of memory every night when the backup starts.",
    "More memory for the servers does not help while the backup reads all tables.",
    "The backup of the database should read from the replica and not from the main server.",
    "Bob, can you move the database backup to the replica this week?",
    "Let's go with the replica for the backup of all database servers.",
]
MEETING = transcript(*[("Ada", said) for said in BUDGET * 30], *[("Bob", said) for said in SERVERS * 30])
LONG = """
import random, time
from pathlib import Path
from infra.summaries.extractive import summary_of
from schemas.transcript import Segment
from tests.infra.summaries.talking import spoken
random.seed(1)
words = [f"word{number}" for number in range(8000)]
weights = [1 / (number + 5) for number in range(8000)]
talk = spoken([
    Segment(speaker="Ada", start=n, end=n + 1, text=" ".join(random.choices(words, weights, k=12)) + ".")
    for n in range(5000)
])
begin = time.process_time()
summary_of(talk)
seconds = time.process_time() - begin
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
print(seconds, int(peak.split()[1]) // 1024)
"""
"""`getrusage` would tell the memory of whoever started it, if that had more."""


def test_every_sentence_was_said() -> None:
    summary = summary_of(MEETING)
    said = {segment.text for segment in MEETING.segments}
    assert summary.overview
    assert said.issuperset(summary.overview)
    assert said.issuperset(topic.text for topic in summary.topics)
    assert said.issuperset(point.text for point in (*summary.decisions, *summary.action_items))


def test_the_overview_says_nothing_twice() -> None:
    overview = summary_of(MEETING).overview
    assert len(overview) == len(set(overview))


def test_a_topic_begins_where_the_talk_turns() -> None:
    topics = summary_of(MEETING).topics
    turn = len(BUDGET) * 30 * 10
    assert min(abs((topic.start or 0) - turn) for topic in topics) <= 100
    for topic, said in ((topics[0], BUDGET), (topics[-1], SERVERS)):
        assert all(word in " ".join(said).casefold() for word in topic.title.casefold().split(", "))


@pytest.mark.parametrize(
    ("said", "language"),
    [
        ("We decided to ship the release on Friday.", "English"),
        ("Okay, let\u2019s go with the blue one then.", "English, as typesetters write it"),
        ("Wir haben beschlossen, das Büro zu schließen.", "German"),
        ("On a décidé de reporter la réunion.", "French"),
        ("Hemos decidido esperar hasta enero.", "Spanish"),
        ("Abbiamo deciso di aspettare gennaio.", "Italian"),
    ],
)
def test_a_decision_is_found_by_how_people_say_it(said: str, language: str) -> None:
    [decision] = summary_of(transcript(("Ada", "Good morning to all of you."), ("Bob", said))).decisions
    assert (decision.text, decision.who, decision.start) == (said, "Bob", 10)


@pytest.mark.parametrize(
    ("said", "who"),
    [
        ("I will send the numbers to finance tomorrow.", "Ada Lovelace"),
        ("I'll take care of the invoice from last week.", "Ada Lovelace"),
        ("Bob, can you update the page before Friday?", "Bob Burns"),
        ("Bob will check the logs of last night.", "Bob Burns"),
        ("Somebody needs to clean the kitchen every day.", None),
        ("Ich werde den Vertrag morgen an alle schicken.", "Ada Lovelace"),
        ("Bob, kannst du bitte die Folien verschicken?", "Bob Burns"),
    ],
)
def test_who_is_to_act_is_who_promises_or_who_is_named(said: str, who: str | None) -> None:
    talk = transcript(("Bob Burns", "Good morning."), ("Ada Lovelace", said))
    assert [(item.text, item.who) for item in summary_of(talk).action_items] == [(said, who)]


@pytest.mark.parametrize(
    "said", ["Can you hear me now, everybody?", "I will.", "The will of the people counts."]
)
def test_talk_is_no_action_item(said: str) -> None:
    assert summary_of(transcript(("Ada", said))).action_items == ()


def test_silence_gives_an_empty_summary() -> None:
    assert summary_of(spoken([])).overview == ()
    assert summary_of(transcript(("Ada", "..."), ("Bob", ""))).overview == ()


def test_moments_that_nobody_knows_stay_unknown() -> None:
    talk = spoken([Segment(speaker=None, start=None, end=None, text="We decided to leave now.")])
    [decision] = summary_of(talk).decisions
    assert (decision.start, decision.who) == (None, None)


def test_a_sentence_late_in_a_long_segment_has_its_own_moment() -> None:
    text = "Nothing much happens here. " * 20 + "We decided to stop."
    [decision] = summary_of(spoken([Segment(speaker="Ada", start=0, end=100, text=text)])).decisions
    assert decision.start is not None
    assert 90 < decision.start < 100


@pytest.mark.parametrize(
    "text",
    [
        "我们决定下周发布新版本。明天再讨论预算。",
        "ประชุมวันนี้เราคุยเรื่องงบประมาณ",
        "नमस्ते आज हम बजट पर बात करेंगे।",
        "x" * 2_000_000,
    ],
)
def test_other_scripts_and_words_of_megabytes_are_summarised(text: str) -> None:
    assert summary_of(transcript(("Ada", text))).overview


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=10), st.text(max_size=80)), max_size=12))
def test_any_transcript_can_be_summarised(said: list[tuple[str, str]]) -> None:
    summary = summary_of(transcript(*said))
    assert len(summary.overview) <= len("".join(text for _, text in said)) + 1


def test_the_same_transcript_gives_the_same_summary() -> None:
    assert summary_of(MEETING) == summary_of(MEETING)


def test_four_hours_take_seconds_and_little_memory() -> None:
    """Of processor time, so that a busy machine does not count: measured 1.4 s and 60 MB."""
    ended = subprocess.run([sys.executable, "-c", LONG], cwd=ROOT, capture_output=True, text=True, check=True)
    seconds, megabytes = map(float, ended.stdout.split())
    assert seconds < 15
    assert megabytes < 300
