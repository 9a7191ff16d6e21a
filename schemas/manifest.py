"""`manifest.json`: what is stored of a meeting, and how each file was proved complete."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

ArtifactKind = Literal[
    "video",
    "audio",
    "streams",
    "stream",
    "transcript",
    "captions",
    "raw_transcription",
    "diarization",
    "chat",
    "summary",
]
Verified = Literal["length", "structure", "none"]


def _may_grow(schema: dict[str, Any]) -> None:
    """Of the contract: these values there are today, and others may come."""
    schema["x-extensible-enum"] = schema.pop("enum")


class Artifact(BaseModel):
    """One stored file.

    `size` in bytes, `sha256` in lower-case hex, `source_event` the `ce_id` that caused it. `verified` says
    how it was proved complete: by the announced length, by its structure, or not at all. New senders may
    bring new values of `kind`; `streams` is a zip of recordings, one for each stream of a meeting, and
    `stream` what was in it.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    kind: Annotated[ArtifactKind, Field(json_schema_extra=_may_grow)]
    media_type: str
    size: int
    sha256: str
    verified: Verified
    source_event: str
    stored_at: datetime


class Manifest(BaseModel):
    """What is stored of one meeting."""

    model_config = ConfigDict(frozen=True)

    provider: str
    meeting_id: str
    updated_at: datetime
    artifacts: tuple[Artifact, ...]
