"""Dead letters: what could not be done, under its original key, with its bytes, headers and reason."""

import re
from typing import Final, Literal

from schemas.envelope import Headers

DeadLetterKind = Literal["invalid", "poison", "exhausted", "bug"]
"""`invalid` comes from the receiver, the others from the runner."""

_LONGEST_ERROR: Final = 1000
# A "?" between two characters begins a query, whatever stands before it: paths are quoted without their host.
_QUERY = re.compile(r"(?<=[^\s\"'<>])\?[^\s\"'<>]+")
_FRAGMENT = re.compile(r"(://[^\s#\"'<>]*)#[^\s\"'<>]*")
_USER = re.compile(r"://[^\s/@\"'<>]*@")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def dead_letter_headers(
    original: Headers,
    *,
    consumer: str,
    kind: DeadLetterKind,
    error: str,
    attempts: int,
    topic: str,
    partition: int | None,
    offset: int | None,
    time: str,
) -> dict[str, str]:
    """The event's own headers, and beside them who gave up on it, why, and where it had come from.

    `topic` is where it stands or would have stood; `partition` and `offset` are null where it never reached
    the log. `time` is RFC 3339. A letter buried again tells of the last time only.
    """
    return {
        **original,
        "dl_consumer": consumer,
        "dl_kind": kind,
        "dl_error": one_line(error),
        "dl_attempts": str(attempts),
        "dl_topic": topic,
        "dl_partition": "" if partition is None else str(partition),
        "dl_offset": "" if offset is None else str(offset),
        "dl_time": time,
    }


def one_line(error: str) -> str:
    """An error as one line of bounded length, without control characters, and without what holds credentials
    in URLs and paths: query, fragment and user."""
    line = " ".join(_CONTROL.sub(" ", error[: 8 * _LONGEST_ERROR]).split())
    line = _USER.sub("://", _FRAGMENT.sub(r"\1", _QUERY.sub("", line)))
    return line if len(line) <= _LONGEST_ERROR else line[: _LONGEST_ERROR - 1] + "…"
