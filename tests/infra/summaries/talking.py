"""Transcripts for the tests of summaries."""

from collections.abc import Sequence

from schemas.transcript import Segment, Source, Transcript


def transcript(*said: tuple[str, str], language: str | None = "en", seconds: float = 10) -> Transcript:
    """Who said what, each for some seconds."""
    segments = tuple(
        Segment(speaker=speaker, start=number * seconds, end=(number + 1) * seconds, text=text)
        for number, (speaker, text) in enumerate(said)
    )
    return spoken(segments, language)


def spoken(segments: Sequence[Segment], language: str | None = "en") -> Transcript:
    return Transcript(
        provider="meeting-baas",
        meeting_id="bot-1",
        version=1,
        language=language,
        duration_seconds=None,
        speakers=tuple(dict.fromkeys(segment.speaker for segment in segments if segment.speaker)),
        segments=tuple(segments),
        source=Source(event="event-1", shape="test"),
    )
