"""Meeting BaaS, both generations: what its webhooks are called, whom they are about, and what they say."""

from typing import Final

from schemas.meeting_baas.identify import identify
from schemas.meeting_baas.observe import observe
from schemas.meeting_baas.transcripts import parse_transcript, parse_turns
from schemas.provider import ProviderSchema

MEETING_BAAS: Final = ProviderSchema(
    "meeting-baas",
    identify=identify,
    observe=observe,
    parse_transcript=parse_transcript,
    parse_turns=parse_turns,
    gave_up=frozenset({"meeting-baas.alert.webhook_delivery_exhausted"}),
)

__all__ = ["MEETING_BAAS", "identify", "observe", "parse_transcript", "parse_turns"]
