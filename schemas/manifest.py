"""`manifest.json`: what is stored of a meeting, and how each file was proved complete."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

ArtifactKind = Literal[
    "video", "audio", "transcript", "captions", "raw_transcription", "diarization", "chat", "summary"
]
Verified = Literal["length", "structure", "none"]


class Artifact(BaseModel):
    """One stored file.

    `size` in bytes, `sha256` in lower-case hex, `source_event` the `ce_id` that caused it.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    kind: ArtifactKind
    media_type: str
    size: int
    sha256: str
    verified: Verified
    source_event: str
    stored_at: datetime


class Manifest(BaseModel):
    model_config = ConfigDict(frozen=True)

    provider: str
    meeting_id: str
    updated_at: datetime
    artifacts: tuple[Artifact, ...]
