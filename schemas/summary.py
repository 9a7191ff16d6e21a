"""`summary.md`: what a summary holds, and what its first lines say of how it was made."""

from datetime import datetime
from typing import Final

from pydantic import BaseModel, ConfigDict

SUMMARY_FILE: Final = "summary.md"


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

    `by` is `extractive` for sentences that we picked from the transcript, `openai` for what a language model
    wrote for us, else the name of the sender, whose own summary it is. `model` is the one that answered.
    Tokens and `cost` are null where the endpoint does not tell; `cost` is
    in the endpoint's own currency.
    """

    model_config = ConfigDict(frozen=True)

    by: str
    model: str | None = None
    requests: int = 0
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost: float | None = None


class SummaryHead(Effort):
    """The lines between `---` at the beginning of `summary.md`: which transcript it is of, who made it.

    Of which one a sender's own summary is, nobody knows: both are null.
    """

    provider: str
    meeting_id: str
    transcript_version: int | None
    transcript_sha256: str | None
    language: str | None
    made_at: datetime
