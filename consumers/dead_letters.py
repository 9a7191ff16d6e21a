"""Dead letters: burying what could not be done, and grouping it by what it has in common."""

import re
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from consumers.runner.attempt import GaveUp
from infra.eventlog.base import EventLog
from schemas.dead_letter import Letter, dead_letter_headers, original_headers
from schemas.envelope import Record, rfc3339
from schemas.topics import DEAD_LETTERS

_MOST_GROUPS: Final = 1000
_KEPT_OF_A_GROUP: Final = 3


@dataclass(frozen=True, slots=True)
class LetterGroup:
    """Letters of one consumer that failed for the same reason. `reason` has its varying parts left out.

    `count` is how many, and `last` the last few of them.
    """

    consumer: str
    kind: str
    reason: str
    count: int
    last: tuple[Letter, ...]


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


async def bury_again(
    log: EventLog,
    letter: Letter,
    record: Record,
    gave_up: GaveUp,
    *,
    attempts: int,
    replay: str,
    now_ms: int,
) -> None:
    """Append the letter that takes the place of `letter`: the same failure, with its newest reason.

    `record` has its body and headers. `attempts` are those of all times. Raises `LogUnavailable`.
    """
    headers = dead_letter_headers(
        original_headers(record.headers),
        consumer=letter.consumer,
        kind="invalid" if letter.kind == "invalid" else gave_up.kind,
        error=gave_up.error,
        attempts=attempts,
        topic=letter.topic,
        partition=letter.partition,
        offset=letter.offset,
        time=rfc3339(max(now_ms, letter.time_ms) / 1000),
        replay=replay,
    )
    if gave_up.traceback:
        headers["dl_traceback"] = gave_up.traceback
    if channel := record.headers.get("dl_channel"):
        headers["dl_channel"] = channel
    await log.append(DEAD_LETTERS, key=record.key, value=record.value, headers=headers)


def grouped(letters: Iterable[Letter]) -> Sequence[LetterGroup]:
    """By consumer, kind and reason, or type where there is no reason; the largest group first.

    Memory stays the same: of more reasons than anybody reads, the rest are one group.
    """
    counts: dict[tuple[str, str, str], int] = {}
    last: dict[tuple[str, str, str], deque[Letter]] = {}
    for letter in letters:
        group = (letter.consumer, letter.kind, _reason(letter.error) or letter.type)
        if group not in counts and len(counts) >= _MOST_GROUPS:
            group = (letter.consumer, letter.kind, "for other reasons")
        counts[group] = counts.get(group, 0) + 1
        last.setdefault(group, deque(maxlen=_KEPT_OF_A_GROUP)).append(letter)
    found = [LetterGroup(*group, count, tuple(last[group])) for group, count in counts.items()]
    return sorted(found, key=lambda group: -group.count)


_VARYING = re.compile(
    r"(?P<host>\b[a-z][a-z0-9+.-]*://[^/\s]+)/\S+|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b[0-9a-f]{16,}\b|\d{5,}",
    re.IGNORECASE,
)


def _reason(error: str) -> str:
    return _VARYING.sub(lambda found: f"{found['host']}/…" if found["host"] else "…", error)
