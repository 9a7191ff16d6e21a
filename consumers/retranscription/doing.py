"""One retranscription, carried out: the machine says what to do, here it is done and recorded."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import structlog
from pydantic import ValidationError

from consumers.asking import api_of
from consumers.base import Services
from consumers.copying.wanted import Wanted
from consumers.forgotten import Forgotten, refuse_forgotten, writing_of
from consumers.retranscription.deciding import type_of
from consumers.retranscription.machine import (
    Ask,
    Become,
    Call,
    Fetch,
    Over,
    Pace,
    Seen,
    Wait,
    become,
    called,
    next_step,
)
from consumers.retranscription.telling import failed
from consumers.transcripts import store_from_api, stored_for
from infra.database.events import timeline
from infra.database.retranscriptions import (
    Retranscription,
    Stage,
    add_retranscription,
    change_retranscription,
    retranscriptions_of,
)
from infra.database.transcripts import versions_of
from infra.errors import Later, Poison, Retryable
from infra.providers.base import NotOffered, ProviderApi, Transcription, Unclear
from schemas.envelope import Record
from schemas.facts import Fact, RetranscriptionRequested
from schemas.meeting import Link, Observation

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Work:
    """A request, and what it is done with."""

    record: Record
    services: Services
    now_ms: Callable[[], int]
    pace: Pace

    async def recorded(self, before: Retranscription, after: Retranscription) -> bool:
        """False where somebody else has made something of it meanwhile, be it the same: nothing changes."""
        async with writing_of(self.services.database, before.provider, before.meeting_id) as tx:
            if not await change_retranscription(tx, before, after):
                return False
        if after.stage is not before.stage:
            log.info("retranscription", stage=after.stage.value, reason=after.message)
        return True

    async def change(self, before: Retranscription, after: Retranscription) -> Retranscription:
        """What is recorded now: `after`, or what somebody else has made of it."""
        return after if await self.recorded(before, after) else await _request(self)


async def carry_out(
    record: Record, services: Services, *, now_ms: Callable[[], int], pace: Pace
) -> Sequence[Fact]:
    """See one request through, from wherever it stands. Safe to repeat, and beside others who do it.

    Raises `Later` until it is over, and `Poison` with the fact that it failed, however often it is told of.
    """
    work = _Work(record, services, now_ms, pace)
    with suppress(Forgotten):
        one, there, trouble = await _request(work), None, ""
        while True:
            seen = Seen(await _newest_version(one, services), there, trouble)
            step = next_step(one, seen, now_ms(), pace)
            there, trouble, stage_before = None, "", one.stage
            match step:
                case Ask():
                    one, there, trouble = await _ask(one, work)
                case Call():
                    one = await _call(one, seen, work)
                case Fetch():
                    one = await _fetch(one, work)
                case Become(stage, message):
                    one = await work.change(one, become(one, stage, now_ms(), message))
                case Wait(seconds):
                    raise Later(f"The retranscription is {one.stage.value}.", seconds)
                case Over():
                    return await _end(one, work)
            if one.stage is Stage.FAILED and stage_before is not Stage.FAILED:
                return await _end(one, work)  # what failed is begun anew only when it is told of again
    return ()


async def _request(work: _Work) -> Retranscription:
    """What is known of it; what a person asks for is recorded here first."""
    record = work.record
    try:
        told = RetranscriptionRequested.model_validate_json(record.value)
    except ValidationError as error:
        raise Poison(f"a fact of type {record.type} that cannot be read") from error
    key = (told.provider, told.meeting_id)
    async with writing_of(work.services.database, *key) as tx:
        for one in await retranscriptions_of(tx, *key):
            if one.request == record.id:
                return one
        event_type = type_of(told.provider, await timeline(tx, *key))
        if event_type is None:
            raise Poison("No such meeting is known here, so that nobody can be asked for its transcript.")
        one = Retranscription(
            *key,
            request=record.id,
            cause=record.id,
            reason=told.reason,
            event_type=event_type,
            transcriber=told.transcriber,
            language=told.language,
            stage=Stage.REQUESTED,
            requested_ms=work.now_ms(),
        )
        await add_retranscription(tx, one)
    return one


async def _newest_version(one: Retranscription, services: Services) -> int:
    async with services.database.reading() as tx:
        await refuse_forgotten(tx, one.provider, one.meeting_id)
        versions = await versions_of(tx, one.provider, one.meeting_id)
    return versions[-1].version if versions else 0


async def _ask(one: Retranscription, work: _Work) -> tuple[Retranscription, Transcription | None, str]:
    """How far the provider is, or why it does not say."""
    there, trouble = None, ""
    try:
        there = await api_of(one.provider, work.services).transcription(one.meeting_id, one.event_type)
    except Retryable as error:
        trouble = str(error)
    except Poison as error:
        if one.stage is Stage.REQUESTED:
            return await work.change(one, become(one, Stage.FAILED, work.now_ms(), str(error))), None, ""
        trouble = str(error)
    asked = await work.change(one, replace(one, asked_ms=work.now_ms()))
    return (asked, there, trouble) if asked.stage is one.stage else (asked, None, "")


async def _call(one: Retranscription, seen: Seen, work: _Work) -> Retranscription:
    """Whoever records that he calls is the one who does."""
    assert seen.there is not None
    calling = called(one, seen.there, seen.version, work.now_ms())
    if not await work.recorded(one, calling):
        return await _request(work)
    try:
        await _retranscribe(one, api_of(one.provider, work.services), work.services.transcripts.key)
    except Unclear as error:
        log.warning("unclear_call", reason=str(error))
        return calling
    except Retryable as error:
        await work.change(calling, become(calling, Stage.REQUESTED, work.now_ms(), str(error)))
        raise Later(f"Not taken: {error}", max(error.after_seconds or 0, work.pace.look)) from error
    except Poison as error:
        refused = replace(calling, called_ms=None)
        return await work.change(calling, become(refused, Stage.FAILED, work.now_ms(), str(error)))
    return await work.change(calling, become(calling, Stage.CALLED, work.now_ms()))


async def _retranscribe(one: Retranscription, api: ProviderApi, key: str | None) -> None:
    """A language that the provider cannot be told is no reason to have no transcript, but where it is the
    reason."""
    by = one.transcriber
    try:
        await api.retranscribe(
            one.meeting_id, one.event_type, provider=by, language=one.language, key=key if by else None
        )
    except NotOffered:
        if one.language is None or one.reason in ("language", "hand"):
            raise
        await api.retranscribe(
            one.meeting_id, one.event_type, provider=by, language=None, key=key if by else None
        )


async def _fetch(one: Retranscription, work: _Work) -> Retranscription:
    try:
        await store_from_api(_cause(one, work), work.services)
    except Poison as error:
        return await work.change(one, become(one, Stage.FAILED, work.now_ms(), str(error)))
    return await work.change(one, become(one, Stage.DONE, work.now_ms()))


async def _end(one: Retranscription, work: _Work) -> Sequence[Fact]:
    """What was stored for it is told by whoever comes last, which may be after a crash."""
    if one.stage is Stage.FAILED:
        raise Poison(one.message, facts=[failed(one)])
    return await stored_for(_cause(one, work), work.services)


def _cause(one: Retranscription, work: _Work) -> Wanted:
    said = Observation(one.provider, one.meeting_id, work.record.type)
    return Wanted(Link("transcript", ""), said, work.record.id, one.event_type)
