"""The consumer: facts at which the policy is asked, and requests that are carried out.

A request that waits for its answer holds back only what else this consumer hears of the same meeting.
"""

from collections.abc import Callable, Sequence
from typing import Final

from consumers.base import Consumer, Services
from consumers.retranscription.deciding import ASKS, Patience, decide
from consumers.retranscription.doing import carry_out
from consumers.retranscription.machine import Pace
from infra.clock import wall_clock_ms
from schemas.envelope import Record
from schemas.facts import RETRANSCRIPTION_REQUESTED, Fact
from schemas.topics import EVENTS


async def handle(
    record: Record,
    services: Services,
    *,
    now_ms: Callable[[], int] = wall_clock_ms,
    pace: Pace = Pace(),  # noqa: B008 frozen
    patience: Patience = Patience(),  # noqa: B008 frozen
) -> Sequence[Fact]:
    """Decide whether a transcript is made again, or see to it that it is."""
    if record.type in ASKS:
        return await decide(record, services, now_ms(), patience)
    if record.type == RETRANSCRIPTION_REQUESTED:
        return await carry_out(record, services, now_ms=now_ms, pace=pace)
    return ()


CONSUMER: Final = Consumer("retranscription", (EVENTS,), handle)
