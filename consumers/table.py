"""The table of consumers. A new one is a module, and a line here."""

from typing import Final

from consumers import descriptions, given_summaries, meetings, recordings, summaries, transcripts, upstream
from consumers.base import Consumer
from consumers.retranscription import consumer as retranscription
from consumers.unpacking import consumer as unpacking

CONSUMERS: Final[tuple[Consumer, ...]] = (
    meetings.CONSUMER,
    recordings.CONSUMER,
    unpacking.CONSUMER,
    transcripts.CONSUMER,
    given_summaries.CONSUMER,
    summaries.CONSUMER,
    retranscription.CONSUMER,
)
"""Those that always run."""

ON_REQUEST: Final[tuple[Consumer, ...]] = (upstream.CONSUMER, descriptions.CONSUMER)
"""Those that run only where a setting asks for them."""
