"""What is known not to be a whole file never becomes an object, in whatever format and however it comes."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest

from infra.errors import Retryable
from tests.consumers.storing import LINES, opened_bench
from tests.consumers.structure.asking import sample
from tests.servers import media

SEGMENTS: Final = json.dumps([{"speaker": "Ada", "words": [{"text": "hello", "start": 1.5}]}] * 20).encode()
PAGE: Final = b"<!DOCTYPE html><html><body>502 Bad Gateway</body></html>"

PROVED: Final = [
    ("video", sample("plain.mp4")),
    ("video", sample("fragments.mp4")),
    ("video", sample("plain.mov")),
    ("video", sample("plain.webm")),
    ("video", sample("plain.mkv")),
    ("video", sample("plain.avi")),
    ("audio", sample("sound.m4a")),
    ("audio", sample("plain.wav")),
    ("audio", sample("rf64.wav")),
    ("audio", sample("plain.flac")),
    ("audio", sample("opus.ogg")),
    ("audio", sample("xing.mp3")),
    ("raw_transcription", SEGMENTS),
    ("chat_messages", SEGMENTS),
]
CANNOT_TELL: Final = [
    ("video", sample("streamed.webm")),
    ("video", sample("plain.ts")),
    ("audio", sample("sound.aac")),
    ("audio", sample("without_xing.mp3")),
    ("audio", sample("streamed.flac")),
    ("diarization", LINES.rstrip()),
]
SIZES_NEVER_FILLED_IN: Final = [("audio", sample("streamed.wav")), ("video", sample("streamed.avi"))]


def named(files: Sequence[tuple[str, bytes]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("kind", "body"), files, ids=range(len(files)))


def broken_off(body: bytes) -> Sequence[media.Answer]:
    """The ways in which less than `body` comes, though the answer looks well."""
    half, nearly = body[: len(body) // 2 + 2], body[:-1]
    return [
        media.without_length(half),
        media.without_length(nearly),
        media.chunked(half),
        media.chunked(nearly),
        media.cut_short_chunked(body),
        media.cut_short(half, len(body)),
        media.cut_short(body, len(body) + 1),
    ]


NO_FILE: Final = [
    media.whole(PAGE),
    media.without_length(PAGE),
    media.chunked(PAGE),
    media.whole(b""),
    media.without_length(b""),
    media.chunked(b""),
]


@named(PROVED + CANNOT_TELL)
async def test_a_source_that_stops_early_leaves_no_object(tmp_path: Path, kind: str, body: bytes) -> None:
    async with opened_bench(tmp_path, {}) as bench:
        for answer in broken_off(body):
            bench.source.answers["/f"] = answer
            with pytest.raises(Retryable, match=f"^{kind.removesuffix('_messages')}: "):
                await bench.handle(bench.completed(**{kind: "/f"}))
        assert await bench.stored() == []
        assert await bench.artifacts() == {}


@named(PROVED + CANNOT_TELL + SIZES_NEVER_FILLED_IN)
async def test_an_error_page_or_nothing_leaves_no_object(tmp_path: Path, kind: str, body: bytes) -> None:
    async with opened_bench(tmp_path, {}) as bench:
        for answer in NO_FILE:
            bench.source.answers["/f"] = answer
            with pytest.raises(Retryable):
                await bench.handle(bench.completed(**{kind: "/f"}))
        assert await bench.stored() == []


@named(PROVED)
async def test_a_file_of_no_known_length_is_verified_by_its_structure(
    tmp_path: Path, kind: str, body: bytes
) -> None:
    """Also where it was cut at first."""
    async with opened_bench(tmp_path, {"/f": media.without_length(body[:-1])}) as bench:
        with pytest.raises(Retryable):
            await bench.handle(bench.completed(**{kind: "/f"}))
        bench.source.answers["/f"] = media.without_length(body)
        await bench.handle(bench.completed(**{kind: "/f"}))
        assert [artifact.verified for artifact in (await bench.artifacts()).values()] == ["structure"]


@named(CANNOT_TELL + SIZES_NEVER_FILLED_IN)
async def test_what_nobody_can_verify_is_stored_and_marked(tmp_path: Path, kind: str, body: bytes) -> None:
    async with opened_bench(tmp_path, {"/f": media.chunked(body)}) as bench:
        await bench.handle(bench.completed(**{kind: "/f"}))
        assert [artifact.verified for artifact in (await bench.artifacts()).values()] == ["none"]


@named(PROVED + CANNOT_TELL + SIZES_NEVER_FILLED_IN)
async def test_a_file_as_long_as_announced_is_verified_by_that(
    tmp_path: Path, kind: str, body: bytes
) -> None:
    async with opened_bench(tmp_path, {"/f": media.whole(body)}) as bench:
        await bench.handle(bench.completed(**{kind: "/f"}))
        assert [artifact.verified for artifact in (await bench.artifacts()).values()] == ["length"]
