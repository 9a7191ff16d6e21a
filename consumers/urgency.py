"""Which of several events cannot wait: the one with the link that dies first."""

import re
from math import inf
from typing import Final

from consumers.renewal import expiry_of
from schemas.envelope import Record

_LINK: Final = re.compile(rb'https?:[^"\s]{1,16384}')
_MOST_LINKS: Final = 50


def soonest_expiry(record: Record) -> float:
    """For `Consumer.urgency`: when the first of an event's links dies, in seconds since 1970 UTC.

    Those whose links never die come last. Those without a link come first: they take no time, and until they
    are done nothing behind them can be committed. Only what looks like a link is read: parsing an event takes
    milliseconds where its transcript is in it, and all that were fetched together are judged at once.
    """
    links = _LINK.findall(record.value)
    if not links:
        return -inf
    mortal = [link for link in links if b"xpires=" in link][:_MOST_LINKS]
    return min((dies for link in mortal if (dies := expiry_of(_unescaped(link))) is not None), default=inf)


def _unescaped(link: bytes) -> str:
    """Some write JSON's strings with more escapes than they need."""
    return link.replace(rb"\/", b"/").replace(rb"\u0026", b"&").decode("latin-1")
