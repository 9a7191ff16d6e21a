"""When more connections are tried, and when they are kept."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from infra.links.pace import Crew, Pace
from tests.infra.links.ahead import PACE, SLOW, source_of
from tests.servers.file import File, noise

Rates = Callable[[int], float]
"""Bytes a second that so many connections get together."""


def crew_of(rate: Rates, most: int = 4) -> Crew:
    """As it is when it has settled."""
    crew = Crew(Pace(most_connections=most), rate(1))
    while not crew.settled:
        crew.judge(rate(crew.connections), may_grow=crew.connections < most)
    return crew


@pytest.mark.parametrize(
    ("rate", "connections"),
    [
        (lambda number: 10 * number, 4),  # each as fast as the first
        (lambda number: 10, 1),  # the source gives so much and no more
        (lambda number: 10 * min(number, 2), 2),
        (lambda number: 10 * min(number, 3), 3),
        (lambda number: 10 if number == 1 else 5 * number, 4),  # a request costs as much as its piece
        (lambda number: 10 if number == 1 else 2 * number, 1),
        (lambda number: 10 / number, 1),  # the more of them, the slower
        (lambda number: [10, 11, 11, 11][number - 1], 1),
        (lambda number: [10, 13, 11, 11][number - 1], 2),
    ],
)
def test_connections_are_added_as_long_as_they_help(rate: Rates, connections: int) -> None:
    assert crew_of(rate).connections == connections


def test_there_are_no_more_than_may_be() -> None:
    assert crew_of(lambda number: 10 * number, most=2).connections == 2


async def test_a_source_that_is_slow_by_connection_is_read_by_several() -> None:
    file = File(noise(4 * SLOW), bytes_per_second=SLOW)
    async with source_of(file, PACE) as source:
        assert await source.read() == file.content.read(0, 4 * SLOW)
        assert len(source.pieces()) > 8
        assert source.media.served("/file") < 1.2 * 4 * SLOW


async def test_where_the_source_gives_no_more_to_two_one_goes_on_alone() -> None:
    file = File(noise(3 * SLOW), total_bytes_per_second=SLOW)
    async with source_of(file, replace(PACE, least_speedup=1.5)) as source:
        assert await source.read() == file.content.read(0, 3 * SLOW)
        assert len(source.pieces()) > 2
        assert source.asked()[-1].endswith("-")


async def test_a_file_that_soon_ends_is_read_by_one_connection() -> None:
    size = int(SLOW * PACE.look_seconds * 4)
    file = File(noise(size), bytes_per_second=SLOW)
    async with source_of(file, PACE) as source:
        assert await source.read() == file.content.read(0, size)
        assert source.asked() == [""]


async def test_a_slow_reader_needs_no_second_connection() -> None:
    async with source_of(File(noise(9_000_000)), replace(PACE, look_seconds=0.3)) as source:
        async with source.links.open(source.url) as download:
            async for chunk in download.chunks():
                await asyncio.sleep(len(chunk) / 4_000_000)
        assert source.asked() == [""]
