"""An S3 server that is busy, that breaks connections, or whose answers are lost."""

import asyncio
import os
import threading
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from uuid import uuid4

import pytest

from infra.errors import Halt, Retryable
from infra.objects.base import ObjectExists, ObjectStore, StoredObject, Swept
from infra.objects.open import open_objects
from tests.infra.objects.between import (
    DENIED,
    SLOW_DOWN,
    Answer,
    Asked,
    Between,
    PassOn,
    Trouble,
    between_us_and,
)
from tests.infra.objects.s3 import use_server
from tests.servers.seaweed import SeaweedServer

LARGE = 20_000_000


@pytest.fixture
def between(seaweed: SeaweedServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Between]:
    with between_us_and(seaweed.endpoint_url) as between:
        use_server(seaweed, monkeypatch, AWS_ENDPOINT_URL=between.endpoint_url)
        yield between


@pytest.fixture
async def objects(between: Between, tmp_path: Path) -> ObjectStore:
    store = open_objects(f"s3://troubles/{uuid4()}", parts_folder=str(tmp_path))
    await store.setup()
    return store


async def put(objects: ObjectStore, data: bytes, *, replace: bool = False) -> StoredObject:
    return await objects.put("a/video.mp4", data, media_type="video/mp4", replace=replace)


def busy(*, times: int, method: str = "PUT") -> Trouble:
    left = count(times, -1)

    def trouble(asked: Asked, pass_on: PassOn) -> Answer:
        if asked.method == method and next(left) > 0:
            return Answer(503, SLOW_DOWN, (("Retry-After", "7"),))
        return pass_on()

    return trouble


def lost(method: str, query: str = "") -> Trouble:
    """S3 does what is asked, the first time that is so, and nobody hears it."""
    times = count()

    def trouble(asked: Asked, pass_on: PassOn) -> Answer:
        answer = pass_on()
        if asked.method == method and asked.query.startswith(query) and next(times) == 0:
            return Answer(503, SLOW_DOWN)
        return answer

    return trouble


async def test_a_server_that_was_busy_twice_gets_the_whole_object(
    objects: ObjectStore, between: Between
) -> None:
    data = os.urandom(LARGE)
    between.trouble = busy(times=2)
    assert await put(objects, data) == StoredObject("a/video.mp4", LARGE)
    assert b"".join([chunk async for chunk in objects.read("a/video.mp4")]) == data


@pytest.mark.parametrize("size", [10, LARGE])
async def test_a_server_that_stays_busy_says_when_to_come_again(
    objects: ObjectStore, between: Between, size: int
) -> None:
    between.trouble = busy(times=1000)
    with pytest.raises(Retryable, match=r"S3 answers \w+ with SlowDown") as raised:
        await put(objects, bytes(size))
    assert raised.value.after_seconds == 7
    assert await objects.stat("a/video.mp4") is None
    assert await objects.sweep(older_than_seconds=0) == Swept(0, 0)


@pytest.mark.parametrize(("size", "method", "query"), [(10, "PUT", ""), (LARGE, "POST", "uploadId=")])
async def test_an_upload_whose_answer_was_lost_is_finished(
    objects: ObjectStore, between: Between, size: int, method: str, query: str
) -> None:
    between.trouble = lost(method, query)
    assert await put(objects, bytes(size)) == StoredObject("a/video.mp4", size)


@pytest.mark.parametrize("size", [10, LARGE])
async def test_an_object_in_the_way_is_told_from_an_answer_that_was_lost(
    objects: ObjectStore, between: Between, size: int
) -> None:
    """The first of two uploads comes to its name while the second has looked and found nothing there."""
    other = open_objects(objects.url("x").removesuffix("/x"))

    def look_away(asked: Asked, pass_on: PassOn) -> Answer:
        if asked.method == "HEAD" and not looked:
            looked.append(asked)
            return Answer(404)
        return pass_on()

    looked: list[Asked] = []
    await put(other, b"first")
    between.trouble = look_away
    with pytest.raises(ObjectExists):
        await put(objects, bytes(size))
    assert looked
    assert [chunk async for chunk in objects.read("a/video.mp4")] == [b"first"]


@pytest.mark.parametrize("size", [10, LARGE])
async def test_a_name_that_is_taken_is_seen_also_where_the_server_knows_no_conditions(
    objects: ObjectStore, between: Between, size: int
) -> None:
    await put(objects, b"first")
    replaced: list[str] = []

    def ignore_conditions(asked: Asked, pass_on: PassOn) -> Answer:
        if "if-none-match" in asked.headers:
            replaced.append(asked.path)
            return Answer(200, b"", (("ETag", '"second"'),))
        return pass_on()

    between.trouble = ignore_conditions
    with pytest.raises(ObjectExists):
        await put(objects, bytes(size))
    assert replaced == []


async def test_a_read_goes_on_where_its_connection_broke(objects: ObjectStore, between: Between) -> None:
    data = os.urandom(LARGE)
    await put(objects, data)

    def break_often(asked: Asked, pass_on: PassOn) -> Answer:
        answer = pass_on()
        return Answer(answer.status, answer.body, answer.headers, break_after=6_000_000)

    between.trouble = break_often
    assert b"".join([chunk async for chunk in objects.read("a/video.mp4")]) == data
    assert len([asked for asked in between.asked if "range" in asked.headers]) == 3


async def test_a_read_that_gets_nowhere_is_given_up(objects: ObjectStore, between: Between) -> None:
    await put(objects, bytes(LARGE))
    between.trouble = lambda asked, pass_on: Answer(200, bytes(LARGE), (("ETag", '"x"'),), break_after=0)
    with pytest.raises(Retryable):
        [chunk async for chunk in objects.read("a/video.mp4")]


async def test_a_read_never_mixes_two_objects(objects: ObjectStore, between: Between) -> None:
    await put(objects, bytes(LARGE))

    def break_once(asked: Asked, pass_on: PassOn) -> Answer:
        answer = pass_on()
        whole = "range" in asked.headers or asked.method != "GET"
        return Answer(answer.status, answer.body, answer.headers, None if whole else 5_000_000)

    between.trouble = break_once
    reading = aiter(objects.read("a/video.mp4"))
    read = [await anext(reading)]
    await put(objects, b"\1" * LARGE, replace=True)
    with pytest.raises(Retryable, match="another object took the name"):
        read += [chunk async for chunk in reading]


async def test_bytes_that_are_not_those_of_the_object_are_noticed(
    objects: ObjectStore, between: Between
) -> None:
    await put(objects, bytes(LARGE))

    def change(asked: Asked, pass_on: PassOn) -> Answer:
        answer = pass_on()
        return Answer(answer.status, b"\1" + answer.body[1:], answer.headers)

    between.trouble = change
    with pytest.raises(Retryable, match="does not match its checksum"):
        [chunk async for chunk in objects.read("a/video.mp4")]


async def test_an_upload_is_aborted_when_none_of_its_parts_is_on_its_way(
    objects: ObjectStore, between: Between
) -> None:
    """S3 keeps a part for ever that arrives after the abort."""
    begun, order = threading.Event(), list[str]()

    def slowly(asked: Asked, pass_on: PassOn) -> Answer:
        if asked.query.startswith("uploadId") and asked.method == "DELETE":
            order.append("abort")
        answer = pass_on()
        if asked.method == "PUT":
            begun.set()
            time.sleep(0.5)
            order.append("part")
        return answer

    between.trouble = slowly
    uploading = asyncio.create_task(put(objects, bytes(LARGE)))
    await asyncio.to_thread(begun.wait)
    uploading.cancel()
    await asyncio.wait({uploading})
    assert order.pop() == "abort"
    assert "part" in order
    assert "abort" not in order


async def test_a_server_that_forbids_something_says_what(objects: ObjectStore, between: Between) -> None:
    def forbid_deletion(asked: Asked, pass_on: PassOn) -> Answer:
        if asked.method == "DELETE" and not asked.query:
            return Answer(403, DENIED)
        return pass_on()

    between.trouble = forbid_deletion
    with pytest.raises(Halt, match=r"S3 refuses DeleteObject in s3://troubles/\S+: let the access key list"):
        await objects.probe()


async def test_a_server_that_forbids_to_create_a_bucket_says_so(between: Between) -> None:
    between.trouble = lambda asked, pass_on: Answer(403, DENIED) if asked.method == "PUT" else pass_on()
    with pytest.raises(Halt, match="the access key may not create one: create it by hand, then start again"):
        await open_objects(f"s3://missing-{uuid4()}").setup()


async def test_every_body_goes_with_its_checksum(objects: ObjectStore, between: Between) -> None:
    await put(objects, bytes(LARGE))
    sent = [asked.headers for asked in between.asked if asked.method == "PUT"]
    assert sent
    assert all("x-amz-checksum-crc32" in headers for headers in sent)
