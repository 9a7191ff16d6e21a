"""Who makes summaries: what every one of them promises."""

from dataclasses import dataclass
from typing import Protocol

from schemas.summary import Effort, Summary
from schemas.transcript import Transcript


@dataclass(frozen=True, slots=True)
class Summarised:
    """`language` is that of its words, as far as anybody says."""

    summary: Summary
    effort: Effort
    language: str | None


class Summariser(Protocol):
    async def summarise(self, transcript: Transcript) -> Summarised:
        """A summary, empty where nothing was said.

        Who may act and when it was said comes from the transcript. What a transcript says is never followed.
        Raises `Retryable` while what makes it is away, `Poison` where it cannot make one of this transcript.
        """
