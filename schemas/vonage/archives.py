"""An archive, in a callback or in an answer of the API: which files it has, and what in it is secret.

A link lives for ten minutes, so that each is asked for anew just before it is followed; one to an archive in
the customer's own bucket ("uploaded") is in no event at all.
"""

import re
from collections.abc import Iterator
from typing import Final

from schemas.lenient import number, text
from schemas.manifest import ArtifactKind
from schemas.meeting import Link, TranscriptSource
from schemas.naming import key_of
from schemas.vonage.events import Fields
from schemas.vonage.transcripts import SHAPE

IN_CLOUD: Final = "available"
IN_BUCKET: Final = "uploaded"
STORED: Final = (IN_CLOUD, IN_BUCKET)
RUNNING: Final = ("started", "paused", "stopped")
"""More will come of these."""

SECRETS: Final = ("password", "certificate")
"""Fields of an encrypted archive that stay in the body of its callback, and are in nothing that we write."""
_SHA256: Final = re.compile(r"[0-9a-fA-F]{64}")


def links_of(archive: Fields) -> Iterator[Link]:
    """The transcription's file, to be kept as it is and to be read; then the recording's: composed, or a zip
    of streams. An archive of nothing (0 bytes) has none."""
    id_ = key_of(archive.get("id"))
    transcription = _transcription(archive)
    if transcription is not None:
        yield Link("raw_transcription", _url(transcription), id=id_, ask_first=True)
        yield Link("transcript", _url(transcription), id=id_, ask_first=True)
    status, size = archive.get("status"), number(archive.get("size"))
    if status == IN_BUCKET or (status == IN_CLOUD and size != 0):
        yield Link(
            _kind(archive),
            _url(archive),
            id=id_,
            ask_first=True,
            sha256=_sha256(archive.get("sha256sum")),
            size=int(size) if size else None,
        )


def transcript_of(archive: Fields) -> TranscriptSource | None:
    transcription = _transcription(archive)
    return None if transcription is None else TranscriptSource(SHAPE, _url(transcription))


def is_individual(archive: Fields) -> bool:
    """A file for each stream, in a zip; where `outputMode` is not told, the link's path tells."""
    mode = archive.get("outputMode")
    return mode == "individual" or (mode is None and _url(archive).partition("?")[0].endswith(".zip"))


def _kind(archive: Fields) -> ArtifactKind:
    if is_individual(archive):
        return "streams"
    return "audio" if archive.get("hasVideo") is False else "video"


def _transcription(archive: Fields) -> Fields | None:
    found = archive.get("transcription")
    return found if isinstance(found, dict) and found.get("status") in STORED else None


def _url(fields: Fields) -> str:
    return text(fields.get("url")) or ""


def _sha256(value: object) -> str | None:
    return value.lower() if isinstance(value, str) and _SHA256.fullmatch(value) else None
