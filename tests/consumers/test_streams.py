"""Moving files in pieces."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from consumers.streams import copied, digest_of, in_pieces
from infra.errors import Halt, Retryable
from infra.objects.base import StoredObject
from infra.objects.files import FileObjects


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
    pieces = [piece async for piece in in_pieces(chunks(*given), 4)]
    assert [len(piece) for piece in pieces] == sizes
    assert b"".join(pieces) == b"".join(given)


async def test_a_copy_is_exact_and_its_digest_is_of_all_of_it(tmp_path: Path) -> None:
    objects = FileObjects(tmp_path)
    await objects.setup()
    given = [bytes([number]) * 100_000 for number in range(50)]
    async with objects.begin("a/x", media_type="video/mp4") as upload:
        size, sha256 = await copied(b"head", chunks(*given), upload)
        await upload.finish()
    everything = b"head" + b"".join(given)
    assert (size, sha256) == (len(everything), hashlib.sha256(everything).hexdigest())
    assert b"".join([chunk async for chunk in objects.read("a/x")]) == everything
    assert await digest_of(objects.read("a/x")) == sha256


async def test_a_source_that_fails_fails_the_copy(tmp_path: Path) -> None:
    objects = FileObjects(tmp_path)
    await objects.setup()
    async with objects.begin("a/x", media_type="video/mp4") as upload:
        with pytest.raises(Retryable, match="stopped"):
            await copied(b"head", chunks(b"one", then=Retryable("stopped")), upload)


class _FullAfter:
    """An upload to a disk that takes so many pieces."""

    def __init__(self, pieces: int) -> None:
        self.room = pieces

    async def write(self, chunk: bytes) -> None:
        await asyncio.sleep(0)
        self.room -= 1
        if self.room < 0:
            raise Halt("The disk is full.")

    async def finish(self) -> StoredObject:
        raise AssertionError("copying does not finish an upload")


@pytest.mark.parametrize("pieces", [0, 1, 2, 3])
async def test_a_disk_that_is_full_at_any_piece_fails_the_copy(pieces: int) -> None:
    with pytest.raises(Halt):
        await copied(b"head", chunks(b"one", b"two", b"three"), _FullAfter(pieces))


async def test_a_disk_that_is_full_while_the_source_fails_leaves_no_error_behind() -> None:
    with pytest.raises((Halt, Retryable)):
        await copied(b"head", chunks(then=Retryable("stopped")), _FullAfter(0))
