"""Cloudflare RealtimeKit, formerly Dyte: what its webhooks are called, whom they are about, what they say."""

from typing import Final

from schemas.provider import ProviderSchema
from schemas.realtimekit.identify import identify
from schemas.realtimekit.observe import observe
from schemas.realtimekit.payload import organizations
from schemas.realtimekit.summaries import parse_summary
from schemas.realtimekit.transcripts import parse_transcript

REALTIMEKIT: Final = ProviderSchema(
    "realtimekit",
    identify=identify,
    observe=observe,
    parse_transcript=parse_transcript,
    parse_summary=parse_summary,
)

__all__ = ["REALTIMEKIT", "identify", "observe", "organizations", "parse_summary", "parse_transcript"]
