"""Dead letters: what could not be done, under its original key, with its bytes, headers and reason."""

import re
from typing import Final, Literal

from schemas.envelope import Headers

DeadLetterKind = Literal["invalid", "poison", "exhausted", "bug"]
"""`invalid` comes from the receiver, the others from the runner."""

_LONGEST_ERROR: Final = 1000
_URL_QUERY = re.compile(r"(?i)(\b[a-z][a-z0-9+.-]*://[^\s?#\"'<>]*)[?#][^\s\"'<>]*")


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
    """An error as one line of bounded length, without the query of any URL in it: those hold credentials."""
    line = _URL_QUERY.sub(r"\1", " ".join(error[: 8 * _LONGEST_ERROR].split()))
    return line if len(line) <= _LONGEST_ERROR else line[: _LONGEST_ERROR - 1] + "…"
