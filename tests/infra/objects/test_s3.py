"""What is true of objects in S3 only: other clients, other people's objects, uploads in parts, encryption."""

import asyncio
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest
from aiohttp import ClientSession

from infra.objects.base import ObjectExists, ObjectStore, StoredObject, Swept
from infra.objects.open import open_objects
from infra.objects.s3.place import S3Place, s3_place
from infra.objects.s3.upload import part_bytes
from tests.infra.objects.s3 import use_server
from tests.servers.seaweed import SeaweedServer

BUCKET = "stored"
LARGE = 20_000_000
UPLOADING = (sys.executable, "-m", "tests.infra.objects.uploading")


@pytest.fixture
def prefix() -> str:
    return str(uuid4())


@pytest.fixture
async def objects(
    seaweed: SeaweedServer, monkeypatch: pytest.MonkeyPatch, prefix: str, tmp_path: Path
) -> ObjectStore:
    use_server(seaweed, monkeypatch)
    store = open_objects(f"s3://{BUCKET}/{prefix}", parts_folder=str(tmp_path))
    await store.setup()
    return store


@pytest.fixture
def other_client(seaweed: SeaweedServer) -> Iterator[Any]:
    """Plain boto3, as it comes."""
    client = boto3.client(
        "s3",
        endpoint_url=seaweed.endpoint_url,
        aws_access_key_id=seaweed.access_key,
        aws_secret_access_key=seaweed.secret_key,
        region_name="us-east-1",
    )
    yield client
    client.close()


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def names(objects: ObjectStore) -> list[str]:
    return [found.name async for found in objects.list("")]


@pytest.mark.parametrize("size", [10, LARGE])
async def test_another_client_reads_what_we_stored_and_proves_it(
    objects: ObjectStore, other_client: Any, prefix: str, size: int
) -> None:
    data = os.urandom(size)
    await objects.put("a/video.mp4", data, media_type="video/mp4")
    answer = other_client.get_object(Bucket=BUCKET, Key=f"{prefix}/a/video.mp4", ChecksumMode="ENABLED")
    assert answer["Body"].read() == data  # it compares the checksum, which is one of the whole
    assert answer["ChecksumCRC32"]
    assert answer["ContentType"] == "video/mp4"


async def test_a_signed_link_gives_the_object_to_a_browser(
    objects: ObjectStore, other_client: Any, prefix: str
) -> None:
    await objects.put("a/summary.md", b"# Summary", media_type="text/markdown")
    key = {"Bucket": BUCKET, "Key": f"{prefix}/a/summary.md"}
    link = other_client.generate_presigned_url("get_object", Params=key)
    async with ClientSession() as browser, browser.get(link) as answer:
        assert await answer.read() == b"# Summary"
        assert answer.content_type == "text/markdown"


async def test_what_others_have_put_beside_our_objects_is_not_listed(
    objects: ObjectStore, other_client: Any, prefix: str
) -> None:
    await objects.put("a/x", b"x", media_type="text/plain")
    for key in (f"{prefix}/a/", f"{prefix}-too/a/x"):
        other_client.put_object(Bucket=BUCKET, Key=key, Body=b"")
    assert await names(objects) == ["a/x"]


async def test_more_objects_than_one_answer_holds_are_listed(
    objects: ObjectStore, other_client: Any, prefix: str
) -> None:
    expected = [f"a/{number:04}" for number in range(1100)]
    with ThreadPoolExecutor(8) as threads:
        for name in expected:
            threads.submit(other_client.put_object, Bucket=BUCKET, Key=f"{prefix}/{name}", Body=b"x")
    assert await names(objects) == expected


async def test_of_large_uploads_that_race_for_a_name_a_whole_one_is_there(objects: ObjectStore) -> None:
    """SeaweedFS may tell several that they won: it is one of those that is there."""

    async def upload(letter: bytes) -> bytes | None:
        try:
            await objects.put("a/x", letter * LARGE, media_type="video/mp4")
        except ObjectExists:
            return None
        return letter

    winners = [letter for letter in await asyncio.gather(*map(upload, (b"a", b"b"))) if letter]
    content = b"".join([chunk async for chunk in objects.read("a/x")])
    assert content in [letter * LARGE for letter in winners]
    with pytest.raises(ObjectExists):
        await objects.put("a/x", b"c" * LARGE, media_type="video/mp4")
    assert await objects.sweep(older_than_seconds=0) == Swept(0, 0)


async def test_a_sweep_leaves_an_old_upload_that_still_grows(objects: ObjectStore) -> None:
    async with objects.begin("a/video.mp4", media_type="video/mp4") as upload:
        await upload.write(bytes(LARGE))
        begun = time.monotonic()
        while time.monotonic() - begun < 3.5:
            await asyncio.sleep(0.1)
        await upload.write(bytes(LARGE * 2))
        assert await objects.sweep(older_than_seconds=2) == Swept(0, 0)
        assert await upload.finish() == StoredObject("a/video.mp4", LARGE * 3)


async def test_a_sweep_leaves_an_upload_whose_part_fills_here_however_slowly(objects: ObjectStore) -> None:
    async with objects.begin("a/video.mp4", media_type="video/mp4", resumable=True) as upload:
        await upload.write(bytes(LARGE))
        assert await objects.sweep(older_than_seconds=-60) == Swept(0, 0)
        assert await upload.finish() == StoredObject("a/video.mp4", LARGE)


async def test_of_an_upload_that_is_not_there_any_more_no_part_is_kept(
    objects: ObjectStore, other_client: Any, prefix: str, tmp_path: Path
) -> None:
    async with objects.begin("a/video.mp4", media_type="video/mp4", resumable=True) as upload:
        await upload.write(b"some bytes")
    key = {"Bucket": BUCKET, "Key": f"{prefix}/a/video.mp4"}
    other_client.abort_multipart_upload(**key, UploadId=upload.id.partition(".")[2])
    async with objects.resume("a/video.mp4", upload.id, media_type="video/mp4", saved=10) as again:
        assert again is None
    assert files_below(tmp_path) == []


async def test_a_process_killed_in_an_upload_leaves_no_half_object(objects: ObjectStore, prefix: str) -> None:
    for round_ in range(3):
        child = await asyncio.create_subprocess_exec(
            *UPLOADING, f"s3://{BUCKET}/{prefix}", str(LARGE), stdout=asyncio.subprocess.PIPE
        )
        assert child.stdout is not None
        await child.stdout.readline()
        # Somewhere in one of the next uploads: each time at another point of it.
        await asyncio.sleep(round_ * 0.03)
        child.kill()
        await child.communicate()
        found = [found async for found in objects.list("")]
        assert {stored.size for stored in found} == {LARGE}
        for stored in found:
            await objects.delete(stored.name)
    await objects.sweep(older_than_seconds=0)
    assert await objects.sweep(older_than_seconds=0) == Swept(0, 0)


async def test_the_server_encrypts_where_that_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("WEED_S3_SSE_KEK", "5a" * 32)  # SeaweedFS has no key of its own
    with SeaweedServer() as server:
        server.start()
        use_server(server, monkeypatch)
        objects = open_objects(f"s3://{BUCKET}", encryption="AES256", parts_folder=str(tmp_path))
        await objects.setup()
        await objects.probe()
        for size in (10, LARGE):
            await objects.put(f"a/{size}", bytes(size), media_type="video/mp4")
            with closing(boto3.client("s3")) as client:
                found = client.head_object(Bucket=BUCKET, Key=f"a/{size}")
            assert found["ServerSideEncryption"] == "AES256"
            assert b"".join([chunk async for chunk in objects.read(f"a/{size}")]) == bytes(size)


def test_10_000_parts_hold_the_longest_recording() -> None:
    sizes = [part_bytes(number) for number in range(1, 10_001)]
    assert sizes[0] == 8 * 1024 * 1024
    assert sum(sizes[:2000]) == 16_000 * 1024 * 1024
    assert sum(sizes) > 400 * 1024**3


@pytest.mark.parametrize(
    ("url", "prefix"),
    [("s3://bucket", ""), ("s3://bucket/", ""), ("s3://bucket/a", "a/"), ("s3://bucket/a/b/", "a/b/")],
)
def test_a_url_names_a_bucket_and_a_prefix(url: str, prefix: str) -> None:
    assert s3_place(url, "") == S3Place("bucket", prefix)


@pytest.mark.parametrize(
    "url", ["s3://", "s3:///x", "s3://Bucket", "s3://b", "s3://bucket?x", "s3://bucket/../x"]
)
def test_a_url_that_names_no_bucket_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="must be s3:// and a bucket"):
        open_objects(url)


@pytest.mark.parametrize(
    ("encryption", "told"),
    [
        ("", {}),
        ("AES256", {"ServerSideEncryption": "AES256"}),
        ("aws:kms", {"ServerSideEncryption": "aws:kms"}),
        ("aws:kms:arn:aws:kms:x", {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "arn:aws:kms:x"}),
    ],
)
def test_an_encryption_is_told_to_the_server(encryption: str, told: dict[str, str]) -> None:
    assert s3_place("s3://bucket", encryption).encrypted() == told


@pytest.mark.parametrize("encryption", ["AES", "aws:kms:", "aws:kms: x", "none"])
def test_an_encryption_that_is_unknown_is_refused(encryption: str) -> None:
    with pytest.raises(ValueError, match="The encryption must be AES256"):
        open_objects("s3://bucket", encryption=encryption)


def test_a_folder_encrypts_nothing() -> None:
    with pytest.raises(ValueError, match="Only an S3 server encrypts"):
        open_objects("file:///var/objects", encryption="AES256")


async def test_the_url_of_an_object_is_what_s3_tools_take(objects: ObjectStore, prefix: str) -> None:
    assert objects.url("a/x%2Fy é.mp4") == f"s3://{BUCKET}/{prefix}/a/x%2Fy é.mp4"


async def test_a_name_that_is_too_long_with_its_prefix_is_refused(objects: ObjectStore) -> None:
    with pytest.raises(ValueError, match="too long for S3"):
        await objects.stat("/".join(["x" * 200] * 5))
