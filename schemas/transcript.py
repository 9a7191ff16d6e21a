"""`transcript.json`: one shape, whoever made the transcript. Seconds from the start of the recording."""

from pydantic import BaseModel, ConfigDict


class Word(BaseModel):
    model_config = ConfigDict(frozen=True)

    text: str
    start: float | None
    end: float | None
    confidence: float | None = None


class Segment(BaseModel):
    """What one speaker said without another coming in between. Times are null where they are not known."""

    model_config = ConfigDict(frozen=True)

    speaker: str | None
    start: float | None
    end: float | None
    text: str
    words: tuple[Word, ...] = ()


class Source(BaseModel):
    """`event` is the `ce_id` of the webhook; `shape` names the dialect it was read from.

    `reason` says why nothing was said, as far as the sender knows; null where something was.
    """

    model_config = ConfigDict(frozen=True)

    event: str
    shape: str
    reason: str | None = None


class Transcript(BaseModel):
    """`segments` in order of time; `speakers` in order of their first word; `version` starts at 1."""

    model_config = ConfigDict(frozen=True)

    provider: str
    meeting_id: str
    version: int
    language: str | None
    duration_seconds: float | None
    speakers: tuple[str, ...]
    segments: tuple[Segment, ...]
    source: Source
