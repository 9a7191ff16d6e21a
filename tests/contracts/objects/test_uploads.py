"""What every object store promises of uploads: whole or not at all, and in nobody's way."""

import asyncio
import os

import pytest

from infra.objects.base import ObjectChanged, ObjectExists, ObjectStore, StoredObject, Swept
from tests.contracts.objects.words import LARGE, content, left_by_a_killed_process, names, put


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


@pytest.mark.parametrize("size", [10, LARGE])
async def test_an_object_that_is_still_the_same_is_replaced(objects: ObjectStore, size: int) -> None:
    stored = await put(objects, "a/x", b"first")
    assert await objects.stat("a/x") == stored
    for number in (1, 2):
        found = await objects.stat("a/x")
        assert found is not None
        assert found.version == stored.version
        stored = await put(objects, "a/x", bytes([number]) * size, replace=found)
    assert await content(objects, "a/x") == b"\2" * size


@pytest.mark.parametrize("size", [10, LARGE])
async def test_an_object_that_is_not_the_same_any_more_is_not_replaced(
    objects: ObjectStore, size: int
) -> None:
    stored = await put(objects, "a/x", b"first")
    await put(objects, "a/x", b"other", replace=True)
    with pytest.raises(ObjectChanged):
        await put(objects, "a/x", bytes(size), replace=stored)
    assert await content(objects, "a/x") == b"other"
    await objects.delete("a/x")
    with pytest.raises(ObjectChanged):
        await put(objects, "a/x", bytes(size), replace=stored)
    assert await names(objects) == []


async def test_of_uploads_that_race_to_replace_an_object_one_wins(objects: ObjectStore) -> None:
    stored = await put(objects, "a/x", b"first")

    async def upload(letter: bytes) -> bytes | None:
        try:
            await put(objects, "a/x", letter * 100_000, replace=stored)
        except ObjectChanged:
            return None
        return letter

    winners = [letter for letter in await asyncio.gather(*map(upload, (b"a", b"b", b"c", b"d"))) if letter]
    assert len(winners) == 1
    assert await content(objects, "a/x") == winners[0] * 100_000


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
