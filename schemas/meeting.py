"""What a webhook says about a meeting, in one vocabulary for every sender."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from schemas.manifest import ArtifactKind
from schemas.transcript import Segment


class State(StrEnum):
    """Where a meeting is. `completed` and `failed` are final: only a newer final event changes them."""

    UNKNOWN = "unknown"
    JOINING = "joining"
    LIVE = "live"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Link:
    """A file that can be fetched for a while. The query of `url` is a credential: never log it."""

    kind: ArtifactKind
    url: str


@dataclass(frozen=True, slots=True)
class TranscriptSource:
    """Where a transcript is: in the event's own body when `url` is null. `shape` says how to read it.

    `numbers` are the names of people whom it may call by a number, by its digits.
    """

    shape: str
    url: str | None = None
    numbers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Observation:
    """What one webhook says. Absent is null or empty; nothing here is guessed.

    `at` is the sender's own clock. `detail` is a few words for the timeline (a status code, an error).
    `says` is the state this event alone speaks for, null where it speaks for none.
    """

    provider: str
    meeting_id: str
    type: str
    at: datetime | None = None
    says: State | None = None
    detail: str = ""
    error: str | None = None
    message: str | None = None
    joined_at: datetime | None = None
    ended_at: datetime | None = None
    duration_seconds: float | None = None
    participants: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    transcript: TranscriptSource | None = None


@dataclass(frozen=True, slots=True)
class ParsedTranscript:
    """A sender's transcript in our shape, before it has a version.

    `reason` says why there are no segments, null where there are. `added_up` says that its times are those of
    parts which nothing but their order places: they count only if the parts are no longer than the meeting.
    """

    language: str | None
    duration_seconds: float | None
    segments: tuple[Segment, ...] = field(default=())
    reason: str | None = None
    added_up: bool = False
