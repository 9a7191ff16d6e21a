"""What another system calls a meeting: kept, replaced, found by its id there, forgotten with the meeting."""

from dataclasses import replace
from datetime import UTC, datetime

from infra.database.descriptions import Description, described_as, descriptions_of, save_description
from infra.database.engine import Database
from infra.database.events import MeetingEvent, add_event, timeline
from infra.database.forgotten import forget
from infra.database.meetings import Meeting, find_meetings, list_meetings, save_meeting
from schemas.meeting import Observation, State

KEY = ("vonage", "session")
LAUNCH = Description("23blocks", "m1", "Launch \x00", ("Ada", "Grace"))


def meeting(meeting_id: str) -> Meeting:
    return Meeting("vonage", meeting_id, State.LIVE, None, None, None, (), None, None, 1, 1)


async def test_a_description_is_kept_and_replaced(database: Database) -> None:
    async with database.transaction() as tx:
        await save_description(tx, *KEY, LAUNCH)
        assert await descriptions_of(tx, [KEY, ("vonage", "other")]) == {
            KEY: replace(LAUNCH, title="Launch \ufffd")
        }
        await save_description(tx, *KEY, replace(LAUNCH, title=None, participants=()))
        assert (await descriptions_of(tx, [KEY]))[KEY] == Description("23blocks", "m1", None, ())
        assert await descriptions_of(tx, []) == {}


async def test_a_meeting_is_listed_and_found_with_what_it_is_called(database: Database) -> None:
    async with database.transaction() as tx:
        for meeting_id in ("session", "nameless"):
            await save_meeting(tx, meeting(meeting_id))
        await save_description(tx, *KEY, LAUNCH)
        listed = {one.key[1]: one.described for one in await list_meetings(tx, limit=10)}
        [found] = await find_meetings(tx, "m1")
        assert listed["nameless"] is None
        assert listed["session"] == found.described is not None
        assert found.key == KEY
        assert await described_as(tx, "unknown") == []


async def test_meetings_of_any_number_are_described_at_once(database: Database) -> None:
    async with database.transaction() as tx:
        await save_description(tx, *KEY, LAUNCH)
        many = [("vonage", str(number)) for number in range(5000)]
        assert set(await descriptions_of(tx, [*many, KEY])) == {KEY}


async def test_a_meeting_that_is_forgotten_is_called_nothing(database: Database) -> None:
    async with database.transaction() as tx:
        await save_description(tx, *KEY, LAUNCH)
    async with database.transaction() as tx:
        await forget(tx, *KEY, 1)
        assert await descriptions_of(tx, [KEY]) == {}


async def test_an_event_is_kept_with_the_part_it_speaks_for(database: Database) -> None:
    said = Observation("vonage", "session", "archive.started", at=datetime.now(UTC), part="archive a1")
    async with database.transaction() as tx:
        await add_event(tx, MeetingEvent("1", 1, said))
        assert [event.said.part for event in await timeline(tx, *KEY)] == ["archive a1"]
