"""One question to an endpoint that speaks OpenAI's protocol, with an answer that is bounded in size and time.

Source: https://platform.openai.com/docs/api-reference/chat/create
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any, Final, NoReturn

import httpx2
from openai import APIConnectionError, APIError, APIStatusError, AsyncOpenAI
from pydantic import BaseModel, Field, ValidationError

from infra.errors import Poison, Retryable
from infra.summaries.answers import SCHEMA, Nonsense

MOST_ANSWER_BYTES: Final = 1024 * 1024
"""A summary takes some 10 KB."""

_LONGEST_RETRY_AFTER_SECONDS: Final = 3600.0
_FORMAT: Final[Any] = {
    "type": "json_schema",
    "json_schema": {"name": "summary", "strict": True, "schema": SCHEMA},
}


class Usage(BaseModel):
    """`cost` is not OpenAI's own: OpenRouter, LiteLLM and others tell it."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost: float | None = None


class _Message(BaseModel):
    content: str | None = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None


class _Completion(BaseModel):
    model: str | None = None
    choices: Annotated[list[_Choice], Field(min_length=1)]
    usage: Usage | None = None


@dataclass(frozen=True, slots=True)
class Completion:
    """`nonsense` says why `content` is not to be read: it was paid for all the same."""

    content: str
    model: str | None
    usage: Usage
    nonsense: str | None


class _TooLong(Exception):
    """More bytes than an answer may have, or bytes that would grow."""


@asynccontextmanager
async def open_client(
    url: str, api_key: str, *, timeout_seconds: float, most_bytes: int
) -> AsyncIterator[AsyncOpenAI]:
    """Nothing but these arguments counts: the client would look into the environment for more."""

    async def bound(response: httpx2.Response) -> None:
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise _TooLong("it is compressed: nobody knows how many bytes it has")
        response.stream = _Bounded(response.stream, most_bytes)

    http = httpx2.AsyncClient(
        timeout=timeout_seconds,
        trust_env=False,
        follow_redirects=False,
        headers={"Accept-Encoding": "identity", "User-Agent": "adjourn"},
        event_hooks={"response": [bound]},
    )
    async with AsyncOpenAI(
        api_key=api_key or "none",
        admin_api_key="",
        webhook_secret="",
        base_url=url,
        max_retries=0,
        timeout=timeout_seconds,
        http_client=http,
    ) as client:
        client.organization = client.project = None
        yield client


async def complete(
    client: AsyncOpenAI, model: str, messages: Sequence[dict[str, str]], *, timeout_seconds: float
) -> Completion:
    """What the model answers. Raises `Retryable` and `Poison`, and `Nonsense` where there is no answer in
    what came."""
    body = await _ask(
        client, timeout_seconds, {"model": model, "messages": messages, "response_format": _FORMAT}
    )
    try:
        read = _Completion.model_validate_json(body)
    except ValidationError:
        raise Nonsense("it is not of OpenAI's protocol") from None
    content = read.choices[0].message.content or ""
    nonsense = "it is empty" if not content.strip() else None
    if read.choices[0].finish_reason == "length":
        nonsense = "it is cut at the model's limit"
    return Completion(content, read.model, read.usage or Usage(), nonsense)


async def _ask(client: AsyncOpenAI, timeout_seconds: float, question: dict[str, Any]) -> bytes:
    try:
        async with asyncio.timeout(timeout_seconds):
            response = await client.chat.completions.with_raw_response.create(**question)
            body: bytes = response.http_response.content
            return body
    except APIStatusError as error:
        if (
            error.status_code in (400, 422)
            and "response_format" in error.response.text
            and "response_format" in question
        ):
            # Not every endpoint knows schemas. The rules hold it, too, and we check every answer.
            return await _ask(client, timeout_seconds, {**question, "response_format": {"type": "text"}})
        _raise_for(error)
    except TimeoutError as error:
        raise Retryable(f"The endpoint of summaries gave no answer in {timeout_seconds:g} s.") from error
    except _TooLong as error:
        raise Nonsense(str(error)) from None
    except APIConnectionError as error:
        raise Retryable(
            f"The endpoint of summaries does not answer ({type(error.__cause__).__name__})."
        ) from None
    except APIError:
        raise Nonsense("it is not of OpenAI's protocol") from None


def _raise_for(error: APIStatusError) -> NoReturn:
    """Nothing of its text: it may quote the transcript, or the key."""
    status = error.status_code
    if status in (401, 403):
        raise Retryable(
            f"The endpoint of summaries refused our key ({status}): see ADJOURN_SUMMARY_API_KEY."
        ) from None
    if status == 404:
        raise Retryable(
            "The endpoint of summaries has no such model or no such address (404): see ADJOURN_SUMMARY_MODEL"
            " and ADJOURN_SUMMARY_URL."
        ) from None
    if status in (400, 413, 422):
        raise Poison(f"The endpoint of summaries does not take this transcript ({status}).") from None
    raise Retryable(f"The endpoint of summaries answered {status}.", _retry_after_seconds(error)) from None


def _retry_after_seconds(error: APIStatusError) -> float | None:
    said = error.response.headers.get("Retry-After", "").strip()
    return min(float(said), _LONGEST_RETRY_AFTER_SECONDS) if said.isascii() and said.isdigit() else None


class _Bounded(httpx2.AsyncByteStream):
    """httpx2 asks for this class."""

    def __init__(self, stream: Any, most_bytes: int) -> None:
        self._stream, self._most_bytes = stream, most_bytes

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for chunk in self._stream:
            size += len(chunk)
            if size > self._most_bytes:
                raise _TooLong(f"it has more than {self._most_bytes} bytes")
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()
