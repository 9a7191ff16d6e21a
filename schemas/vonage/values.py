"""Values as Vonage and 23blocks write them."""

from datetime import datetime

from schemas.lenient import epoch, moment


def moment_of(value: object) -> datetime | None:
    """Milliseconds or seconds since 1970, also as text, or ISO 8601; null for 0 and for what is no time."""
    at = epoch(value) or moment(value)
    return at if at is not None and at.timestamp() > 0 else None
