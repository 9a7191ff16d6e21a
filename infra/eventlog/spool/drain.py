"""From the spool to the main log, in order; and what becomes of a record that the main log never takes."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from infra.errors import Halt, LogUnavailable
from infra.eventlog.base import EventLog
from infra.eventlog.spool import metrics
from infra.eventlog.spool.file import SpoolFile
from schemas.dead_letter import dead_letter_headers, one_line
from schemas.envelope import Headers, Record, rfc3339
from schemas.topics import DEAD_LETTERS

log = structlog.get_logger()

_RECORDS_AT_ONCE: Final = 500
_LAST_BYTES: Final = 4 * 1024 * 1024

AWAY: Final = (LogUnavailable, Halt)
"""What a log raises on its own account. Any other error of an append is the record's."""


class MainLogAway(Exception):
    """The main log takes nothing now; the text is its own."""


def begun(main: EventLog, topic: str, key: str, value: bytes, headers: Headers) -> "asyncio.Future[None]":
    """An append that has begun, and fails in the future, not here."""
    try:
        return asyncio.ensure_future(main.append(topic, key=key, value=value, headers=headers))
    except Exception as exc:
        failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        failed.set_exception(exc)
        return failed


@dataclass(frozen=True, slots=True)
class Drain:
    """`now_ms` is the time in milliseconds since 1970 UTC."""

    main: EventLog
    spool: SpoolFile
    now_ms: Callable[[], int]

    async def run(self) -> int:
        """Hand over all that waits, also what comes meanwhile, until nothing is left; how many records.

        A key's records stay in order: they are appended in theirs, and a log that fails one of them fails
        those behind it, after which all come again. One process at a time may do this. Raises `MainLogAway`,
        and `LogUnavailable` when the spool cannot be read or its flag not be lowered.
        """
        count = 0
        while True:
            records = await self.spool.read(_RECORDS_AT_ONCE)
            last = len(records) < _RECORDS_AT_ONCE and sum(len(r.value) for r in records) < _LAST_BYTES
            if last:
                self.spool.hold_back()
            if records:
                await self._hand_over(records)
                count += len(records)
            if last and await self.spool.lower_flag():
                return count
            await self.measure()

    async def refuse(self, record: Record, error: BaseException) -> None:
        """Keep what the main log does not take for what it is: a dead letter, or set aside in the spool.

        The record's offset means nothing. Raises `MainLogAway`, and `LogUnavailable` when the spool fails.
        """
        reason = one_line(f"{type(error).__name__}: {error}")
        kept_in = DEAD_LETTERS
        if record.topic == DEAD_LETTERS or not await self._bury(record, reason):
            kept_in = "spool"
            await self.spool.set_aside(record, reason)
        metrics.REFUSED.inc()
        log.error(
            "refused_by_log",
            topic=record.topic,
            event_id=record.id,
            size_bytes=len(record.value),
            reason=reason,
            kept_in=kept_in,
        )

    async def measure(self) -> None:
        """Raises `LogUnavailable`."""
        content = await self.spool.content()
        waited_ms = 0 if content.oldest_ms is None else self.now_ms() - content.oldest_ms
        metrics.RECORDS.set(content.records)
        metrics.OLDEST_SECONDS.set(max(waited_ms, 0) / 1000)
        metrics.ASIDE.set(content.aside)

    async def _hand_over(self, records: Sequence[Record]) -> None:
        """Up to the first that fails because the main log is away."""
        appends = [begun(self.main, r.topic, r.key, r.value, r.headers) for r in records]
        errors = await asyncio.gather(*appends, return_exceptions=True)
        done = None
        try:
            for record, error in zip(records, errors, strict=True):
                if error is not None:
                    _raise_if_away(error)
                    await self.refuse(record, error)
                done = record.offset
                metrics.DRAINED.inc()
        finally:
            if done is not None:
                await self.spool.handed_over(done)

    async def _bury(self, record: Record, reason: str) -> bool:
        """False when the topic of the dead letters does not take it either."""
        headers = dead_letter_headers(
            record.headers,
            consumer="receiver",
            kind="invalid",
            error=reason,
            attempts=1,
            topic=record.topic,
            partition=None,
            offset=None,
            time=rfc3339(self.now_ms() / 1000),
        )
        try:
            await self.main.append(DEAD_LETTERS, key=record.key, value=record.value, headers=headers)
        except Exception as exc:
            _raise_if_away(exc)
            return False
        return True


def _raise_if_away(error: BaseException) -> None:
    if isinstance(error, AWAY) or not isinstance(error, Exception):
        raise MainLogAway(str(error) or type(error).__name__) from error
