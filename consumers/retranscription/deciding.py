"""Whether a meeting's transcript is made again: asked whenever something ended, decided at most so often."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

import structlog
from pydantic import BaseModel, ValidationError

from consumers.base import Services
from consumers.forgotten import Forgotten, refuse_forgotten, writing_of
from consumers.meeting_state import FINAL
from consumers.retranscription.policy import Had, Reason, why_again
from consumers.retranscription.telling import requested
from infra.database.events import MeetingEvent, timeline
from infra.database.locks import lock_budget
from infra.database.retranscriptions import (
    Retranscription,
    Stage,
    add_retranscription,
    count_retranscriptions,
    retranscriptions_of,
)
from infra.database.transcripts import TranscriptVersion, versions_of
from infra.errors import Later, Poison
from infra.providers.base import Transcription
from schemas.envelope import Record
from schemas.facts import (
    MEETING_COMPLETED,
    MEETING_FAILED,
    RETRANSCRIPTION_FAILED,
    TRANSCRIPT_STORED,
    Fact,
)

ASKS: Final = frozenset({MEETING_COMPLETED, MEETING_FAILED, TRANSCRIPT_STORED, RETRANSCRIPTION_FAILED})
"""The facts at which the policy is asked."""

_DAY_MS: Final = 86_400_000
_OVER_BUDGET: Final = "The day's budget was used up: {count} of {most}. `adjourn retranscribe` asks for it."

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Patience:
    """In seconds: a transcript is missing when it has not come for `coming`; facts older than `young` are
    history, of which nothing is made again."""

    coming: float = 600
    look: float = 60
    young: float = 86_400


@dataclass(frozen=True, slots=True)
class _There:
    """A meeting as it stands here. `event_type` is the `ce_type` by which its sender's API knows it."""

    events: Sequence[MeetingEvent]
    newest: TranscriptVersion | None
    decided: Sequence[Retranscription]


class _Told(BaseModel):
    """What every fact says."""

    provider: str
    meeting_id: str


async def decide(record: Record, services: Services, now_ms: int, patience: Patience) -> Sequence[Fact]:
    """The fact that a transcript is to be made again, if the policy wants it.

    Told again of the same fact it decides the same. Once a meeting had a retranscription, whoever wanted it,
    what comes of the meeting decides nothing any more, since that may be what came of it: only that one of
    ours has failed does, and then no more often than the policy allows.
    """
    wish = services.transcripts
    if wish.when == "never" or now_ms - record.time_ms > patience.young * 1000:
        return ()
    told = _read(record)
    with suppress(Forgotten):
        there = await _there(told, services)
        if now_ms - _ended_ms(record, there) > patience.young * 1000:
            return ()
        before = next((one for one in there.decided if one.cause == record.id), None)
        if before is not None:
            return () if before.stage is Stage.SKIPPED else (requested(before),)
        if not _may_decide(record, there, wish.most_per_meeting):
            return ()
        reason = await _reason(record, told, there, services, now_ms, patience)
        if reason is not None:
            return await _recorded(record, told, there, reason, services, now_ms)
    return ()


def _ended_ms(record: Record, there: _There) -> int:
    """When we first heard of the meeting's end: a replay tells of it anew."""
    heard = [event.received_ms for event in there.events if event.said.says in FINAL]
    return max(heard, default=record.time_ms)


def type_of(provider: str, events: Sequence[MeetingEvent]) -> str | None:
    """The `ce_type` by which the sender's API knows a meeting: that of its end, else of any event."""
    said = [event.said for event in events if event.said.says in FINAL] or [event.said for event in events]
    return f"{provider}.{said[-1].type}" if said else None


def _read(record: Record) -> _Told:
    try:
        return _Told.model_validate_json(record.value)
    except ValidationError as error:
        raise Poison(f"a fact of type {record.type} that cannot be read") from error


async def _there(told: _Told, services: Services) -> _There:
    key = (told.provider, told.meeting_id)
    async with services.database.reading() as tx:
        await refuse_forgotten(tx, *key)
        versions = await versions_of(tx, *key)
        return _There(
            await timeline(tx, *key), versions[-1] if versions else None, await retranscriptions_of(tx, *key)
        )


def _may_decide(record: Record, there: _There, most: int) -> bool:
    decided = [one for one in there.decided if one.stage is not Stage.SKIPPED]
    if record.type != RETRANSCRIPTION_FAILED:
        return not decided
    ours = all(one.stage is Stage.FAILED and one.reason != "hand" for one in decided)
    return ours and 0 < len(decided) < most


async def _reason(
    record: Record, told: _Told, there: _There, services: Services, now_ms: int, patience: Patience
) -> Reason | None:
    """Raises `Later` while what there is may yet change by itself."""
    api, event_type = services.providers.get(told.provider), type_of(told.provider, there.events)
    failed = any("transcription" in (event.said.error or "").lower() for event in there.events)
    if api is None or event_type is None or (record.type == MEETING_FAILED and not failed):
        return None
    try:
        at_sender = await api.transcription(told.meeting_id, event_type)
    except Poison as error:
        log.info("not_retranscribed", reason=str(error))
        return None
    newest = there.newest
    if not (newest and newest.words) and _may_yet_come(at_sender, failed):
        if at_sender.running or now_ms - record.time_ms < patience.coming * 1000:
            raise Later("The transcript may yet come.", patience.look)
        if at_sender.there:  # and what is wrong with it is in a dead letter
            return None
    had = Had(
        words=newest.words if newest else None,
        failed=failed or at_sender.failures > 0,
        language=newest.language if newest else None,
        provider=at_sender.provider,
    )
    return why_again(services.transcripts, had)


def _may_yet_come(at_sender: Transcription, failed: bool) -> bool:
    failed = failed or at_sender.failures > 0
    return bool(at_sender.running or at_sender.there or (at_sender.running is None and not failed))


async def _recorded(
    record: Record, told: _Told, there: _There, reason: Reason, services: Services, now_ms: int
) -> Sequence[Fact]:
    """The decision is of whoever records it first."""
    wish, key = services.transcripts, (told.provider, told.meeting_id)
    one = Retranscription(
        *key,
        request="",
        cause=record.id,
        reason=reason,
        event_type=type_of(told.provider, there.events) or "",
        transcriber=wish.provider,
        language=wish.language,
        stage=Stage.REQUESTED,
        requested_ms=now_ms,
    )
    one = replace(one, request=requested(one).id)
    async with writing_of(services.database, *key) as tx:
        await lock_budget(tx)
        decided = await retranscriptions_of(tx, *key)
        if not _may_decide(record, replace(there, decided=decided), wish.most_per_meeting):
            return ()
        count = await count_retranscriptions(tx, since_ms=now_ms // _DAY_MS * _DAY_MS)
        if count >= wish.most_per_day:
            message = _OVER_BUDGET.format(count=count, most=wish.most_per_day)
            one = replace(one, stage=Stage.SKIPPED, ended_ms=now_ms, message=message)
        await add_retranscription(tx, one)
    log.info("decided", stage=one.stage.value, reason=reason)
    return () if one.stage is Stage.SKIPPED else (requested(one),)
