"""The way of one retranscription, step by step. Pure: how far it is and what is seen go in, what to do now
comes out. `docs/retranscription.md` draws it.

The decision is recorded before the call, and what became of the call after it. Who finds a call of which
nobody knows what became asks the provider before it is repeated; where the provider cannot tell, it is never
repeated, since it costs money each time.
"""

from dataclasses import dataclass, replace
from typing import Final

from infra.database.retranscriptions import Retranscription, Stage
from infra.providers.base import Transcription

NO_ANSWER: Final = "No new transcript came within {minutes} minutes of asking for it."
NOT_CALLED: Final = "It could not be asked for within {minutes} minutes: {trouble}"
NOT_KNOWN: Final = (
    "No new transcript came within {minutes} minutes, and whether the provider had taken the call is not"
    " known: `adjourn retranscribe` asks once more."
)
NOT_TAKEN: Final = "The provider had not taken the call."
FAILED_THERE: Final = "The provider says that making another transcript failed."


@dataclass(frozen=True, slots=True)
class Pace:
    """How long things may take, in seconds.

    `deadline` for an answer, and before that for a call to be taken. `calling` is the longest that a call is
    under way; `settled` after it, a provider that has taken it says so. It is asked every `ask`, and our own
    database, which is told of webhooks, looked at every `look`. Before the call it is asked again after
    `trouble`.
    """

    deadline: float = 3600
    calling: float = 120
    settled: float = 300
    ask: float = 300
    look: float = 10
    trouble: float = 60


@dataclass(frozen=True, slots=True)
class Seen:
    """`version` is the newest stored, 0 for none. `there` is null while the provider was not asked or could
    not say: then `trouble` says why."""

    version: int
    there: Transcription | None = None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """Record `calling`, then call."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask the provider how far it is, and look again."""


@dataclass(frozen=True, slots=True)
class Fetch:
    """Store the transcript that the provider has now, if it says something new; then it is done."""


@dataclass(frozen=True, slots=True)
class Become:
    """Record that it is so far."""

    stage: Stage
    message: str = ""


@dataclass(frozen=True, slots=True)
class Wait:
    seconds: float


@dataclass(frozen=True, slots=True)
class Over:
    """Nothing is left to do."""


Step = Call | Ask | Fetch | Become | Wait | Over


def next_step(one: Retranscription, seen: Seen, now_ms: int, pace: Pace) -> Step:
    """What to do now. What a provider said is in `seen` only until the next step is done."""
    match one.stage:
        case Stage.REQUESTED:
            return _before_the_call(one, seen, now_ms, pace)
        case Stage.CALLING:
            return _in_doubt(one, seen, now_ms, pace)
        case Stage.CALLED:
            return _until_it_comes(one, seen, now_ms, pace)
        case Stage.FAILED:
            return _after_all(one, seen)
    return Over()


def _before_the_call(one: Retranscription, seen: Seen, now_ms: int, pace: Pace) -> Step:
    late = _late(one.requested_ms, now_ms, pace)
    if seen.there is not None and (one.calls == 0 or not late):
        return Call()
    trouble = seen.trouble or one.message
    if late and trouble:
        return Become(Stage.FAILED, NOT_CALLED.format(minutes=_minutes(pace), trouble=trouble))
    return Wait(pace.trouble) if seen.trouble else Ask()


def _in_doubt(one: Retranscription, seen: Seen, now_ms: int, pace: Pace) -> Step:
    """Somebody recorded that he calls: he may be calling now, or nobody knows what became of it."""
    since, there = _seconds(one.called_ms, now_ms), seen.there
    if seen.version > (one.version or 0):
        return Become(Stage.CALLED)
    if since < pace.calling:
        return Wait(min(pace.look, pace.calling - since))
    late = _late(one.called_ms, now_ms, pace)
    if there is None and not seen.trouble:
        return Ask() if late or _may_ask(one, now_ms, pace) else Wait(pace.look)
    if there is not None and (there.running or _changed(one, there)):
        return Become(Stage.CALLED)
    if there is not None and there.running is False and since >= pace.settled:
        return Become(Stage.REQUESTED, NOT_TAKEN)
    return Become(Stage.FAILED, NOT_KNOWN.format(minutes=_minutes(pace))) if late else Wait(pace.look)


def _until_it_comes(one: Retranscription, seen: Seen, now_ms: int, pace: Pace) -> Step:
    late, there = _late(one.called_ms, now_ms, pace), seen.there
    if seen.version > (one.version or 0):
        return Become(Stage.DONE)
    if there is None and not seen.trouble:
        return Ask() if late or _may_ask(one, now_ms, pace) else Wait(pace.look)
    if there is not None and not there.running and _changed(one, there):
        return Fetch() if _is_new(one, there) else Become(Stage.FAILED, FAILED_THERE)
    return Become(Stage.FAILED, NO_ANSWER.format(minutes=_minutes(pace))) if late else Wait(pace.look)


def _after_all(one: Retranscription, seen: Seen) -> Step:
    """Told again of one that failed: what was called for may have come late, and what was never called for
    may be called for now."""
    if one.called_ms is not None and seen.version > (one.version or 0):
        return Become(Stage.DONE)
    if seen.there is None:
        return Over() if seen.trouble else Ask()
    if one.called_ms is None:
        return Become(Stage.REQUESTED)
    return Fetch() if not seen.there.running and _is_new(one, seen.there) else Over()


def _changed(one: Retranscription, there: Transcription) -> bool:
    return (there.made, there.failures) != (one.made, one.failures)


def _is_new(one: Retranscription, there: Transcription) -> bool:
    return there.there and there.made != one.made and there.failures <= (one.failures or 0)


def _may_ask(one: Retranscription, now_ms: int, pace: Pace) -> bool:
    return _seconds(max(one.asked_ms or 0, one.called_ms or 0), now_ms) >= pace.ask


def _late(since_ms: int | None, now_ms: int, pace: Pace) -> bool:
    return _seconds(since_ms, now_ms) >= pace.deadline


def _seconds(since_ms: int | None, now_ms: int) -> float:
    return (now_ms - (since_ms or 0)) / 1000


def _minutes(pace: Pace) -> int:
    return round(pace.deadline / 60)


def called(one: Retranscription, there: Transcription, version: int, now_ms: int) -> Retranscription:
    """What is recorded before a call: how it all stood, so that what comes of it can be seen."""
    return replace(
        one,
        stage=Stage.CALLING,
        calls=one.calls + 1,
        made=there.made,
        failures=there.failures,
        version=version,
        called_ms=now_ms,
        asked_ms=now_ms,
    )


def become(one: Retranscription, stage: Stage, now_ms: int, message: str = "") -> Retranscription:
    """What is recorded of it then. One that is `requested` once more was not called for: it begins anew."""
    over = stage in (Stage.DONE, Stage.FAILED, Stage.SKIPPED)
    changed = replace(one, stage=stage, message=message, ended_ms=now_ms if over else None)
    if stage is not Stage.REQUESTED:
        return changed
    began_ms = now_ms if one.stage is Stage.FAILED else one.requested_ms
    return replace(changed, called_ms=None, requested_ms=began_ms)
