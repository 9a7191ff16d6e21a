"""What a file is, told by its first bytes: neither its link nor its sender's word for it is relied on."""

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from schemas.manifest import ArtifactKind

HEAD_BYTES: Final = 64 * 1024
"""How much of a file's beginning is needed to tell; less only where the file is shorter."""


@dataclass(frozen=True, slots=True)
class Format:
    """A stored file's name is `stem` and `extension`: a link to a video may lead to its sound alone."""

    stem: str
    extension: str
    media_type: str


def recognise(kind: ArtifactKind, head: bytes) -> Format | None:
    """The format of a file that was announced as `kind`; null where it can be no such file (an error page).

    `head` are its first `HEAD_BYTES` or more. A recording in a format that is not known is a `.bin`.
    """
    if kind in ("video", "audio"):
        if _is_text(head) or head.startswith(_OTHER_FILES):
            return None
        formats = _RECORDINGS.get(_container(head), {})
        return formats.get(kind) or next(
            iter(formats.values()), Format(kind, "bin", "application/octet-stream")
        )
    if kind == "streams":
        return Format(kind, "zip", "application/zip") if head.startswith(_ZIP) else None
    if kind == "chat" and _is_csv(head):
        return Format(kind, "csv", "text/csv")
    if not _is_json(head) or _is_refusal(head):
        return None
    if kind == "diarization" and _is_json_lines(head):
        return Format(kind, "jsonl", "application/jsonl")
    return Format(kind, "json", "application/json")


def _video(extension: str, media_type: str) -> dict[str, Format]:
    return {"video": Format("video", extension, media_type)}


def _audio(extension: str, media_type: str) -> dict[str, Format]:
    return {"audio": Format("audio", extension, media_type)}


# By container. Where one holds both, the sender's word decides which of them it is.
_RECORDINGS: Final[Mapping[str, Mapping[str, Format]]] = {
    "mp4": _video("mp4", "video/mp4") | _audio("m4a", "audio/mp4"),
    "m4a": _audio("m4a", "audio/mp4"),
    "quicktime": _video("mov", "video/quicktime"),
    "webm": _video("webm", "video/webm") | _audio("webm", "audio/webm"),
    "matroska": _video("mkv", "video/x-matroska") | _audio("mka", "audio/x-matroska"),
    "avi": _video("avi", "video/x-msvideo"),
    "mpeg-ts": _video("ts", "video/mp2t"),
    "wav": _audio("wav", "audio/wav"),
    "mp3": _audio("mp3", "audio/mpeg"),
    "aac": _audio("aac", "audio/aac"),
    "flac": _audio("flac", "audio/flac"),
    "ogg": _audio("ogg", "audio/ogg"),
}


def _container(head: bytes) -> str:
    match head[:4], head[4:8], head[8:12]:
        case _, b"ftyp", b"M4A " | b"M4B ":
            return "m4a"
        case (_, b"ftyp", b"qt  ") | (_, b"moov" | b"mdat" | b"wide" | b"free", _):
            return "quicktime"
        case _, b"ftyp", _:
            return "mp4"
        case b"RIFF" | b"RF64" | b"BW64", _, b"WAVE":
            return "wav"
        case b"RIFF", _, b"AVI ":
            return "avi"
        case b"\x1a\x45\xdf\xa3", _, _:
            return "webm" if b"webm" in head[:64] else "matroska"
        case b"fLaC", _, _:
            return "flac"
        case b"OggS", _, _:
            return "ogg"
    return _framed(head)


def _framed(head: bytes) -> str:
    """Formats without a header of their own: each frame begins with the same few bits."""
    if head.startswith(b"ID3"):
        return "mp3"
    if head[:1] == b"\xff" and len(head) > 1:
        if head[1] & 0b1111_0110 == 0b1111_0000:
            return "aac"
        if head[1] & 0b1110_0000 == 0b1110_0000 and head[1] & 0b110 in (0b010, 0b100):
            return "mp3"
    if len(head) > 376 and head[0] == head[188] == head[376] == 0x47:
        return "mpeg-ts"
    return ""


_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")

_OTHER_FILES: Final = (b"%PDF-", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"PK\x03\x04", b"\x1f\x8b")
"""Documents, pictures, archives and compressed pages: no error page is a recording."""

_CONTROL_BYTES: Final = frozenset(range(32)) - frozenset(b"\t\n\f\r\x1b")


def _is_text(head: bytes) -> bool:
    """Recordings have control bytes in their first kilobyte; pages, in whatever script, have none."""
    return head.startswith((b"\xfe\xff", b"\xff\xfe")) or _CONTROL_BYTES.isdisjoint(head[:1024])


def _is_csv(head: bytes) -> bool:
    """Rows of as many columns, three or more; the last may be cut off.

    A row alone is one of titles: a sentence with commas is none.
    """
    if not _is_text(head) or head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith((b"<", b"{", b"[")):
        return False
    is_cut = len(head) >= HEAD_BYTES
    try:
        text = head.decode("utf-8-sig", "ignore" if is_cut else "strict")
        rows = [row for row in csv.reader(io.StringIO(text, newline="")) if row]
    except (UnicodeDecodeError, csv.Error):
        return False
    widths = {len(row) for row in (rows[:-1] if is_cut else rows)}
    if len(widths) != 1 or min(widths) < 3:
        return False
    return len(rows) > 1 or not any(" " in cell for cell in rows[0])


def _is_json(head: bytes) -> bool:
    return head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith((b"{", b"["))


_WORDS_OF_REFUSALS: Final = frozenset(
    (
        *("error", "errors", "message", "messages", "reason", "detail", "details", "description", "title"),
        *("code", "status", "statuscode", "success", "ok", "type", "instance", "path", "timestamp"),
        *("requestid", "request_id", "retryafter", "retry_after"),
    )
)


def _is_refusal(head: bytes) -> bool:
    """One small object that says nothing but that something went wrong."""
    try:
        value = json.loads(head)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and value != {} and _WORDS_OF_REFUSALS.issuperset(map(str.lower, value))


def _is_json_lines(head: bytes) -> bool:
    """Each line is a value of its own. An array alone on a single line is taken for the whole file."""
    first, _, others = head.removeprefix(b"\xef\xbb\xbf").lstrip().partition(b"\n")
    try:
        value = json.loads(first)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) or others.strip() != b""
