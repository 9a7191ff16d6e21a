"""Archives that Vonage uploads to its customer's own bucket are copied from there, by a real S3 server."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from infra.objects.open import open_objects
from infra.objects.s3.presigned import presigner
from tests.consumers.storing import MOVIE
from tests.consumers.vonage_scene import FILES, SESSION, Scene, opened_scene
from tests.infra.objects.s3 import use_server
from tests.servers.seaweed import SeaweedServer
from tests.servers.vonage_api import PROJECT

BUCKET = "s3://customers-own/archives"


@pytest.fixture
async def scene(
    tmp_path: Path, seaweed: SeaweedServer, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Scene]:
    use_server(seaweed, monkeypatch)
    bucket = open_objects(BUCKET, parts_folder=str(tmp_path / "parts"))
    await bucket.setup()
    for name, data in (
        ("a1/archive.mp4", MOVIE),
        ("a2/archive.zip", FILES["/z.zip"]),
        ("a2/transcription.json", FILES["/t.json"]),
    ):
        await bucket.put(f"{PROJECT}/{name}", data, media_type="application/octet-stream", replace=True)
    async with opened_scene(tmp_path, in_bucket=presigner(BUCKET)) as opened:
        yield opened


async def test_archives_in_the_customers_bucket_are_copied_from_there(scene: Scene) -> None:
    scene.vonage.has("a1", SESSION, status="uploaded", outputMode="composed")
    uploaded = {"outputMode": "individual", "transcription": {"status": "uploaded"}}
    scene.vonage.has("a2", SESSION, status="uploaded", **uploaded)
    await scene.callback(id="a1", status="uploaded", outputMode="composed")
    await scene.callback(id="a2", status="uploaded", **uploaded)

    await scene.work()

    assert await scene.buried() == []
    assert await scene.content("video.mp4") == MOVIE
    assert {"streams.zip", "stream-a.webm", "transcript.json"} <= set(await scene.artifacts())
    assert scene.vonage.fetched == []


async def test_an_archive_that_is_not_there_yet_is_waited_for(scene: Scene) -> None:
    scene.vonage.has("a3", SESSION, status="uploaded", outputMode="composed")
    await scene.callback(id="a3", status="uploaded", outputMode="composed")

    await scene.work()

    (error,) = await scene.buried()
    assert "404" in error
    assert "X-Amz" not in error
