"""Transcripts that were asked for once more, in words and as objects."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from adjourn.cli.output import from_ms, local_time, rfc3339, visible
from infra.database.retranscriptions import Retranscription, Stage

_REASONS: Final = {
    "hand": "by hand",
    "missing": "there was none",
    "failed": "making it had failed",
    "language": "it was in another language",
    "provider": "it was made by another provider",
    "always": "as always",
}
_STAGES: Final = {
    Stage.REQUESTED: "to be called for",
    Stage.CALLING: "called for, without an answer yet",
    Stage.CALLED: "being made",
    Stage.DONE: "done",
    Stage.FAILED: "failed",
    Stage.SKIPPED: "not asked for",
}


def in_words(asked: Sequence[Retranscription]) -> Iterator[str]:
    """A line for each, oldest first."""
    for one in asked:
        wished = " ".join(filter(None, (one.transcriber, one.language)))
        words = (
            f"{_REASONS.get(one.reason, one.reason)}{f' ({wished})' if wished else ''}: {_STAGES[one.stage]}"
        )
        why = f". {one.message}" if one.message and one.ended_ms else ""
        yield f"{local_time(from_ms(one.requested_ms))}  {visible(words + why)}"


def as_objects(asked: Sequence[Retranscription]) -> list[dict[str, Any]]:
    return [
        {
            "request": one.request,
            "reason": one.reason,
            "transcriber": one.transcriber,
            "language": one.language,
            "stage": one.stage.value,
            "calls": one.calls,
            "requested_at": rfc3339(from_ms(one.requested_ms)),
            "called_at": rfc3339(from_ms(one.called_ms)) if one.called_ms is not None else None,
            "ended_at": rfc3339(from_ms(one.ended_ms)) if one.ended_ms is not None else None,
            "message": one.message,
        }
        for one in asked
    ]
