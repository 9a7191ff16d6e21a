"""Answers to the question for a part that are not that part, and are not taken for it."""

from dataclasses import replace

import pytest

from infra.errors import Poison, Retryable
from infra.links.base import DeadLink, Validator
from tests.infra.links.fetching import SECRET, links_to
from tests.infra.links.parts import CHANGED, SIZE, body, some_file, source_of
from tests.servers.file import File, held
from tests.servers.media import redirect, serve_media, status


@pytest.mark.parametrize(
    "said",
    [
        *("bytes 4-299999/300000", "bytes 6-299999/300000", "bytes 5-299999/299999", "bytes 5-4/300000"),
        *("bytes 5-299998/300000", "bytes 5-300000/300001", "bytes */300000"),
        *("bytes=5-299999/300000", "5-299999/300000", "bytes 5-299999", "items 5-299999/300000", "-"),
        *("bytes -5-299999/300000", "bytes 5-299999/" + "9" * 40, "bytes \xd9\xa5-299999/300000"),
    ],
)
async def test_a_part_that_is_said_to_be_another_is_not_taken(said: str) -> None:
    async with source_of(replace(some_file(), content_range=said)) as source:
        with pytest.raises(Retryable, match="sent ") as raised:
            await source.part(5)
        assert SECRET not in str(raised.value)


async def test_a_source_that_gives_another_part_is_asked_again() -> None:
    file = replace(some_file(), shifted_bytes=10)
    async with source_of(file) as source:
        with pytest.raises(Retryable, match=r"sent 'bytes 15-299999/300000' when asked for bytes=5-"):
            await source.part(5)


async def test_a_part_that_goes_further_than_asked_for_is_not_taken() -> None:
    file = replace(some_file(), content_range="bytes 5-10/300000", framing="chunked")
    async with source_of(file) as source:
        with pytest.raises(Retryable, match="sent 'bytes 5-10/300000' when asked for bytes=5-9"):
            await source.part(5, 9)


async def test_several_parts_in_one_answer_are_not_taken() -> None:
    async with source_of(replace(some_file(), multipart=True)) as source:
        with pytest.raises(Retryable, match="described it as ''"):
            await source.part(5, 9)


async def test_a_part_that_is_shorter_than_it_might_be_is_not_the_end() -> None:
    """Some give no more than so much at a time: what came is good, the rest is asked for again."""
    file = some_file()
    async with source_of(file) as source:
        known = await source.begun()
        file.content_range = "bytes 5-99999/300000"
        file.framing, file.cuts = "close", [99_995]
        with pytest.raises(Retryable, match="stopped after 100000 of 300000 bytes"):
            await source.part(5, unchanged=known)


async def test_a_part_with_more_bytes_than_it_announces_is_not_taken() -> None:
    file = replace(some_file(), content_range="bytes 5-9/300000", framing="chunked")
    async with source_of(file) as source:
        with pytest.raises(Retryable, match="more than it announced"):
            await source.part(5)


@pytest.mark.parametrize("framing", ["chunked", "close"])
async def test_a_part_that_is_cut_is_noticed_without_a_length(framing: str) -> None:
    file = replace(some_file(), framing="chunked" if framing == "chunked" else "close")
    async with source_of(file) as source:
        known = Validator('"1"', None, SIZE)
        file.cuts = [1000]
        with pytest.raises(Retryable, match="stopped after"):
            await source.part(5, 200_000, known)


async def test_a_part_of_a_file_of_unknown_length_is_taken() -> None:
    file = replace(some_file(), total=False)
    async with source_of(file) as source:
        known = replace(await source.begun(), length=None)
        async with source.links.open(source.url, first=5, unchanged=known) as download:
            assert download.length is None
            assert await body(download) == file.content.read(5, SIZE)


async def test_a_length_that_was_told_before_is_not_forgotten() -> None:
    file = replace(some_file(), total=False)
    async with source_of(file) as source:
        known = replace(await source.begun(), length=SIZE + 1)
        with pytest.raises(Retryable, match="stopped after 300000"):
            await source.part(5, unchanged=known)


async def test_a_packed_part_is_refused() -> None:
    async with source_of(replace(some_file(), packed=True)) as source:
        with pytest.raises(Poison, match="'gzip', which was not asked for"):
            await source.part(5, unchanged=Validator('"1"'))


async def test_the_limit_is_on_the_whole_file() -> None:
    file = some_file()
    async with serve_media({"/file": file}) as media, links_to("127.0.0.1", max_bytes=SIZE - 1) as links:
        with pytest.raises(Poison, match=f"{SIZE} bytes, and {SIZE - 1} are allowed"):
            async with links.open(f"{media.url}/file", first=5, last=9, unchanged=Validator('"1"')):
                pass


async def test_the_limit_counts_what_is_before_a_part() -> None:
    file, known = replace(some_file(), total=False), Validator('"1"')
    async with (
        serve_media({"/file": file}) as media,
        links_to("127.0.0.1", max_bytes=SIZE - 1) as links,
        links.open(f"{media.url}/file", first=SIZE - 10, unchanged=known) as download,
    ):
        with pytest.raises(Poison, match="more than"):
            await body(download)


@pytest.mark.parametrize("code", [400, 401, 403, 404, 410, 451, 300])
async def test_a_link_that_is_refused_is_dead(code: int) -> None:
    file = some_file()
    file.first_answers = [status(code)]
    async with source_of(file) as source:
        with pytest.raises(DeadLink) as raised:
            await source.part(5, unchanged=Validator('"1"'))
        assert raised.value.status == code


async def test_a_redirected_part_is_still_that_part() -> None:
    file = some_file()
    async with source_of(file) as source:
        source.media.answers |= {"/moved": file, "/file": redirect("/moved")}
        assert await source.part(5, 9, Validator('"1"')) == (5, file.content.read(5, 5))


async def test_an_etag_that_cannot_be_sent_breaks_nothing() -> None:
    """It comes as bytes that are no text, and must not be sent back."""
    file = File(held(b"x" * 100), etag='"\xff\xfe"', modified=CHANGED)
    async with source_of(file) as source:
        assert await source.part(5) == (5, b"x" * 95)
