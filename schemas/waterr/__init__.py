"""Waterr: what its webhooks are called, of every era, whom they are about, and what they say."""

from typing import Final

from schemas.provider import ProviderSchema
from schemas.waterr.identify import identify
from schemas.waterr.observe import observe
from schemas.waterr.summaries import parse_summary
from schemas.waterr.transcripts import parse_transcript

WATERR: Final = ProviderSchema(
    "waterr",
    identify=identify,
    observe=observe,
    parse_transcript=parse_transcript,
    parse_summary=parse_summary,
    summarises=True,
)

__all__ = ["WATERR", "identify", "observe", "parse_summary", "parse_transcript"]
