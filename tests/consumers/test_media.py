"""What a file is, by its first bytes."""

import struct
from pathlib import Path

import pytest

import adjourn
from consumers.media import Format, recognise
from schemas.manifest import ArtifactKind

SAMPLES = Path(adjourn.__file__).parent / "samples" / "media"
REST = bytes(range(256)) * 16
MP4 = b"\0\0\0\x20ftypisom\0\0\2\0" + REST
WEBM = b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\1\x42\x82\x84webm" + REST
MKV = b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\1\x42\x82\x88matroska" + REST


@pytest.mark.parametrize(
    ("kind", "head", "name", "media_type"),
    [
        ("video", MP4, "video.mp4", "video/mp4"),
        ("audio", MP4, "audio.m4a", "audio/mp4"),
        ("video", b"\0\0\0\x20ftypM4A \0\0\2\0" + REST, "audio.m4a", "audio/mp4"),
        ("video", b"\0\0\0\x14ftypqt  \0\0\2\0" + REST, "video.mov", "video/quicktime"),
        ("video", b"\0\0\x10\0moov\0\0\2\0" + REST, "video.mov", "video/quicktime"),
        ("video", WEBM, "video.webm", "video/webm"),
        ("audio", WEBM, "audio.webm", "audio/webm"),
        ("video", MKV, "video.mkv", "video/x-matroska"),
        ("audio", MKV, "audio.mka", "audio/x-matroska"),
        ("audio", b"RIFF\x24\x08\0\0WAVEfmt " + REST, "audio.wav", "audio/wav"),
        ("audio", b"RF64\xff\xff\xff\xffWAVEds64" + REST, "audio.wav", "audio/wav"),
        ("video", b"RIFF\x24\x08\0\0AVI LIST" + REST, "video.avi", "video/x-msvideo"),
        ("audio", b"fLaC\0\0\0\x22" + REST, "audio.flac", "audio/flac"),
        ("audio", b"OggS\0\2" + REST, "audio.ogg", "audio/ogg"),
        ("audio", b"ID3\4\0\0" + REST, "audio.mp3", "audio/mpeg"),
        ("audio", b"\xff\xfb\x90\x64" + REST, "audio.mp3", "audio/mpeg"),
        ("audio", b"\xff\xf3\x84\xc4" + REST, "audio.mp3", "audio/mpeg"),
        ("audio", b"\xff\xf1\x50\x80" + REST, "audio.aac", "audio/aac"),
        ("video", (b"\x47" + bytes(187)) * 5, "video.ts", "video/mp2t"),
        ("video", b"\0\1\2\3" + REST, "video.bin", "application/octet-stream"),
        ("audio", struct.pack("<4h", 1, -1, 2, -2) * 100, "audio.bin", "application/octet-stream"),
    ],
)
def test_a_recording_is_named_by_its_content(
    kind: ArtifactKind, head: bytes, name: str, media_type: str
) -> None:
    stem, extension = name.split(".")
    assert recognise(kind, head) == Format(stem, extension, media_type)


@pytest.mark.parametrize(
    ("file", "media_type"),
    [("video.mp4", "video/mp4"), ("audio.flac", "audio/flac"), ("audio.wav", "audio/wav")],
)
def test_real_recordings_are_recognised(file: str, media_type: str) -> None:
    stem, extension = file.split(".")
    assert recognise("video", (SAMPLES / file).read_bytes()) == Format(stem, extension, media_type)


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"<!DOCTYPE html><html></html>",
        b"\r\n\r\n  <html>",
        b'<?xml version="1.0"?><Error/>',
        b'{"error": "expired"}',
        b"GGGG" * 300,
        "Nicht gefunden: Größe".encode("latin-1"),
        "見つかりません".encode(),
        "見つかりません".encode("shift-jis"),
        "<html>".encode("utf-16"),
        b"\xfe\xff\0<\0h",
        b"\xef\xbb\xbf<html>",
    ],
)
@pytest.mark.parametrize("kind", ["video", "audio"])
def test_text_is_no_recording(kind: ArtifactKind, head: bytes) -> None:
    assert recognise(kind, head) is None


@pytest.mark.parametrize(
    ("head", "extension"),
    [
        (b'{"speaker": "Ada"}\n{"speaker": "Bob"}\n', "jsonl"),
        (b'{"speaker": "Ada"}\r\n{"speaker": "Bob"}', "jsonl"),
        (b'{"speaker": "Ada"}', "jsonl"),
        (b'[{"name": "Ada"}]\n[{"name": "Bob"}]\n', "jsonl"),
        (b'\xef\xbb\xbf{"speaker": "Ada"}\n{}', "jsonl"),
        (b'[{"speaker": "Ada"}, {"speaker": "Bob"}]\n', "json"),
        (b'[\n  {"speaker": "Ada"},\n', "json"),
        (b'{\n  "speakers": []\n}', "json"),
        (b'[{"speaker": "' + b"A" * 100_000, "json"),
        (b"[" * 100_000 + b"\n[]", "json"),
        (b"[" + b"1" * 10_000 + b"]\n[]", "json"),
    ],
)
def test_a_diarization_is_lines_when_each_line_is_a_value(head: bytes, extension: str) -> None:
    found = recognise("diarization", head)
    assert found is not None
    assert (found.stem, found.extension) == ("diarization", extension)


@pytest.mark.parametrize(("kind", "stem"), [("chat", "chat"), ("raw_transcription", "raw_transcription")])
def test_side_files_are_json(kind: ArtifactKind, stem: str) -> None:
    assert recognise(kind, b' \n[{"text": "hello"}]') == Format(stem, "json", "application/json")


@pytest.mark.parametrize(
    "head",
    [
        b"%PDF-1.7\n\0\1",
        b"\x89PNG\r\n\x1a\n\0\0",
        b"\xff\xd8\xff\xe0\0\x10JFIF\0",
        b"PK\3\4\x14\0",
        b"\x1f\x8b\x08\0",
    ],
)
@pytest.mark.parametrize("kind", ["video", "audio"])
def test_pictures_documents_and_archives_are_no_recordings(kind: ArtifactKind, head: bytes) -> None:
    assert recognise(kind, head + REST) is None


@pytest.mark.parametrize(
    "head",
    [
        b'{"error": "expired"}',
        b'{"message": "Forbidden"}\n',
        b'{"success": false, "error": "Not found", "code": "X", "statusCode": 404}',
    ],
)
@pytest.mark.parametrize("kind", ["diarization", "raw_transcription", "chat"])
def test_a_refusal_in_json_is_no_side_file(kind: ArtifactKind, head: bytes) -> None:
    assert recognise(kind, head) is None


@pytest.mark.parametrize(
    "head", [b'{"message": "hello", "sender_name": "Ada"}', b"{}", b"[]", b'[{"message": "hi"}]']
)
def test_what_says_more_than_a_refusal_is_a_side_file(head: bytes) -> None:
    assert recognise("chat", head) is not None
