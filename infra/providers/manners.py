"""How every provider's API is talked to: in its turn, within bounds, and what it means when it says no."""

from collections.abc import AsyncIterator, Container, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, NoReturn

import aiohttp

from infra.errors import Poison, Retryable
from infra.providers.asking import Answer, ask
from infra.providers.base import Unclear
from infra.providers.pace import Pace

_NOT_NOW: Final = frozenset({408, 425, 429})

Refusals = Mapping[int, tuple[type[Retryable | Poison], str]]
"""By status: the error, and its text, in which `{status}` may stand."""


@asynccontextmanager
async def opened_client(
    headers: Mapping[str, str], timeout_seconds: float
) -> AsyncIterator[aiohttp.ClientSession]:
    """One that sends these headers with each question, keeps no cookies, and takes `timeout_seconds` at most
    for a call."""
    async with aiohttp.ClientSession(
        headers={
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": "adjourn",
            **headers,
        },
        auto_decompress=False,  # it would hide the size of an answer
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=timeout_seconds),
    ) as client:
        yield client


@dataclass(frozen=True, slots=True)
class Manners:
    """What tells one API from another. `api` is what errors call it, `yes` are the statuses that take a
    question, `max_bytes` bounds an answer, `pause_seconds` is for a 429 that does not say how long."""

    api: str
    yes: Container[int]
    refusals: Refusals
    max_bytes: int
    pause_seconds: float

    async def ask(
        self,
        client: aiohttp.ClientSession,
        pace: Pace,
        method: str,
        url: str,
        query: Mapping[str, str],
        *,
        json: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """The answer, if it says yes. Raises as `ProviderApi` says; `Unclear` where it may have been one."""
        await pace.turn()
        try:
            answer = await ask(
                client, method, url, query, max_bytes=self.max_bytes, json=json, headers=headers
            )
        except Retryable as error:
            raise type(error)(f"{self.api}: {error}", error.after_seconds) from error
        if answer.status == 429:
            pace.pause(answer.retry_after_seconds() or self.pause_seconds)
        if answer.status not in self.yes:
            self._refused(answer)
        return answer

    def _refused(self, answer: Answer) -> NoReturn:
        status = answer.status
        if status in self.refusals:
            error, text = self.refusals[status]
            raise error(text.format(status=status))
        if status >= 500:
            raise Unclear(f"{self.api} answered {status}.", answer.retry_after_seconds())
        after = answer.retry_after_seconds() if status in _NOT_NOW else None
        raise Retryable(f"{self.api} answered {status}.", after)
