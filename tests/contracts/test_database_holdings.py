"""What is stored over all meetings, what was forgotten, what nothing proved complete: on every database."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest

from infra.database.artifacts import add_artifact
from infra.database.engine import Database
from infra.database.forgotten import Forgotten, forget, forgotten_meetings, providers_of
from infra.database.holdings import Amount, all_holdings, amount_stored, holders_among
from infra.database.meetings import Meeting, list_meetings, save_meeting
from schemas.meeting import State
from tests.consumers.holding import STORED_AT, artifact_of

LATER: Final = STORED_AT + timedelta(days=1)
VIDEO: Final = artifact_of("video.mp4", b"seen")
AUDIO: Final = artifact_of("audio.flac", b"heard", LATER)
MEETING: Final = Meeting("p", "m", State.COMPLETED, None, None, None, (), None, None, 1, 1)


async def test_every_meeting_comes_once_over_all_pages_with_all_that_it_has(database: Database) -> None:
    keys = [
        (provider, f"{letter}{number}") for provider in ("p", "q") for letter in "aBü" for number in range(75)
    ]
    async with database.transaction() as tx:
        for key in keys:
            await add_artifact(tx, *key, AUDIO)
            await add_artifact(tx, *key, VIDEO)
    found = [(key, stored) async for key, stored in all_holdings(database)]
    assert [key for key, _ in found] == sorted(keys)
    assert all(stored == [VIDEO, AUDIO] for _, stored in found)


async def test_since_names_the_meetings_of_which_something_was_stored_then(database: Database) -> None:
    async with database.transaction() as tx:
        await add_artifact(tx, "p", "old", VIDEO)
        await add_artifact(tx, "p", "new", VIDEO)
        await add_artifact(tx, "p", "new", AUDIO)
    assert [held async for held in all_holdings(database, LATER)] == [(("p", "new"), [VIDEO, AUDIO])]
    assert [held async for held in all_holdings(database, LATER + timedelta(microseconds=1))] == []


async def test_what_is_stored_adds_up(database: Database) -> None:
    async with database.reading() as tx:
        assert await amount_stored(tx) == Amount(0, 0)
    large = VIDEO.model_copy(update={"size": 3_000_000_000})
    async with database.transaction() as tx:
        await add_artifact(tx, "p", "m", large)
        await add_artifact(tx, "p", "n", large)
        await add_artifact(tx, "p", "n", AUDIO)
        assert await amount_stored(tx) == Amount(3, 6_000_000_005)
        assert await amount_stored(tx, LATER) == Amount(1, 5)


async def test_of_many_meetings_those_are_told_that_have_anything(database: Database) -> None:
    async with database.transaction() as tx:
        for key in (("p", "m"), ("q", "n"), ("p", "\x00")):
            await add_artifact(tx, *key, VIDEO)
        asked = [
            ("p", "m"),
            ("q", "m"),
            ("p", "n"),
            ("q", "n"),
            *(("p", str(number)) for number in range(500)),
        ]
        assert await holders_among(tx, asked) == {("p", "m"), ("q", "n")}
        assert await holders_among(tx, []) == set()


async def test_what_was_forgotten_is_found_by_id_and_provider_the_earliest_first(database: Database) -> None:
    for provider, meeting, at in (("q", "m", 2), ("p", "m", 1), ("p", "n", 3), ("p", "m", 4)):
        async with database.transaction() as tx:
            await forget(tx, provider, meeting, at)
    async with database.reading() as tx:
        assert await forgotten_meetings(tx, "m") == [Forgotten("p", "m", 1), Forgotten("q", "m", 2)]
        assert await forgotten_meetings(tx, "m", provider="q") == [Forgotten("q", "m", 2)]
        assert [each.forgotten_ms for each in await forgotten_meetings(tx)] == [1, 2, 3]
        assert await forgotten_meetings(tx, "o") == []


async def test_who_has_anything_of_a_meeting_is_told_whatever_it_is(database: Database) -> None:
    async with database.transaction() as tx:
        await forget(tx, "r", "m", 1)
    async with database.transaction() as tx:
        await add_artifact(tx, "q", "m", VIDEO)
        await add_artifact(tx, "q", "m", AUDIO)
        await save_meeting(tx, MEETING)
        assert await providers_of(tx, "m") == ["p", "q", "r"]
        assert await providers_of(tx, "n") == []


@pytest.mark.parametrize("verified", ["length", "structure", "none"])
async def test_meetings_with_a_file_that_nothing_proved_complete_are_told_apart(
    verified: str, database: Database
) -> None:
    async with database.transaction() as tx:
        for meeting in ("m", "n"):
            await save_meeting(tx, replace(MEETING, meeting_id=meeting))
            await add_artifact(tx, "p", meeting, VIDEO)
        await add_artifact(tx, "p", "m", AUDIO.model_copy(update={"verified": verified}))
        found = await list_meetings(tx, limit=5, unverified=True)
        assert [overview.key for overview in found] == ([("p", "m")] if verified == "none" else [])
        assert len(await list_meetings(tx, limit=5)) == 2
