"""A file that is read ahead: when more connections are tried, and when they are kept."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from infra.links.base import Validator
from tests.infra.links.fetching import fetched, links_to
from tests.infra.links.parts import body
from tests.infra.links.slow import PACE, SIZE, SLOW, slow_file, source_of
from tests.servers.file import File, noise
from tests.servers.media import redirect, serve_media


async def test_a_source_that_is_slow_by_connection_is_read_by_four() -> None:
    """What was asked for and not yet read tells how many pieces are under way, and bounds what is held."""
    file = slow_file(2 * SIZE)
    async with source_of(file) as source, source.links.open(source.url) as download:
        came, ahead = bytearray(), []
        async for chunk in download.chunks():
            came += chunk
            parts = [last + 1 - max(first, len(came)) for first, last in source.pieces() if last >= len(came)]
            ahead.append(sum(parts))
        assert came == file.content.read(0, 2 * SIZE)
        assert 3 * PACE.piece_bytes < max(ahead) <= 4 * PACE.piece_bytes
        assert source.media.served("/file") < 1.2 * 2 * SIZE


async def test_the_rest_of_a_file_is_read_ahead_too() -> None:
    file = slow_file()
    async with source_of(file) as source:
        known = Validator('"1"', None, SIZE)
        async with source.links.open(source.url, first=1000, unchanged=known) as download:
            assert (download.first, download.length) == (1000, SIZE)
            assert await body(download) == file.content.read(1000, SIZE)
        assert len(source.pieces()) > 4


async def test_a_part_is_read_by_one_connection() -> None:
    file = slow_file()
    async with source_of(file) as source:
        async with source.links.open(source.url, first=0, last=399_999) as download:
            assert await body(download) == file.content.read(0, 400_000)
        assert source.asked() == ["bytes=0-399999"]


async def test_where_the_source_gives_no_more_to_two_one_goes_on_alone() -> None:
    file = File(noise(SIZE), total_bytes_per_second=SLOW)
    async with source_of(file) as source:
        assert await source.read() == file.content.read(0, SIZE)
        assert source.asked()[-1].endswith("-")
        assert len(source.pieces()) > 2
        assert source.media.served("/file") < 1.4 * SIZE


async def test_a_file_that_soon_ends_is_read_by_one_connection() -> None:
    file = slow_file(int(SLOW * PACE.look_seconds * 4))
    async with source_of(file) as source:
        assert await source.read() == file.content.read(0, file.content.size)
        assert source.asked() == [""]


async def test_a_slow_reader_needs_no_second_connection() -> None:
    async with source_of(File(noise(9_000_000)), replace(PACE, look_seconds=0.3)) as source:
        async with source.links.open(source.url) as download:
            async for chunk in download.chunks():
                await asyncio.sleep(len(chunk) / 4_000_000)
        assert source.asked() == [""]


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
    file = replace(slow_file(), **change)
    async with source_of(file) as source:
        assert await source.read() == file.content.read(0, SIZE)
        assert source.asked() == [""]


async def test_a_date_is_enough_to_read_ahead() -> None:
    file = replace(slow_file(), etag=None, modified="Sun, 06 Nov 1994 08:49:37 GMT")
    async with source_of(file) as source:
        assert await source.read() == file.content.read(0, SIZE)
        assert len(source.pieces()) > 4


async def test_every_piece_of_a_redirected_link_is_redirected() -> None:
    file = slow_file()
    async with source_of(redirect("/moved")) as source:
        source.media.answers["/moved"] = file
        assert await source.read() == file.content.read(0, SIZE)
        assert len(source.pieces()) > 4
        assert source.media.asked("/file") == source.media.asked("/moved")


async def test_a_download_has_no_pieces_where_others_hold_all_there_is_room_for() -> None:
    file = slow_file()
    room_for_two = replace(PACE, held_bytes=2 * PACE.piece_bytes)
    async with source_of(file, room_for_two) as source:
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
    async with source_of(slow_file()) as source:
        async with source.links.open(source.url) as download:
            async for _ in download.chunks():
                if len(source.pieces()) > 4:
                    break
        assert source.links.room.free_bytes == PACE.held_bytes


async def test_links_read_ahead_by_themselves() -> None:
    file = slow_file()
    async with serve_media({"/file": file}) as media, links_to("127.0.0.1", pace=PACE) as links:
        assert await fetched(links, f"{media.url}/file") == file.content.read(0, SIZE)
        assert media.asked("/file") > 4
