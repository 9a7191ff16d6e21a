"""What goes wrong while a file is read ahead."""

import asyncio
from dataclasses import replace

import pytest

from infra.errors import Retryable
from infra.links.base import DeadLink, FileChanged, Validator
from tests.infra.links.ahead import EAGER, SIZE, Faulty, source_of
from tests.servers.file import File, noise
from tests.servers.media import Answer, Request, not_http, silent, status, whole


def after_pieces(number: int, answer: Answer, file: File) -> Answer:
    """The file for so many pieces, then `answer`."""

    async def answer_piece(request: Request) -> None:
        nonlocal number
        number -= 1
        await (file if number >= 0 else answer)(request)

    return answer_piece


async def test_a_piece_that_breaks_is_asked_for_from_where_it_broke() -> None:
    piece = 256 * 1024
    file = File(noise(SIZE))
    file.cuts = [SIZE, 100_000, piece, 70_000]
    async with source_of(file, replace(EAGER, piece_bytes=piece, held_bytes=4 * piece)) as source:
        assert await source.read() == file.content.read(0, SIZE)
        (first, last), *others = source.pieces()
        assert (first + 100_000, last) in others
        assert [said for said in source.asked() if said.endswith("-")] == []


@pytest.mark.parametrize(
    "piece",
    [
        status(403),
        status(404),
        status(412),
        status(416),
        status(429),
        status(503),
        not_http(),
        whole(b"no part"),
        File(noise(SIZE), etag='"2"'),
        File(noise(SIZE), content_range="bytes 0-9/10"),
        File(noise(SIZE), packed=True),
    ],
)
async def test_where_a_piece_cannot_be_had_one_connection_goes_on(piece: Answer) -> None:
    file = File(noise(SIZE))
    async with source_of(Faulty(file, after_pieces(3, piece, file))) as source:
        assert await source.read() == file.content.read(0, SIZE)
        assert source.asked()[-1].endswith("-")


@pytest.mark.parametrize("piece", [status(403), status(503), whole(b"no part"), silent()])
async def test_where_no_piece_can_be_had_the_first_answer_is_read_to_its_end(piece: Answer) -> None:
    """And is not kept waiting for a piece that does not come."""
    file, impatient = File(noise(SIZE)), replace(EAGER, patience_seconds=0.5)
    async with asyncio.timeout(30), source_of(Faulty(file, piece), impatient, idle_seconds=60) as source:
        assert await source.read() == file.content.read(0, SIZE)
        assert len(source.asked()) == 2


async def test_a_piece_that_stays_silent_is_given_up() -> None:
    file = File(noise(SIZE))
    async with source_of(Faulty(file, after_pieces(3, silent(), file)), idle_seconds=0.3) as source:
        assert await source.read() == file.content.read(0, SIZE)


@pytest.mark.parametrize("code", [401, 403, 404, 410])
async def test_a_link_that_dies_while_it_is_read_may_be_asked_for_again(code: int) -> None:
    """What came is good: whoever opens it again learns that it is dead, and may have it renewed."""
    file = File(noise(SIZE))
    dead = status(code)
    async with source_of(Faulty(file, after_pieces(3, dead, file), rest=dead)) as source:
        with pytest.raises(Retryable, match=rf"Stopped after \d+ of {SIZE} bytes.*answered {code}") as raised:
            await source.read()
        assert not isinstance(raised.value, FileChanged)
        with pytest.raises(DeadLink):
            async with source.links.open(source.url, first=5, unchanged=Validator('"1"')):
                pass


async def test_a_file_that_changes_while_it_is_read_is_not_gone_on_with() -> None:
    file = File(noise(SIZE))
    other = File(noise(SIZE, seed=2), etag='"2"')
    async with source_of(Faulty(file, after_pieces(3, other, file), rest=other)) as source:
        with pytest.raises(FileChanged):
            await source.read()


async def test_a_source_that_stops_giving_parts_is_asked_again() -> None:
    file = File(noise(SIZE))
    other = replace(file, ranges="none")
    async with source_of(Faulty(file, after_pieces(3, other, file), rest=other)) as source:
        with pytest.raises(Retryable, match="gives no parts any more"):
            await source.read()


async def test_a_source_that_breaks_off_for_good_is_told_as_such() -> None:
    file = File(noise(SIZE))
    away = status(503, Retry_After="7")
    async with source_of(Faulty(file, after_pieces(3, away, file), rest=away)) as source:
        with pytest.raises(Retryable, match="answered 503") as raised:
            await source.read()
        assert raised.value.after_seconds == 7
