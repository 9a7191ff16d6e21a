"""What a record carries beside its bytes: CloudEvents 1.0 attributes, Kafka binding, binary mode."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

Headers = Mapping[str, str]

_HASH: Final = hashlib.blake2b(digest_size=16)  # a copy of one costs less than another with its arguments


@dataclass(frozen=True, slots=True)
class Record:
    """One entry of a log, as it was appended.

    `offset` grows within `(topic, partition)`, with gaps allowed. `time_ms` is when it was appended, in
    milliseconds since 1970 UTC. `key` is "" where the sender named no meeting.
    """

    topic: str
    partition: int
    offset: int
    key: str
    time_ms: int
    headers: Headers
    value: bytes

    @property
    def id(self) -> str:
        """The event's `ce_id`: the same for every delivery of the same event."""
        return self.headers.get("ce_id", "")

    @property
    def type(self) -> str:
        """`<provider>.<event>` for a webhook, the fact's name for a fact."""
        return self.headers.get("ce_type", "")


def event_headers(
    *,
    id: str,  # noqa: A002 the attribute's name in CloudEvents
    source: str,
    type: str,  # noqa: A002 the attribute's name in CloudEvents
    subject: str,
    time: str,
    content_type: str = "application/json",
    traceparent: str = "",
) -> dict[str, str]:
    """The headers of a record. `time` is RFC 3339; an empty `subject` or `traceparent` is left out."""
    headers = {
        "ce_specversion": "1.0",
        "ce_id": id,
        "ce_source": source,
        "ce_type": type,
        "ce_time": time,
        "content-type": content_type,
    }
    if subject:
        headers["ce_subject"] = subject
    if traceparent:
        headers["traceparent"] = traceparent
    return headers


def derived_id(*parts: str) -> str:
    """A `ce_id` made of what identifies an event: the same parts give the same id, on every machine.

    Parts are joined by a character that no identifier holds, so ("a", "bc") and ("ab", "c") differ.
    """
    hashed = _HASH.copy()
    hashed.update("\x1f".join(parts).encode("utf-8", "surrogatepass"))
    return hashed.hexdigest()


def rfc3339(seconds: float) -> str:
    """A time in seconds since 1970 UTC as attributes and bodies write it, to the millisecond."""
    moment = datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
    return moment.isoformat(timespec="milliseconds") + "Z"
