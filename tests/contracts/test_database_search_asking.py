"""Phrases and beginnings of words; by time, speaker and provider: on each database the same."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.database.engine import Database
from infra.database.meetings import Meeting, save_meeting
from infra.database.query import MOST_WORDS, LongQuestion
from infra.database.scope import EVERYTHING, Only
from infra.database.search import Hit, search
from infra.database.transcripts import TranscriptVersion, add_version
from schemas.meeting import State
from schemas.transcript import Segment

_MAY = datetime(2026, 5, 1, 12, tzinfo=UTC)
_DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("budget review", ["The budget review", "review the budget", "budget for reviewers, and a review"]),
        ('"budget review"', ["The budget review"]),
        ('"BUDGET, Reviéw!"', ["The budget review"]),
        ('"budget rev*"', ["The budget review"]),
        ('"budget for rev*"', ["budget for reviewers, and a review"]),
        ('the "review the"', ["review the budget"]),
        ("reviewer*", ["budget for reviewers, and a review"]),
        ("b* reviews", []),
        ('"review budget"', []),
        ('"budget"review"', ["The budget review", "review the budget", "budget for reviewers, and a review"]),
    ],
)
async def test_phrases_and_beginnings(database: Database, words: str, found: list[str]) -> None:
    said = ["The budget review", "review the budget", "budget for reviewers, and a review", "no"]
    await _store(database, *said)
    assert sorted(await _texts(database, words)) == sorted(found)


@pytest.mark.parametrize(
    ("words", "found"),
    [("予算", 2), ("予算の会議", 1), ("会", 1), ("算予", 0), ("予算*", 2), ("q3 予算", 1), ("が", 1)],
)
async def test_words_of_scripts_without_spaces(database: Database, words: str, found: int) -> None:
    await _store(database, "来週の予算の会議です", "Q3予算がない")
    assert len(await _texts(database, words)) == found


async def test_beginnings_of_each_length_and_letter(database: Database) -> None:
    await _store(database, "Ångström épée 李明 ελλάδα")
    for words in ("å*", "an*", "ang*", "angs*", "angstrom*", "é*", "李*", "ελ* epee*"):
        assert len(await _texts(database, words)) == 1, words
    for words in ("ngs*", "angstroms*", "明李*"):
        assert await _texts(database, words) == [], words


async def test_around_the_match_is_around_the_whole_phrase(database: Database) -> None:
    await _store(
        database,
        "the budget " * 200 + "the Budget’s review" + " of it" * 200,
        "が" * 5_000 + "予算" + "は" * 5_000,
    )
    (english,) = await _texts(database, '"budget\'s rev*"')
    assert "the Budget’s review of it" in english
    assert len(english.split()) <= 42
    (japanese,) = await _texts(database, "予算")
    assert japanese == "…" + "が" * 10 + "予算" + "は" * 28 + "…"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(words=st.text(st.characters() | st.sampled_from("\"“*'()^:+-ab§&|!<\\"), max_size=40))
async def test_nothing_that_is_asked_breaks_a_query(database: Database, words: str) -> None:
    assert await _search(database, words, Only(speaker=words, provider=words)) == []
    assert await _search(database, f'"{words}*" {words}*') == []


async def test_a_hundred_of_the_longest_words_can_be_asked_for(database: Database) -> None:
    words = [f"{number:03}" + "𐐨" * 300 for number in range(MOST_WORDS)]
    await _store(database, " ".join(words))
    assert len(await _texts(database, " ".join(words))) == 1
    assert len(await _texts(database, f'"{" ".join(words)}"')) == 1
    assert len(await _texts(database, "* ".join(words) + "*")) == 1
    with pytest.raises(LongQuestion):
        await _search(database, " ".join([*words, "one"]))


@pytest.mark.parametrize(
    ("speaker", "found"),
    [
        ("ada", ["Ada Lovelace"]),
        ("LOVELACE ada", ["Ada Lovelace"]),
        ("love*", ["Ada Lovelace"]),
        ('"ada love*"', ["Ada Lovelace"]),
        ('"lovelace ada"', []),
        ("ad", []),
        ("zoe", ["Zoë"]),
        ("yes", []),
        ("李明", ["李明"]),
        ("", []),
        ("?", []),
    ],
)
async def test_by_speaker(database: Database, speaker: str, found: list[str]) -> None:
    people = ["Ada Lovelace", "Adam", "Zoë", "李明", None]
    await _store_said(database, "p", "m", [_segment("yes, Ada", name) for name in people])
    hits = await _search(database, "yes", Only(speaker=speaker))
    assert [hit.speaker for hit in hits] == found


async def test_a_speakers_name_is_not_what_was_said(database: Database) -> None:
    await _store_said(database, "p", "m", [_segment("yes", "Ada")])
    assert await _search(database, "ada") == []
    assert await _search(database, "a*") == []
    assert len(await _search(database, "yes")) == 1


async def test_the_length_of_a_speakers_name_does_not_count(database: Database) -> None:
    said = [_segment("yes we can do that", "A"), _segment("yes we can", "A very long name of somebody")]
    await _store_said(database, "p", "m", said)
    assert [hit.text for hit in await _search(database, "yes")] == ["yes we can", "yes we can do that"]


async def test_by_provider(database: Database) -> None:
    for provider in ("p", "q"):
        await _store_said(database, provider, "m", [_segment("yes")])
    assert [hit.provider for hit in await _search(database, "yes", Only(provider="q"))] == ["q"]
    assert await _search(database, "yes", Only(provider="Q")) == []


@pytest.mark.parametrize("joined", [True, False])
async def test_by_the_time_of_the_meeting(database: Database, joined: bool) -> None:
    for day in range(4):
        await _store_said(database, "p", f"m{day}", [_segment("yes")])
        await _know(database, f"m{day}", _MAY + day * _DAY, joined=joined)
    await _store_said(database, "p", "unknown", [_segment("yes")])

    async def found(since: datetime | None, until: datetime | None) -> list[str]:
        return [hit.meeting_id for hit in await _search(database, "yes", Only(since=since, until=until))]

    assert await found(None, None) == ["m0", "m1", "m2", "m3", "unknown"]
    assert await found(_MAY + _DAY, None) == ["m1", "m2", "m3"]
    assert await found(None, _MAY + _DAY) == ["m0"]
    assert await found(_MAY + _DAY, _MAY + 3 * _DAY) == ["m1", "m2"]
    assert await found(_MAY + 3 * _DAY, _MAY) == []


async def test_a_hit_says_when_the_meeting_was_and_who_was_there(database: Database) -> None:
    await _store_said(database, "p", "m", [_segment("yes", "Ada")])
    await _know(database, "m", _MAY)
    assert await _search(database, "yes") == [Hit("p", "m", 0, "Ada", "yes", _MAY, ("Ada", "Zoë"))]


async def test_the_same_is_found_where_few_and_where_many_segments_count(database: Database) -> None:
    """Few are read one by one, else the index is asked."""
    await _store_random_talks(database, meetings=20)
    few = await _random_findings(database)
    await _store_said(database, "p", "padding", [_segment("padding")] * 13_000)
    await _know(database, "padding", _MAY)
    assert await _random_findings(database) == few


async def test_of_many_meetings_in_a_span_of_time_every_segment_is_found(database: Database) -> None:
    for day in range(32):
        await _store_said(database, "p", f"m{day}", [_segment("yes")] * 3)
        await _know(database, f"m{day}", _MAY + day * _DAY)
    only = Only(since=_MAY + _DAY, until=_MAY + 31 * _DAY)
    hits = await _search(database, "yes", only, limit=100)
    assert {hit.meeting_id for hit in hits} == {f"m{day}" for day in range(1, 31)}
    assert len(hits) == 3 * 30


async def _random_findings(database: Database) -> list[list[Hit]]:
    questions = ("w1", "w2 w3", '"w1 w2"', "w1* w2", "w9")
    filters = (Only(provider="p"), Only(until=_MAY + 20 * _DAY), Only(speaker="Ada", since=_MAY))
    found = [await _search(database, words, only) for words in questions for only in filters]
    assert all(found)
    return found


async def _store_random_talks(database: Database, *, meetings: int) -> None:
    chances = random.Random(1)
    for number in range(meetings):
        said = [
            _segment(" ".join(f"w{chances.randrange(30)}" for _ in range(8)), chances.choice(["Ada", "Bob"]))
            for _ in range(30)
        ]
        await _store_said(database, "p", f"m{number}", said)
        await _know(database, f"m{number}", _MAY + number * _DAY)


def _segment(text: str, speaker: str | None = None) -> Segment:
    return Segment(speaker=speaker, start=0, end=1, text=text)


async def _store(database: Database, *texts: str) -> None:
    await _store_said(database, "p", "m", [_segment(text) for text in texts])


async def _store_said(database: Database, provider: str, meeting_id: str, said: Sequence[Segment]) -> None:
    version = TranscriptVersion(1, "en", None, (), 0, "event", "s", "0" * 64, "0" * 64)
    async with database.transaction() as tx:
        await add_version(tx, provider, meeting_id, version, said)


async def _know(database: Database, meeting_id: str, at: datetime, *, joined: bool = True) -> None:
    first_ms = round(at.timestamp() * 1000)
    meeting = Meeting(
        provider="p",
        meeting_id=meeting_id,
        state=State.COMPLETED,
        joined_at=at if joined else None,
        ended_at=None,
        duration_seconds=None,
        participants=("Ada", "Zoë"),
        error=None,
        message=None,
        first_event_ms=first_ms + 7 * 24 * 3_600_000 if joined else first_ms,
        last_event_ms=first_ms,
    )
    async with database.transaction() as tx:
        await save_meeting(tx, meeting)


async def _search(database: Database, words: str, only: Only = EVERYTHING, *, limit: int = 10) -> list[Hit]:
    async with database.reading() as tx:
        return await search(tx, words, limit=limit, only=only)


async def _texts(database: Database, words: str) -> list[str]:
    return [hit.text for hit in await _search(database, words)]
