"""`summary.md`: what a summary holds, and what its first lines say of how it was made."""

from datetime import datetime
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

SUMMARY_FILE: Final = "summary.md"

Maker = Literal["extractive", "openai"]
"""Sentences picked from the transcript by us, or written by a language model."""


class Topic(BaseModel):
    """What was spoken of from `start` on, in seconds of the recording; null where no times are known."""

    model_config = ConfigDict(frozen=True)

    title: str
    text: str
    start: float | None


class Point(BaseModel):
    """A decision or an action item. `who` decided or is to act; null where that was not said."""

    model_config = ConfigDict(frozen=True)

    text: str
    who: str | None
    start: float | None


class Summary(BaseModel):
    """All of it in order of time. `overview` has a paragraph each; nothing was said where it is empty."""

    model_config = ConfigDict(frozen=True)

    overview: tuple[str, ...] = ()
    topics: tuple[Topic, ...] = ()
    decisions: tuple[Point, ...] = ()
    action_items: tuple[Point, ...] = ()


class Effort(BaseModel):
    """What making a summary took. `requests` and tokens count every answer, also those of no use.

    `model` is the one that answered. Tokens and `cost` are null where the endpoint does not tell; `cost` is
    in the endpoint's own currency.
    """

    model_config = ConfigDict(frozen=True)

    by: Maker
    model: str | None = None
    requests: int = 0
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost: float | None = None


class SummaryHead(Effort):
    """The lines between `---` at the beginning of `summary.md`: which transcript it is of, who made it."""

    provider: str
    meeting_id: str
    transcript_version: int
    transcript_sha256: str
    language: str | None
    made_at: datetime
