"""Which meeting an ID means that several are known by."""

from pathlib import Path

import click
import pytest

from adjourn.cli.lookup import only_meeting
from infra.database.descriptions import Description, save_description
from infra.database.engine import open_database
from infra.database.meetings import Meeting, save_meeting
from schemas.meeting import State


@pytest.mark.parametrize(("sessions", "ending"), [(2, "realtimekit/s1."), (9, "realtimekit/s4 or ….")])
async def test_sessions_of_one_room_are_told_for_choice(tmp_path: Path, sessions: int, ending: str) -> None:
    async with open_database(f"sqlite:///{tmp_path}/adjourn.db") as database:
        await database.setup()
        async with database.transaction() as tx:
            for name in (f"s{number}" for number in range(sessions)):
                said = Meeting("realtimekit", name, State.LIVE, None, None, None, (), None, None, 1, 1)
                await save_meeting(tx, said)
                called = Description("realtimekit", "room", "Weekly sync", ())
                await save_description(tx, "realtimekit", name, called)
            with pytest.raises(click.ClickException) as refusal:
                await only_meeting(tx, "room")
    assert "Say which: realtimekit/s0 or realtimekit/s1" in refusal.value.message
    assert refusal.value.message.endswith(ending)
