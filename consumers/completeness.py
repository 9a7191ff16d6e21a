"""Whether everything that a provider has of a meeting is stored and proved complete here.

Where there is any doubt it is not: what relies on this cannot be undone.
"""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from consumers import recordings, transcripts
from consumers.base import Services
from consumers.meeting_state import FINAL
from infra.database.artifacts import artifacts_of
from infra.database.downloads import downloads_of
from infra.database.engine import Database
from infra.database.events import MeetingEvent, timeline
from infra.database.failures import Failure, open_failures_of
from infra.database.outcomes import last_successes
from infra.database.retranscriptions import OPEN, retranscriptions_of
from infra.errors import Poison, Retryable
from infra.objects.base import ObjectStore
from infra.providers.base import DeletedUpstream, Holdings, ProviderApi
from schemas.facts import FACTS
from schemas.manifest import Artifact
from schemas.meeting import Link
from schemas.names import object_name

_STORE_FILES: Final = (recordings.CONSUMER.name, transcripts.CONSUMER.name)
_LOOK_AGAIN_SECONDS: Final = 0.1


class Doubt(Exception):
    """Why it may not be: a sentence."""


@dataclass(frozen=True, slots=True)
class MeetingHere:
    """What we know of a meeting that is over, by an event of the type `final_type` (a `ce_type`).

    `events` is its timeline, `on_their_way` counts the files that are being copied, `being_made` says that
    the provider is to make another transcript.
    """

    provider: str
    meeting_id: str
    final_type: str
    events: Sequence[MeetingEvent]
    artifacts: Sequence[Artifact]
    on_their_way: int
    being_made: bool = False


async def meeting_here(provider: str, meeting_id: str, database: Database) -> MeetingHere | None:
    """Null where the meeting is not over, or not known (any more)."""
    async with database.reading() as tx:
        events = await timeline(tx, provider, meeting_id)
        artifacts = await artifacts_of(tx, provider, meeting_id)
        on_their_way = await downloads_of(tx, provider, meeting_id)
        asked = await retranscriptions_of(tx, provider, meeting_id)
    finals = [event.said.type for event in events if event.said.says in FINAL]
    if not finals:
        return None
    final_type = f"{provider}.{finals[-1]}"
    being_made = any(one.stage in OPEN for one in asked)
    return MeetingHere(provider, meeting_id, final_type, events, artifacts, len(on_their_way), being_made)


async def see_that_all_is_here(
    here: MeetingHere,
    api: ProviderApi,
    services: Services,
    *,
    but_for: str,
    may_be_gone: bool,
    remembered_within_seconds: float,
) -> None:
    """Return where there is no doubt. What the consumer `but_for` itself did or could not do does not count.

    `may_be_gone` says that files may have been deleted at the provider since all of them were seen here.
    Others' successes are waited for: they are remembered only after their facts are told.
    Raises `Doubt`, `DeletedUpstream` where the provider has nothing any more, and `Retryable` where nobody
    can tell now.
    """
    if not here.artifacts:
        raise Doubt("Nothing of the meeting is stored.")
    if here.on_their_way:
        raise Doubt("Files of the meeting are on their way.")
    if here.being_made:
        raise Doubt("The provider is to make another transcript.")
    for artifact in here.artifacts:
        await _see_that_it_is_stored(artifact, here, services.objects)
    there = await _holdings(here, api)
    if not there.can_be_deleted:
        raise Doubt("The provider's API deletes nothing.")
    if not (there.links or there.transcript or may_be_gone):
        raise Doubt("The provider has no files of the meeting.")
    await _see_that_nothing_is_missing(there, here.artifacts, services)
    await _see_that_every_event_is_done(here, services.database, but_for, remembered_within_seconds)


async def _see_that_it_is_stored(artifact: Artifact, here: MeetingHere, objects: ObjectStore) -> None:
    if artifact.verified == "none":
        raise Doubt(f"Nothing proves that {artifact.name} is complete.")
    stored = await objects.stat(object_name(here.provider, here.meeting_id, artifact.name))
    if stored is None or stored.size != artifact.size:
        raise Doubt(f"{artifact.name} is not in the object store as it was stored.")


async def _holdings(here: MeetingHere, api: ProviderApi) -> Holdings:
    try:
        return await api.holdings(here.meeting_id, here.final_type)
    except DeletedUpstream:
        raise
    except Poison as error:
        raise Doubt(str(error)) from error


async def _see_that_nothing_is_missing(
    there: Holdings, artifacts: Sequence[Artifact], services: Services
) -> None:
    if there.others:
        raise Doubt(f"The provider has files that are never stored: {', '.join(there.others)}.")
    wanted = {link.kind for link in there.links} | ({"transcript"} if there.transcript else set())
    wanted |= {"summary"} if there.summary else set()
    if missing := wanted.difference(artifact.kind for artifact in artifacts):
        raise Doubt(f"The provider has files that are not stored: {', '.join(sorted(missing))}.")
    for link in there.links:
        if link.kind != "transcript":  # it is stored in a shape of ours
            sizes = {artifact.size for artifact in artifacts if artifact.kind == link.kind}
            await _see_that_it_is_as_long(link, sizes, services)


async def _see_that_it_is_as_long(link: Link, sizes: Collection[int], services: Services) -> None:
    """As one of the files of its kind that are stored, where its source tells."""
    try:
        async with services.links.open(link.url, last=0) as download:
            length = download.length
    except Poison as error:
        raise Doubt(f"The provider's own link to its {link.kind} is dead: {error}") from error
    if length is not None and length not in sizes:
        raise Doubt(f"The provider's {link.kind} is another one than what is stored: its length differs.")


async def _see_that_every_event_is_done(
    here: MeetingHere, database: Database, but_for: str, within_seconds: float
) -> None:
    """One that is not may be about to bring another file, or a fresh link to one of these."""
    clock = asyncio.get_running_loop().time
    deadline = clock() + within_seconds
    while any(not_done := await _not_done(here, database, but_for)) and clock() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(_LOOK_AGAIN_SECONDS)  # others write it down, perhaps on another machine
    waiting, failures = not_done
    if waiting:
        raise Retryable("Other consumers are not done with the meeting.")
    if failures:
        raise Doubt(f"{failures[0].consumer} could not do an event of the meeting: {failures[0].error}")


async def _not_done(
    here: MeetingHere, database: Database, but_for: str
) -> tuple[set[str], Sequence[Failure]]:
    """The ids of the events that somebody has not done yet, and those that somebody could not do."""
    came = {
        event.id
        for event in here.events
        if event.said.type not in FACTS and not event.said.type.startswith(f"{but_for}.")
    }
    async with database.reading() as tx:
        failures = [
            failure
            for failure in await open_failures_of(tx, here.provider, here.meeting_id)
            if failure.consumer != but_for
        ]
        done = came.intersection(*[await last_successes(tx, each, came) for each in _STORE_FILES])
    return came - done - {failure.event_id for failure in failures}, failures
