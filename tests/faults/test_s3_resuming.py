"""Resumable uploads to an S3 server that fails in the middle, and to one that somebody else writes to."""

import asyncio
import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from uuid import uuid4

import pytest

from infra.errors import Retryable
from infra.objects.base import ObjectStore, StoredObject, Swept, Upload
from infra.objects.open import open_objects
from infra.objects.s3.upload import part_bytes
from tests.infra.objects.between import SLOW_DOWN, Answer, Asked, Between, PassOn, Trouble, between_us_and
from tests.infra.objects.s3 import use_server
from tests.servers.seaweed import SeaweedServer

PART = part_bytes(1)
TAIL = b"the last part"
DATA = b"".join(bytes([number]) * PART for number in range(7)) + TAIL
SHORT = DATA[: 3 * PART] + TAIL
INVALID_PART = b"<Error><Code>InvalidPart</Code><Message>A part could not be found.</Message></Error>"


@pytest.fixture
def between(seaweed: SeaweedServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Between]:
    with between_us_and(seaweed.endpoint_url) as between:
        use_server(seaweed, monkeypatch, AWS_ENDPOINT_URL=between.endpoint_url)
        yield between


@pytest.fixture
def url() -> str:
    return f"s3://resuming/{uuid4()}"


@pytest.fixture
async def objects(between: Between, url: str, tmp_path: Path) -> ObjectStore:
    store = open_objects(url, parts_folder=str(tmp_path / "here"))
    await store.setup()
    return store


@pytest.fixture
def elsewhere(objects: ObjectStore, url: str, tmp_path: Path) -> ObjectStore:
    """As another machine sees the same store."""
    return open_objects(url, parts_folder=str(tmp_path / "there"))


def part_number(asked: Asked) -> int | None:
    found = re.search(r"partNumber=(\d+)", asked.query)
    return int(found[1]) if found and asked.method == "PUT" else None


def parts_sent(between: Between) -> list[int]:
    return [number for number in map(part_number, between.asked) if number is not None]


def failing(number: int, *, times: int = 1000, silently: bool = False) -> Trouble:
    left = count(times, -1)

    def trouble(asked: Asked, pass_on: PassOn) -> Answer:
        if part_number(asked) == number and next(left) > 0:
            if silently:
                raise ConnectionAbortedError
            return Answer(500, SLOW_DOWN)
        return pass_on()

    return trouble


async def written(upload: Upload, data: bytes) -> StoredObject:
    for begin in range(upload.saved, len(data), 1_000_000):
        await upload.write(data[begin : begin + 1_000_000])
    return await upload.finish()


async def broken_off(objects: ObjectStore, data: bytes = SHORT) -> str:
    """The id of an upload during which the server failed."""
    async with objects.begin("a/video.mp4", media_type="video/mp4", resumable=True) as upload:
        with pytest.raises(Retryable):
            await written(upload, data)
    return upload.id


async def resumed_if_there(objects: ObjectStore, upload_id: str, data: bytes = SHORT) -> StoredObject | None:
    async with objects.resume("a/video.mp4", upload_id, media_type="video/mp4", saved=0) as upload:
        return None if upload is None else await written(upload, data)


async def resumed(objects: ObjectStore, upload_id: str, data: bytes = SHORT) -> StoredObject:
    stored = await resumed_if_there(objects, upload_id, data)
    assert stored is not None
    return stored


async def is_whole(objects: ObjectStore, data: bytes = SHORT) -> bool:
    return b"".join([chunk async for chunk in objects.read("a/video.mp4")]) == data


@pytest.mark.parametrize("silently", [False, True])
async def test_a_part_that_fails_twice_is_sent_again(
    objects: ObjectStore, between: Between, silently: bool
) -> None:
    between.trouble = failing(7, times=2, silently=silently)
    async with objects.begin("a/video.mp4", media_type="video/mp4", resumable=True) as upload:
        assert await written(upload, DATA) == StoredObject("a/video.mp4", len(DATA))
    assert parts_sent(between).count(7) == 3
    assert await is_whole(objects, DATA)


@pytest.mark.parametrize("silently", [False, True])
async def test_after_a_part_that_fails_for_good_the_parts_before_it_are_not_sent_again(
    objects: ObjectStore, between: Between, silently: bool
) -> None:
    between.trouble = failing(7, silently=silently)
    upload_id = await broken_off(objects, DATA)
    between.trouble = lambda asked, pass_on: pass_on()
    between.asked.clear()
    assert await resumed(objects, upload_id, DATA) == StoredObject("a/video.mp4", len(DATA))
    assert not {1, 2, 3, 4, 5, 6} & set(parts_sent(between))
    assert await is_whole(objects, DATA)
    assert await objects.sweep(0) == Swept(0, 0)


async def test_another_machine_goes_on_after_the_last_part_without_a_hole_before_it(
    objects: ObjectStore, elsewhere: ObjectStore, between: Between
) -> None:
    between.trouble = failing(2)
    upload_id = await broken_off(objects)
    assert 3 in parts_sent(between)
    between.trouble = lambda asked, pass_on: pass_on()
    async with elsewhere.resume("a/video.mp4", upload_id, media_type="video/mp4", saved=0) as upload:
        assert upload is not None
        assert upload.saved == PART
        await written(upload, SHORT)
    assert await is_whole(objects)


async def test_a_part_of_another_size_than_ours_is_sent_again(
    objects: ObjectStore, elsewhere: ObjectStore, between: Between
) -> None:
    """Such as a last one, of an upload that was killed before it was put together."""

    def dies(asked: Asked, pass_on: PassOn) -> Answer:
        return Answer(500) if asked.method == "POST" and "uploadId" in asked.query else pass_on()

    between.trouble = dies
    upload_id = await broken_off(objects)
    between.trouble = lambda asked, pass_on: pass_on()
    between.asked.clear()
    assert await resumed(elsewhere, upload_id) == StoredObject("a/video.mp4", len(SHORT))
    assert parts_sent(between) == [4]
    assert await is_whole(objects)


async def test_two_machines_that_go_on_with_one_upload_make_one_whole_object(
    objects: ObjectStore, elsewhere: ObjectStore, between: Between
) -> None:
    between.trouble = failing(2)
    upload_id = await broken_off(objects)
    between.trouble = lambda asked, pass_on: pass_on()
    answers = await asyncio.gather(
        resumed_if_there(objects, upload_id), resumed_if_there(elsewhere, upload_id), return_exceptions=True
    )
    whole = StoredObject("a/video.mp4", len(SHORT))
    assert whole in answers
    assert [each for each in answers if not (each in (whole, None) or isinstance(each, Retryable))] == []
    assert await is_whole(objects)


async def test_an_upload_that_the_server_cannot_put_together_begins_anew(
    objects: ObjectStore, between: Between
) -> None:
    def refuses(asked: Asked, pass_on: PassOn) -> Answer:
        if asked.method == "POST" and "uploadId" in asked.query:
            return Answer(400, INVALID_PART)
        return pass_on()

    between.trouble = refuses
    upload_id = await broken_off(objects)
    async with objects.resume("a/video.mp4", upload_id, media_type="video/mp4", saved=0) as upload:
        assert upload is None


async def test_a_resumed_upload_knows_its_object_when_the_answer_was_lost(
    objects: ObjectStore, between: Between
) -> None:
    lost = count()

    def loses(asked: Asked, pass_on: PassOn) -> Answer:
        answer = pass_on()
        if asked.method == "POST" and "uploadId" in asked.query and next(lost) == 0:
            return Answer(503, SLOW_DOWN)
        return answer

    between.trouble = failing(2)
    upload_id = await broken_off(objects)
    between.trouble = loses
    assert await resumed(objects, upload_id) == StoredObject("a/video.mp4", len(SHORT))
    assert next(lost) > 1


@pytest.mark.parametrize("tells", [False, True])
async def test_the_whole_is_proved_also_over_a_resume_where_the_server_tells_of_its_parts(
    objects: ObjectStore, between: Between, tells: bool
) -> None:
    """SeaweedFS lists parts without their checksums, AWS with them."""
    checksums: dict[str, str] = {}

    def add_checksum(part: re.Match[bytes]) -> bytes:
        told = checksums[part[1].decode()]
        return part[0] + f"<ChecksumCRC32>{told}</ChecksumCRC32>".encode()

    def tell(asked: Asked, pass_on: PassOn) -> Answer:
        number, answer = part_number(asked), pass_on()
        if number is not None:
            checksums[str(number)] = asked.headers["x-amz-checksum-crc32"]
        if tells and asked.method == "GET" and "uploadId" in asked.query:
            body = re.sub(rb"<PartNumber>(\d+)</PartNumber>", add_checksum, answer.body)
            return Answer(answer.status, body, answer.headers)
        return answer

    between.trouble = lambda asked, pass_on: Answer(500) if part_number(asked) == 3 else tell(asked, pass_on)
    upload_id = await broken_off(objects)
    between.asked.clear()
    between.trouble = tell
    await resumed(objects, upload_id)
    (completing,) = (asked for asked in between.asked if asked.method == "POST")
    assert ("x-amz-checksum-crc32" in completing.headers) is tells
    assert await is_whole(objects)
