"""What people call a meeting, where they made it in another system: its id there, its title, who takes part.

That system may know of a meeting later than its sender tells of it. So an event waits for some minutes, and
those behind it of the same meeting; where it was in vain, the next event of the meeting asks again.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

import structlog

from consumers.base import Consumer, Services
from consumers.forgotten import Forgotten, writing_of
from consumers.meeting_state import FINAL
from consumers.observed import observed
from infra.database.descriptions import Description, descriptions_of, save_description
from infra.errors import Later
from infra.providers.base import NotOffered
from infra.providers.directory import Described, Directory
from schemas.envelope import Record
from schemas.facts import MEETING_DESCRIBED, Fact, MeetingDescribed
from schemas.meeting import Observation
from schemas.topics import WEBHOOKS

_ASK_AGAIN_SECONDS: Final = 10
_WAIT_SECONDS: Final = 600

log = structlog.get_logger()


async def handle(
    record: Record,
    services: Services,
    *,
    now_seconds: Callable[[], float] = time.time,
    wait_seconds: float = _WAIT_SECONDS,
) -> Sequence[Fact]:
    """Keep what a meeting is called, and tell of it where that is news.

    It is asked once, and once more at each end of the meeting: who takes part is known then. Raises `Later`
    while the other system may not know it yet: for `wait_seconds` from when the event came.
    """
    said = observed(record)
    directory = services.directories.get(said.provider) if said is not None else None
    if said is None or directory is None:
        return ()
    may_wait = now_seconds() < record.time_ms / 1000 + wait_seconds
    with suppress(Forgotten):
        return await _describe(said, directory, services, may_wait=may_wait)
    return ()


CONSUMER: Final = Consumer("descriptions", (WEBHOOKS,), handle)


async def _describe(
    said: Observation, directory: Directory, services: Services, *, may_wait: bool
) -> Sequence[Fact]:
    key = (said.provider, said.meeting_id)
    async with services.database.reading() as tx:
        known = (await descriptions_of(tx, [key])).get(key)
    if known is not None and said.says not in FINAL:
        return ()
    try:
        found = await directory.find(said.meeting_id)
    except NotOffered as error:
        log.info("not described", reason=str(error))
        return ()
    if found is None:
        if known is None and may_wait:
            raise Later("Nobody calls this meeting anything yet.", _ASK_AGAIN_SECONDS)
        return ()
    description = Description(found.system, found.id, found.title, found.participants)
    if description == known:
        return ()
    async with writing_of(services.database, *key) as tx:
        await save_description(tx, *key, description)
    return (_fact(said, found),)


def _fact(said: Observation, found: Described) -> Fact:
    body = MeetingDescribed(
        provider=said.provider,
        meeting_id=said.meeting_id,
        system=found.system,
        id=found.id,
        title=found.title,
        participants=found.participants,
    )
    distinct = " ".join((found.system, found.id, found.title or "", *found.participants))
    return Fact(MEETING_DESCRIBED, said.provider, said.meeting_id, body, distinct=distinct)
