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
    """A file that can be fetched for a while. The query of `url` is a credential: never log it.

    `id` is the sender's own id of the file, where a meeting can have several of a kind: under one id there is
    one file for ever. `expires_at` is when the link dies by the sender's word. With `ask_first` it is asked
    for at the sender's API just before every download; `url` may be "" then. `sha256` (lower-case hex) and
    `size` (bytes) are the sender's word for the whole file.
    """

    kind: ArtifactKind
    url: str
    id: str | None = None
    expires_at: datetime | None = None
    ask_first: bool = False
    sha256: str | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class TranscriptSource:
    """Where a transcript is: behind `url`, which the observation may also have among its links;
    with `ask_first` nowhere but at the sender's API (`ProviderApi.transcript`); else in the event's own body.

    `shape` says how to read it. `numbers` are the names of people whom it may call by a number: by its
    digits.
    """

    shape: str
    url: str | None = None
    numbers: Mapping[str, str] = field(default_factory=dict)
    ask_first: bool = False


@dataclass(frozen=True, slots=True)
class SummarySource:
    """Where a summary is that the sender itself made: as `TranscriptSource`; by the API alone it is what
    `ProviderApi.final_event` gives for the event."""

    shape: str
    url: str | None = None
    ask_first: bool = False


@dataclass(frozen=True, slots=True)
class Observation:
    """What one webhook says. Absent is null or empty; nothing here is guessed.

    `at` is the sender's own clock. `detail` is a few words for the timeline (a status code, an error).
    `says` is the state this event alone speaks for, null where it speaks for none: the state of `part` of the
    meeting (a session, one of its recordings), or of all of it where that is null. A meeting of parts is over
    when each of them is.
    """

    provider: str
    meeting_id: str
    type: str
    at: datetime | None = None
    says: State | None = None
    part: str | None = None
    detail: str = ""
    error: str | None = None
    message: str | None = None
    joined_at: datetime | None = None
    ended_at: datetime | None = None
    duration_seconds: float | None = None
    participants: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    transcript: TranscriptSource | None = None
    summary: SummarySource | None = None
    no_summary: bool = False
    """The sender will make none of this meeting."""
    title: str | None = None
    room: str = ""
    """The sender's own id of where it is held, as others before and after it are; "" where it has none."""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a summary, in plain text; `items` are paragraphs, or what stands in a list. A `start` is in
    seconds of the recording, null where none is told."""

    title: str
    items: tuple[tuple[str, float | None], ...]


@dataclass(frozen=True, slots=True)
class ParsedSummary:
    """What a sender's summary says: its paragraphs, and then its parts. All of it is plain text."""

    overview: tuple[str, ...]
    sections: tuple[Section, ...] = ()


@dataclass(frozen=True, slots=True)
class ParsedTranscript:
    """A sender's transcript in our shape, before it has a version.

    `reason` says why there are no segments, null where there are. `added_up` says that its times are those of
    parts which nothing but their order places: they count only if the parts are no longer than the meeting.
    `began_at` is the moment from which they count, where the sender tells times of the day.
    """

    language: str | None
    duration_seconds: float | None
    segments: tuple[Segment, ...] = field(default=())
    reason: str | None = None
    added_up: bool = False
    began_at: datetime | None = None
