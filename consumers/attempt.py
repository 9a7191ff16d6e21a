"""One call of a handler, and what its outcome asks of the runner: errors are mapped here and nowhere else."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from consumers.base import Consumer, Services
from consumers.failure import bug_report, reason_of, traceback_of
from consumers.policy import RetryPolicy
from infra.errors import Halt, Poison, Retryable
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
class GaveUp:
    """To be buried. `traceback` is empty unless the kind is `bug`; neither text holds the query of a URL."""

    kind: DeadLetterKind
    error: str
    traceback: str = ""


_NOTHING_CAUSED: Final = Done()


async def attempt(
    consumer: Consumer,
    record: Record,
    services: Services,
    *,
    attempts: int,
    policy: RetryPolicy,
    publish: Publish,
) -> Done | Again | GaveUp:
    """Call the handler for the `attempts`-th time and publish its facts. Raises `Halt`."""
    try:
        facts = await consumer.handle(record, services)
        if not facts:
            return _NOTHING_CAUSED
        for fact in facts:
            await publish(record, fact)
        return Done(tuple(fact.type for fact in facts))
    except Halt:
        raise
    except Poison as error:
        return GaveUp("poison", reason_of(error))
    except Retryable as error:
        if attempts < policy.attempts:
            return Again(policy.delay_seconds(attempts, error.after_seconds), reason_of(error))
        return GaveUp("exhausted", reason_of(error))
    except asyncio.CancelledError as error:
        if _is_being_cancelled():
            raise
        return _bug(error, attempts, policy)
    except Exception as error:
        return _bug(error, attempts, policy)


def _bug(error: BaseException, attempts: int, policy: RetryPolicy) -> Again | GaveUp:
    if attempts < policy.bug_attempts:
        return Again(policy.delay_seconds(attempts), bug_report(error))
    return GaveUp("bug", bug_report(error), traceback_of(error))


def _is_being_cancelled() -> bool:
    """False when a handler lets a cancellation of its own escape: that must not end the worker."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0
