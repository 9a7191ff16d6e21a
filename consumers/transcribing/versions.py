"""Versions of a meeting's transcript: how one is made, and when what came is none."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from consumers.transcribing.speakers import Spoken
from infra.database.transcripts import TranscriptVersion
from schemas.captions import as_vtt
from schemas.meeting import Observation, ParsedTranscript
from schemas.transcript import Source, Transcript


@dataclass(frozen=True, slots=True)
class Made:
    """`named` says whether names were found for it that its sender's transcript does not have."""

    version: TranscriptVersion
    transcript: Transcript
    json: bytes
    vtt: bytes
    named: bool


def make(parsed: ParsedTranscript, spoken: Spoken, said: Observation, version: int, source: Source) -> Made:
    """`parsed` is what the sender said, by which it is told from others; `spoken` has the names besides."""
    segments = spoken.transcript.segments
    speakers = dict.fromkeys(segment.speaker for segment in segments if segment.speaker)
    transcript = Transcript(
        provider=said.provider,
        meeting_id=said.meeting_id,
        version=version,
        language=parsed.language,
        duration_seconds=parsed.duration_seconds,
        speakers=tuple(speakers),
        segments=segments,
        source=source,
    )
    as_json = transcript.model_dump_json().encode()
    row = TranscriptVersion(
        version=version,
        language=parsed.language,
        duration_seconds=parsed.duration_seconds,
        speakers=transcript.speakers,
        words=sum(len(segment.words or segment.text.split()) for segment in segments),
        source_event=source.event,
        shape=source.shape,
        content_sha256=_content_sha256(parsed),
        sha256=hashlib.sha256(as_json).hexdigest(),
    )
    return Made(row, transcript, as_json, as_vtt(transcript).encode(), spoken.named)


def stored_before(versions: Sequence[TranscriptVersion], made: Made) -> TranscriptVersion | None:
    """The version in whose place this is not stored: one that says the same, unless this has names that it
    has not; and an empty one takes no place of one in which something was said."""
    same = [one for one in versions if one.content_sha256 == made.version.content_sha256]
    exactly = last(same, lambda version: version.speakers == made.version.speakers)
    if exactly is not None:
        return exactly
    if same and not made.named:
        return same[-1]
    is_empty = made.version.words == 0
    return versions[-1] if is_empty and versions and versions[-1].words else None


def last(
    versions: Sequence[TranscriptVersion], matches: Callable[[TranscriptVersion], bool]
) -> TranscriptVersion | None:
    return next((version for version in reversed(versions) if matches(version)), None)


def _content_sha256(parsed: ParsedTranscript) -> str:
    digest = hashlib.sha256(repr((parsed.language, parsed.duration_seconds)).encode())
    for segment in parsed.segments:
        digest.update(segment.model_dump_json().encode())
    return digest.hexdigest()
