"""Waterr: what its webhooks are called, of every era, whom they are about, and what they say."""

from schemas.waterr.identify import identify
from schemas.waterr.observe import observe
from schemas.waterr.summaries import parse_summary
from schemas.waterr.transcripts import parse_transcript

__all__ = ["identify", "observe", "parse_summary", "parse_transcript"]
