"""What every object store promises of uploads that are gone on with, each promise once."""

import asyncio
from contextlib import suppress

import pytest

from infra.objects.base import ObjectExists, ObjectStore, StoredObject, Swept
from tests.contracts.objects.others import OtherProcess
from tests.contracts.objects.words import begun, content, finished, names, put, resumed
from tests.infra.objects.obeying import NAME, recording

MB = 1024 * 1024
HALF = 20_000_000


async def test_a_killed_process_loses_no_byte_on_its_machine(
    objects: ObjectStore, other: OtherProcess
) -> None:
    written = await other.told(HALF)
    await other.kill()
    assert written.saved <= HALF
    async with resumed(objects, written.id, written.saved) as upload:
        assert upload.saved == HALF
        await finished(upload)
    assert await content(objects, NAME) == recording()


async def test_a_process_may_be_killed_in_the_middle_of_a_write(
    objects: ObjectStore, other: OtherProcess
) -> None:
    written = await other.told(1)
    other.ask(len(recording()) - 1)
    await asyncio.sleep(0.02)  # somewhere in it: at another point of it in each run
    await other.kill()
    async with resumed(objects, written.id, written.saved) as upload:
        assert upload.saved >= 1
        await finished(upload)
    assert await content(objects, NAME) == recording()


async def test_an_upload_that_was_left_by_an_exception_is_gone_on_with(objects: ObjectStore) -> None:
    with suppress(ZeroDivisionError):
        async with begun(objects) as upload:
            await upload.write(recording(HALF))
            raise ZeroDivisionError
    assert upload.saved == HALF
    async with resumed(objects, upload.id, upload.saved) as again:
        assert (again.id, again.saved) == (upload.id, HALF)
        await finished(again)
    assert await content(objects, NAME) == recording()


async def test_an_upload_that_was_cancelled_is_gone_on_with(objects: ObjectStore) -> None:
    ids: asyncio.Queue[str] = asyncio.Queue()

    async def upload_for_ever() -> None:
        async with begun(objects) as upload:
            await upload.write(recording(HALF))
            ids.put_nowait(upload.id)
            await upload.write(recording()[HALF : HALF + 1])
            await asyncio.Event().wait()

    uploading = asyncio.create_task(upload_for_ever())
    upload_id = await ids.get()
    uploading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await uploading
    async with resumed(objects, upload_id, 0) as again:
        assert again.saved in (HALF, HALF + 1)
        await finished(again)
    assert await content(objects, NAME) == recording()


@pytest.mark.parametrize("size", [0, 1, *(n * MB + d for n in (5, 8, 16) for d in (-1, 0, 1))])
async def test_an_upload_may_be_left_at_any_byte(objects: ObjectStore, size: int) -> None:
    async with begun(objects) as upload:
        await upload.write(recording(size))
    async with resumed(objects, upload.id, upload.saved) as again:
        assert again.saved == size
        await finished(again)
    assert await content(objects, NAME) == recording()


async def test_an_upload_may_be_left_and_gone_on_with_many_times(objects: ObjectStore) -> None:
    async with begun(objects) as upload:
        pass
    for size in range(0, len(recording()), 4_999_999):
        async with resumed(objects, upload.id, upload.saved) as upload:
            assert upload.saved == size
            await upload.write(recording()[size : size + 4_999_999])
    async with resumed(objects, upload.id, upload.saved) as upload:
        assert await upload.finish() == StoredObject(NAME, len(recording()))
    assert await content(objects, NAME) == recording()


@pytest.mark.parametrize("noted", [0, HALF - 1, HALF + 1, 10 * HALF])
async def test_what_was_noted_of_it_may_be_too_little_or_too_much(objects: ObjectStore, noted: int) -> None:
    async with begun(objects) as upload:
        await upload.write(recording(HALF))
    async with resumed(objects, upload.id, noted) as again:
        assert again.saved <= HALF
        await finished(again)
    assert await content(objects, NAME) == recording()


async def test_what_is_saved_grows_while_an_upload_runs(objects: ObjectStore) -> None:
    async with begun(objects) as upload, asyncio.timeout(30):
        told = [upload.saved]
        while upload.saved < 2 * MB:
            await upload.write(bytes(64 * 1024))
            told.append(upload.saved)
            await asyncio.sleep(0.01)
    assert told[0] == 0
    assert told == sorted(told)


async def test_an_object_is_not_there_before_its_resumed_upload_is_finished(objects: ObjectStore) -> None:
    async with begun(objects) as upload:
        await upload.write(recording(HALF))
    async with resumed(objects, upload.id, upload.saved) as again:
        assert await names(objects) == []
        await finished(again)
    assert await names(objects) == [NAME]
    assert await objects.sweep(0) == Swept(0, 0)


async def test_what_another_process_writes_is_not_resumed_though_it_is_frozen(
    objects: ObjectStore, other: OtherProcess
) -> None:
    written = await other.told(HALF)
    other.freeze()
    async with objects.resume(NAME, written.id, media_type="video/mp4", saved=written.saved) as upload:
        assert upload is None
    other.thaw()
    await other.told(len(recording()) - HALF)
    assert (await other.told("finish")).error == ""
    assert await content(objects, NAME) == recording()


async def test_of_two_that_resume_an_upload_one_has_it(objects: ObjectStore) -> None:
    async with begun(objects) as upload:
        await upload.write(recording(HALF))
    first = objects.resume(NAME, upload.id, media_type="video/mp4", saved=upload.saved)
    second = objects.resume(NAME, upload.id, media_type="video/mp4", saved=upload.saved)
    async with first as one, second as two:
        winners = [each for each in (one, two) if each is not None]
        assert len(winners) == 1
        await finished(winners[0])
    assert await content(objects, NAME) == recording()


async def test_a_discarded_upload_is_gone(objects: ObjectStore) -> None:
    async with begun(objects) as upload:
        await upload.write(recording(HALF))
    for _ in range(2):
        await objects.discard(NAME, upload.id)
        async with objects.resume(NAME, upload.id, media_type="video/mp4", saved=upload.saved) as again:
            assert again is None
    assert await objects.sweep(0) == Swept(0, 0)


async def test_an_upload_that_is_discarded_by_its_own_writer_is_gone(objects: ObjectStore) -> None:
    async with begun(objects) as upload:
        await upload.write(recording(HALF))
        await objects.discard(NAME, upload.id)
    async with objects.resume(NAME, upload.id, media_type="video/mp4", saved=upload.saved) as again:
        assert again is None
    assert await objects.sweep(0) == Swept(0, 0)


async def test_an_upload_is_taken_from_a_frozen_process_by_discarding_it(
    objects: ObjectStore, other: OtherProcess
) -> None:
    written = await other.told(HALF)
    other.freeze()
    await objects.discard(NAME, written.id)
    async with begun(objects) as upload:
        await finished(upload)
    other.thaw()
    assert (await other.told("finish")).error == "Retryable"
    await other.told("leave")
    assert await content(objects, NAME) == recording()
    assert await objects.sweep(0) == Swept(0, 0)


async def test_a_sweep_takes_what_nobody_wrote_down(objects: ObjectStore, other: OtherProcess) -> None:
    written = await other.told(HALF)
    await other.kill()
    swept = await objects.sweep(0, keep=("somebody-else",))
    assert swept.uploads == 1
    assert swept.size > 0
    async with objects.resume(NAME, written.id, media_type="video/mp4", saved=written.saved) as upload:
        assert upload is None


async def test_a_sweep_keeps_what_somebody_wrote_down(objects: ObjectStore, other: OtherProcess) -> None:
    written = await other.told(HALF)
    await other.kill()
    assert await objects.sweep(0, keep={written.id}) == Swept(0, 0)
    await objects.setup()
    async with resumed(objects, written.id, written.saved) as upload:
        assert upload.saved == HALF


async def test_a_sweep_leaves_a_resumed_upload_that_runs(objects: ObjectStore) -> None:
    async with begun(objects) as upload:
        await upload.write(recording(HALF))
    async with resumed(objects, upload.id, upload.saved) as again:
        await again.write(recording()[HALF : HALF + 1])
        assert await objects.sweep(3600) == Swept(0, 0)
        await finished(again, HALF + 1)
    assert await content(objects, NAME) == recording()


async def test_a_resumed_upload_does_not_replace_what_took_its_name_meanwhile(objects: ObjectStore) -> None:
    async with begun(objects) as upload:
        await upload.write(recording(HALF))
    await put(objects, NAME, b"first")
    async with resumed(objects, upload.id, upload.saved) as again:
        with pytest.raises(ObjectExists):
            await finished(again)
    assert await content(objects, NAME) == b"first"
    await objects.discard(NAME, upload.id)
    assert await objects.sweep(0) == Swept(0, 0)


async def test_of_a_finished_upload_nothing_is_left_but_its_object(objects: ObjectStore) -> None:
    async with begun(objects) as upload:
        await finished(upload)
    async with objects.resume(NAME, upload.id, media_type="video/mp4", saved=upload.saved) as again:
        assert again is None
    await objects.discard(NAME, upload.id)
    assert await content(objects, NAME) == recording()


async def test_an_upload_that_is_not_resumable_has_nothing_to_resume(objects: ObjectStore) -> None:
    async with objects.begin(NAME, media_type="video/mp4") as upload:
        await upload.write(recording(HALF))
        assert (upload.id, upload.saved) == ("", 0)


@pytest.mark.parametrize(
    "upload_id", ["", "unknown", "../kept", "a/b", "0" * 32, f"{'0' * 32}.", "\0", "é", "x" * 500]
)
async def test_an_id_that_is_none_of_the_stores_leads_nowhere(objects: ObjectStore, upload_id: str) -> None:
    await put(objects, "kept.part", b"kept")
    async with objects.resume(NAME, upload_id, media_type="video/mp4", saved=1) as upload:
        assert upload is None
    await objects.discard(NAME, upload_id)
    assert await content(objects, "kept.part") == b"kept"
