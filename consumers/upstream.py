"""Deleting a meeting at its provider, once all of it is stored here. Off unless a setting asks for it.

The meeting's timeline has a line when we begin and one when it is done. By the first, whoever finds nothing
there any more knows that it was us; by the second, the meeting's next facts know that nothing is left to do.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final

import structlog
from pydantic import BaseModel, ValidationError

from consumers.base import Consumer, Services
from consumers.completeness import Doubt, MeetingHere, meeting_here, see_that_all_is_here
from consumers.retranscription import consumer as retranscription
from infra.database.events import MeetingEvent, add_event
from infra.database.failures import open_failures_of
from infra.database.forgotten import is_forgotten
from infra.database.locks import lock_meeting
from infra.database.outcomes import last_successes
from infra.errors import Later, Poison
from infra.providers.base import DeletedUpstream
from schemas.envelope import Record, derived_id
from schemas.facts import (
    MEETING_COMPLETED,
    MEETING_FAILED,
    RECORDING_STORED,
    TRANSCRIPT_STORED,
    UPSTREAM_DELETED,
    Fact,
    UpstreamDeleted,
)
from schemas.meeting import Observation
from schemas.topics import EVENTS

_NAME: Final = "upstream"
_DELETING: Final = "upstream.deleting"
_DECIDED_SECONDS: Final = 10
_MAY_BE_THE_LAST: Final = frozenset({MEETING_COMPLETED, MEETING_FAILED, RECORDING_STORED, TRANSCRIPT_STORED})

log = structlog.get_logger()


def _now() -> datetime:
    return datetime.now(UTC)


async def handle(
    record: Record,
    services: Services,
    *,
    now: Callable[[], datetime] = _now,
    remembered_within_seconds: float = 1,
) -> Sequence[Fact]:
    """Delete the meeting that a fact is about at its provider, and say so by a fact, if all of it is here.

    Any doubt keeps it there: the meeting's next fact asks again. Raises `Retryable` where the provider did
    not answer or has deleted only a part, and while others work on the meeting.
    """
    if record.type not in _MAY_BE_THE_LAST:
        return ()
    told = _read(record)
    api = services.providers.get(told.provider)
    here = await meeting_here(told.provider, told.meeting_id, services.database)
    if api is None or here is None:
        return ()
    done = _line(UPSTREAM_DELETED, here)
    if done is not None:
        return (_fact(done, here),) if done.received_ms == record.time_ms else ()
    await _see_that_it_is_decided(told, record, services)
    begun = _line(_DELETING, here) is not None
    try:
        await see_that_all_is_here(
            here,
            api,
            services,
            but_for=_NAME,
            may_be_gone=begun,
            remembered_within_seconds=remembered_within_seconds,
        )
        await _add_line(_DELETING, here, record, now(), services)
        await api.delete(here.meeting_id, here.final_type)
    except DeletedUpstream:
        if not begun:
            return ()  # by the provider itself, whatever of it came to be stored here
    except Doubt as doubt:
        log.info("kept_upstream", reason=str(doubt))
        return ()
    done = await _add_line(UPSTREAM_DELETED, here, record, now(), services)
    log.info("deleted_upstream", files=len(here.artifacts))
    return (_fact(done, here),)


CONSUMER: Final = Consumer(_NAME, (EVENTS,), handle)


class _Told(BaseModel):
    """What every fact says."""

    provider: str
    meeting_id: str


def _read(record: Record) -> _Told:
    try:
        return _Told.model_validate_json(record.value)
    except ValidationError as error:
        raise Poison(f"a fact of type {record.type} that cannot be read") from error


async def _see_that_it_is_decided(told: _Told, record: Record, services: Services) -> None:
    """Raises `Later` until the same fact has decided whether the provider is to make another transcript."""
    if services.transcripts.when == "never" or told.provider not in services.providers:
        return
    async with services.database.reading() as tx:
        decided = await last_successes(tx, retranscription.CONSUMER.name, [record.id])
        failures = await open_failures_of(tx, told.provider, told.meeting_id)
    if not decided and record.id not in {failure.event_id for failure in failures}:
        raise Later("Whether its transcript is made again is not decided yet.", _DECIDED_SECONDS)


def _line_id(type: str, here: MeetingHere) -> str:  # noqa: A002
    return derived_id("fact", type, here.provider, here.meeting_id, "")


def _line(type: str, here: MeetingHere) -> MeetingEvent | None:  # noqa: A002
    """Ours in the timeline: a sender might give that name to an event of its own."""
    return next((event for event in here.events if event.id == _line_id(type, here)), None)


async def _add_line(
    type: str,  # noqa: A002
    here: MeetingHere,
    record: Record,
    at: datetime,
    services: Services,
) -> MeetingEvent:
    """It has the time of the record that caused it. A meeting that is forgotten meanwhile gets none."""
    names = " ".join(artifact.name for artifact in here.artifacts)
    said = Observation(here.provider, here.meeting_id, type, at=at, detail=names)
    line = MeetingEvent(_line_id(type, here), record.time_ms, said)
    async with services.database.transaction() as tx:
        await lock_meeting(tx, here.provider, here.meeting_id)
        if not await is_forgotten(tx, here.provider, here.meeting_id):
            await add_event(tx, line)
    return line


def _fact(done: MeetingEvent, here: MeetingHere) -> Fact:
    body = UpstreamDeleted(
        provider=here.provider,
        meeting_id=here.meeting_id,
        at=done.moment,
        artifacts=tuple(artifact.name for artifact in here.artifacts),
    )
    return Fact(UPSTREAM_DELETED, here.provider, here.meeting_id, body, distinct="")
