"""The state of each meeting, its timeline, its manifest, and what failed of it."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncConnection

from consumers.base import Consumer, Services
from consumers.forgotten import Forgotten, refuse_forgotten, writing_of
from consumers.meeting_state import decides, fold, tells
from consumers.observed import observed
from consumers.replacing import put_over
from infra.database.artifacts import artifacts_of
from infra.database.descriptions import Description, save_description
from infra.database.events import MeetingEvent, add_event, timeline
from infra.database.failures import Failure, add_failure
from infra.database.meetings import Meeting, save_meeting, touch_meeting
from infra.database.reconciling import want_turn
from infra.errors import Poison
from schemas.dead_letter import letter_of, provider_of_letter
from schemas.envelope import Record
from schemas.facts import (
    MEETING_COMPLETED,
    MEETING_FAILED,
    RECORDING_STORED,
    SUMMARY_STORED,
    TRANSCRIPT_STORED,
    ArtifactStored,
    Fact,
    MeetingEnded,
)
from schemas.manifest import Manifest
from schemas.meeting import Observation, State
from schemas.names import object_name
from schemas.providers import provider_of
from schemas.topics import DEAD_LETTERS, EVENTS, WEBHOOKS

_STORED: Final = (RECORDING_STORED, TRANSCRIPT_STORED, SUMMARY_STORED)
_ENDED: Final = {State.COMPLETED: MEETING_COMPLETED, State.FAILED: MEETING_FAILED}


async def handle(record: Record, services: Services) -> Sequence[Fact]:
    """Keep what a record says of a meeting; a webhook by which it is over causes a fact that says so."""
    with suppress(Forgotten):
        if record.topic == DEAD_LETTERS:
            await _keep_failure(record, services)
        elif record.topic == EVENTS:
            await _keep_fact(record, services)
        else:
            return await _keep_webhook(record, services)
    return ()


CONSUMER: Final = Consumer("meetings", (WEBHOOKS, EVENTS, DEAD_LETTERS), handle)


async def _keep_webhook(record: Record, services: Services) -> Sequence[Fact]:
    said = observed(record)
    if said is None:
        await _note_lost_deliveries(record, services)
        return ()
    async with writing_of(services.database, said.provider, said.meeting_id) as tx:
        events = await _keep(tx, MeetingEvent(record.id, record.time_ms, said))
        if said.title is not None:
            called = Description(said.provider, said.room, said.title, ())
            await save_description(tx, said.provider, said.meeting_id, called)
    return (_ended(fold(events), said),) if decides(record.id, events) else ()


async def _note_lost_deliveries(record: Record, services: Services) -> None:
    """A sender that gave up has told us: what it has is to be compared with what we have, at once."""
    provider = provider_of(record)
    if provider is not None and record.type in provider.gave_up:
        async with services.database.transaction() as tx:
            await want_turn(tx, provider.name, record.time_ms)


def _ended(meeting: Meeting, said: Observation) -> Fact:
    """One fact however many events say so: status, webhook and callback tell of the same completion."""
    error = meeting.error if meeting.state is State.FAILED else None
    body = MeetingEnded(
        provider=said.provider,
        meeting_id=said.meeting_id,
        at=meeting.ended_at or said.at,
        error=error,
        message=meeting.message if meeting.state is State.FAILED else None,
    )
    return Fact(_ENDED[meeting.state], said.provider, said.meeting_id, body, distinct=error or "")


async def _keep_fact(record: Record, services: Services) -> None:
    if record.type not in _STORED:
        return
    try:
        stored = ArtifactStored.model_validate_json(record.value)
    except ValidationError as error:
        raise Poison(f"a fact of type {record.type} that cannot be read") from error
    said = Observation(
        provider=stored.provider,
        meeting_id=stored.meeting_id,
        type=record.type,
        at=stored.stored_at,
        detail=stored.name,
    )
    async with writing_of(services.database, said.provider, said.meeting_id) as tx:
        await _keep(tx, MeetingEvent(record.id, record.time_ms, said))
    await _write_manifest(stored.provider, stored.meeting_id, services)


async def _keep(tx: AsyncConnection, event: MeetingEvent) -> list[MeetingEvent]:
    """All events of the meeting, this one among them, where they had to be looked through; else none."""
    key = (event.said.provider, event.said.meeting_id)
    await add_event(tx, event)
    if not tells(event.said) and await touch_meeting(tx, *key, event.received_ms):
        return []
    events = await timeline(tx, *key)
    await save_meeting(tx, fold(events))
    return events


async def _write_manifest(provider: str, meeting_id: str, services: Services) -> None:
    """Nobody else writes `manifest.json`; the last to do so has read all that those before him had."""
    async with services.database.alone_with(provider, meeting_id):
        await _write_current_manifest(provider, meeting_id, services)


async def _write_current_manifest(provider: str, meeting_id: str, services: Services) -> None:
    name = object_name(provider, meeting_id, "manifest.json")
    before = await services.objects.stat(name)
    async with services.database.reading() as tx:
        artifacts = await artifacts_of(tx, provider, meeting_id)
    if not artifacts:
        return
    manifest = Manifest(
        provider=provider,
        meeting_id=meeting_id,
        updated_at=max(artifact.stored_at for artifact in artifacts),
        artifacts=tuple(artifacts),
    )
    body = manifest.model_dump_json(indent=2).encode()
    await put_over(services.objects, before, name, body, media_type="application/json")
    try:
        async with services.database.reading() as tx:
            await refuse_forgotten(tx, provider, meeting_id)
    except Forgotten:
        await services.objects.delete(name)
        raise


async def _keep_failure(record: Record, services: Services) -> None:
    """Takes whatever a dead letter holds: one that failed here would only become another."""
    letter = letter_of(record)
    if letter is None:
        return
    failure = Failure(
        consumer=letter.consumer,
        event_id=letter.event_id,
        event_type=letter.type,
        provider=provider_of_letter(record),
        meeting_id=letter.key,
        kind=letter.kind,
        error=letter.error,
        attempts=letter.attempts,
        failed_ms=letter.time_ms,
        partition=record.partition,
        offset=record.offset,
    )
    async with writing_of(services.database, failure.provider, failure.meeting_id) as tx:
        await add_failure(tx, failure)
