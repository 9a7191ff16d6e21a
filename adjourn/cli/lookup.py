"""Which meeting a person means by an ID."""

from sqlalchemy.ext.asyncio import AsyncConnection

from adjourn.cli.output import failed, visible
from infra.database.meetings import MeetingOverview, find_meetings


async def only_meeting(tx: AsyncConnection, wanted: str) -> MeetingOverview:
    """The meeting of that id, or of `provider/id`. Fails with a sentence where that is not one."""
    found = await find_meetings(tx, wanted)
    if not found:
        provider, _, meeting_id = wanted.partition("/")
        found = await find_meetings(tx, meeting_id, provider)
    if not found:
        raise failed(f"No meeting {visible(wanted)} is known here. `adjourn meetings` lists those that are.")
    if len(found) > 1:
        choices = " or ".join(f"{overview.meeting.provider}/{wanted}" for overview in found)
        raise failed(f"Several providers have a meeting of that id. Say which: {visible(choices)}.")
    return found[0]
