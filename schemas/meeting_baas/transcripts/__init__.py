"""Meeting BaaS's transcripts, and its logs of who spoke when, in our shapes."""

from schemas.meeting_baas.transcripts.shapes import (
    V1_REST,
    V1_WEBHOOK,
    V2_OUTPUT,
    V2_RAW,
    parse_transcript,
)
from schemas.meeting_baas.transcripts.turns import parse_turns

__all__ = ["V1_REST", "V1_WEBHOOK", "V2_OUTPUT", "V2_RAW", "parse_transcript", "parse_turns"]
