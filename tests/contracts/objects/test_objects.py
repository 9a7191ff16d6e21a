"""What every object store promises of the objects that it holds, each promise once."""

import asyncio
import os

import pytest

from infra.objects.base import ObjectStore, StoredObject
from tests.contracts.objects.words import LARGE, content, names, put


async def test_an_object_is_read_as_it_was_put(objects: ObjectStore) -> None:
    data = os.urandom(3_000_000)
    assert await put(objects, "a/b/video.mp4", data) == StoredObject("a/b/video.mp4", len(data))
    assert await content(objects, "a/b/video.mp4") == data


async def test_an_object_is_read_in_bounded_chunks(objects: ObjectStore) -> None:
    await put(objects, "large", bytes(LARGE))
    assert max([len(chunk) async for chunk in objects.read("large")]) <= 8 * 1024 * 1024


@pytest.mark.parametrize("first", [0, 1, 8 * 1024 * 1024, LARGE - 1, LARGE, LARGE + 1])
async def test_an_object_is_read_from_any_byte_on(objects: ObjectStore, first: int) -> None:
    data = os.urandom(LARGE)
    await put(objects, "large", data)
    assert await content(objects, "large", first=first) == data[first:]


async def test_an_object_may_be_empty(objects: ObjectStore) -> None:
    await put(objects, "empty", b"")
    assert await content(objects, "empty") == b""
    assert await content(objects, "empty", first=1) == b""
    assert await objects.stat("empty") == StoredObject("empty", 0)


async def test_what_is_not_there_is_told(objects: ObjectStore) -> None:
    await put(objects, "a/x")
    for name in ("b", "a/y", "a/x/y", "a"):
        assert await objects.stat(name) is None
        with pytest.raises(FileNotFoundError):
            await content(objects, name)
        with pytest.raises(FileNotFoundError):
            await content(objects, name, first=1)


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
