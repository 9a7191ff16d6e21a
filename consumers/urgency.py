"""Which of several events cannot wait: the one with the link that dies first."""

import re
from contextlib import suppress
from math import inf
from typing import Final

from consumers.observed import observed
from consumers.renewal import expiry_of
from infra.errors import Poison
from schemas.envelope import Record

_LINK: Final = re.compile(rb'https?:[^"\s]{1,16384}')
_MOST_LINKS: Final = 50
_SMALL_BYTES: Final = 16_384


def soonest_expiry(record: Record) -> float:
    """For `Consumer.urgency`: when the first of an event's links dies, in seconds since 1970 UTC.

    Those whose links never die come last. Those without a link come first: they take no time, and until they
    are done nothing behind them can be committed. Only what looks like a link is read: parsing an event takes
    milliseconds where its transcript is in it, and all that were fetched together are judged at once. Only of
    a small event none of whose links tells, what it says beside them is read.
    """
    links = _LINK.findall(record.value)
    if not links:
        return -inf
    mortal = [link for link in links if b"xpires=" in link][:_MOST_LINKS]
    said = [dies for link in mortal if (dies := expiry_of(_unescaped(link))) is not None]
    if not said and len(record.value) < _SMALL_BYTES:
        said = _said_beside(record)
    return min(said, default=inf)


def _said_beside(record: Record) -> list[float]:
    """Nothing where the event cannot be read: its handler will say so."""
    with suppress(Poison):
        seen = observed(record)
        return [at.timestamp() for link in seen.links if (at := link.expires_at)] if seen else []
    return []


def _unescaped(link: bytes) -> str:
    """Some write JSON's strings with more escapes than they need."""
    return link.replace(rb"\/", b"/").replace(rb"\u0026", b"&").decode("latin-1")
