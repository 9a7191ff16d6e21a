"""Doing it again: what was chosen is handed to its consumers, by the code that the runner uses."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from consumers.base import Consumer, Services
from consumers.dead_letters import bury_again
from consumers.quarantine import RECEIVER, receiver_again
from consumers.replay.choose import Closings
from consumers.replay.index import Index
from consumers.replay.source import Bounds, Chosen
from consumers.runner.attempt import GaveUp
from consumers.runner.patience import patiently
from consumers.runner.policy import BurialStreak, Limits, RetryPolicy
from consumers.runner.run import publish_to
from consumers.runner.work import Job, Outcome, Remember, work_through
from infra.clock import wall_clock_ms
from infra.eventlog.base import EventLog
from schemas.dead_letter import Letter
from schemas.envelope import Record
from schemas.topics import DEAD_LETTERS

_UNBOUNDED: Final = Bounds()


@dataclass(frozen=True, slots=True)
class ReplayCounts:
    """`healed` are done now, `failed` open as before, `passed` done meanwhile by others, `unknown` of no
    consumer that there is."""

    healed: int = 0
    failed: int = 0
    passed: int = 0
    unknown: int = 0


@dataclass(frozen=True, slots=True)
class Handled:
    """What became of one record. `letter` is the one that it had; `error` is "" where it is done."""

    letter: Letter
    outcome: Outcome
    error: str


@dataclass(frozen=True, slots=True)
class Means:
    """What a replay works with.

    `remember` gives for a consumer's name what keeps its successes. `told` hears of each record that is
    through. `id` names the replay in the letters that it writes.
    """

    id: str
    log: EventLog
    services: Services
    remember: Callable[[str], Remember]
    closings: Closings
    policy: RetryPolicy
    limits: Limits
    stop: asyncio.Event
    told: Callable[[Handled], None] = lambda handled: None
    now_ms: Callable[[], int] = wall_clock_ms


async def replay(
    index: Index,
    consumers: Sequence[Consumer],
    means: Means,
    *,
    topic: str = DEAD_LETTERS,
    bounds: Bounds = _UNBOUNDED,
    done_since_ms: int | None = None,
) -> ReplayCounts:
    """Hand every record of the index, which is of `topic`, to its consumer; one key's strictly in order.

    A handler sees the record as it stood in the log. What succeeds is remembered, by which its letter is
    closed; what fails is buried once more in place of the letter it had, its attempts added up. Letters of
    the receiver are judged again: an event now goes to `meetings.webhooks`. `done_since_ms` is as in
    `drop_closed`.

    Safe to stop, kill and repeat at any time. Raises `Halt`, and `LogUnavailable` when the log cannot be read
    to begin with.
    """
    known = {each.name: each for each in [*consumers, receiver_again(means.log, means.policy)]}
    counts = ReplayCounts()
    for name, count in index.counts().items():
        if means.stop.is_set():
            break
        if name not in known:
            counts = replace(counts, unknown=counts.unknown + count)
            continue
        source = Chosen(
            means.log,
            topic,
            index,
            name,
            bounds=bounds,
            closings=means.closings,
            done_since_ms=done_since_ms,
        )
        work = _Work(known[name], source, means)
        await work_through(source, work.job(), stop=means.stop)
        await work.remember_the_nameless()
        if bounds.limit is not None:
            bounds = replace(bounds, limit=bounds.limit - source.given)
        counts = replace(
            counts,
            healed=counts.healed + work.healed,
            failed=counts.failed + work.failed,
            passed=counts.passed + source.passed,
        )
    return counts


@dataclass(slots=True)
class _Work:
    """One consumer's part of a replay."""

    consumer: Consumer
    source: Chosen
    means: Means
    healed: int = 0
    failed: int = 0
    errors: dict[int, str] = field(default_factory=dict)
    closed: set[int] = field(default_factory=set)
    nameless: list[tuple[str, int]] = field(default_factory=list)
    """Successes of records without an id, which the runner keeps no successes of."""

    def job(self) -> Job:
        means, limits = self.means, self.means.limits
        return Job(
            consumer=self.consumer,
            services=means.services,
            publish=publish_to(means.log, self.consumer, means.policy, means.now_ms),
            bury=self.bury,
            remember=means.remember(self.consumer.name),
            policy=replace(means.policy, burials_in_a_row=None),  # nothing is emptied by it
            # Letters of the receiver often have no key, and so no lane: one worker keeps their order.
            limits=replace(limits, concurrency=1) if self.consumer.name == RECEIVER else limits,
            streak=BurialStreak(),
            now_ms=means.now_ms,
            settled=self.settled,
        )

    async def bury(self, record: Record, reason: GaveUp, attempts: int) -> None:
        """In place of the letter it had, unless somebody else has done it meanwhile.

        A letter that its reader cannot keep is buried no more: it would come back for ever.
        """
        means, row = self.means, self.source.taken[id(record)]
        self.errors[id(record)] = reason.error
        if row.letter.topic == DEAD_LETTERS:
            return
        if await patiently(lambda: self.source.closed_meanwhile([row]), means.policy, doing="bury"):
            self.closed.add(id(record))
            return
        total = row.letter.attempts + attempts
        await patiently(
            lambda: bury_again(
                means.log, row.letter, record, reason, attempts=total, replay=means.id, now_ms=means.now_ms()
            ),
            means.policy,
            doing="bury",
        )

    def settled(self, record: Record, outcome: Outcome) -> None:
        letter, error = self.source.taken.pop(id(record)).letter, self.errors.pop(id(record), "")
        if id(record) in self.closed:
            self.closed.remove(id(record))
            self.source.passed += 1
            return
        if outcome == "done":
            self.healed += 1
            if not record.id:
                self.nameless.append((letter.outcome_id, self.means.now_ms()))
        else:
            self.failed += 1
        self.means.told(Handled(letter, outcome, error))

    async def remember_the_nameless(self) -> None:
        if self.nameless:
            remember = self.means.remember(self.consumer.name)
            await patiently(lambda: remember(self.nameless), self.means.policy, doing="remember")
