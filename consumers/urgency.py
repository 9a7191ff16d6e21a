"""Which of several events cannot wait: the one with the link that dies first."""

from math import inf
from typing import Final

from consumers.observed import observed
from consumers.renewal import expiry_of
from schemas.envelope import Record

_EXPIRY: Final = b"Expires="
"""Of every link that says when it dies; other records are not parsed here."""


def soonest_expiry(record: Record) -> float:
    """For `Consumer.urgency`: when the first of an event's links dies, in seconds since 1970 UTC.

    Those whose links never die come last. Those without a link come first: they take no time, and until they
    are done nothing behind them can be committed. Raises `Poison` where the event cannot be read.
    """
    if b"://" not in record.value:
        return -inf
    if _EXPIRY not in record.value:
        return inf
    seen = observed(record)
    links = [link.url for link in seen.links] if seen else []
    if seen and seen.transcript and seen.transcript.url:
        links.append(seen.transcript.url)
    return min((dies for link in links if (dies := expiry_of(link)) is not None), default=inf)
