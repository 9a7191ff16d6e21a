"""One question to an API over HTTP, with an answer that is bounded in size and time."""

import json as json_text
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Final

import aiohttp
from yarl import URL

from infra.errors import Retryable
from infra.providers.base import Unclear
from schemas.identity import NotAnEvent
from schemas.lenient import number, parse_json

_LONGEST_RETRY_AFTER_SECONDS: Final = 3600.0
_CHUNK_BYTES: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` is never to be logged, nor told in an error: APIs answer with other people's secrets."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def fields(self) -> Mapping[str, Any]:
        """The object that the body is. Raises `Retryable` when it is none."""
        try:
            fields = parse_json(self.body)
        except NotAnEvent:
            raise Retryable("The answer is not JSON.") from None  # the parser's text is about a body
        if not isinstance(fields, dict):
            raise Retryable("The answer is JSON, but not an object.")
        return fields

    def retry_after_seconds(self) -> float | None:
        """By `Retry-After`, else `retryAfter` in the body, else `x-ratelimit-reset`; null where none says."""
        said = _said_seconds(self.headers)
        if said is None:
            said = number(_lenient(self.body).get("retryAfter"))
        if said is None:
            said = number(self.headers.get("x-ratelimit-reset"))
            if said is not None and said > _LONGEST_RETRY_AFTER_SECONDS:  # a time of day, not a wait
                said = None
        return None if said is None else min(max(said, 0.0), _LONGEST_RETRY_AFTER_SECONDS)


async def ask(
    session: aiohttp.ClientSession,
    method: str,
    url: str,
    query: Mapping[str, str],
    *,
    max_bytes: int,
    json: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """The answer, whatever its status; a redirect is not followed. `json` is sent as the question's body,
    `headers` besides those of the session.

    Raises `Unclear` when there is no answer, `Retryable` when nobody was there to be asked.
    """
    sent = {**(headers or {}), **({} if json is None else {"Content-Type": "application/json"})}
    try:
        async with session.request(
            method, URL(url, encoded=True), params=query, data=json, headers=sent, allow_redirects=False
        ) as got:
            body = bytearray()
            async for chunk in got.content.iter_chunked(_CHUNK_BYTES):
                body += chunk
                if len(body) > max_bytes:
                    raise Unclear(f"The answer has more than {max_bytes} bytes.")
            return Answer(got.status, got.headers, bytes(body))
    except aiohttp.ClientConnectorError as exc:
        raise Retryable(f"No answer ({type(exc).__name__}).") from exc
    except TimeoutError as exc:
        raise Unclear("No answer in time.") from exc
    except (aiohttp.ClientError, OSError, ValueError) as exc:
        raise Unclear(f"No answer ({type(exc).__name__}).") from None  # some quote the answer's head


def _said_seconds(headers: Mapping[str, str]) -> float | None:
    said = headers.get("Retry-After", "").strip()
    try:
        if said.isdecimal():
            return float(said)
        now = parsedate_to_datetime(headers.get("Date", ""))
        return (parsedate_to_datetime(said) - now).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None


def _lenient(body: bytes) -> Mapping[str, Any]:
    try:
        fields = json_text.loads(body) if len(body) < _CHUNK_BYTES else {}
    except (ValueError, RecursionError):
        return {}
    return fields if isinstance(fields, dict) else {}
