"""What the tests of housekeeping stand on: meetings that have files, with their rows and manifests."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

from infra.database.artifacts import add_artifact
from infra.database.downloads import UnfinishedDownload
from infra.database.engine import Database
from infra.objects.base import ObjectStore
from schemas.manifest import Artifact, Manifest
from schemas.names import object_name
from tests.consumers.storing import PROVIDER

STORED_AT: Final = datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)
NOW_MS: Final = 1_800_000_000_000
FILES: Final = {"video.mp4": b"what was seen" * 100_000, "audio.flac": b"what was heard" * 1000}


async def hold(
    objects: ObjectStore,
    database: Database,
    meeting: str = "bot-1",
    files: Mapping[str, bytes] = FILES,
    *,
    stored_at: datetime = STORED_AT,
) -> None:
    """Store the files of a meeting, as the consumers do."""
    artifacts = [artifact_of(name, content, stored_at) for name, content in files.items()]
    for artifact, content in zip(artifacts, files.values(), strict=True):
        await objects.put(name_of(artifact.name, meeting), content, media_type=artifact.media_type)
        async with database.transaction() as tx:
            await add_artifact(tx, PROVIDER, meeting, artifact)
    await objects.put(
        name_of("manifest.json", meeting), manifest_of(meeting, artifacts), media_type="application/json"
    )


def artifact_of(name: str, content: bytes, stored_at: datetime = STORED_AT) -> Artifact:
    return Artifact(
        name=name,
        kind="audio" if name.startswith("audio") else "video",
        media_type="application/octet-stream",
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        verified="length",
        source_event="event-1",
        stored_at=stored_at,
    )


def manifest_of(meeting: str, artifacts: Sequence[Artifact]) -> bytes:
    told = Manifest(provider=PROVIDER, meeting_id=meeting, updated_at=STORED_AT, artifacts=tuple(artifacts))
    return told.model_dump_json().encode()


def name_of(file: str, meeting: str = "bot-1") -> str:
    return object_name(PROVIDER, meeting, file)


async def replace_object(objects: ObjectStore, name: str, content: bytes) -> None:
    await objects.put(name, content, media_type="application/octet-stream", replace=True)


def copy_of(
    meeting: str, name: str, *, upload_id: str = "", when_ms: int = NOW_MS, whole: bool = False
) -> UnfinishedDownload:
    """A row of the journal, of a file that is half there, or whole."""
    return UnfinishedDownload(
        provider=PROVIDER,
        meeting_id=meeting,
        kind="video",
        source=uuid4().hex * 2,
        name=name,
        media_type="video/mp4",
        upload_id=upload_id,
        etag='"1"',
        modified=None,
        size=20,
        saved=20 if whole else 10,
        whole=whole,
        event_id="event-2",
        started_ms=when_ms,
        updated_ms=when_ms,
    )
