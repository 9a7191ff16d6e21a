"""The files that samples link to, and what is said in the recording that all of them are about."""

from typing import Final

from adjourn import samples
from schemas.meeting import ParsedTranscript

SAID: Final = [
    ("Ada Lindqvist", "Good morning. The launch is on Thursday."),
    ("Grace Okafor", "Then I will send the invitations today."),
    ("Ada Lindqvist", "Thank you. Let us meet again on Friday."),
]
TIMES: Final = [(0.52, 3.33), (5.02, 7.61), (9.6, 12.57)]


def artifact(name: str) -> bytes:
    return next(folder / name for folder in samples.linked_folders() if (folder / name).exists()).read_bytes()


def said(transcript: ParsedTranscript) -> list[tuple[str | None, str]]:
    return [(segment.speaker, segment.text) for segment in transcript.segments]


def times(transcript: ParsedTranscript) -> list[tuple[float | None, float | None]]:
    return [(segment.start, segment.end) for segment in transcript.segments]
