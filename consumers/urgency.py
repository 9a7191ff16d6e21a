"""Which of several events cannot wait: the one with the link that dies first."""

from math import inf
from typing import Final

from consumers.observed import observed
from consumers.renewal import expiry_of
from infra.errors import Poison
from schemas.envelope import Record

_EXPIRY: Final = b"Expires="
"""Of every link that says when it dies; other records are not parsed here."""


def soonest_expiry(record: Record) -> float:
    """For `Consumer.urgency`: when the first of an event's links dies, in seconds since 1970 UTC.

    Those whose links never die come last. Those that say nothing of any file come first: they take no time,
    and until they are done nothing behind them can be committed.
    """
    if b"://" not in record.value:
        return -inf
    if _EXPIRY not in record.value:
        return inf
    try:
        seen = observed(record)
    except Poison:
        return -inf
    if seen is None:
        return -inf
    urls = [link.url for link in seen.links]
    if seen.transcript is not None and seen.transcript.url is not None:
        urls.append(seen.transcript.url)
    return min((expiry for url in urls if (expiry := expiry_of(url)) is not None), default=inf)
