"""Search through the transcripts of 1,000 meetings of an hour, on each database, as one worker asks.

Words are drawn as people use them: a few are in most segments, most are in few.

    python -m benchmarks.search [MEETINGS]
"""

import asyncio
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate
from statistics import median
from time import perf_counter

from sqlalchemy import text

from infra.database.engine import Database, open_database
from infra.database.search import search
from infra.database.transcripts import TranscriptVersion, add_version
from schemas.transcript import Segment
from tests.servers.postgres import PostgresServer

ROUNDS = 7
GOAL_MS = 100
SEGMENTS = 200
WORDS_EACH = 40
_VOCABULARY = 20_000
_HITS = 20

QUERIES = {
    "a rare word": "w15000",
    "a word of every meeting": "w300",
    "the most frequent word": "w0",
    "three words": "w5 w40 w200",
    "a word of two parts": "w20's",
    "nothing": "nowhere",
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
    slowest = max(median(found[1][name]) for name in QUERIES)
    print(f"slowest on PostgreSQL: {slowest:.0f} ms, goal {GOAL_MS} ms")
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
        for name, words in QUERIES.items():
            took[name] = [await _ask(database, words) for _ in range(ROUNDS)]
    return took


async def _ask(database: Database, words: str) -> float:
    began = perf_counter()
    async with database.reading() as tx:
        await search(tx, words, limit=_HITS)
    return (perf_counter() - began) * 1000


async def _fill(database: Database, meetings: int) -> None:
    chances = random.Random(1)
    words = [f"w{number}" for number in range(_VOCABULARY)]
    weights = list(accumulate(1 / (rank + 3) for rank in range(_VOCABULARY)))
    for number in range(meetings):
        spoken = [
            _segment(place, chances.choices(words, cum_weights=weights, k=WORDS_EACH))
            for place in range(SEGMENTS)
        ]
        version = TranscriptVersion(1, "en", 3600, (), SEGMENTS * WORDS_EACH, "e", "s", "0" * 64, "0" * 64)
        async with database.transaction() as tx:
            await add_version(tx, "meeting-baas", f"bot-{number}", version, spoken)


def _segment(place: int, words: Sequence[str]) -> Segment:
    text = " ".join(f"{word}'s" if index % 9 == 0 else word for index, word in enumerate(words))
    return Segment(speaker="Ada", start=place * 18, end=place * 18 + 18, text=text)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
