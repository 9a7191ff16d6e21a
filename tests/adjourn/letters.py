"""Dead letters as consumers and the receiver bury them, written into the log of a program."""

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice

from infra.clock import wall_clock_ms
from infra.eventlog.kafka.options import KafkaOptions
from infra.eventlog.open import open_log
from schemas.dead_letter import DeadLetterKind, dead_letter_headers
from schemas.envelope import event_headers, rfc3339
from schemas.topics import DEAD_LETTERS, WEBHOOKS
from tests.adjourn.program import Program

_AT_ONCE = 1000


@dataclass(frozen=True)
class Buried:
    """`offset` is where its record would stand in `meetings.webhooks`; null for what the receiver refused."""

    event_id: str
    meeting: str
    value: bytes
    offset: int | None = 0
    consumer: str = "meetings"
    kind: DeadLetterKind = "exhausted"
    error: str = "the database is away"
    attempts: int = 1
    ago_ms: int = 60_000
    type: str = "meeting-baas.bot.status_change"
    more: Mapping[str, str] = field(default_factory=dict)


def a_status(event_id: str, meeting: str, offset: int, **others: str) -> Buried:
    """What `meetings` would keep as a row of the meeting's timeline."""
    said = {
        "event": "bot.status_change",
        "data": {
            "bot_id": meeting,
            "status": {"code": "in_call_recording", "created_at": "2026-01-02T03:04:05.000Z"},
        },
    }
    return Buried(event_id, meeting, json.dumps(said).encode(), offset, **others)  # type: ignore[arg-type]


def no_event(event_id: str) -> Buried:
    """What the receiver refused, and will again."""
    return Buried(
        event_id,
        "",
        b"[not json",
        None,
        consumer="receiver",
        kind="invalid",
        error="the body is not JSON",
        type="meeting-baas.unreadable",
        more={"dl_channel": "webhook-v1"},
    )


def bury(program: Program, letters: Iterable[Buried]) -> None:
    asyncio.run(
        bury_in(program.settings.get("ADJOURN_LOG_URL") or f"sqlite:///{program.folder}/var/log.db", letters)
    )


async def bury_in(log_url: str, letters: Iterable[Buried], *, set_up: bool = False) -> None:
    log = open_log(log_url, kafka=KafkaOptions(partitions=2))
    try:
        if set_up:
            await log.setup()
        every = iter(letters)
        while some := [*islice(every, _AT_ONCE)]:
            await asyncio.gather(
                *(
                    log.append(DEAD_LETTERS, key=letter.meeting, value=letter.value, headers=_headers(letter))
                    for letter in some
                )
            )
    finally:
        await log.close()


def _headers(letter: Buried) -> dict[str, str]:
    event = event_headers(
        id=letter.event_id,
        source="/webhooks/meeting-baas",
        type=letter.type,
        subject=letter.meeting,
        time="2026-01-02T03:04:05Z",
    )
    return dict(letter.more) | dead_letter_headers(
        event,
        consumer=letter.consumer,
        kind=letter.kind,
        error=letter.error,
        attempts=letter.attempts,
        topic=WEBHOOKS,
        partition=None if letter.offset is None else 0,
        offset=letter.offset,
        time=rfc3339((wall_clock_ms() - letter.ago_ms) / 1000),
    )
