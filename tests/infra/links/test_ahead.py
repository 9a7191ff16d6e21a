"""A file that is read ahead: in order, from where the source gives parts, with bounds on what is held."""

from dataclasses import replace
from typing import Any

import pytest

from infra.links.base import Validator
from tests.infra.links.ahead import EAGER, SIZE, source_of
from tests.infra.links.fetching import fetched, links_to
from tests.infra.links.parts import body
from tests.servers.file import File, noise
from tests.servers.media import redirect, serve_media


def a_file() -> File:
    return File(noise(SIZE))


async def test_a_file_comes_in_order_and_no_more_is_held_than_four_pieces() -> None:
    """What was asked for and not yet read tells how many are under way."""
    file = a_file()
    async with source_of(file) as source, source.links.open(source.url) as download:
        came, ahead = bytearray(), [0]
        async for chunk in download.chunks():
            parts = [last + 1 - max(first, len(came)) for first, last in source.pieces() if last >= len(came)]
            ahead.append(sum(parts))
            came += chunk
        assert came == file.content.read(0, SIZE)
        assert 3 * EAGER.piece_bytes < max(ahead) <= 4 * EAGER.piece_bytes


async def test_nothing_is_asked_for_twice() -> None:
    async with source_of(a_file()) as source:
        await source.read()
        firsts = sorted(first for first, _ in source.pieces())  # side by side they come in any order
        assert firsts == list(range(firsts[0], SIZE, EAGER.piece_bytes))


async def test_the_rest_of_a_file_is_read_ahead_too() -> None:
    file = a_file()
    async with source_of(file) as source:
        known = Validator('"1"', None, SIZE)
        async with source.links.open(source.url, first=1000, unchanged=known) as download:
            assert (download.first, download.length) == (1000, SIZE)
            assert await body(download) == file.content.read(1000, SIZE)
        assert len(source.pieces()) > 4


async def test_a_part_is_read_by_one_connection() -> None:
    file = a_file()
    async with source_of(file) as source:
        async with source.links.open(source.url, first=0, last=1_399_999) as download:
            assert await body(download) == file.content.read(0, 1_400_000)
        assert source.asked() == ["bytes=0-1399999"]


@pytest.mark.parametrize(
    "change",
    [
        {"ranges": "none"},
        {"framing": "chunked"},
        {"etag": 'W/"1"'},
        {"etag": None},
    ],
    ids=str,
)
async def test_without_parts_a_length_or_a_validator_one_connection_reads(change: dict[str, Any]) -> None:
    file = replace(a_file(), **change)
    async with source_of(file) as source:
        assert await source.read() == file.content.read(0, SIZE)
        assert source.asked() == [""]


async def test_a_date_is_enough_to_read_ahead() -> None:
    file = replace(a_file(), etag=None, modified="Sun, 06 Nov 1994 08:49:37 GMT")
    async with source_of(file) as source:
        assert await source.read() == file.content.read(0, SIZE)
        assert len(source.pieces()) > 4


async def test_every_piece_of_a_redirected_link_is_redirected() -> None:
    file = a_file()
    async with source_of(redirect("/moved")) as source:
        source.media.answers["/moved"] = file
        assert await source.read() == file.content.read(0, SIZE)
        assert len(source.pieces()) > 4
        assert source.media.asked("/file") == source.media.asked("/moved")


async def test_a_download_has_no_pieces_where_others_hold_all_there_is_room_for() -> None:
    file = a_file()
    async with source_of(file, replace(EAGER, held_bytes=2 * EAGER.piece_bytes)) as source:
        async with source.links.open(source.url) as first:
            async for _ in first.chunks():
                if source.pieces():
                    break
            asked = len(source.asked())
            assert await source.read() == file.content.read(0, SIZE)
            assert source.asked()[asked:] == [""]
        await source.read()
        assert len(source.asked()) > asked + 2


async def test_a_download_that_is_left_gives_back_what_it_held() -> None:
    async with source_of(a_file()) as source:
        async with source.links.open(source.url) as download:
            async for _ in download.chunks():
                if len(source.pieces()) > 20:
                    break
            assert source.links.room.free_bytes == EAGER.held_bytes - 4 * EAGER.piece_bytes
        assert source.links.room.free_bytes == EAGER.held_bytes


async def test_links_read_ahead_by_themselves() -> None:
    file = a_file()
    async with serve_media({"/file": file}) as media, links_to("127.0.0.1", pace=EAGER) as links:
        assert await fetched(links, f"{media.url}/file") == file.content.read(0, SIZE)
        assert media.asked("/file") > 4
