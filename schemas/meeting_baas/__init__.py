"""Meeting BaaS, both generations: what its webhooks are called, whom they are about, and what they say."""

from schemas.meeting_baas.identify import identify
from schemas.meeting_baas.observe import observe
from schemas.meeting_baas.transcripts import parse_transcript, parse_turns

__all__ = ["identify", "observe", "parse_transcript", "parse_turns"]
