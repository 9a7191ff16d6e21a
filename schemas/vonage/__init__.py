"""Vonage Video (OpenTok), and 23blocks on top: names, keys, meaning and transcripts of what they send."""

from schemas.vonage.identify import identify
from schemas.vonage.observe import observe
from schemas.vonage.transcripts import parse_transcript

__all__ = ["identify", "observe", "parse_transcript"]
