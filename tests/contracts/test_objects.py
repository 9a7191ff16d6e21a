"""What every object store promises, each promise once. A store joins by a line in `STORES`."""

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest

from infra.objects.base import ObjectExists, ObjectStore, StoredObject, Swept
from infra.objects.open import open_objects
from tests.infra.objects.s3 import use_server

LARGE = 20_000_000
"""More than S3 takes in one request of ours."""


def _files(folder: Path, request: pytest.FixtureRequest) -> str:
    return f"file:///{folder}"


def _s3(folder: Path, request: pytest.FixtureRequest) -> str:
    use_server(request.getfixturevalue("seaweed"), request.getfixturevalue("monkeypatch"))
    return f"s3://contract/{uuid4()}"


STORES: dict[str, Callable[[Path, pytest.FixtureRequest], str]] = {"files": _files, "s3": _s3}


@pytest.fixture(params=STORES)
def objects_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of a store that is empty."""
    return STORES[request.param](tmp_path, request)


@pytest.fixture
async def objects(objects_url: str) -> ObjectStore:
    store = open_objects(objects_url)
    await store.setup()
    return store


async def left_by_a_killed_process(url: str) -> None:
    """Half of an upload."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.infra.objects.half", url), stdout=asyncio.subprocess.PIPE
    )
    assert child.stdout is not None
    assert await child.stdout.readline() == b"begun\n"
    child.kill()
    await child.communicate()


async def content(objects: ObjectStore, name: str) -> bytes:
    return b"".join([chunk async for chunk in objects.read(name)])


async def names(objects: ObjectStore, prefix: str = "") -> list[str]:
    return [found.name async for found in objects.list(prefix)]


async def put(objects: ObjectStore, name: str, data: bytes = b"x", *, replace: bool = False) -> StoredObject:
    return await objects.put(name, data, media_type="application/octet-stream", replace=replace)


async def test_an_object_is_read_as_it_was_put(objects: ObjectStore) -> None:
    data = os.urandom(3_000_000)
    assert await put(objects, "a/b/video.mp4", data) == StoredObject("a/b/video.mp4", len(data))
    assert await content(objects, "a/b/video.mp4") == data


async def test_an_object_is_read_in_bounded_chunks(objects: ObjectStore) -> None:
    await put(objects, "large", bytes(LARGE))
    assert max([len(chunk) async for chunk in objects.read("large")]) <= 8 * 1024 * 1024


async def test_an_object_may_be_empty(objects: ObjectStore) -> None:
    await put(objects, "empty", b"")
    assert await content(objects, "empty") == b""
    assert await objects.stat("empty") == StoredObject("empty", 0)


async def test_an_upload_is_the_sum_of_what_was_written(objects: ObjectStore) -> None:
    pieces = [os.urandom(size) for size in (0, 1, 70_000, LARGE, 3)]
    async with objects.begin("a/video.mp4", media_type="video/mp4") as upload:
        for piece in pieces:
            await upload.write(piece)
        stored = await upload.finish()
    assert stored == StoredObject("a/video.mp4", sum(map(len, pieces)))
    assert await content(objects, "a/video.mp4") == b"".join(pieces)


async def test_an_object_is_not_there_before_its_upload_is_finished(objects: ObjectStore) -> None:
    async with objects.begin("a/video.mp4", media_type="video/mp4") as upload:
        await upload.write(bytes(LARGE))
        assert await objects.stat("a/video.mp4") is None
        assert await names(objects) == []
        with pytest.raises(FileNotFoundError):
            await content(objects, "a/video.mp4")
        await upload.finish()
        assert await names(objects) == ["a/video.mp4"]


async def test_an_upload_that_is_left_unfinished_leaves_nothing(objects: ObjectStore) -> None:
    async with objects.begin("a/video.mp4", media_type="video/mp4") as upload:
        await upload.write(bytes(LARGE))
    assert await names(objects) == []
    assert await objects.sweep(older_than_seconds=0) == Swept(0, 0)


async def test_an_upload_that_is_cancelled_leaves_nothing(objects: ObjectStore) -> None:
    begun = asyncio.Event()

    async def upload_for_ever() -> None:
        async with objects.begin("a/video.mp4", media_type="video/mp4") as upload:
            while True:
                await upload.write(bytes(LARGE))
                begun.set()

    uploading = asyncio.create_task(upload_for_ever())
    await begun.wait()
    uploading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await uploading
    assert await names(objects) == []
    assert await objects.sweep(older_than_seconds=0) == Swept(0, 0)


async def test_an_object_is_not_replaced_unless_that_is_asked_for(objects: ObjectStore) -> None:
    await put(objects, "a/x", b"first")
    with pytest.raises(ObjectExists):
        await put(objects, "a/x", b"second")
    assert await content(objects, "a/x") == b"first"
    assert await names(objects) == ["a/x"]


async def test_an_object_is_replaced_when_that_is_asked_for(objects: ObjectStore) -> None:
    await put(objects, "a/x", b"first", replace=True)
    await put(objects, "a/x", b"second", replace=True)
    assert await content(objects, "a/x") == b"second"
    assert await names(objects) == ["a/x"]


async def test_an_object_keeps_its_content_until_it_is_replaced_whole(objects: ObjectStore) -> None:
    await put(objects, "a/x", b"first")
    async with objects.begin("a/x", media_type="text/plain", replace=True) as upload:
        await upload.write(bytes(LARGE))
        assert await content(objects, "a/x") == b"first"
    assert await content(objects, "a/x") == b"first"


async def test_of_uploads_that_race_for_a_name_one_wins_and_stays(objects: ObjectStore) -> None:
    async def upload(letter: bytes) -> bytes | None:
        try:
            await put(objects, "a/x", letter * 100_000)
        except ObjectExists:
            return None
        return letter

    winners = [letter for letter in await asyncio.gather(*map(upload, (b"a", b"b", b"c", b"d"))) if letter]
    assert len(winners) == 1
    assert await content(objects, "a/x") == winners[0] * 100_000


async def test_what_is_not_there_is_told(objects: ObjectStore) -> None:
    await put(objects, "a/x")
    for name in ("b", "a/y", "a/x/y", "a"):
        assert await objects.stat(name) is None
        with pytest.raises(FileNotFoundError):
            await content(objects, name)


async def test_a_deleted_object_is_gone(objects: ObjectStore) -> None:
    await put(objects, "a/b/x")
    await put(objects, "a/y")
    await objects.delete("a/b/x")
    assert await objects.stat("a/b/x") is None
    assert await names(objects) == ["a/y"]
    await put(objects, "a/b/x", b"again")
    assert await content(objects, "a/b/x") == b"again"


async def test_deleting_what_is_not_there_is_no_error(objects: ObjectStore) -> None:
    await put(objects, "a/x")
    for name in ("b", "a/y", "a/x/y", "a"):
        await objects.delete(name)
    assert await names(objects) == ["a/x"]


async def test_uploads_and_deletions_in_one_folder_do_not_disturb_each_other(objects: ObjectStore) -> None:
    async def come_and_go(name: str) -> None:
        for _ in range(20):
            await put(objects, name)
            await objects.delete(name)

    await asyncio.gather(*(come_and_go(f"a/b/{number}") for number in range(4)))
    assert await names(objects) == []


async def test_objects_are_listed_by_prefix_in_order_of_their_names(objects: ObjectStore) -> None:
    for name in ("a/x", "a-b/x", "a.b", "a/b/c", "a0", "b/x", "a/b.c", "a/é"):
        await put(objects, name, name.encode())
    assert await names(objects) == ["a-b/x", "a.b", "a/b.c", "a/b/c", "a/x", "a/é", "a0", "b/x"]
    assert await names(objects, "a/") == ["a/b.c", "a/b/c", "a/x", "a/é"]
    assert await names(objects, "a/b") == ["a/b.c", "a/b/c"]
    assert await names(objects, "a/b/c") == ["a/b/c"]
    assert await names(objects, "c") == []
    assert [found.size async for found in objects.list("a/b")] == [5, 5]


@pytest.mark.parametrize(
    "name",
    [
        *("", "/", "/etc/passwd", "..", "../x", "a/../../x", "a/..", "a/./x", "./x", "a//x", "a/", "a\0b"),
        *("a\\b", ".uploads/x"),
        *("x" * 256, "/".join(["x" * 200] * 6), "\ud800"),
    ],
)
async def test_a_name_that_is_no_ordinary_path_is_refused(objects: ObjectStore, name: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 the text is each store's own
        await put(objects, name)
    with pytest.raises(ValueError):  # noqa: PT011
        await objects.delete(name)
    assert await names(objects) == []


@pytest.mark.parametrize("name", ["%2E%2E/x", "a%2Fb/~", "ü/日本", " x /y", "-rf", "...", "x" * 255])
async def test_a_strange_name_is_a_name_like_any_other(objects: ObjectStore, name: str) -> None:
    await put(objects, name, b"strange")
    assert await names(objects) == [name]
    assert await content(objects, name) == b"strange"


async def test_an_object_has_a_url_of_its_own(objects: ObjectStore) -> None:
    first, second = objects.url("a/x y.mp4"), objects.url("a/x%20y.mp4")
    assert "://" in first
    assert first != second


async def test_a_probe_succeeds_and_leaves_nothing(objects: ObjectStore) -> None:
    await objects.probe()
    assert await names(objects) == []


async def test_setup_is_safe_to_repeat(objects: ObjectStore) -> None:
    await put(objects, "a/x", b"kept")
    async with objects.begin("a/y", media_type="text/plain") as upload:
        await upload.write(b"begun")
        await objects.setup()
        await upload.finish()
    assert await content(objects, "a/x") == b"kept"
    assert await content(objects, "a/y") == b"begun"


async def test_what_a_killed_process_left_is_swept(objects: ObjectStore, objects_url: str) -> None:
    await left_by_a_killed_process(objects_url)
    assert await names(objects) == []
    swept = await objects.sweep(older_than_seconds=0)
    assert swept.uploads == 1
    assert swept.size > 0
    assert await objects.sweep(older_than_seconds=0) == Swept(0, 0)


async def test_a_sweep_leaves_what_is_younger_than_its_bound(objects: ObjectStore, objects_url: str) -> None:
    await left_by_a_killed_process(objects_url)
    assert await objects.sweep(older_than_seconds=3600) == Swept(0, 0)
    assert (await objects.sweep(older_than_seconds=0)).uploads == 1


async def test_a_sweep_leaves_an_upload_that_runs(objects: ObjectStore) -> None:
    async with objects.begin("a/video.mp4", media_type="video/mp4") as upload:
        await upload.write(bytes(LARGE))
        assert await objects.sweep(older_than_seconds=3600) == Swept(0, 0)
        await upload.finish()
    assert await objects.stat("a/video.mp4") == StoredObject("a/video.mp4", LARGE)


async def test_a_sweep_leaves_the_uploads_of_other_stores(objects: ObjectStore, objects_url: str) -> None:
    await left_by_a_killed_process(f"{objects_url}-other")
    assert await objects.sweep(older_than_seconds=0) == Swept(0, 0)
