"""Every database answers as a few lines of Python do that look at everything: the same, in the same order."""

import random
from collections.abc import Sequence

import pytest

from infra.database.engine import Database
from infra.database.query import phrases_of, speaker_phrases_of
from infra.database.scope import Only
from infra.database.search import Hit, search
from infra.database.transcripts import TranscriptVersion, add_version
from infra.database.words import indexed
from schemas.transcript import Segment

_VOCABULARY = [
    "budget",
    "Budgets",
    "café",
    "Cafe\u0301s",
    "isn't",
    "C++",
    "予算の会議",
    "Q3予算",
    "ไม่ใช่",
    "a",
    "ab",
    "ΣΊΣΥΦΟΣ",
    "50%",
]
_ASKED = [
    "budg*",
    "budget",
    "CAFE",
    "caf*",
    "isn*",
    '"isn\'t a"',
    "c",
    "予算",
    "算の*",
    "ม่",
    "a*",
    '"a ab"',
    '"ab a*"',
    "σισ*",
    "50 a",
    "*",
]
_PEOPLE = ["Ada Lovelace", "Zoë", "ada", "李明", None]
_SPEAKERS = [None, None, "ada", "LOVE*", "zoe", "李", '"lovelace ada"']

Said = tuple[str, str, int, Segment]
"""Provider, meeting, position."""


@pytest.mark.parametrize("seed", range(3))
async def test_the_answers_are_those_of_looking_at_everything(database: Database, seed: int) -> None:
    chances = random.Random(seed)
    said = [
        (provider, meeting_id, position, _segment(chances))
        for provider in ("p", "q")
        for meeting_id in ("m", "M", "é")
        for position in range(40)
    ]
    await _store(database, said)
    async with database.reading() as tx:
        for _ in range(150):
            words = " ".join(chances.choices(_ASKED, k=chances.choice([1, 1, 2, 3])))
            only = Only(speaker=chances.choice(_SPEAKERS), provider=chances.choice([None, None, "q"]))
            assert await search(tx, words, limit=25, only=only) == _looked_at(said, words, only)[:25]


def _looked_at(said: Sequence[Said], words: str, only: Only) -> list[Hit]:
    phrases, speaker = phrases_of(words), speaker_phrases_of(only.speaker or "")
    if not phrases:
        return []
    found = []
    for provider, meeting_id, position, segment in said:
        row = indexed(segment.speaker, segment.text)
        if only.provider in (None, provider) and all(phrase.spaced in row for phrase in [*phrases, *speaker]):
            taken = sum(len(phrase.spaced) * row.count(phrase.spaced) for phrase in phrases)
            hit = Hit(provider, meeting_id, segment.start, segment.speaker, segment.text)
            found.append((-taken / len(segment.text), provider, meeting_id, position, hit))
    return [hit for *_, hit in sorted(found, key=lambda one: one[:-1])]


def _segment(chances: random.Random) -> Segment:
    text = " ".join(chances.choices(_VOCABULARY, k=chances.randrange(1, 9)))
    return Segment(speaker=chances.choice(_PEOPLE), start=chances.random(), end=None, text=text)


async def _store(database: Database, said: Sequence[Said]) -> None:
    version = TranscriptVersion(1, "en", None, (), 0, "event", "s", "0" * 64, "0" * 64)
    async with database.transaction() as tx:
        for provider, meeting_id in sorted({one[:2] for one in said}):
            spoken = [segment for *whose, _, segment in said if whose == [provider, meeting_id]]
            await add_version(tx, provider, meeting_id, version, spoken)
