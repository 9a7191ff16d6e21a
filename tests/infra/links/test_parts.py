"""A part of a file: asked for by range, and taken only from the file that was begun."""

from dataclasses import replace

import pytest

from infra.links.base import FileChanged, Validator
from tests.infra.links.fetching import links_to
from tests.infra.links.parts import CHANGED, SIZE, some_file, source_of
from tests.servers.file import noise
from tests.servers.media import serve_media, status

SINCE = "Mon, 07 Nov 1994 08:49:37 GMT"


@pytest.mark.parametrize(("first", "last"), [(1, None), (299_999, None), (7, 7), (100, 199_999), (0, 9)])
async def test_a_part_comes_as_it_was_asked_for(first: int, last: int | None) -> None:
    file = some_file()
    async with source_of(file) as source:
        end = SIZE if last is None else last + 1
        assert await source.part(first, last) == (first, file.content.read(first, end - first))


async def test_a_part_may_end_where_the_file_does() -> None:
    file = some_file()
    async with source_of(file) as source:
        assert await source.part(250_000, 999_999_999) == (250_000, file.content.read(250_000, 50_000))


async def test_the_head_tells_by_what_the_file_is_known_again() -> None:
    async with source_of(some_file()) as source, source.links.open(source.url) as download:
        assert (download.length, download.first, download.ranges) == (SIZE, 0, True)
        assert (download.etag, download.modified) == ('"1"', CHANGED)


async def test_a_part_tells_of_the_whole_file() -> None:
    async with source_of(some_file()) as source:
        known = await source.begun()
        async with source.links.open(source.url, first=5, last=9, unchanged=known) as download:
            assert (download.length, download.first, download.ranges) == (SIZE, 5, True)
            assert (download.etag, download.modified) == ('"1"', CHANGED)


@pytest.mark.parametrize(
    "etag", ['W/"1"', "1", '"', '""', '"a"b"', '"\xe9"', '"' + "x" * 500 + '"', '"a\tb"', "", None]
)
async def test_what_is_no_strong_etag_is_none(etag: str | None) -> None:
    async with source_of(replace(some_file(), etag=etag)) as source:
        assert (await source.begun()).etag is None


@pytest.mark.parametrize("modified", ["yesterday", "", "\xe9", "Sun, 99 Nov 1994 08:49:37 GMT", None])
async def test_what_is_no_date_is_none(modified: str | None) -> None:
    async with source_of(replace(some_file(), modified=modified)) as source:
        assert (await source.begun()).modified is None


@pytest.mark.parametrize(
    ("now", "modified"),
    [(CHANGED, None), ("Sun, 06 Nov 1994 08:49:38 GMT", CHANGED), ("Sun, 06 Nov 1994 08:49:36 GMT", None)],
)
async def test_within_the_second_of_its_change_a_file_is_not_known_by_its_date(
    now: str, modified: str | None
) -> None:
    answer = status(200, b"file", Last_Modified=CHANGED, Date=now)
    async with (
        serve_media({"/file": answer}) as media,
        links_to("127.0.0.1") as links,
        links.open(f"{media.url}/file") as download,
    ):
        assert download.modified == modified


async def test_the_etag_is_the_condition_of_a_part() -> None:
    async with source_of(some_file()) as source:
        await source.part(5)
        assert source.media.sent_headers("/file", "Range") == [None, "bytes=5-"]
        assert source.media.sent_headers("/file", "If-Match") == [None, '"1"']
        assert source.media.sent_headers("/file", "If-Unmodified-Since") == [None, None]


@pytest.mark.parametrize("etag", [None, 'W/"1"'])
async def test_where_there_is_no_strong_etag_the_date_is_the_condition(etag: str | None) -> None:
    file = replace(some_file(), etag=etag)
    async with source_of(file) as source:
        assert await source.part(5, 9) == (5, file.content.read(5, 5))
        assert source.media.sent_headers("/file", "If-Match") == [None, None]
        assert source.media.sent_headers("/file", "If-Unmodified-Since") == [None, CHANGED]


async def test_a_file_that_nothing_knows_again_comes_as_a_whole() -> None:
    file = replace(some_file(), etag='W/"1"', modified=None)
    async with source_of(file) as source:
        assert await source.part(5) == (0, file.content.read(0, SIZE))
        assert source.media.sent_headers("/file", "Range") == [None, None]


async def test_a_part_from_the_middle_is_of_some_file() -> None:
    async with links_to() as links:
        with pytest.raises(ValueError, match="needs to know of which"):
            links.open("https://files.example/file", first=1)


@pytest.mark.parametrize(("first", "last"), [(-1, None), (5, 4)])
async def test_a_part_that_cannot_be_is_not_asked_for(first: int, last: int | None) -> None:
    async with links_to() as links:
        with pytest.raises(ValueError, match="no part of a file"):
            links.open("https://files.example/file", first=first, last=last, unchanged=Validator('"1"'))


@pytest.mark.parametrize("ranges", ["ignored", "none"])
async def test_a_source_that_ignores_the_range_gives_the_whole(ranges: str) -> None:
    file = some_file()
    async with source_of(file) as source:
        known = await source.begun()
        file.ranges = "ignored" if ranges == "ignored" else "none"
        assert await source.part(5, 9, known) == (0, file.content.read(0, SIZE))


async def test_a_source_tells_whether_it_gives_parts() -> None:
    file = replace(some_file(), ranges="none")
    async with source_of(file) as source, source.links.open(source.url) as download:
        assert not download.ranges


@pytest.mark.parametrize("conditions", [True, False], ids=["heeds conditions", "ignores conditions"])
@pytest.mark.parametrize("first", ["etag", "date"])
async def test_a_file_that_changed_is_not_gone_on_with(first: str, conditions: bool) -> None:
    file = replace(some_file(), conditions=conditions, etag='"1"' if first == "etag" else None)
    async with source_of(file) as source:
        known = await source.begun()
        file.content, file.modified = noise(SIZE, seed=2), SINCE
        file.etag = '"2"' if first == "etag" else None
        with pytest.raises(FileChanged):
            await source.part(5, unchanged=known)


@pytest.mark.parametrize("etag", [None, 'W/"1"'])
async def test_a_source_that_no_longer_tells_the_etag_may_have_another_file(etag: str | None) -> None:
    file = replace(some_file(), conditions=False)
    async with source_of(file) as source:
        known = await source.begun()
        file.etag = etag
        with pytest.raises(FileChanged):
            await source.part(5, unchanged=known)


async def test_a_file_of_another_length_is_another_file() -> None:
    file = some_file()
    async with source_of(file) as source:
        known = await source.begun()
        file.content = noise(SIZE + 1)
        with pytest.raises(FileChanged):
            await source.part(5, unchanged=known)


async def test_a_file_that_ends_before_the_part_is_another_file() -> None:
    file = some_file()
    async with source_of(file) as source:
        known = await source.begun()
        file.content = noise(5)
        with pytest.raises(FileChanged, match="answered 416"):
            await source.part(5, unchanged=known)
