"""The table of consumers. A new one is a module, and a line here."""

from typing import Final

from consumers import meetings, recordings, transcripts
from consumers.base import Consumer

CONSUMERS: Final[tuple[Consumer, ...]] = (
    meetings.CONSUMER,
    recordings.CONSUMER,
    transcripts.CONSUMER,
)
