"""Replay: what failed is done again, by the code that the runner uses, in the order in which it failed."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from consumers.base import Consumer, Services
from consumers.dead_letters import LastSuccesses, open_letters
from consumers.quarantine import RECEIVER, receiver_again
from consumers.runner.attempt import GaveUp
from consumers.runner.policy import BurialStreak, Limits, RetryPolicy
from consumers.runner.run import bury_in, publish_to
from consumers.runner.work import Bury, Job, Outcome, Remember, work_through
from infra.clock import wall_clock_ms
from infra.errors import LogUnavailable
from infra.eventlog.base import EventLog, Partition
from schemas.dead_letter import Letter, letter_of, original_headers
from schemas.envelope import Record
from schemas.topics import DEAD_LETTERS

_FETCH_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ReplayCounts:
    """Of letters: `healed` are closed now, `failed` open as before, `unknown` are of no consumer given."""

    healed: int = 0
    failed: int = 0
    unknown: int = 0


async def replay(
    log: EventLog,
    *,
    services: Services,
    consumers: Sequence[Consumer],
    remember: Callable[[str], Remember],
    last_successes: LastSuccesses,
    policy: RetryPolicy,
    limits: Limits,
    stop: asyncio.Event,
    consumer: str | None = None,
    on_progress: Callable[[ReplayCounts, int], None] = lambda counts, letters: None,
    now_ms: Callable[[], int] = wall_clock_ms,
) -> ReplayCounts:
    """Hand every open letter to its consumer again, or those of one consumer; one key's strictly in order.

    A handler sees the record as it stood in the log. What succeeds is remembered, by which its letter is
    closed; what fails is buried once more in place of the letter it had, its attempts added up. Letters of
    the receiver are judged again: an event now goes to `meetings.webhooks`, anything else stays as it is.

    `remember` gives for a consumer's name what keeps its successes. `on_progress` is told of the counts so
    far and of how many letters there are. Safe to stop, kill and repeat at any time. Raises `Halt`, and
    `LogUnavailable` when the letters cannot be read to begin with.
    """
    letters = await open_letters(log, last_successes, consumer)
    known = {each.name: each for each in [*consumers, receiver_again(log, policy)]}
    counts = ReplayCounts()

    def settled(_: Record, outcome: Outcome) -> None:
        nonlocal counts
        if outcome == "done":
            counts = replace(counts, healed=counts.healed + 1)
        else:
            counts = replace(counts, failed=counts.failed + 1)
        on_progress(counts, len(letters))

    for name in dict.fromkeys(letter.consumer for letter in letters):
        own = {letter.identity: letter for letter in letters if letter.consumer == name}
        if name not in known:
            counts = replace(counts, unknown=counts.unknown + len(own))
            continue
        bury = _leave_as_it_is if name == RECEIVER else _bury_again(log, known[name], policy, now_ms, own)
        job = Job(
            consumer=known[name],
            services=services,
            publish=publish_to(log, known[name], policy, now_ms),
            bury=bury,
            remember=remember(name),
            policy=replace(policy, burials_in_a_row=None),  # nothing is emptied: these are buried already
            # Letters of the receiver often have no key, and so no lane: one worker keeps their order.
            limits=replace(limits, concurrency=1) if name == RECEIVER else limits,
            streak=BurialStreak(),
            now_ms=now_ms,
            settled=settled,
        )
        await work_through(_Letters(log, own), job, stop=stop)
    return counts


def _bury_again(
    log: EventLog,
    consumer: Consumer,
    policy: RetryPolicy,
    now_ms: Callable[[], int],
    letters: Mapping[tuple[str, ...], Letter],
) -> Bury:
    attempts = {(each.topic, each.partition, each.offset): each.attempts for each in letters.values()}
    return bury_in(
        log,
        consumer,
        policy,
        now_ms,
        attempts_before=lambda record: attempts[record.topic, record.partition, record.offset],
    )


async def _leave_as_it_is(record: Record, reason: GaveUp, attempts: int) -> None:
    """Its letter stays open, and says what the receiver said."""


class _Letters:
    """The records behind open letters, as a subscription that ends.

    Each comes where its first letter stands, whose bytes are those of every later one: letters that a replay
    wrote anew stand behind others of their key that failed after them.
    """

    def __init__(self, log: EventLog, letters: Mapping[tuple[str, ...], Letter]) -> None:
        self._log = log
        self._left = dict(letters)
        self._scan: AsyncIterator[Record] | None = None

    async def fetch(self, max_records: int, *, without: Collection[Partition] = ()) -> Sequence[Record]:
        records: list[Record] = []
        size = 0
        try:
            while self._left and len(records) < max_records and size < _FETCH_BYTES:
                if self._scan is None:
                    self._scan = self._log.scan(DEAD_LETTERS)
                record = await anext(self._scan)
                letter = letter_of(record)
                if letter is not None and self._left.pop(letter.identity, None) is not None:
                    records.append(_as_it_stood(record, letter))
                    size += len(record.value)
        except StopAsyncIteration:
            self._left.clear()  # removed by age meanwhile
        except LogUnavailable:
            self._scan = None
            if not records:
                raise
        return records

    async def commit(self, *records: Record) -> None:
        """Letters are closed by their consumer's successes."""

    async def lost(self) -> Collection[Partition]:
        """Never: nobody else reads them."""
        await asyncio.Event().wait()
        return ()


def _as_it_stood(record: Record, letter: Letter) -> Record:
    if letter.partition is None or letter.offset is None:
        return record
    return replace(
        record,
        topic=letter.topic,
        partition=letter.partition,
        offset=letter.offset,
        headers=original_headers(record.headers),
    )
