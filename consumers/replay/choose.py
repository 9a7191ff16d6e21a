"""Choosing what a replay is about: letters, or records of a topic; memory stays the same."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from consumers.replay.index import Index, Row
from consumers.replay.which import Which
from infra.database.closings import Closing
from infra.database.replays import Replay
from infra.eventlog.base import EventLog
from schemas.dead_letter import Letter, letter_of
from schemas.envelope import Record
from schemas.topics import DEAD_LETTERS

Closings = Callable[[str, Collection[str]], Awaitable[Mapping[str, Closing]]]
"""What closed each of these events for a consumer, by `Letter.outcome_id`; what is open is left out."""

_CLOCKS_DIFFER_MS: Final = 60 * 60 * 1000
"""A letter says when it was buried by the clock of whoever did it, and the log when it came by another."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a replay is asked for: dead letters or, with a `topic`, its records.

    `again` is also about what has been done or discarded since. `once_each` is about records, whoever is to
    handle them: each once.
    """

    which: Which
    topic: str | None = None
    again: bool = False
    once_each: bool = False

    @property
    def source(self) -> str:
        """The topic in which the bodies are."""
        return self.topic or DEAD_LETTERS


async def choose(
    log: EventLog,
    wanted: Wanted,
    readers: Sequence[str],
    closings: Closings,
    *,
    run: Replay | None,
    into: Index,
) -> int:
    """Fill an index with what is left to do, and return how many have failed in this `run` already.

    `readers` are the consumers of a `topic`. Of a run that was left on its way, nothing comes that it has
    done. Raises `LogUnavailable`, `Retryable` and `Halt`.
    """
    with Index() as found:
        index = found if wanted.once_each else into
        if wanted.topic is None:
            await choose_letters(log, wanted.which, index)
        else:
            await choose_records(log, wanted.topic, readers, wanted.which, index)
        failed = 0 if run is None else drop_failed_in(index, run.id)
        if not wanted.again:
            await drop_closed(index, closings)
        elif run is not None:
            await drop_closed(index, closings, done_since_ms=run.began_ms)
        if wanted.once_each:
            once_each(index, into)
            drop_republished(into, {} if run is None else run.marks)
    return failed


async def choose_letters(log: EventLog, which: Which, index: Index) -> None:
    """The newest letter of each failure that is meant, also where it is closed.

    In the order in which they first failed: in order per key. Raises `LogUnavailable`.
    """
    since_ms = None if which.since_ms is None else which.since_ms - _CLOCKS_DIFFER_MS
    async for record in log.scan(DEAD_LETTERS, since_ms=since_ms):
        if which.consumer not in (None, record.headers.get("dl_consumer")) or not which.is_of(record):
            continue
        letter = letter_of(record)
        if letter is not None:
            index.add(letter, record, counts=which.is_in_time(letter.time_ms) and which.fits(letter))


async def choose_records(
    log: EventLog, topic: str, readers: Sequence[str], which: Which, index: Index
) -> None:
    """The records of a topic that are meant, once for each reader, with the letter that it has.

    One that has none is as a letter without a reason, of no attempts, as old as the record. Raises
    `LogUnavailable`.
    """
    with Index() as letters:
        failures = replace(which, until_ms=None, kind=None, error=None, max_attempts=None)
        await choose_letters(log, failures, letters)
        async for record in log.scan(topic, since_ms=which.since_ms):
            if not which.is_in_time(record.time_ms) or not which.is_of(record):
                continue
            for reader in readers:
                without = _letter_of(record, reader)
                known = letters.find(without)
                if (known or not which.asks_for_a_letter) and which.fits(known or without):
                    index.add(known or without, record)


async def drop_closed(index: Index, closings: Closings, *, done_since_ms: int | None = None) -> None:
    """Leave what is open. With `done_since_ms`, only what was closed since then is dropped, and not what was
    closed before."""
    for rows in index.rows():
        index.remove(await closed_among(rows, closings, done_since_ms=done_since_ms))


async def closed_among(
    rows: Sequence[Row], closings: Closings, *, done_since_ms: int | None = None
) -> Sequence[Row]:
    ids: dict[str, set[str]] = {}
    for row in rows:
        ids.setdefault(row.letter.consumer, set()).add(row.letter.outcome_id)
    known = {name: await closings(name, events) for name, events in ids.items()}
    return [
        row
        for row in rows
        if is_closed(row.letter, known[row.letter.consumer].get(row.letter.outcome_id), done_since_ms)
    ]


def is_closed(letter: Letter, closing: Closing | None, done_since_ms: int | None = None) -> bool:
    if closing is None:
        return False
    return closing.at_ms > letter.time_ms if done_since_ms is None else closing.at_ms >= done_since_ms


def drop_failed_in(index: Index, replay_id: str) -> int:
    """Leave out what has failed in this replay already, and return how many that are."""
    return _drop(index, lambda row: row.letter.replay == replay_id)


def drop_republished(index: Index, marks: Mapping[int, int]) -> None:
    """Leave out what stands at a partition's mark or before it."""
    _drop(index, lambda row: row.offset <= marks.get(row.partition, -1))


def once_each(index: Index, records: Index) -> None:
    """Every record of `index` once, whoever failed at it; what never reached the log is left out."""
    for rows in index.rows():
        for row in rows:
            if row.letter.offset is not None:
                records.add(replace(row.letter, consumer=""), row)


def _drop(index: Index, is_meant: Callable[[Row], bool]) -> int:
    count = 0
    for rows in index.rows():
        meant = [row for row in rows if is_meant(row)]
        index.remove(meant)
        count += len(meant)
    return count


def _letter_of(record: Record, consumer: str) -> Letter:
    return Letter(
        consumer=consumer,
        kind="",
        error="",
        attempts=0,
        time_ms=record.time_ms,
        event_id=record.id,
        type=record.type,
        key=record.key,
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
    )
