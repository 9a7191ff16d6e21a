"""Boxes that no encoder of ours writes, and those that nobody should."""

import struct

import pytest

from tests.consumers.structure.asking import answer


def box(kind: bytes, *bodies: bytes) -> bytes:
    body = b"".join(bodies)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def long_box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4sQ", 1, kind, 16 + len(body)) + body


def movie(*offsets: int, table: bytes = b"stco") -> bytes:
    code = "I" if table == b"stco" else "Q"
    body = struct.pack(f">II{len(offsets)}{code}", 0, len(offsets), *offsets)
    return box(
        b"moov",
        box(b"mvhd", bytes(100)),
        box(b"trak", box(b"mdia", box(b"minf", box(b"stbl", box(table, body))))),
    )


FTYP = box(b"ftyp", b"isom\0\0\2\0")
MDAT = box(b"mdat", b"samples")
INIT = box(b"moov", box(b"mvhd", bytes(100)), box(b"mvex", box(b"trex", bytes(24))))
FRAGMENT = box(b"moof", box(b"mfhd", bytes(8))) + MDAT
INDEX = box(b"mfra", box(b"mfro", bytes(8)))


@pytest.mark.parametrize(
    "body",
    [
        FTYP + MDAT + movie(),
        FTYP + movie() + MDAT,
        FTYP + movie() + box(b"free") + MDAT + box(b"uuid", bytes(100)),
        movie() + box(b"wide") + MDAT,
        FTYP + long_box(b"mdat", b"samples") + movie(20),
        FTYP + movie(20, 30, table=b"co64") + MDAT,
        FTYP + MDAT + box(b"moov", b"\0\0\0\0", b"cmov" * 100),
        FTYP + INIT + FRAGMENT + FRAGMENT + INDEX,
        FTYP + INIT + FRAGMENT + INDEX + box(b"free", bytes(9)),
    ],
)
def test_what_is_there_is_whole_in_any_order(body: bytes) -> None:
    assert answer("mp4", body) is True
    assert answer("mp4", body, piece_bytes=1) is True


@pytest.mark.parametrize(
    "body",
    [
        FTYP,
        FTYP + MDAT,
        FTYP + movie(),
        FTYP + INIT,
        FTYP + INIT + FRAGMENT + box(b"moof", bytes(8)),
        FTYP + struct.pack(">I4s", 0, b"mdat") + b"samples" * 9,
        FTYP + movie() + struct.pack(">I4sQ", 1, b"mdat", 1 << 63) + b"samples",
        FTYP + MDAT + struct.pack(">I4s", 0xFFFF_FFFF, b"moov") + movie()[8:],
    ],
)
def test_what_lacks_something_is_broken(body: bytes) -> None:
    assert answer("mp4", body) is False


@pytest.mark.parametrize("table", [b"stco", b"co64"])
def test_samples_behind_the_end_were_cut_off(table: bytes) -> None:
    """There are two `mdat`, and between them the file was cut."""
    whole = FTYP + movie(300, 5000, table=table) + MDAT + box(b"mdat", bytes(6000))
    cut = whole[: -len(box(b"mdat", bytes(6000)))]
    assert answer("mp4", whole) is True
    assert answer("mp4", cut) is False


@pytest.mark.parametrize("size", [2, 3, 4, 5, 6, 7])
def test_a_size_that_no_box_can_have_is_not_understood(size: int) -> None:
    wrong = struct.pack(">I4s", size, b"junk") * 3
    assert answer("mp4", FTYP + movie() + MDAT + wrong) is None
    assert answer("mp4", FTYP + movie() + wrong + MDAT) is False


@pytest.mark.parametrize("size", range(16))
def test_a_long_size_that_no_box_can_have_is_not_understood(size: int) -> None:
    wrong = struct.pack(">I4sQ", 1, b"junk", size)
    assert answer("mp4", FTYP + movie() + MDAT + wrong) is None
    assert answer("mp4", FTYP + wrong + movie() + MDAT) is False


@pytest.mark.parametrize("junk", [b"\0\0\0\0\0\0\0\0", b"\r\n\r\n\r\n\r\n\r\n\r\n"])
def test_junk_behind_a_whole_file_is_not_called_broken_for_it(junk: bytes) -> None:
    assert answer("mp4", FTYP + movie() + MDAT + junk[:8]) is not True


def test_a_last_box_to_the_end_of_the_file_cannot_tell() -> None:
    assert answer("mp4", FTYP + movie(200) + struct.pack(">I4s", 0, b"mdat") + bytes(500)) is None
    assert answer("mp4", FTYP + movie(900) + struct.pack(">I4s", 0, b"mdat") + bytes(500)) is False
    assert answer("mp4", FTYP + MDAT + struct.pack(">I4s", 0, b"moov") + movie()[8:]) is None


def test_an_index_before_the_last_fragment_tells_nothing() -> None:
    assert answer("mp4", FTYP + INIT + FRAGMENT + INDEX + FRAGMENT) is None


@pytest.mark.parametrize("size", [0, 1, 7, 8, 9, 1 << 30])
def test_wrong_sizes_inside_the_movie_are_the_players_matter(size: int) -> None:
    inside = struct.pack(">I4s", size, b"trak") + struct.pack(">I4s", size, b"stco") + b"\xff" * 40
    assert answer("mp4", FTYP + MDAT + box(b"moov", inside)) in (True, False)


def test_a_table_that_claims_more_offsets_than_it_holds_is_read_to_its_end() -> None:
    table = box(b"stco", struct.pack(">III", 0, 0xFFFF_FFFF, 40))
    assert answer("mp4", FTYP + MDAT + box(b"moov", box(b"trak", table))) is True
