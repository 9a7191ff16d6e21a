"""Files of real encoders: whole, and cut at every byte. `samples/make_samples.sh` says how they were made."""

from functools import cache
from itertools import pairwise
from typing import Final

import pytest

from consumers.media import Format, recognise
from consumers.structure.checkers import checker_for
from tests.consumers.structure.asking import SAMPLES, answer, sample

PROVED: Final = [
    "plain.mp4",
    "faststart.mp4",
    "fragments.mp4",
    "plain.mov",
    "sound.m4a",
    "plain.wav",
    "rf64.wav",
    "plain.avi",
    "plain.webm",
    "plain.mkv",
    "clusters.mkv",
    "plain.flac",
    "opus.ogg",
    "vorbis.ogg",
    "two_streams.ogg",
    "xing.mp3",
    "vbr.mp3",
]
NOT_PROVABLE: Final = [
    "fragments_without_index.mp4",
    "streamed.wav",
    "streamed.avi",
    "streamed.webm",
    "streamed.mkv",
    "streamed.flac",
    "streamed.mp3",
    "without_xing.mp3",
    "sound.aac",
    "plain.ts",
]


def asked(name: str, body: bytes) -> bool | None:
    return answer(name.rpartition(".")[2], body)


@cache
def after_cuts(name: str) -> list[bool | None]:
    """The answers to the sample cut after so many bytes, for every number of them."""
    body = sample(name)
    return [asked(name, body[:count]) for count in range(len(body))]


def cuts(name: str, found: bool | None) -> list[int]:
    """After how many bytes the sample can be cut for such an answer."""
    return [count for count, answered in enumerate(after_cuts(name)) if answered is found]


def test_all_samples_are_used() -> None:
    there = {path.name for path in SAMPLES.iterdir() if path.suffix != ".sh"}
    assert there == {*PROVED, *NOT_PROVABLE}


@pytest.mark.parametrize("name", PROVED)
def test_a_whole_file_is_proved_complete(name: str) -> None:
    assert asked(name, sample(name)) is True


@pytest.mark.parametrize("name", NOT_PROVABLE)
def test_what_does_not_say_where_it_ends_is_never_proved(name: str) -> None:
    assert asked(name, sample(name)) is None
    assert cuts(name, True) == []


@pytest.mark.parametrize("name", sorted({*PROVED} - {"vbr.mp3", "fragments.mp4"}))
def test_a_file_that_says_where_it_ends_is_broken_wherever_it_is_cut(name: str) -> None:
    assert len(cuts(name, False)) == len(sample(name))


def test_an_mp3_is_whole_without_the_tag_behind_its_sound() -> None:
    tag = sample("vbr.mp3").rindex(b"TAG")
    assert cuts("vbr.mp3", True) == [tag]
    assert cuts("vbr.mp3", None) == []


def test_fragments_without_the_index_behind_them_cannot_tell() -> None:
    """It may have been cut off, but just between two boxes."""
    index = sample("fragments.mp4").rindex(b"mfra") - 4
    assert cuts("fragments.mp4", True) == []
    assert cuts("fragments.mp4", None)[-1] == index


@pytest.mark.parametrize(
    ("name", "edges"),
    [
        ("fragments.mp4", 3),
        ("fragments_without_index.mp4", 2),
        ("sound.aac", 16),
        ("streamed.mp3", 29),
        ("without_xing.mp3", 29),
        ("streamed.flac", 4),
    ],
)
def test_a_cut_is_missed_only_between_two_frames(name: str, edges: int) -> None:
    """How many frames there are was counted by another demuxer (FFmpeg's)."""
    assert len(cuts(name, None)) == edges


def test_a_transport_stream_is_broken_wherever_it_is_cut_within_a_packet() -> None:
    assert cuts("plain.ts", None) == list(range(188, len(sample("plain.ts")), 188))


@pytest.mark.parametrize("name", ["streamed.webm", "streamed.mkv"])
def test_live_matroska_is_broken_where_an_element_is_cut(name: str) -> None:
    """Its elements are longer than a byte: it is never missed twice in a row."""
    missed = cuts(name, None)
    assert 0 < len(missed) < 20
    assert all(later - one > 1 for one, later in pairwise(missed))


@pytest.mark.parametrize("piece_bytes", [1, 2, 7, 188, 4096])
@pytest.mark.parametrize("name", [*PROVED, *NOT_PROVABLE])
def test_pieces_of_any_size_have_the_same_answer(name: str, piece_bytes: int) -> None:
    body, extension = sample(name), name.rpartition(".")[2]
    for count in (len(body), len(body) - 1, len(body) // 2):
        whole = answer(extension, body[:count])
        assert answer(extension, body[:count], piece_bytes=piece_bytes) is whole


@pytest.mark.parametrize("name", sorted({*PROVED, *NOT_PROVABLE}))
def test_every_sample_is_recognised_as_what_it_is(name: str) -> None:
    extension = name.rpartition(".")[2]
    found = recognise("video", sample(name))
    assert found is not None
    assert found.extension == extension


def test_no_structure_is_known_of_a_file_of_no_known_format() -> None:
    assert checker_for(Format("video", "bin", "application/octet-stream")) is None
