"""Cloudflare RealtimeKit, formerly Dyte: what its webhooks are called, whom they are about, what they say."""

from schemas.realtimekit.identify import identify
from schemas.realtimekit.observe import observe
from schemas.realtimekit.payload import organizations
from schemas.realtimekit.summaries import parse_summary
from schemas.realtimekit.transcripts import parse_transcript

__all__ = ["identify", "observe", "organizations", "parse_summary", "parse_transcript"]
