"""What is true of uploads to a folder only: power cuts, disks that refuse, and what a kill leaves there."""

import asyncio
import os
from pathlib import Path
from uuid import uuid4

import pytest

from infra.errors import Halt, Retryable
from infra.objects.base import StoredObject, Swept, Upload
from infra.objects.files import FileObjects
from tests.contracts.objects.others import other_process
from tests.contracts.objects.words import begun, content, finished, resumed
from tests.infra.eventlog.disks import small_disk
from tests.infra.objects.disks import disk, thin_disk
from tests.infra.objects.obeying import NAME, recording

THIS_BOOT, NEXT_BOOT = str(uuid4()), str(uuid4())
HALF = 20_000_000


@pytest.fixture
async def objects(tmp_path: Path) -> FileObjects:
    store = FileObjects(tmp_path, THIS_BOOT)
    await store.setup()
    return store


def part_of(objects: FileObjects, upload_id: str) -> Path:
    return objects.root / ".uploads" / f"{upload_id}.part"


async def test_what_is_saved_outlives_a_power_cut(tmp_path: Path) -> None:
    with disk(tmp_path / "image", tmp_path / "disk") as ours:
        async with other_process(f"file:///{ours.folder}", "") as other, asyncio.timeout(60):
            while not (saved := (await other.told(100_000)).saved):
                await asyncio.sleep(0.05)
            await other.told(1_000_000)
            ours.lose_power()
            await other.kill()
        ours.power_on()
        objects = FileObjects(ours.folder, NEXT_BOOT)
        async with resumed(objects, other.said.id, saved) as upload:
            assert upload.saved == saved
            await finished(upload)
        assert await content(objects, NAME) == recording()


async def test_after_a_power_cut_only_what_is_saved_is_believed(objects: FileObjects) -> None:
    async with begun(objects) as upload:
        await upload.write(recording(HALF))
    with part_of(objects, upload.id).open("ab") as file:
        file.write(bytes(100_000))  # the length was kept, the content was not
    after = FileObjects(objects.root, NEXT_BOOT)
    async with resumed(after, upload.id, HALF) as again:
        assert again.saved == HALF
        await finished(again)
    assert await content(after, NAME) == recording()


@pytest.mark.parametrize("noted", [HALF - 5, HALF + 5])
async def test_where_starts_of_the_machine_are_not_told_apart_only_what_is_saved_is_believed(
    objects: FileObjects, noted: int
) -> None:
    unaware = FileObjects(objects.root)
    async with begun(unaware) as upload:
        await upload.write(recording(HALF))
    async with resumed(unaware, upload.id, noted) as again:
        assert again.saved == min(noted, HALF)
        await finished(again)
    assert await content(unaware, NAME) == recording()


async def test_a_disk_that_fills_halts_an_upload_and_room_lets_it_go_on(tmp_path: Path) -> None:
    size = 3_000_000
    with small_disk(tmp_path) as ours:
        objects = FileObjects(tmp_path, THIS_BOOT)
        await objects.setup()
        async with begun(objects) as upload:
            await upload.write(recording(1_000_000))
            ours.fill()
            with pytest.raises(Halt, match=r"is full: make room on it"):
                await upload.write(recording(size)[1_000_000:])
        with pytest.raises(Halt, match=r"is full"):
            await objects.probe()
        ours.free()
        async with resumed(objects, upload.id, upload.saved) as again:
            assert 1_000_000 <= again.saved < size
            await again.write(recording(size)[again.saved :])
            assert await again.finish() == StoredObject(NAME, size)
        assert await content(objects, NAME) == recording(size)


async def test_what_a_disk_failed_to_take_is_not_believed(tmp_path: Path) -> None:
    """The file shows it all the same, and another sync would succeed."""
    size = 200_000
    with thin_disk(tmp_path) as ours:
        objects = FileObjects(ours.folder, THIS_BOOT)
        await objects.setup()
        async with begun(objects) as upload, asyncio.timeout(60):
            await upload.write(recording(size // 2))
            while upload.saved < size // 2:
                await asyncio.sleep(0.05)
                await upload.write(b"")
            ours.fill()
            await upload.write(recording(size)[size // 2 :])
            with pytest.raises(Halt, match=r"is full: make room on it"):
                await upload.finish()
        ours.free()
        assert upload.saved == size // 2
        async with resumed(objects, upload.id, upload.saved) as again:
            assert again.saved == size // 2
            await again.write(recording(size)[size // 2 :])
            await again.finish()
        assert await content(objects, NAME) == recording(size)


async def test_what_a_disk_failed_to_take_of_a_killed_process_is_not_believed(tmp_path: Path) -> None:
    with thin_disk(tmp_path) as ours:
        objects = FileObjects(ours.folder, THIS_BOOT)
        await objects.setup()
        async with begun(objects) as upload:
            await upload.write(recording(100_000))
        ours.fill()
        with part_of(objects, upload.id).open("ab") as file:
            file.write(recording()[100_000:200_000])  # the last that it did
        with pytest.raises(Halt, match=r"is full: make room on it"):
            await objects.resume(NAME, upload.id, media_type="video/mp4", saved=100_000).__aenter__()
        ours.free()
        async with resumed(objects, upload.id, 100_000) as again:
            assert again.saved == 100_000


async def test_a_discarded_upload_is_soon_refused_more_bytes(objects: FileObjects) -> None:
    async def write_for_ever(upload: Upload) -> None:
        while True:
            await upload.write(b"x" * 1000)
            await asyncio.sleep(0.01)

    async with begun(objects) as upload, asyncio.timeout(30):
        await objects.discard(NAME, upload.id)
        with pytest.raises(Retryable, match="was discarded while it was written"):
            await write_for_ever(upload)


async def test_a_discarded_upload_cannot_be_finished(objects: FileObjects) -> None:
    async with begun(objects) as upload:
        await upload.write(b"x")
        await objects.discard(NAME, upload.id)
        with pytest.raises(Retryable, match="was discarded while it was written"):
            await upload.finish()
    assert await objects.stat(NAME) is None


async def test_an_upload_whose_process_was_killed_when_it_had_its_name_is_the_object(
    objects: FileObjects,
) -> None:
    """To cut it, or to go on writing, would spoil what is stored."""
    async with begun(objects) as upload:
        await upload.write(recording(HALF))
    (objects.root / NAME).parent.mkdir()
    os.link(part_of(objects, upload.id), objects.root / NAME)
    async with FileObjects(objects.root, NEXT_BOOT).resume(
        NAME, upload.id, media_type="video/mp4", saved=1
    ) as again:
        assert again is None
    assert await content(objects, NAME) == recording(HALF)
    assert await objects.sweep(0) == Swept(0, 0)


async def test_a_sweep_is_not_in_the_way_of_who_resumes_what_it_keeps(objects: FileObjects) -> None:
    async with begun(objects) as upload:
        await upload.write(b"x")

    async def sweep_on_and_on() -> None:
        while True:
            await objects.sweep(0, keep={upload.id})

    sweeping = asyncio.create_task(sweep_on_and_on())
    for _ in range(300):
        async with resumed(objects, upload.id, upload.saved):
            pass
    sweeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sweeping
