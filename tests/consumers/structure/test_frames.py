"""Ogg, FLAC, MP3, AAC and Matroska: what stands around their frames, and what was changed in them."""

import pytest

from tests.consumers.structure.asking import answer, sample

OGG = sample("opus.ogg")
FLAC = sample("plain.flac")
XING = sample("xing.mp3")
PLAIN_MP3 = sample("without_xing.mp3")
MKV = sample("plain.mkv")


@pytest.mark.parametrize("at", [5, 30, 500, len(OGG) - 1])
def test_an_ogg_page_with_another_checksum_is_broken(at: int) -> None:
    assert answer("ogg", OGG[:at] + bytes([OGG[at] ^ 1]) + OGG[at + 1 :]) is False


def test_ogg_streams_may_follow_each_other() -> None:
    assert answer("ogg", OGG + sample("vorbis.ogg")) is True
    assert answer("ogg", OGG + sample("vorbis.ogg")[:-1]) is False


def test_an_ogg_stream_whose_last_page_is_missing_is_broken() -> None:
    assert answer("ogg", OGG[: OGG.rindex(b"OggS")]) is False


def test_junk_behind_an_ogg_is_not_understood() -> None:
    assert answer("ogg", OGG + bytes(100)) is None


def test_a_flac_that_lost_whole_frames_is_broken() -> None:
    """The sync code of its last frame; that begins where another one ends."""
    last = FLAC.rindex(b"\xff\xf8")
    assert answer("flac", FLAC[:last]) is False


def test_a_flac_with_a_changed_last_frame_is_broken() -> None:
    assert answer("flac", FLAC[:-20] + bytes([FLAC[-20] ^ 1]) + FLAC[-19:]) is False


def test_a_flac_may_have_a_tag_behind_it() -> None:
    assert answer("flac", FLAC + b"TAG" + bytes(125)) is True


def test_a_flac_that_holds_more_than_it_counts_is_not_understood() -> None:
    fewer = FLAC[:25] + bytes([FLAC[25] - 1]) + FLAC[26:]
    assert answer("flac", fewer) is None


ID3 = b"ID3\4\0\0\0\0\1\0" + bytes(128)
APE = b"APETAGEX" + b"\xd0\7\0\0" + b"\x40\0\0\0" + b"\1\0\0\0\0\0\0\xa0" + bytes(8) + bytes(64)
ID3V1 = b"TAG" + bytes(125)


@pytest.mark.parametrize("body", [ID3 + XING, ID3 + ID3 + XING, XING + ID3V1, XING + APE + ID3V1])
def test_an_mp3_that_says_its_size_is_whole_with_any_tags(body: bytes) -> None:
    assert answer("mp3", body) is True
    assert answer("mp3", body, piece_bytes=1) is True


@pytest.mark.parametrize(
    "body", [ID3, ID3[:9], ID3 + XING[20:-1], ID3 + PLAIN_MP3[:-1], PLAIN_MP3 + ID3V1[:100]]
)
def test_an_mp3_that_ends_within_a_frame_or_a_tag_is_broken(body: bytes) -> None:
    assert answer("mp3", body) is False


@pytest.mark.parametrize(
    "body", [XING + PLAIN_MP3, XING + b"junk", PLAIN_MP3 + b"junk" * 9, ID3 + PLAIN_MP3 + ID3V1]
)
def test_an_mp3_with_more_than_it_counts_or_that_counts_nothing_cannot_tell(body: bytes) -> None:
    assert answer("mp3", body) is None


@pytest.mark.parametrize(
    ("extension", "name"), [("aac", "sound.aac"), ("ts", "plain.ts"), ("mp3", "without_xing.mp3")]
)
def test_junk_between_frames_is_not_understood(extension: str, name: str) -> None:
    assert answer(extension, sample(name) + b"\0junk" * 9 + sample(name)) is None


def test_matroska_may_be_followed_by_another_or_by_nothing_of_meaning() -> None:
    void = b"\xec\x81\0"
    assert answer("mkv", MKV + void) is True
    assert answer("mkv", MKV + MKV) is True
    assert answer("mkv", MKV + MKV[:-1]) is False
    assert answer("mkv", MKV + b"\0junk") is None


@pytest.mark.parametrize("size", [b"\xff", b"\x01" + b"\xff" * 7])
def test_clusters_of_unknown_size_are_broken_only_within_an_element(size: bytes) -> None:
    """As browsers record them."""
    block = b"\xa3\x84abcd"
    head = b"\x1a\x45\xdf\xa3\x80" + b"\x18\x53\x80\x67" + size
    cluster = b"\x1f\x43\xb6\x75" + size + b"\xe7\x81\0" + block + block
    body = head + cluster + cluster
    assert answer("webm", body) is None
    assert answer("webm", body[:-1]) is False
    assert answer("webm", body[: -len(block)]) is None
