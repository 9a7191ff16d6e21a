"""WAV and AVI whose sizes say different things."""

import struct

import pytest

from tests.consumers.structure.asking import answer


def chunk(kind: bytes, body: bytes, *, size: int | None = None) -> bytes:
    return struct.pack("<4sI", kind, len(body) if size is None else size) + body + b"\0" * (len(body) % 2)


def riff(*chunks: bytes, magic: bytes = b"RIFF", form: bytes = b"WAVE", size: int | None = None) -> bytes:
    body = form + b"".join(chunks)
    return struct.pack("<4sI", magic, len(body) if size is None else size) + body


def ds64(riff_size: int, data_size: int) -> bytes:
    return chunk(b"ds64", struct.pack("<QQQI", riff_size, data_size, 0, 0))


FMT = chunk(b"fmt ", bytes(16))
DATA = chunk(b"data", bytes(100))


@pytest.mark.parametrize(
    "body",
    [
        riff(FMT, DATA),
        riff(FMT, chunk(b"data", bytes(101))),
        riff(FMT, DATA, chunk(b"LIST", b"INFO" + bytes(40))),
        riff(
            ds64(156, 100), FMT, chunk(b"data", bytes(100), size=0xFFFF_FFFF), magic=b"RF64", size=0xFFFF_FFFF
        ),
        riff(
            ds64(156, 100), FMT, chunk(b"data", bytes(100), size=0xFFFF_FFFF), magic=b"BW64", size=0xFFFF_FFFF
        ),
    ],
)
def test_a_wav_that_is_as_long_as_it_says_is_whole(body: bytes) -> None:
    assert answer("wav", body) is True


@pytest.mark.parametrize(
    "body",
    [
        riff(FMT),
        riff(FMT, size=5000),
        riff(FMT, DATA, size=5000),
        riff(FMT, DATA, chunk(b"LIST", b"INFO" + bytes(40)))[:-52],
        riff(
            ds64(5000, 4900),
            FMT,
            chunk(b"data", bytes(100), size=0xFFFF_FFFF),
            magic=b"RF64",
            size=0xFFFF_FFFF,
        ),
        riff(
            ds64(156, 1 << 63),
            FMT,
            chunk(b"data", bytes(100), size=0xFFFF_FFFF),
            magic=b"RF64",
            size=0xFFFF_FFFF,
        ),
    ],
)
def test_a_wav_that_is_shorter_than_it_says_is_broken(body: bytes) -> None:
    assert answer("wav", body) is False


@pytest.mark.parametrize("size", [0, 0xFFFF_FFFF, 0x7FFF_F024, 0x7FFF_FFFF, 0x8000_0024])
def test_sizes_that_were_never_filled_in_cannot_tell(size: int) -> None:
    """As FFmpeg, SoX and arecord write them to a pipe."""
    assert answer("wav", riff(FMT, chunk(b"data", bytes(100), size=size), size=size)) is None
    assert answer("wav", riff(FMT, chunk(b"data", bytes(100), size=size), size=136)) is None


def test_sound_behind_the_size_that_was_said_cannot_tell() -> None:
    """Python's `wave` says no bytes at first, a writer of more than 4 GiB says what is left of them."""
    assert answer("wav", riff(FMT, DATA) + bytes(500)) is None


def test_a_size_that_counts_too_much_by_a_habit_of_writers_cannot_tell() -> None:
    """Its own header, or the padding behind an odd chunk."""
    assert answer("wav", riff(FMT, DATA, size=4 + 24 + 108 + 8)) is None
    assert answer("wav", riff(FMT, chunk(b"data", bytes(101)))[:-1]) is None


HEADERS = chunk(b"LIST", b"hdrl" + chunk(b"avih", bytes(56)))
MOVIE = chunk(b"LIST", b"movi" + bytes(1000))
MORE = riff(MOVIE, form=b"AVIX")


def headers_with_index(reach: int) -> bytes:
    index = struct.pack("<HBBI4s12x", 4, 0, 0, 1, b"00dc") + struct.pack(
        "<QII", reach - len(MORE), len(MORE), 1
    )
    return chunk(
        b"LIST", b"hdrl" + chunk(b"LIST", b"strl" + chunk(b"strh", bytes(56)) + chunk(b"indx", index))
    )


def test_an_avi_in_several_parts_is_whole_up_to_where_its_index_points() -> None:
    first = len(riff(headers_with_index(len(MORE)), MOVIE, form=b"AVI "))
    whole = riff(headers_with_index(first + len(MORE)), MOVIE, form=b"AVI ") + MORE
    assert answer("avi", whole) is True
    assert answer("avi", whole[:first]) is False
    assert answer("avi", whole[:-1]) is False


def test_an_avi_without_its_pictures_is_broken() -> None:
    assert answer("avi", riff(HEADERS, MOVIE, form=b"AVI ")) is True
    assert answer("avi", riff(HEADERS, form=b"AVI ")) is False
