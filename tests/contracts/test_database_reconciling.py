"""Whose turn it is to compare with a provider, and what was found: alike in every database."""

import asyncio
from dataclasses import replace

from infra.database.engine import Database
from infra.database.forgotten import forget
from infra.database.reconciling import (
    Held,
    Judged,
    Turn,
    begin_turn,
    end_turn,
    judged,
    keep_judged,
    take_turn,
    turn_of,
    want_turn,
)

P = "meeting-baas"
MISSING = Judged(P, "bot-1", "bot.completed", "missing", "Missing: video.", at_ms=5)


async def take(database: Database, holder: str, *, now_ms: int, until_ms: int) -> Held | None:
    async with database.transaction() as tx:
        return await take_turn(tx, P, holder, now_ms=now_ms, until_ms=until_ms)


async def test_one_at_a_time_has_the_turn_and_keeps_it_as_long_as_it_says_so(database: Database) -> None:
    assert await take(database, "a", now_ms=0, until_ms=60) is None
    assert await take(database, "b", now_ms=10, until_ms=70) == Held("a", 60)
    assert await take(database, "a", now_ms=50, until_ms=110) is None
    assert await take(database, "b", now_ms=100, until_ms=160) == Held("a", 110)
    assert await take(database, "b", now_ms=111, until_ms=170) is None
    assert await take(database, "a", now_ms=120, until_ms=180) == Held("b", 170)


async def test_of_many_who_ask_at_once_one_has_the_turn(database: Database) -> None:
    asked = [take(database, str(number), now_ms=0, until_ms=60) for number in range(8)]
    assert (await asyncio.gather(*asked)).count(None) == 1


async def test_a_turn_that_is_given_back_is_free_at_once(database: Database) -> None:
    await take(database, "a", now_ms=0, until_ms=60)
    async with database.transaction() as tx:
        await begin_turn(tx, P, "a", first_ms=3, begun_ms=4)
        await end_turn(tx, P, "a", covered_ms=4)
    assert await take(database, "b", now_ms=1, until_ms=61) is None


async def test_who_has_lost_the_turn_neither_ends_nor_moves_it(database: Database) -> None:
    await take(database, "a", now_ms=0, until_ms=60)
    await take(database, "b", now_ms=61, until_ms=121)
    async with database.transaction() as tx:
        await begin_turn(tx, P, "a", first_ms=1, begun_ms=2)
        await end_turn(tx, P, "a", covered_ms=2)
        assert await turn_of(tx, P) == Turn(None, None, None, None)
    assert await take(database, "c", now_ms=62, until_ms=122) == Held("b", 121)


async def test_when_it_began_first_stays_and_what_is_covered_moves_on(database: Database) -> None:
    for begun in (10, 20):
        await take(database, "a", now_ms=begun, until_ms=begun + 5)
        async with database.transaction() as tx:
            await begin_turn(tx, P, "a", first_ms=begun - 1, begun_ms=begun)
            await end_turn(tx, P, "a", covered_ms=begun)
    async with database.reading() as tx:
        assert await turn_of(tx, P) == Turn(first_ms=9, begun_ms=20, covered_ms=20, wanted_ms=None)


async def test_asking_for_it_disturbs_nobody(database: Database) -> None:
    await take(database, "a", now_ms=0, until_ms=60)
    async with database.transaction() as tx:
        await want_turn(tx, P, 7)
        await want_turn(tx, "another", 8)
    assert await take(database, "b", now_ms=10, until_ms=70) == Held("a", 60)
    async with database.reading() as tx:
        assert (await turn_of(tx, P)).wanted_ms == 7
        assert (await turn_of(tx, "another")).wanted_ms == 8


async def test_what_was_found_last_is_known_by_meeting_and_event(database: Database) -> None:
    other = replace(MISSING, event_type="bot.failed", verdict="complete", reason="")
    async with database.transaction() as tx:
        await keep_judged(tx, MISSING)
        await keep_judged(tx, other)
        await keep_judged(tx, replace(MISSING, provider="p2"))
        await keep_judged(tx, replace(MISSING, attempts=2, handed_ms=9, at_ms=9))
    async with database.reading() as tx:
        assert await judged(tx, P, ["bot-1", "bot-2"]) == {
            ("bot-1", "bot.completed"): replace(MISSING, attempts=2, handed_ms=9, at_ms=9),
            ("bot-1", "bot.failed"): other,
        }


async def test_a_meeting_that_is_forgotten_leaves_no_verdict(database: Database) -> None:
    async with database.transaction() as tx:
        await keep_judged(tx, MISSING)
    async with database.transaction() as tx:
        await forget(tx, P, "bot-1", 1)
    async with database.reading() as tx:
        assert await judged(tx, P, ["bot-1"]) == {}
