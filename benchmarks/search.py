"""Search through the transcripts of 1,000 meetings of an hour, on each database, as one worker asks.

500 segments of 16 words a meeting. Words are drawn as people use them: a few are in most segments, most in
few. One of five people is in all meetings and says little; every 20th meeting is of another provider; a
meeting a day.

    python -m benchmarks.search [MEETINGS]
"""

import asyncio
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from statistics import median
from time import perf_counter
from typing import Final

from sqlalchemy import text

from infra.database.engine import Database, open_database
from infra.database.meetings import Meeting, save_meeting
from infra.database.scope import EVERYTHING, Only
from infra.database.search import search
from infra.database.transcripts import TranscriptVersion, add_version
from schemas.meeting import State
from schemas.transcript import Segment
from tests.servers.postgres import PostgresServer

ROUNDS = 7
GOAL_MS = 100
SEGMENTS = 500
WORDS_EACH = 16
_VOCABULARY = 20_000
_HITS = 20
_FIRST_DAY: Final = datetime(2026, 1, 1, tzinfo=UTC)
_FIRST_HALF: Final = Only(until=_FIRST_DAY + timedelta(days=500))
_FIRST_WEEK: Final = Only(until=_FIRST_DAY + timedelta(days=7))

QUERIES: Final = {
    "a rare word": ("w15000", EVERYTHING),
    "a word of every meeting": ("w300", EVERYTHING),
    "the most frequent word": ("w0", EVERYTHING),
    "three words": ("w5 w40 w200", EVERYTHING),
    "a word of two parts": ("w20's", EVERYTHING),
    "nothing": ("nowhere", EVERYTHING),
    "a phrase of frequent words": ('"w0 w1"', EVERYTHING),
    "a rare phrase": ('"w15000 w1"', EVERYTHING),
    "the beginning of a few words": ("w123*", EVERYTHING),
    "the beginning of a thousand": ("w12*", EVERYTHING),
    "the beginning of all": ("w*", EVERYTHING),
    "a phrase that goes on": ('"w0 w1*"', EVERYTHING),
    "frequent, who says little": ("w0", Only(speaker="lovelace")),
    "frequent, one of a few meetings": ("w0", Only(speaker="person 7")),
    "frequent, another provider": ("w0", Only(provider="vonage")),
    "rare, another provider": ("w15000", Only(provider="vonage")),
    "frequent, a month": (
        "w0",
        Only(since=_FIRST_DAY + timedelta(days=400), until=_FIRST_DAY + timedelta(days=430)),
    ),
    "frequent, the first week": ("w0", _FIRST_WEEK),
    "frequent, the first half": ("w0", _FIRST_HALF),
    "rare, the first half": ("w15000", _FIRST_HALF),
}


def main(meetings: int = 1000) -> int:
    print(
        f"{'ms, median and worst of ' + str(ROUNDS):<34}"
        + "".join(f"{name:>20}" for name in ("SQLite", "PostgreSQL"))
    )
    with _urls() as urls:
        found = [asyncio.run(_measure(url, meetings)) for url in urls]
    for name in ["storing, seconds", *QUERIES]:
        print(f"{name:<34}" + "".join(f"{median(one[name]):>12.1f} {max(one[name]):>7.1f}" for one in found))
    slowest = max(median(one[name]) for one in found for name in QUERIES)
    print(f"slowest: {slowest:.0f} ms, goal {GOAL_MS} ms")
    return int(slowest > GOAL_MS)


@contextmanager
def _urls() -> Iterator[tuple[str, str]]:
    with tempfile.TemporaryDirectory() as folder, PostgresServer() as server:
        server.start()
        yield f"sqlite:///{folder}/adjourn.db", server.new_database()


async def _measure(url: str, meetings: int) -> dict[str, list[float]]:
    async with open_database(url) as database:
        await database.setup()
        began = perf_counter()
        await _fill(database, meetings)
        took = {"storing, seconds": [perf_counter() - began]}
        async with database.transaction() as tx:
            await tx.execute(text("ANALYZE"))  # PostgreSQL does so by itself within a minute
        for name, (words, only) in QUERIES.items():
            took[name] = [await _ask(database, words, only) for _ in range(ROUNDS)]
    return took


async def _ask(database: Database, words: str, only: Only) -> float:
    began = perf_counter()
    async with database.reading() as tx:
        await search(tx, words, limit=_HITS, only=only)
    return (perf_counter() - began) * 1000


async def _fill(database: Database, meetings: int) -> None:
    chances = random.Random(1)
    words = [f"w{number}" for number in range(_VOCABULARY)]
    weights = list(accumulate(1 / (rank + 3) for rank in range(_VOCABULARY)))
    for number in range(meetings):
        team = [f"Person {chances.randrange(200)}" for _ in range(4)]
        spoken = [
            _segment(place, speaker, chances.choices(words, cum_weights=weights, k=WORDS_EACH))
            for place, speaker in enumerate(
                chances.choices([*team, "Ada Lovelace"], weights=[25, 25, 25, 23, 2], k=SEGMENTS)
            )
        ]
        provider = "meeting-baas" if number % 20 else "vonage"
        await _store(database, provider, f"bot-{number}", _FIRST_DAY + timedelta(days=number), spoken)


async def _store(
    database: Database, provider: str, meeting_id: str, at: datetime, spoken: Sequence[Segment]
) -> None:
    version = TranscriptVersion(1, "en", 3600, (), SEGMENTS * WORDS_EACH, "e", "s", "0" * 64, "0" * 64)
    ms = round(at.timestamp() * 1000)
    meeting = Meeting(provider, meeting_id, State.COMPLETED, at, None, 3600, (), None, None, ms, ms)
    async with database.transaction() as tx:
        await add_version(tx, provider, meeting_id, version, spoken)
        await save_meeting(tx, meeting)


def _segment(place: int, speaker: str, words: Sequence[str]) -> Segment:
    said = " ".join(f"{word}'s" if index % 9 == 0 else word for index, word in enumerate(words))
    return Segment(speaker=speaker, start=place * 7, end=place * 7 + 7, text=said)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
