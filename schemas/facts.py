"""Facts: what the pipeline itself caused, published to `meetings.events`. Changes only add."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import BaseModel, ConfigDict

from schemas.envelope import derived_id
from schemas.manifest import Artifact

RECORDING_STORED: Final = "recording.stored"
TRANSCRIPT_STORED: Final = "transcript.stored"
MEETING_COMPLETED: Final = "meeting.completed"
MEETING_FAILED: Final = "meeting.failed"


class ArtifactStored(Artifact):
    """Body of `recording.stored` (every file that came as it is): the manifest's entry and its URL."""

    provider: str
    meeting_id: str
    url: str


class TranscriptStored(ArtifactStored):
    """Body of `transcript.stored`. `version` starts at 1; `words` counts them."""

    version: int
    language: str | None
    words: int


class MeetingEnded(BaseModel):
    """Body of `meeting.completed` and `meeting.failed`.

    `error` is the sender's own code, null when completed.
    """

    model_config = ConfigDict(frozen=True)

    provider: str
    meeting_id: str
    at: datetime | None
    error: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """What a handler caused. Saying the same fact twice gives it the same id.

    `distinct` tells apart facts of one type about one meeting: a sha256, the id of the event that caused it.
    """

    type: str
    provider: str
    meeting_id: str
    body: BaseModel
    distinct: str

    @property
    def id(self) -> str:
        return derived_id("fact", self.type, self.provider, self.meeting_id, self.distinct)
