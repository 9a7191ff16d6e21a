"""Links that were signed for a real S3 server: what most links to recordings are."""

import asyncio
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import boto3
import pytest

from infra.links.base import DeadLink, FileChanged, Links, Validator
from tests.infra.links.ahead import EAGER, SIZE
from tests.infra.links.fetching import fetched, links_to
from tests.infra.links.parts import body
from tests.servers.file import noise
from tests.servers.seaweed import SeaweedServer

FILE = noise(SIZE)
CHANGED = noise(SIZE, seed=2)


@pytest.fixture(scope="module")
def s3(seaweed: SeaweedServer) -> Iterator[Any]:
    client = boto3.client(
        "s3",
        endpoint_url=seaweed.endpoint_url,
        aws_access_key_id=seaweed.access_key,
        aws_secret_access_key=seaweed.secret_key,
        region_name="us-east-1",
    )
    client.create_bucket(Bucket="linked-to")
    yield client
    client.close()


@pytest.fixture
def key(s3: Any) -> dict[str, str]:
    place = {"Bucket": "linked-to", "Key": f"{uuid4()}/video.mp4"}
    s3.put_object(**place, Body=FILE.read(0, SIZE))
    return place


@pytest.fixture
def link(s3: Any, key: dict[str, str]) -> str:
    return str(s3.generate_presigned_url("get_object", Params=key))


async def begun(links: Links, link: str) -> Validator:
    async with links.open(link) as download:
        assert download.ranges
        return Validator(download.etag, download.modified, download.length)


@pytest.mark.parametrize("known_by", ["etag", "date"])
async def test_a_rest_is_given_to_whoever_knows_the_file(link: str, known_by: str) -> None:
    async with links_to("127.0.0.1") as links, asyncio.timeout(30):
        known = await begun(links, link)
        if known_by == "date":
            while known.modified is None:  # until a second after it was stored
                known = await begun(links, link)
            known = Validator(None, known.modified, known.length)
        async with links.open(link, first=SIZE - 1000, unchanged=known) as download:
            assert (download.first, download.length) == (SIZE - 1000, SIZE)
            assert await body(download) == FILE.read(SIZE - 1000, 1000)


async def test_a_file_that_was_replaced_is_not_gone_on_with(s3: Any, key: dict[str, str], link: str) -> None:
    async with links_to("127.0.0.1") as links:
        known = await begun(links, link)
        s3.put_object(**key, Body=CHANGED.read(0, SIZE))
        with pytest.raises(FileChanged, match="answered 412"):
            async with links.open(link, first=1000, unchanged=known):
                pass


async def test_a_link_is_read_ahead(link: str) -> None:
    async with links_to("127.0.0.1", pace=EAGER) as links:
        assert await fetched(links, link) == FILE.read(0, SIZE)


async def test_a_link_whose_signature_is_not_right_is_dead(link: str) -> None:
    async with links_to("127.0.0.1") as links:
        with pytest.raises(DeadLink) as raised:
            await fetched(links, link.replace("Signature=", "Signature=0"))
        assert raised.value.status == 403
