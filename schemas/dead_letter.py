"""Dead letters: what could not be done, under its original key, with its bytes, headers and reason."""

import json
import re
from dataclasses import dataclass
from typing import Final, Literal

from schemas.envelope import Headers, Record, derived_id
from schemas.lenient import moment
from schemas.topics import EVENTS

DeadLetterKind = Literal["invalid", "poison", "exhausted", "bug"]
"""`invalid` comes from the receiver, the others from the runner."""

_ID_LENGTH: Final = 12
_LONGEST_ERROR: Final = 1000
_LONGEST_NUMBER: Final = 18  # what a database keeps as a whole number
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
    replay: str = "",
) -> dict[str, str]:
    """The event's own headers, and beside them who gave up on it, why, and where it had come from.

    `topic` is where it stands or would have stood; `partition` and `offset` are null where it never reached
    the log. `time` is RFC 3339. `replay` names the replay in which it failed, if it was one. A letter buried
    again tells of the last time only.
    """
    headers = {
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
    return headers | {"dl_replay": replay} if replay else headers


def original_headers(headers: Headers) -> dict[str, str]:
    return {name: value for name, value in headers.items() if not name.startswith("dl_")}


@dataclass(frozen=True, slots=True)
class Letter:
    """A few words about a letter, without its body. `time_ms` is when it was buried.

    `topic`, `partition` and `offset` say where the record stands; the latter two are null where it never
    reached the log. `consumer` is `receiver` for what the receiver quarantined. `replay` is "" where it did
    not fail in a replay.
    """

    consumer: str
    kind: str
    error: str
    attempts: int
    time_ms: int
    event_id: str
    type: str
    key: str
    topic: str
    partition: int | None
    offset: int | None
    replay: str = ""

    @property
    def id(self) -> str:
        """What people call it: the same for every letter about one failure."""
        return derived_id(*self.identity)[:_ID_LENGTH]

    @property
    def outcome_id(self) -> str:
        """Under which its consumer's success, or its discarding, is kept: the event's id where it has one."""
        return self.event_id or self.id

    @property
    def identity(self) -> tuple[str, ...]:
        """The same for every letter about one failure: one that is buried again replaces the one before."""
        if self.offset is None:
            return (self.consumer, self.event_id)
        return (self.consumer, self.topic, str(self.partition), str(self.offset))


def letter_of(record: Record) -> Letter | None:
    """Null for a record of the topic that is no letter of ours."""
    headers = record.headers
    if not headers.get("dl_consumer"):
        return None
    return Letter(
        consumer=headers["dl_consumer"],
        kind=headers.get("dl_kind", ""),
        error=headers.get("dl_error", ""),
        attempts=_number(headers.get("dl_attempts")) or 0,
        time_ms=_milliseconds(headers.get("dl_time", "")) or record.time_ms,
        event_id=record.id,
        type=record.type,
        key=record.key,
        topic=headers.get("dl_topic", ""),
        partition=_number(headers.get("dl_partition")),
        offset=_number(headers.get("dl_offset")),
        replay=headers.get("dl_replay", ""),
    )


def provider_of_letter(record: Record) -> str:
    """Of a letter, or of the record behind it; "" where none is named.

    A webhook's type begins with its provider; a fact has it in its body.
    """
    if record.headers.get("dl_topic", record.topic) != EVENTS:
        return record.type.partition(".")[0]
    try:
        return str(json.loads(record.value)["provider"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""


def one_line(error: str) -> str:
    """An error as one line of bounded length, without control characters, and without what holds credentials
    in URLs and paths: query, fragment and user."""
    line = " ".join(_CONTROL.sub(" ", error[: 8 * _LONGEST_ERROR]).split())
    line = _USER.sub("://", _FRAGMENT.sub(r"\1", _QUERY.sub("", line)))
    return line if len(line) <= _LONGEST_ERROR else line[: _LONGEST_ERROR - 1] + "…"


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) <= _LONGEST_NUMBER else None


def _milliseconds(time: str) -> int | None:
    at = moment(time)
    return None if at is None else round(at.timestamp() * 1000)
