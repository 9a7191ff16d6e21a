"""Reading JSON that others made: a value that is not what it should be is null, and nothing trips over it."""

import json
import math
import re
from datetime import UTC, datetime
from typing import Any, Final

from pydantic_core import from_json

from schemas.identity import NotAnEvent

_RFC3339_UTC: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z", re.ASCII)


def parse_json(raw: bytes) -> Any:
    """Any JSON in UTF-8, also NaN. Raises `NotAnEvent`, which says where it stops being JSON and no more.

    Half of a surrogate pair, which JSON allows and UTF-8 does not, becomes "?".
    """
    try:
        return from_json(raw)
    except ValueError:
        return _parse_what_is_unusual(raw)


def _parse_what_is_unusual(raw: bytes) -> Any:
    """`from_json` refuses halves of surrogate pairs and some hundred levels of nesting; JSON does not."""
    try:
        value = json.loads(raw.decode("utf-8"))
        return json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
    except UnicodeDecodeError as error:
        raise NotAnEvent(f"not UTF-8 (byte {error.start})") from error
    except json.JSONDecodeError as error:
        raise NotAnEvent(f"not JSON: {error.msg} (character {error.pos})") from error
    except RecursionError as error:
        raise NotAnEvent("nested too deeply") from error
    except ValueError as error:
        raise NotAnEvent("a number with too many digits") from error


def text(value: object) -> str | None:
    """A string that is not blank, as it is."""
    return value if isinstance(value, str) and value.strip() else None


def number(value: object) -> float | None:
    """A finite number that is not negative, also when it is written as a string."""
    if type(value) is not float:
        if type(value) is not int and not isinstance(value, str):
            return None
        try:
            value = float(value)
        except (ValueError, OverflowError):
            return None
    return value if 0 <= value < math.inf else None


def moment(value: object) -> datetime | None:
    """An ISO 8601 date-time, in UTC; one that names no zone is taken for UTC. A date alone is no moment."""
    if not isinstance(value, str) or len(value) < len("20250115T1000"):
        return None
    try:
        at = datetime.fromisoformat(value)
        if at.tzinfo is UTC:
            return at
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def epoch(value: object) -> datetime | None:
    """Seconds or milliseconds since 1970: what would be after the year 5138 in seconds is milliseconds."""
    since_1970 = number(value)
    if since_1970 is None:
        return None
    try:
        return datetime.fromtimestamp(since_1970 / 1000 if since_1970 > 1e11 else since_1970, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def rfc3339(value: object) -> str | None:
    """A date-time as RFC 3339 in UTC, ending in "Z"; as it is where it is that already."""
    if not isinstance(value, str):
        return None
    if value[4:20:3] == "--T::." and value[23:] == "Z":  # as nearly all senders write it
        try:
            datetime.fromisoformat(value)
        except ValueError:
            return None
        return value
    at = moment(value)
    if at is None:
        return None
    return value if _RFC3339_UTC.fullmatch(value) else at.replace(tzinfo=None).isoformat() + "Z"
