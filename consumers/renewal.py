"""Links die: when one does by its own words, and another to the same file from the provider's API."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from consumers.base import Services
from infra.errors import Retryable
from schemas.lenient import number
from schemas.meeting import Link, Observation

_MARGIN_SECONDS: Final = 120
_LONGEST_LINK: Final = 16_384
_MOST_PARAMETERS: Final = 100


def expires_soon(link: Link, *, now_seconds: Callable[[], float] = time.time) -> bool:
    """Whether it has expired or will within two minutes, by our clock: which may be wrong, so that whoever
    cannot renew it should still follow it."""
    said = [expiry_of(link.url), None if link.expires_at is None else link.expires_at.timestamp()]
    return any(expires is not None and expires < now_seconds() + _MARGIN_SECONDS for expires in said)


def expiry_of(url: str) -> float | None:
    """When it dies by its own words, in seconds since 1970 UTC; null where it does not say.

    Read are `X-Amz-Date` and `X-Amz-Expires` (S3, signature version 4) and `Expires` (version 2, CloudFront).
    """
    try:
        query = urlsplit(url[:_LONGEST_LINK]).query
        said = {name.lower(): value for name, value in parse_qsl(query, max_num_fields=_MOST_PARAMETERS)}
        if "x-amz-date" not in said:
            return number(said.get("expires"))
        signed = datetime.strptime(said["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
        lives = number(said.get("x-amz-expires"))
    except ValueError:
        return None
    return None if lives is None else signed + lives


async def fresh_link(link: Link, seen: Observation, event_type: str, services: Services) -> Link | None:
    """Another link to this file, from the provider: of the same id where the sender gives files one, else of
    the same kind. Null where we have no key to ask it with.

    `seen` is what the event with the dead link said, `event_type` its `ce_type`. A fresh link may look
    expired again, where our clock is wrong: it is to be followed, not renewed once more.
    Raises `DeletedUpstream` when the file is gone for good, `UnknownUpstream` when the provider knows no such
    meeting, `Retryable` when it has no such file now, or did not answer.
    """
    provider = services.providers.get(seen.provider)
    if provider is None:
        return None
    for fresh in await provider.links(seen.meeting_id, event_type):
        if fresh.kind == link.kind and (None in (link.id, fresh.id) or fresh.id == link.id):
            return fresh
    raise Retryable(f"The link is dead, and the provider has no {link.kind} of this meeting now.")
