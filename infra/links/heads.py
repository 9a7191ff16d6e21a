"""What is asked of a source, and what the head of its answer means."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from infra.errors import Poison, Retryable
from infra.links.base import DeadLink, FileChanged, Validator

_NOT_NOW: Final = frozenset({408, 425, 429})
_NO_LONGER_SO: Final = frozenset({412, 416})
_LONGEST_RETRY_AFTER_SECONDS: Final = 3600.0
_STRONG_ETAG: Final = re.compile(r'"[\x21\x23-\x7e]{1,198}"')
_CONTENT_RANGE: Final = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Asked:
    """The bytes from `first` to `last` of a file that is `unchanged`; null for its end."""

    first: int
    last: int | None
    unchanged: Validator

    @property
    def range(self) -> str:
        return f"bytes={self.first}-{'' if self.last is None else self.last}"


@dataclass(frozen=True, slots=True)
class Head:
    """An answer that gives a file or a part of it: see `Download`.

    `announced_end` is the offset after the last byte that this answer says it has, `wanted_end` the one at
    which all came that was asked for, never before it. Both are null where the source does not tell.
    """

    length: int | None
    first: int
    announced_end: int | None
    wanted_end: int | None
    etag: str | None
    modified: str | None
    ranges: bool
    media_type: str


def asking(first: int, last: int | None, unchanged: Validator | None) -> Asked | None:
    """Null where the whole file is asked for, or must be. Raises `ValueError` for what cannot be asked."""
    if not 0 <= first <= (first if last is None else last):
        raise ValueError(f"no part of a file begins at {first} and ends at {last}")
    if first and unchanged is None:
        raise ValueError("a part from the middle of a file needs to know of which")
    known = unchanged or Validator()
    if (first == 0 and last is None) or (first and known.etag is None and known.modified is None):
        return None
    return Asked(first, last, known)


def request_headers(asked: Asked | None) -> dict[str, str]:
    if asked is None:
        return {}
    headers = {"Range": asked.range}
    if asked.unchanged.etag is not None:
        headers["If-Match"] = asked.unchanged.etag
    elif asked.unchanged.modified is not None:
        headers["If-Unmodified-Since"] = asked.unchanged.modified
    return headers


def read_head(
    status: int, headers: Mapping[str, str], content_length: int | None, asked: Asked | None, shown: str
) -> Head:
    """What an answer gives. `headers` are found in any case. Raises as `Links.open`."""
    if status not in (200, 203) and (status != 206 or asked is None):
        raise _refusal(status, headers, asked, shown)
    for name in ("Content-Encoding", "Transfer-Encoding"):
        coding = headers.get(name, "").strip().lower()
        if coding not in ("", "identity", "chunked"):
            # It would hide the file's size from every limit, and nobody asked for it.
            raise Poison(f"{shown}: sent in the coding {coding[:20]!r}, which was not asked for.")
    if status == 206 and asked is not None:
        return _part(headers, content_length, asked, shown)
    return Head(
        length=content_length,
        first=0,
        announced_end=content_length,
        wanted_end=content_length,
        etag=_strong_etag(headers),
        modified=_date(headers),
        ranges=headers.get("Accept-Ranges", "").strip().lower() == "bytes",
        media_type=_media_type(headers),
    )


def _part(headers: Mapping[str, str], content_length: int | None, asked: Asked, shown: str) -> Head:
    said = headers.get("Content-Range", "").strip()
    found = _CONTENT_RANGE.fullmatch(said)
    if found is None:
        raise Retryable(f"{shown}: sent a part, and described it as {said[:60]!r}.")
    first, end = int(found[1]), int(found[2]) + 1
    length = None if found[3] == "*" else int(found[3])
    if (
        first != asked.first
        or not first < end <= (end if asked.last is None else asked.last + 1)
        or end > (end if length is None else length)
        or content_length not in (None, end - first)
    ):
        raise Retryable(f"{shown}: sent {said[:60]!r} when asked for {asked.range}.")
    part = Head(
        length=length,
        first=first,
        announced_end=end,
        wanted_end=_wanted_end(asked, asked.unchanged.length if length is None else length) or end,
        etag=_strong_etag(headers),
        modified=_date(headers),
        ranges=True,
        media_type=_media_type(headers),
    )
    if not _is_of_the_same(part, asked.unchanged):
        raise FileChanged(f"{shown}: leads to another file by now.")
    return part


def _wanted_end(asked: Asked, length: int | None) -> int | None:
    """Null where only the source could know how long the file is."""
    if length is None or asked.last is None:
        return length
    return min(length, asked.last + 1)


def _is_of_the_same(part: Head, known: Validator) -> bool:
    """Servers ignore conditions: what they say is compared, too."""
    if known.length is not None and part.length not in (None, known.length):
        return False
    if known.etag is not None:
        return part.etag == known.etag
    return known.modified is None or part.modified == known.modified


def _strong_etag(headers: Mapping[str, str]) -> str | None:
    said = headers.get("ETag", "").strip()
    return said if _STRONG_ETAG.fullmatch(said) else None


def _date(headers: Mapping[str, str]) -> str | None:
    """Null also within the second of the change: it may change once more, and the date would stay."""
    said = headers.get("Last-Modified", "").strip()
    changed, now = _moment(said), _moment(headers.get("Date", ""))
    if changed is None or not said.isascii() or len(said) > 40:
        return None
    return said if now is None or now > changed else None


def _moment(date: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(date)
    except (ValueError, TypeError, OverflowError):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)  # it was -0000


def _media_type(headers: Mapping[str, str]) -> str:
    return headers.get("Content-Type", "").partition(";")[0].strip().lower()


def _refusal(
    status: int, headers: Mapping[str, str], asked: Asked | None, shown: str
) -> Retryable | DeadLink:
    text = f"{shown}: answered {status}."
    if status in _NOT_NOW or status >= 500:
        return Retryable(text, _retry_after_seconds(headers))
    if status < 300:
        return Retryable(f"{text} There is no file yet.", _retry_after_seconds(headers))
    if asked is not None and status in _NO_LONGER_SO:
        return FileChanged(f"{text} It leads to another file by now.")
    return DeadLink(text, status)


def _retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """Null where the source says nothing that can be read. A date is measured by the source's own clock."""
    said = headers.get("Retry-After", "").strip()
    if said.isdecimal():
        return min(float(said), _LONGEST_RETRY_AFTER_SECONDS)
    then, now = _moment(said), _moment(headers.get("Date", ""))
    if then is None or now is None:
        return None
    return min(max((then - now).total_seconds(), 0.0), _LONGEST_RETRY_AFTER_SECONDS)
