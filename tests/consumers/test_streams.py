"""Moving files in pieces."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence

import pytest

from consumers.streams import behind, digest_of, handed_on, in_pieces
from infra.errors import Halt, Retryable


async def chunks(*given: bytes, then: Exception | None = None) -> AsyncIterator[bytes]:
    for chunk in given:
        yield chunk
    if then is not None:
        raise then


@pytest.mark.parametrize(
    ("given", "sizes"),
    [
        ([], []),
        ([b""], []),
        ([b"abc"], [3]),
        ([b"ab", b"cd", b"e", b"f"], [4, 2]),
        ([b"abcdefghij", b"k"], [10, 1]),
        ([b"abcd", b"efgh"], [4, 4]),
    ],
)
async def test_pieces_are_at_least_as_large_as_asked_but_for_the_last(
    given: Sequence[bytes], sizes: Sequence[int]
) -> None:
    pieces = [
        b"".join(piece) async for piece in in_pieces(chunks(*given), least_bytes=4, most_bytes=9, seconds=0)
    ]
    assert [len(piece) for piece in pieces] == sizes
    assert b"".join(pieces) == b"".join(given)


async def test_of_a_fast_source_a_piece_is_as_large_as_it_may_be() -> None:
    given = [b"abc"] * 7
    pieces = [piece async for piece in in_pieces(chunks(*given), least_bytes=2, most_bytes=9, seconds=60)]
    assert pieces == [[b"abc"] * 3, [b"abc"] * 3, [b"abc"]]


async def test_a_piece_that_came_before_the_source_failed_is_given_before_that_is_told() -> None:
    broken = chunks(b"abc", b"de", b"f", then=Retryable("stopped"))
    pieces = in_pieces(broken, least_bytes=4, most_bytes=90, seconds=60)
    assert await anext(pieces) == [b"abc", b"de", b"f"]
    with pytest.raises(Retryable, match="stopped"):
        await anext(pieces)


async def test_what_came_before_the_source_failed_and_is_no_piece_is_not_given() -> None:
    with pytest.raises(Retryable, match="stopped"):
        await anext(
            in_pieces(chunks(b"abc", then=Retryable("stopped")), least_bytes=4, most_bytes=9, seconds=0)
        )


@pytest.mark.parametrize(
    ("size", "rest"), [(0, b"abcdef"), (-1, b"abcdef"), (2, b"cdef"), (4, b"ef"), (6, b""), (9, b"")]
)
def test_what_is_behind_the_first_bytes_of_a_piece(size: int, rest: bytes) -> None:
    assert b"".join(behind([b"abc", b"def"], size)) == rest


class _Store:
    """Keeps pieces, so many and no more."""

    def __init__(self, room: int = 1000) -> None:
        self.room = room
        self.kept: list[bytes] = []

    async def keep(self, piece: bytes) -> None:
        await asyncio.sleep(0)
        if len(self.kept) == self.room:
            raise Halt("The disk is full.")
        self.kept.append(piece)


async def test_every_piece_is_handed_on_in_its_order() -> None:
    store = _Store()
    given = [bytes([number]) for number in range(50)]
    await handed_on(chunks(*given), store.keep)
    assert store.kept == given


async def test_the_next_piece_comes_while_one_is_kept_and_no_third() -> None:
    asked: list[int] = []
    enough = asyncio.Event()

    async def counted() -> AsyncIterator[bytes]:
        for number in range(5):
            asked.append(number)
            yield bytes([number])

    async def keep(piece: bytes) -> None:
        await enough.wait()

    handing = asyncio.create_task(handed_on(counted(), keep))
    async with asyncio.timeout(10):
        while len(asked) < 2:
            await asyncio.sleep(0)
    for _ in range(20):
        await asyncio.sleep(0)
    assert asked == [0, 1]
    enough.set()
    await handing
    assert asked == [0, 1, 2, 3, 4]


async def test_what_came_before_the_source_failed_is_kept_before_that_is_told() -> None:
    store = _Store()
    with pytest.raises(Retryable, match="stopped"):
        await handed_on(chunks(b"one", b"two", then=Retryable("stopped")), store.keep)
    assert store.kept == [b"one", b"two"]


@pytest.mark.parametrize("room", [0, 1, 2])
async def test_a_store_that_is_full_at_any_piece_ends_it(room: int) -> None:
    with pytest.raises(Halt):
        await handed_on(chunks(b"one", b"two", b"three"), _Store(room).keep)


async def test_a_store_that_is_full_while_the_source_fails_leaves_no_error_behind() -> None:
    with pytest.raises((Halt, Retryable)):
        await handed_on(chunks(b"one", then=Retryable("stopped")), _Store(0).keep)


async def test_a_digest_is_of_all_the_bytes() -> None:
    assert await digest_of(chunks(b"one", b"two")) == hashlib.sha256(b"onetwo").hexdigest()
