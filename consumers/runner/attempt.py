"""One call of a handler, and what its outcome asks of the runner: errors are mapped here and nowhere else."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from consumers.base import Consumer, Services
from consumers.runner.failure import bug_report, reason_of, traceback_of
from consumers.runner.lanes import Turn
from consumers.runner.policy import RetryPolicy
from infra.errors import Halt, Later, Poison, Retryable
from schemas.dead_letter import DeadLetterKind
from schemas.envelope import Record
from schemas.facts import Fact

Publish = Callable[[Record, Fact], Awaitable[None]]
"""Append a fact that a record caused; durable on return. It waits for the log rather than to fail."""


@dataclass(frozen=True, slots=True)
class Done:
    """`facts` that were published, by their types."""

    facts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Again:
    """It may yet work, `after_seconds` from now."""

    after_seconds: float
    error: str


@dataclass(frozen=True, slots=True)
class Waits:
    """Nothing failed: its turn comes again `after_seconds` from now."""

    after_seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class GaveUp:
    """To be buried. `traceback` is empty unless the kind is `bug`; neither text holds the query of a URL."""

    kind: DeadLetterKind
    error: str
    traceback: str = ""


_NOTHING_CAUSED: Final = Done()


async def attempt(
    consumer: Consumer, turn: Turn, services: Services, *, policy: RetryPolicy, publish: Publish
) -> Done | Again | Waits | GaveUp:
    """Call the handler once more and publish the facts it caused, also where it failed. Raises `Halt`."""
    turn.attempts += 1
    try:
        try:
            facts = await consumer.handle(turn.record, services)
        except (Poison, Retryable) as error:
            await _tell(error.facts, turn, publish)
            raise
        if not facts:
            return _NOTHING_CAUSED
        await _tell(facts, turn, publish)
        return Done(tuple(fact.type for fact in facts))
    except Halt:
        raise
    except Later as later:
        turn.attempts -= 1
        return Waits(later.after_seconds, reason_of(later))
    except Poison as error:
        return GaveUp("poison", reason_of(error))
    except Retryable as error:
        if turn.attempts < policy.attempts:
            return Again(policy.delay_seconds(turn.attempts, error.after_seconds), reason_of(error))
        return GaveUp("exhausted", reason_of(error))
    except asyncio.CancelledError as error:
        if _is_being_cancelled():
            raise
        return _bug(error, turn.attempts, policy)
    except Exception as error:
        return _bug(error, turn.attempts, policy)


async def _tell(facts: Sequence[Fact], turn: Turn, publish: Publish) -> None:
    for fact in facts:
        if fact.id not in turn.told:
            await publish(turn.record, fact)
            turn.told.add(fact.id)


def _bug(error: BaseException, attempts: int, policy: RetryPolicy) -> Again | GaveUp:
    if attempts < policy.bug_attempts:
        return Again(policy.delay_seconds(attempts), bug_report(error))
    return GaveUp("bug", bug_report(error), traceback_of(error))


def _is_being_cancelled() -> bool:
    """False when a handler lets a cancellation of its own escape: that must not end the worker."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0
