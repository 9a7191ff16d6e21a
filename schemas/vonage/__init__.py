"""Vonage Video (OpenTok), and 23blocks on top: names, keys, meaning and transcripts of what they send."""

from typing import Final

from schemas.provider import ProviderSchema
from schemas.vonage.identify import identify
from schemas.vonage.observe import observe
from schemas.vonage.transcripts import parse_transcript

VONAGE: Final = ProviderSchema(
    "vonage",
    identify=identify,
    observe=observe,
    parse_transcript=parse_transcript,
)

__all__ = ["VONAGE", "identify", "observe", "parse_transcript"]
