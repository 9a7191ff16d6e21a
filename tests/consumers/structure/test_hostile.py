"""Whatever comes, an answer comes back: soon, from little memory, and the same for pieces of any size."""

import struct
import time
import tracemalloc
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.consumers.structure.asking import SAMPLES, answer, checker_of, sample

SIGHT: Final = ["mp4", "m4a", "mov", "avi", "webm", "mkv", "ts"]
SOUND: Final = ["mka", "wav", "flac", "ogg", "mp3", "aac"]
EXTENSIONS: Final = [*SIGHT, *SOUND, "json", "jsonl"]
NAMES: Final = sorted(path.name for path in SAMPLES.iterdir() if path.suffix != ".sh")
MEBIBYTE: Final = 1 << 20

BEGINNINGS: Final = {
    "mp4": sample("plain.mp4")[:64],
    "mov": struct.pack(">I4s", 0xFFFF_FFFF, b"moov") + struct.pack(">I4sII", 1 << 31, b"stco", 0, 1 << 28),
    "wav": sample("plain.wav")[:12],
    "avi": sample("plain.avi")[:12],
    "webm": sample("streamed.webm")[:53],
    "mkv": sample("plain.mkv")[:60],
    "flac": sample("plain.flac")[:8400],
    "ogg": sample("opus.ogg")[:100],
    "mp3": sample("without_xing.mp3")[:72],
    "aac": sample("sound.aac")[:207],
    "ts": sample("plain.ts")[:188],
    "json": b'{"a":[',
    "jsonl": b"[1]\n",
}


@given(
    st.sampled_from(NAMES),
    st.lists(st.tuples(st.integers(0, 15_000), st.integers(0, 4), st.binary(max_size=4)), max_size=3),
    st.lists(st.integers(1, 5_000), max_size=5),
)
@settings(max_examples=200, deadline=None)
def test_any_change_of_a_file_is_answered_alike_for_any_pieces(
    name: str, changes: list[tuple[int, int, bytes]], sizes: list[int]
) -> None:
    body, extension = sample(name), name.rpartition(".")[2]
    for at, length, other in changes:
        body = body[:at] + other + body[at + length :]
    checker, fed = checker_of(extension), 0
    for size in (*sizes, len(body)):
        checker.feed(body[fed : fed + size])
        fed += size
    assert checker.complete() is answer(extension, body)


@given(st.sampled_from(EXTENSIONS), st.binary(max_size=400), st.integers(1, 16))
@settings(max_examples=500, deadline=None)
def test_any_bytes_are_answered_alike_for_any_pieces(extension: str, body: bytes, piece_bytes: int) -> None:
    body = BEGINNINGS.get(extension, b"") + body
    assert answer(extension, body, piece_bytes=piece_bytes) is answer(extension, body)


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_no_bytes_at_all_are_broken(extension: str) -> None:
    assert answer(extension, b"") is False


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_an_error_page_is_never_a_whole_file(extension: str) -> None:
    page = b"<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>\n"
    assert answer(extension, page) is not True
    assert answer(extension, b'{"error": "expired"}') is not True or extension == "json"


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_the_answer_stays_when_it_is_asked_for_again(extension: str) -> None:
    checker = checker_of(extension)
    checker.feed(BEGINNINGS.get(extension, b""))
    first = checker.complete()
    checker.feed(b"more that comes too late")
    assert checker.complete() is first


@pytest.mark.parametrize(
    ("extension", "filling"),
    [
        ("mp4", b"\0"),
        ("mov", b"\0\0\x10\0"),
        ("wav", b"data\0\0\0\0"),
        ("avi", b"LIST\4\0\0\0hdrl"),
        ("webm", b"\0"),
        ("webm", b"\xa3\x90" + bytes(16)),
        ("mkv", b"\xff"),
        ("flac", b"\xff\xf8"),
        ("ogg", b"OggS"),
        ("mp3", sample("without_xing.mp3")[:72]),
        ("aac", sample("sound.aac")[:207]),
        ("ts", sample("plain.ts")[:188]),
        ("json", b"["),
        ("json", b'{"' + b"a" * 200 + b'":'),
        ("json", b"1"),
        ("json", b" "),
        ("json", b'"' + b"x" * MEBIBYTE),
        ("json", b'[{"a":[1,{"b":"' + b"c" * 500 + b'"}]}],'),
        ("jsonl", b"\n"),
        ("jsonl", b'{"a":[1,{"b":"' + b"c" * 500 + b'"}]}\n'),
    ],
)
def test_endless_input_takes_little_memory(extension: str, filling: bytes) -> None:
    checker, piece = checker_of(extension), filling * (4 * MEBIBYTE // len(filling))
    checker.feed(BEGINNINGS.get(extension, b""))
    tracemalloc.start()
    checker.feed(piece)
    checker.complete()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 2 * MEBIBYTE


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_pieces_of_one_byte_take_time_in_proportion(extension: str) -> None:
    """A checker that held what it waits for, and copied it for each piece, would take minutes."""
    body = BEGINNINGS.get(extension, b"") + bytes(100_000)
    begun = time.process_time()
    answer(extension, body, piece_bytes=1)
    assert time.process_time() - begun < 20
