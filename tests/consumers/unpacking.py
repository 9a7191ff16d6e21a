"""Zips of streams in a store, made as a test wants them, and the facts that tell of them."""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from consumers.unpacking.consumer import handle
from infra.database.artifacts import artifacts_of
from schemas.envelope import Record, event_headers
from schemas.facts import RECORDING_STORED, Fact
from schemas.manifest import Artifact
from schemas.names import object_name
from schemas.topics import EVENTS
from tests.consumers.storing import Bench

WEBM = (Path(__file__).parent / "structure/samples/plain.webm").read_bytes()
OTHER_WEBM = (Path(__file__).parent / "structure/samples/streamed.webm").read_bytes()
MEETING = ("vonage", "session-1")

Files = Mapping[str, bytes] | Sequence[tuple[str, bytes]]


def manifest(*files: str, **types: str | None) -> bytes:
    listed = [
        {"filename": name, "streamId": name, "videoType": types.get(name[0], "camera")} for name in files
    ]
    return json.dumps({"id": "a1", "sessionId": MEETING[1], "files": listed}).encode()


def zipped(
    files: Mapping[str, bytes] | Sequence[tuple[str, bytes]], method: int = zipfile.ZIP_STORED
) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", method) as archive:
        for name, data in files.items() if isinstance(files, Mapping) else files:
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return held.getvalue()


async def stored_zip(bench: Bench, data: bytes, name: str = "streams.zip") -> Record:
    """The fact that this zip is stored, which it is."""
    objects = bench.services.objects
    await objects.put(object_name(*MEETING, name), data, media_type="application/zip", replace=True)
    return told(data, name=name)


def told(data: bytes, **changed: Any) -> Record:
    body = {
        "provider": MEETING[0],
        "meeting_id": MEETING[1],
        "name": "streams.zip",
        "kind": "streams",
        "media_type": "application/zip",
        "size": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "verified": "length",
        "source_event": "event-1",
        "stored_at": "2026-03-02T10:04:00Z",
        "url": "file:///x",
        **changed,
    }
    headers = event_headers(
        id="fact-1", source="/facts", type=RECORDING_STORED, subject=MEETING[1], time="2026-03-02T10:04:00Z"
    )
    return Record(EVENTS, 0, 1, MEETING[1], 1_772_445_840_000, headers, json.dumps(body).encode())


async def unpacked(bench: Bench, data: bytes) -> Sequence[Fact]:
    return await handle(await stored_zip(bench, data), bench.services)


async def known(bench: Bench) -> dict[str, Artifact]:
    async with bench.services.database.reading() as tx:
        return {artifact.name: artifact for artifact in await artifacts_of(tx, *MEETING)}


async def content(bench: Bench, name: str) -> bytes:
    chunks = bench.services.objects.read(object_name(*MEETING, name))
    return b"".join([chunk async for chunk in chunks])
