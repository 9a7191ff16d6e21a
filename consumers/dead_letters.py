"""Dead letters: burying what could not be done, and telling which of it is still open."""

import re
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from consumers.runner.attempt import GaveUp
from infra.eventlog.base import EventLog
from schemas.dead_letter import Letter, dead_letter_headers, letter_of, original_headers
from schemas.envelope import Record, rfc3339
from schemas.topics import DEAD_LETTERS

LastSuccesses = Callable[[str, Collection[str]], Awaitable[Mapping[str, int]]]
"""When a consumer last did each of these events, in ms since 1970 UTC; those it never did are left out."""


@dataclass(frozen=True, slots=True)
class LetterGroup:
    """Letters of one consumer that failed for the same reason. `reason` has its varying parts left out."""

    consumer: str
    kind: str
    reason: str
    letters: tuple[Letter, ...]


async def bury(
    log: EventLog, consumer: str, record: Record, gave_up: GaveUp, *, attempts: int, now_ms: int
) -> None:
    """Append the record to the dead letters, or replace the letter it has. Raises `LogUnavailable`."""
    headers = dead_letter_headers(
        original_headers(record.headers),
        consumer=consumer,
        kind=gave_up.kind,
        error=gave_up.error,
        attempts=attempts,
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        time=rfc3339(now_ms / 1000),
    )
    if gave_up.traceback:
        headers["dl_traceback"] = gave_up.traceback
    await log.append(DEAD_LETTERS, key=record.key, value=record.value, headers=headers)


async def all_letters(log: EventLog, consumer: str | None = None) -> list[Letter]:
    """The newest letter of each failure, in the order in which they first failed: in order per key."""
    letters: dict[tuple[str, ...], Letter] = {}
    async for record in log.scan(DEAD_LETTERS):
        letter = letter_of(record)
        if letter is not None and consumer in (None, letter.consumer):
            letters[letter.identity] = letter
    return list(letters.values())


async def open_letters(
    log: EventLog, last_successes: LastSuccesses, consumer: str | None = None
) -> list[Letter]:
    """Those whose consumer has not done the event since; of all consumers or of one."""
    letters = await all_letters(log, consumer)
    ids: dict[str, set[str]] = {}
    for letter in letters:
        ids.setdefault(letter.consumer, set()).add(letter.event_id)
    successes = {name: await last_successes(name, events) for name, events in ids.items()}
    return [
        letter for letter in letters if successes[letter.consumer].get(letter.event_id, 0) <= letter.time_ms
    ]


def grouped(letters: Iterable[Letter]) -> Sequence[LetterGroup]:
    """By consumer, kind and reason; the largest group first."""
    groups: dict[tuple[str, str, str], list[Letter]] = {}
    for letter in letters:
        groups.setdefault((letter.consumer, letter.kind, _reason(letter.error)), []).append(letter)
    found = [LetterGroup(*name, tuple(members)) for name, members in groups.items()]
    return sorted(found, key=lambda group: -len(group.letters))


_VARYING = re.compile(
    r"(?P<host>\b[a-z][a-z0-9+.-]*://[^/\s]+)/\S+|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b[0-9a-f]{16,}\b|\d{5,}",
    re.IGNORECASE,
)


def _reason(error: str) -> str:
    return _VARYING.sub(lambda found: f"{found['host']}/…" if found["host"] else "…", error)
