"""Facts: what the pipeline itself caused, published to `meetings.events`. Changes only add."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from pydantic import BaseModel, ConfigDict

from schemas.envelope import derived_id
from schemas.manifest import Artifact

RECORDING_STORED: Final = "recording.stored"
TRANSCRIPT_STORED: Final = "transcript.stored"
SUMMARY_STORED: Final = "summary.stored"
RETRANSCRIPTION_REQUESTED: Final = "retranscription.requested"
RETRANSCRIPTION_FAILED: Final = "retranscription.failed"
MEETING_COMPLETED: Final = "meeting.completed"
MEETING_FAILED: Final = "meeting.failed"
MEETING_DESCRIBED: Final = "meeting.described"
MEETING_FORGOTTEN: Final = "meeting.forgotten"
UPSTREAM_DELETED: Final = "upstream.deleted"


class ArtifactStored(Artifact):
    """Body of `recording.stored` (every file that came as it is): the manifest's entry and its URL.

    `url` is `s3://bucket/…` or `file:///…`: it does not expire, and opening it needs access to that store.
    """

    provider: str
    meeting_id: str
    url: str


class TranscriptStored(ArtifactStored):
    """Body of `transcript.stored`: the entry of `transcript.json` and its URL.

    `version` starts at 1; `words` counts them. `language` is null where nobody says.
    """

    version: int
    language: str | None
    words: int


class SummaryStored(ArtifactStored):
    """Body of `summary.stored`: the entry of `summary.md` and its URL.

    It is of the transcript's `version`. `by` says who made it (`extractive`, `openai`; others may come),
    `model` which one wrote it: null where none did. Tokens and `cost`, in the endpoint's own currency, are
    those of all requests, null where the endpoint does not tell. `language` is the one that was asked for,
    else the transcript's, null where nobody says.
    """

    version: int
    language: str | None
    by: str
    model: str | None
    requests: int
    prompt_tokens: int | None
    completion_tokens: int | None
    cost: float | None


class MeetingEnded(BaseModel):
    """Body of `meeting.completed` and `meeting.failed`.

    `at` is when it ended by the sender's clock, null where it does not say. `error` is the sender's own code
    and `message` its words; both are null when completed.
    """

    model_config = ConfigDict(frozen=True)

    provider: str
    meeting_id: str
    at: datetime | None
    error: str | None = None
    message: str | None = None


class MeetingDescribed(BaseModel):
    """Body of `meeting.described`: another system, by which people know the meeting, calls it so.

    `system` is that system's name and `id` the meeting's id there; `participants` are names, or ids where it
    tells no more.
    """

    model_config = ConfigDict(frozen=True)

    provider: str
    meeting_id: str
    system: str
    id: str
    title: str | None = None
    participants: tuple[str, ...] = ()


class MeetingForgotten(BaseModel):
    """Body of `meeting.forgotten`: by our own clock `at`, after `objects` stored files had been removed."""

    model_config = ConfigDict(frozen=True)

    provider: str
    meeting_id: str
    at: datetime
    objects: int


class UpstreamDeleted(BaseModel):
    """Body of `upstream.deleted`: by our own clock `at`.

    `artifacts` are the names of the meeting's stored files, as in its manifest: all that its sender had is
    among them.
    """

    model_config = ConfigDict(frozen=True)

    provider: str
    meeting_id: str
    at: datetime
    artifacts: tuple[str, ...]


class RetranscriptionRequested(BaseModel):
    """Body of `retranscription.requested`: by our own clock `at`.

    `reason` is `missing`, `failed`, `language`, `provider` or `always` where the policy asked for it, `hand`
    where a person did. `transcriber` is who is to make the transcript and `language` what is spoken: null
    where the meeting's sender may choose.
    """

    model_config = ConfigDict(frozen=True)

    provider: str
    meeting_id: str
    at: datetime
    reason: str
    transcriber: str | None = None
    language: str | None = None


class RetranscriptionFailed(BaseModel):
    """Body of `retranscription.failed`: by our own clock `at`.

    `request` is the `ce_id` of the `retranscription.requested` that no transcript came of, and `message` says
    why, in a sentence.
    """

    model_config = ConfigDict(frozen=True)

    provider: str
    meeting_id: str
    at: datetime
    request: str
    message: str


class FactType(NamedTuple):
    body: type[BaseModel]
    meaning: str


FACTS: Final[Mapping[str, FactType]] = {
    RECORDING_STORED: FactType(
        ArtifactStored, "A file of a meeting is stored as it came: video, audio, chat, diarization, …"
    ),
    TRANSCRIPT_STORED: FactType(TranscriptStored, "A new version of a meeting's transcript is stored."),
    SUMMARY_STORED: FactType(SummaryStored, "A summary of a meeting's newest transcript is stored."),
    RETRANSCRIPTION_REQUESTED: FactType(
        RetranscriptionRequested, "A meeting's sender is to make its transcript once more."
    ),
    RETRANSCRIPTION_FAILED: FactType(
        RetranscriptionFailed,
        "No transcript came of asking for another one, and none is waited for any more.",
    ),
    MEETING_COMPLETED: FactType(MeetingEnded, "A meeting is over and went well."),
    MEETING_FAILED: FactType(MeetingEnded, "A meeting is over and did not go well."),
    MEETING_DESCRIBED: FactType(MeetingDescribed, "What a meeting is called where people made it is known."),
    MEETING_FORGOTTEN: FactType(
        MeetingForgotten,
        "All that was stored and known of a meeting is removed, because somebody asked for it.",
    ),
    UPSTREAM_DELETED: FactType(
        UpstreamDeleted,
        "A meeting's files are deleted at its sender, where all of them are stored and verified.",
    ),
}
"""Every fact there is: other teams know of none but these."""


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
