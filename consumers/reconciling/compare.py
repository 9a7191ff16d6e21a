"""One meeting compared with what its provider says of it: what is missing, and the record that brings it."""

from collections import Counter
from dataclasses import dataclass
from typing import Final

from consumers.reconciling.base import Run, Unit
from consumers.reconciling.standing import Standing, standing_of
from infra.database.reconciling import Judged, Verdict
from infra.errors import Poison
from infra.providers.base import DeletedUpstream, FinalEvent, UnknownUpstream
from schemas.envelope import Record, derived_id, event_headers, rfc3339
from schemas.identity import BrokenEvent
from schemas.meeting import Observation, State
from schemas.providers import provider_of
from schemas.topics import WEBHOOKS

MOST_ATTEMPTS: Final = 5
_FIRST_PAUSE_MS: Final = 10 * 60_000
_LOST_AFTER_MS: Final = 24 * 3_600_000
"""What was handed to the consumers and not worked on in this time is not in the log any more."""


@dataclass(frozen=True, slots=True)
class Finding:
    """`record` is what closes the gap, as far as it can be closed; null where there is none, or nothing of it
    can be had now. `event_is_known` says that the meeting's end is no news."""

    verdict: Verdict
    reason: str = ""
    record: Record | None = None
    event_is_known: bool = False


async def compare(unit: Unit, past: Judged | None, run: Run) -> Finding:
    """`past` is what was found last. Raises `Retryable` where the provider does not answer."""
    handed_ms = _handed_ms(past, run)
    standing = await standing_of(unit, run.database, handed_ms=handed_ms)
    if standing.working:
        return Finding("waiting", "The consumers are at work on it.")
    event_type = unit.event_type or f"{unit.provider}.{standing.newest_type or ''}"
    try:
        final = await run.api.final_event(unit.meeting_id, event_type)
    except (DeletedUpstream, UnknownUpstream) as error:
        return _without_answer(standing, str(error))
    except Poison as error:
        return Finding("impossible", str(error))
    if final is None:
        return Finding("waiting", "It is not over at the provider, or not ready there.")
    return _compared(unit, past, final, standing, run)


def _handed_ms(past: Judged | None, run: Run) -> int:
    """Since when the consumers have what was missing; 0: never, or not any more."""
    handed_ms = past.handed_ms if past is not None and past.handed_ms is not None else 0
    return handed_ms if run.now_ms() - handed_ms < _LOST_AFTER_MS else 0


def _compared(unit: Unit, past: Judged | None, final: FinalEvent, standing: Standing, run: Run) -> Finding:
    said = _observed(_record(unit, final, run.now_ms()))
    if said is None:
        return Finding("impossible", "What the provider answers is not the event that it should stand for.")
    event = standing.event_like(said, final)
    record = _record(unit, final, run.now_ms(), event.id if event is not None else None)
    lacking = [f"the event {said.type}"] if event is None else _lacking(said, standing)
    if final.deleted and said.says is State.COMPLETED and (standing.failures or not standing.artifacts):
        reason = "The provider has deleted its files, and not all of them came here."
        return Finding("impossible", reason, record if event is None else None)
    if not lacking:
        return Finding("complete")
    what = f"Missing: {', '.join(lacking)}."
    if standing.discarded is not None and event is not None:
        return Finding("impossible", f"{what} Discarded as a dead letter: {standing.discarded}")
    if past is not None and past.handed_ms is not None and not run.again:
        if past.attempts >= MOST_ATTEMPTS:
            why = standing.failures[0].error if standing.failures else "the consumers made nothing of it."
            return Finding("impossible", f"{what} Fetched {past.attempts} times: {why}")
        due_ms = past.handed_ms + _FIRST_PAUSE_MS * 3 ** (past.attempts - 1)
        if run.now_ms() < due_ms and event is None:
            return Finding("waiting", "The consumers have it.")
        if run.now_ms() < due_ms:
            return Finding("missing", f"{what} Fetched before; once more from {rfc3339(due_ms / 1000)} on.")
    return Finding("missing", what, record, event_is_known=event is not None)


def _without_answer(standing: Standing, reason: str) -> Finding:
    """Nobody can tell what there was: what came and was worked on is all."""
    if standing.ended and not standing.failures:
        return Finding("complete")
    return Finding("impossible", reason)


def _lacking(said: Observation, standing: Standing) -> list[str]:
    """Kinds of files, sorted. However many transcripts there are, they are versions of one."""
    there = Counter(artifact.kind for artifact in standing.artifacts)
    wanted = Counter(link.kind for link in said.links)
    if said.transcript is not None or wanted["transcript"]:
        wanted["transcript"] = 1
    if said.summary is not None:
        wanted["summary"] = 1
    return sorted(wanted - there)


def _record(unit: Unit, final: FinalEvent, now_ms: int, id_: str | None = None) -> Record:
    name = final.type.removeprefix(f"{unit.provider}.")
    at = unit.ended_at.timestamp() if unit.ended_at is not None else now_ms / 1000
    headers = event_headers(
        id=id_ or final.id or derived_id(unit.provider, name, unit.meeting_id),
        source=f"/reconcile/{unit.provider}",
        type=final.type,
        subject=unit.meeting_id,
        time=rfc3339(at),
    )
    return Record(WEBHOOKS, 0, 0, unit.meeting_id, now_ms, headers, final.body)


def _observed(record: Record) -> Observation | None:
    provider = provider_of(record)
    try:
        return None if provider is None else provider.observe(record)
    except BrokenEvent:
        return None
