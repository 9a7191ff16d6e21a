"""An S3 server that is killed or frozen, and processes of ours that are killed while they upload."""

import asyncio
import os
import socket
import sys
import threading
import time
from pathlib import Path

import pytest

from infra.errors import Retryable
from infra.objects.base import ObjectStore, StoredObject, Swept
from infra.objects.open import open_objects
from infra.objects.s3.place import s3_place
from infra.objects.s3.store import S3Objects
from tests.infra.objects.s3 import use_server
from tests.servers.seaweed import SeaweedServer

LARGE = 40_000_000
URL = "s3://away/recordings"
BOUND_SECONDS = 20
"""Three times the second that the server has, the pauses between, and a busy machine."""


@pytest.fixture
async def objects(own_seaweed: SeaweedServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ObjectStore:
    use_server(own_seaweed, monkeypatch)
    store = open_objects(URL, parts_folder=str(tmp_path))
    await store.setup()
    return store


def impatient(parts_folder: Path) -> ObjectStore:
    return S3Objects(s3_place(URL, ""), parts_folder=parts_folder, idle_timeout_seconds=1)


async def everything(objects: ObjectStore) -> list[StoredObject]:
    return [found async for found in objects.list("")]


async def read(objects: ObjectStore, name: str) -> bytes:
    return b"".join([chunk async for chunk in objects.read(name)])


async def test_an_upload_during_which_s3_is_killed_can_be_done_again(
    objects: ObjectStore, own_seaweed: SeaweedServer
) -> None:
    data = os.urandom(LARGE)
    half = LARGE // 2

    async def upload_while_it_is_killed() -> None:
        async with objects.begin("a/video.mp4", media_type="video/mp4") as upload:
            await upload.write(data[:half])
            own_seaweed.kill()
            await upload.write(data[half:])
            await upload.finish()

    with pytest.raises(Retryable, match="s3://away/recordings: "):
        await upload_while_it_is_killed()
    own_seaweed.start()
    assert await everything(objects) == []
    assert (await objects.sweep(older_than_seconds=0)).uploads == 1
    assert await objects.put("a/video.mp4", data, media_type="video/mp4") == StoredObject(
        "a/video.mp4", LARGE
    )
    assert await read(objects, "a/video.mp4") == data
    assert await objects.sweep(older_than_seconds=0) == Swept(0, 0)


async def test_an_upload_during_which_s3_is_killed_can_be_gone_on_with(
    objects: ObjectStore, own_seaweed: SeaweedServer
) -> None:
    data = os.urandom(LARGE)
    half = LARGE // 2
    async with objects.begin("a/video.mp4", media_type="video/mp4", resumable=True) as upload:
        await upload.write(data[:half])
        own_seaweed.kill()
        with pytest.raises(Retryable, match="s3://away/recordings: "):
            await upload.finish()
    own_seaweed.start()
    async with objects.resume("a/video.mp4", upload.id, media_type="video/mp4", saved=0) as again:
        assert again is not None
        assert again.saved == half
        await again.write(data[half:])
        await again.finish()
    assert await read(objects, "a/video.mp4") == data
    assert await objects.sweep(older_than_seconds=0) == Swept(0, 0)


async def test_a_server_that_is_away_is_waited_for(objects: ObjectStore, own_seaweed: SeaweedServer) -> None:
    own_seaweed.kill()
    for asked in (objects.probe(), objects.stat("a"), objects.put("a", b"x", media_type="text/plain")):
        with pytest.raises(Retryable, match="the S3 server cannot be reached"):
            await asked


async def test_a_frozen_server_is_given_up_in_bounded_time(
    objects: ObjectStore, own_seaweed: SeaweedServer, tmp_path: Path
) -> None:
    await objects.put("a/video.mp4", bytes(LARGE), media_type="video/mp4")
    own_seaweed.freeze()
    hasty = impatient(tmp_path)
    began = time.monotonic()
    answers = await asyncio.gather(
        hasty.probe(),
        hasty.stat("a/video.mp4"),
        hasty.delete("a/video.mp4"),
        hasty.put("b/small", b"x", media_type="text/plain"),
        hasty.put("b/large", bytes(LARGE), media_type="video/mp4"),
        everything(hasty),
        read(hasty, "a/video.mp4"),
        return_exceptions=True,
    )
    assert [type(answer) for answer in answers] == [Retryable] * len(answers)
    assert time.monotonic() - began < BOUND_SECONDS
    own_seaweed.thaw()
    await objects.probe()


async def test_what_is_cancelled_does_not_wait_for_a_frozen_server(
    objects: ObjectStore, own_seaweed: SeaweedServer, tmp_path: Path
) -> None:
    await objects.put("a/x", bytes(LARGE), media_type="video/mp4")
    own_seaweed.freeze()
    hasty = impatient(tmp_path)
    doing = (
        hasty.put("a/y", bytes(LARGE), media_type="video/mp4"),
        read(hasty, "a/x"),
        everything(hasty),
    )
    working = [asyncio.create_task(work) for work in doing]
    began = time.monotonic()
    await asyncio.wait(working, timeout=0.5)
    for task in working:
        task.cancel()
    answers = await asyncio.gather(*working, return_exceptions=True)
    assert [type(answer) for answer in answers] == [asyncio.CancelledError] * len(answers)
    assert time.monotonic() - began < BOUND_SECONDS
    own_seaweed.thaw()
    await _idle(BOUND_SECONDS)


async def test_a_cancelled_upload_sends_nothing_more_to_a_slow_server(
    seaweed: SeaweedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = asyncio.Event()

    async def take_slowly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(64 * 1024):
            begun.set()
            await asyncio.sleep(0.1)
        writer.close()

    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        listening.bind(("127.0.0.1", 0))
        async with await asyncio.start_server(take_slowly, sock=listening, limit=64 * 1024):
            endpoint = f"http://127.0.0.1:{listening.getsockname()[1]}"
            use_server(seaweed, monkeypatch, AWS_ENDPOINT_URL=endpoint)
            objects = open_objects("s3://away")
            data = bytes(8_000_000)
            putting = objects.put("a/x", data, media_type="video/mp4", replace=True)
            uploading = asyncio.create_task(putting)
            await begun.wait()
            uploading.cancel()
            began = time.monotonic()
            await asyncio.wait({uploading})
            assert time.monotonic() - began < 8
            await _idle(1)


async def _idle(deadline_seconds: float) -> None:
    """Returns when no thread of ours speaks to S3 any more."""
    deadline = time.monotonic() + deadline_seconds
    while any(_speaks(thread) for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


def _speaks(thread: threading.Thread) -> bool:
    """Those that wait for work stand in the pool's own code."""
    frame = sys._current_frames().get(thread.ident or 0)
    while thread.name.startswith("s3") and frame is not None:
        if "botocore" in frame.f_code.co_filename:
            return True
        frame = frame.f_back
    return False
