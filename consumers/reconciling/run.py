"""All that a provider says has ended lately is compared, and so is all that fell silent; gaps are closed."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Final

import structlog

from consumers.reconciling.base import Counts, Run, Unit
from consumers.reconciling.compare import Finding, compare
from consumers.reconciling.units import batches_of_units, stands, with_past
from consumers.reconciling.unworked import unworked
from infra.database.reconciling import Judged, Verdict, keep_judged
from infra.errors import Retryable
from infra.providers.base import KeyRefused
from schemas.topics import WEBHOOKS

_YOUNG_MS: Final = 3_600_000
_UNKNOWN_END_MS: Final = 86_400_000
_MOST_REFUSALS: Final = 5

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Gap:
    unit: Unit
    past: Judged | None
    finding: Finding


async def reconcile(run: Run) -> Counts:
    """Compare, and append what closes each gap to `meetings.webhooks`.

    Safe to kill and to repeat: what is found is written down one by one, and what is appended twice is the
    same event. Raises `Retryable` where the provider's list breaks off (what came before is done) or it keeps
    not answering, `Poison` where it has no such list, and `LogUnavailable`.
    """
    counts, refusals = Counts(), 0

    def told(found: Judged) -> None:
        nonlocal counts
        run.found(found)
        counts = counts.with_one(found)

    async with aclosing(batches_of_units(run)) as batches:
        async for units in batches:
            gaps = []
            known, forgotten = await with_past(run, units)
            counts = replace(counts, forgotten=counts.forgotten + forgotten)
            for unit, past in known:
                run.go_on()
                if past is not None and stands(past, unit, run):
                    told(past)
                    continue
                try:
                    finding = await compare(unit, past, run)
                    refusals = 0
                except Retryable as error:
                    refusals += 1
                    if isinstance(error, KeyRefused) or refusals >= _MOST_REFUSALS:
                        raise
                    finding = Finding("missing", str(error))
                if finding.record is not None:
                    gaps.append(_Gap(unit, past, finding))
                else:
                    told(await _keep(run, unit, past, finding))
            for found in await _closed(run, gaps):
                told(found)
    return counts


async def _closed(run: Run, gaps: Sequence[_Gap]) -> Sequence[Judged]:
    """What is missing is handed to the consumers, but for what has come by itself meanwhile."""
    without_event = [gap.unit for gap in gaps if not gap.finding.event_is_known]
    young = {unit for unit in without_event if run.now_ms() - _ended_ms(unit, run) < _YOUNG_MS}
    if young:
        await asyncio.sleep(run.settle_seconds)
    before_ms = {unit.meeting_id: _ended_ms(unit, run) - _YOUNG_MS for unit in without_event}
    on_their_way = await unworked(before_ms, run)
    found = []
    for gap in gaps:
        run.go_on()
        finding = gap.finding
        if gap.unit.meeting_id in on_their_way:
            finding = Finding("waiting", "Its webhook is in the log, where the consumers are not yet.")
        elif gap.unit in young:
            finding = await compare(gap.unit, gap.past, run)
        found.append(await _keep(run, gap.unit, gap.past, finding))
    return found


async def _keep(run: Run, unit: Unit, past: Judged | None, finding: Finding) -> Judged:
    """Hand over what is missing, if there is anything to be had, and write down what was found.

    In this order: who is killed in between hands it over once more.
    """
    verdict: Verdict = finding.verdict
    attempts, handed_ms = (past.attempts, past.handed_ms) if past is not None else (0, None)
    if finding.record is not None and not run.dry:
        record = finding.record
        await run.log.append(WEBHOOKS, key=record.key, value=record.value, headers=record.headers)
        log.info("fetched", provider=run.provider, meeting=unit.meeting_id, type=record.type, id=record.id)
        verdict = "fetched" if verdict == "missing" else verdict
        attempts, handed_ms = attempts + 1, run.now_ms()
    found = Judged(
        *(run.provider, unit.meeting_id, unit.event_type, verdict, finding.reason),
        at_ms=run.now_ms(),
        attempts=attempts,
        handed_ms=handed_ms,
    )
    if not run.dry:
        async with run.database.transaction() as tx:
            await keep_judged(tx, found)
    return found


def _ended_ms(unit: Unit, run: Run) -> int:
    if unit.ended_at is None:
        return unit.silent_ms or run.now_ms() - _UNKNOWN_END_MS
    return int(unit.ended_at.timestamp() * 1000)
