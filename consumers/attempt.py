"""One call of a handler, and what its outcome asks of the runner: errors are mapped here and nowhere else."""

import asyncio
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from consumers.base import Consumer, Services
from consumers.policy import RetryPolicy
from infra.errors import Halt, Poison, Retryable
from schemas.dead_letter import DeadLetterKind, one_line
from schemas.envelope import Record
from schemas.facts import Fact

Publish = Callable[[Record, Fact], Awaitable[None]]
"""Append a fact that a record caused; durable on return. It waits for the log rather than to fail."""

_ROOT: Final = Path(__file__).resolve().parents[1]
_LONGEST_TRACEBACK: Final = 8 * 1024


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
    consumer: Consumer, record: Record, services: Services, *, attempts: int, policy: RetryPolicy, publish: Publish
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
        return GaveUp("poison", _told(error))
    except Retryable as error:
        if attempts < policy.attempts:
            return Again(policy.delay_seconds(attempts, error.after_seconds), _told(error))
        return GaveUp("exhausted", _told(error))
    except asyncio.CancelledError as error:
        if _is_being_cancelled():
            raise
        return _bug(error, attempts, policy)
    except Exception as error:
        return _bug(error, attempts, policy)


def _bug(error: BaseException, attempts: int, policy: RetryPolicy) -> Again | GaveUp:
    told = f"{type(error).__name__} in {_place(error)}: {_told(error)}"
    if attempts < policy.bug_attempts:
        return Again(policy.delay_seconds(attempts), told)
    return GaveUp("bug", told, _traceback(error))


def _is_being_cancelled() -> bool:
    """False when a handler lets a cancellation of its own escape: that must not end the worker."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


def _told(error: BaseException) -> str:
    if isinstance(error, ValidationError):  # its own text quotes the body
        fields = error.errors(include_url=False, include_context=False, include_input=False)
        return one_line("; ".join(f"{'.'.join(map(str, field['loc']))}: {field['msg']}" for field in fields))
    return one_line(str(error)) or type(error).__name__


def _place(error: BaseException) -> str:
    """`consumers/x.py:42`: where in our own code it came up, else where at all."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if _is_ours(frame.filename)] or frames
    if not ours:
        return "?"
    return f"{_shortened(ours[-1].filename)}:{ours[-1].lineno}"


def _is_ours(filename: str) -> bool:
    return filename.startswith(f"{_ROOT}/") and not filename.startswith(f"{_ROOT}/.venv/")


def _shortened(path: str) -> str:
    return path.removeprefix(f"{_ROOT}/")


def _traceback(error: BaseException) -> str:
    """The frames of an error and of those that caused it, without values; of a long one, the end."""
    parts: list[str] = []
    cause: BaseException | None = error
    while cause is not None and len(parts) < 10:
        frames = "".join(traceback.format_tb(cause.__traceback__)).replace(f"{_ROOT}/", "")
        parts.append(f"{frames}{type(cause).__name__}: {_told(cause)}\n")
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return "\n".join(reversed(parts))[-_LONGEST_TRACEBACK:]
