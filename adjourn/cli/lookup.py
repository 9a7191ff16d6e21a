"""Which meeting a person means by an ID."""

from collections.abc import Sequence
from typing import Final

from click import ClickException
from sqlalchemy.ext.asyncio import AsyncConnection

from adjourn.cli.output import failed, local_time, visible
from infra.database.forgotten import forgotten_meetings, providers_of
from infra.database.holdings import Key
from infra.database.meetings import MeetingOverview, find_meetings

_MOST_CHOICES: Final = 5


async def only_meeting(tx: AsyncConnection, wanted: str) -> MeetingOverview:
    """The meeting of that id, or of `provider/id`. Fails with a sentence where that is not one."""
    found = await find_meetings(tx, wanted)
    if not found:
        provider, _, meeting_id = wanted.partition("/")
        found = await find_meetings(tx, meeting_id, provider)
    if not found:
        await _fail_if_forgotten(tx, wanted)
        raise failed(f"No meeting {visible(wanted)} is known here. `adjourn meetings` lists those that are.")
    if len(found) > 1:
        raise _several([f"{each.meeting.provider}/{each.meeting.meeting_id}" for each in found])
    return found[0]


async def only_key(tx: AsyncConnection, wanted: str) -> Key:
    """As `only_meeting`, also of a meeting of which there is less than its state: a file, or that it was
    forgotten."""
    providers, meeting_id = await providers_of(tx, wanted), wanted
    if not providers:
        provider, _, meeting_id = wanted.partition("/")
        providers = [each for each in await providers_of(tx, meeting_id) if each == provider]
    if not providers:
        raise failed(f"Nothing is known here of a meeting {visible(wanted)}: there is nothing to forget.")
    if len(providers) > 1:
        raise _several([f"{provider}/{wanted}" for provider in providers])
    return providers[0], meeting_id


async def _fail_if_forgotten(tx: AsyncConnection, wanted: str) -> None:
    provider, _, meeting_id = wanted.partition("/")
    found = await forgotten_meetings(tx, wanted) or await forgotten_meetings(
        tx, meeting_id, provider=provider
    )
    if found:
        raise failed(
            f"The meeting {visible(wanted)} was forgotten on {local_time(found[0].forgotten_ms / 1000)}, as "
            "somebody asked for: nothing of it is kept here but that."
        )


def _several(choices: Sequence[str]) -> ClickException:
    """Of several providers, or in one room."""
    some = " or ".join(choices[:_MOST_CHOICES]) + (" or …" if len(choices) > _MOST_CHOICES else "")
    return failed(f"Several meetings are known by that id. Say which: {visible(some)}.")
